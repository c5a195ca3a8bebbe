"""A library as its paper names it."""

from libraries.models import Library
from transactions.rules.paper import town_is_in_name


def town_beside(library: Library) -> str:
    """Return the town that stands beside a library's name; empty where the name says it (5(a)(1))."""
    town = library.town.name
    return "" if town_is_in_name(library.name, town) else town


def with_town(library: Library) -> str:
    """Return the library's name, with its town where the name does not say it: Babcock Library, Ashford."""
    town = town_beside(library)
    return f"{library.name}, {town}" if town else library.name
