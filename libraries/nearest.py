"""How far it is from a town to a library, and which libraries are nearest.

From the middle of the town, as the shipped map draws it, to where the library stands; to the middle of its
own town where its place is not on record. As the crow flies: roads are longer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt

from libraries.models import Library
from libraries.town_map import middles

_EARTH_MILES = 3958.8


@dataclass(frozen=True)
class Nearby:
    """A library and how many miles off it is."""

    library: Library
    miles: float


@cache
def _middles() -> Mapping[int, tuple[float, float]]:
    return middles()


def miles_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the miles between two places, each given as degrees west to east and south to north."""
    (x1, y1), (x2, y2) = ((radians(x), radians(y)) for x, y in (one, other))
    half = sin((y2 - y1) / 2) ** 2 + cos(y1) * cos(y2) * sin((x2 - x1) / 2) ** 2
    return 2 * _EARTH_MILES * asin(sqrt(half))


def nearest(number: int, libraries: Iterable[Library], *, most: int) -> list[Nearby]:
    """Return the libraries nearest to the middle of a town, by its number; those of equal distance by name.

    KeyError for a number that no town has.
    """
    here = _middles()[number]
    found = [Nearby(library, miles_between(here, _place(library))) for library in libraries]
    return sorted(found, key=lambda near: (near.miles, near.library.name))[:most]


def _place(library: Library) -> tuple[float, float]:
    if library.longitude is None or library.latitude is None:
        return _middles()[library.town.number]
    return float(library.longitude), float(library.latitude)
