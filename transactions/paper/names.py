"""A library, or a site of deliverIT CT, as its paper names it."""

from dataclasses import dataclass
from datetime import date

from libraries.models import DeliverySite, Library
from transactions.rules.paper import town_is_in_name


@dataclass(frozen=True)
class Stop:
    """A site of deliverIT CT on a day: `town` is empty where the name says it, `code` where none is known."""

    key: str
    name: str
    town: str
    code: str

    @property
    def title(self) -> str:
        """What a list calls it: A12 Babcock Library, Ashford."""
        return f"{self.code} {_joined(self.name, self.town)}".strip()


def stops(on: date) -> list[Stop]:
    """Return every site that deliverIT CT serves on a day, by name."""
    sites = DeliverySite.objects.served_on(on).with_code(on)
    columns = ("key", "name", "town__name", "code_on_day")
    return [
        Stop(key, name, _beside(name, town or ""), code or "")
        for key, name, town, code in sites.values_list(*columns)
    ]


def town_beside(library: Library) -> str:
    """Return the town that stands beside a library's name; empty where the name says it (5(a)(1))."""
    return _beside(library.name, library.town.name)


def with_town(library: Library) -> str:
    """Return the library's name, with its town where the name does not say it: Babcock Library, Ashford."""
    return _joined(library.name, town_beside(library))


def _beside(name: str, town: str) -> str:
    return "" if town_is_in_name(name, town) else town


def _joined(name: str, town: str) -> str:
    return f"{name}, {town}" if town else name
