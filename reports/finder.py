"""Which library is somebody's home library, and where else their card is good."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from libraries.models import Library, Residency, Town
from libraries.nearest import Nearby, nearest
from transactions.uploads.labels import normal, villages

MOST_NEARBY = 8
MOST_TOWNS = 4


@dataclass(frozen=True)
class FoundTown:
    """A town, its home libraries (the principal one first) and the nearest that take part beside them.

    `via` is the village by which it was found, empty where it was found by its own name; `shares_it` says
    that the village reaches into other towns too.
    """

    town: Town
    via: str
    shares_it: bool
    homes: tuple[Library, ...]
    nearby: tuple[Nearby, ...]

    @property
    def has_own_library(self) -> bool:
        return any(library.town_id == self.town.pk for library in self.homes)


@dataclass(frozen=True)
class Found:
    """What fits what was typed: towns told in full, or a list of more of them, and libraries by name."""

    towns: tuple[FoundTown, ...]
    more_towns: tuple[Town, ...]
    libraries: tuple[Library, ...]

    def __bool__(self) -> bool:
        return bool(self.towns or self.more_towns or self.libraries)


def find(text: str, on: date) -> Found:
    """Return the towns and libraries that a name of a town, a village or a library means on a day."""
    asked = normal(text)
    towns = {town.name: town for town in Town.objects.all()}
    via: dict[str, str] = {name: "" for name in towns if normal(name) == asked}
    if not via:
        for village, names in villages().items():
            if normal(village) == asked:
                via |= {name: village for name in names if name in towns}
    if not via:
        via = {name: "" for name in towns if asked in normal(name)}
        for village, names in villages().items():
            if asked in normal(village):
                via |= {name: village for name in names if name in towns and name not in via}
    open_today = Library.objects.open_on(on).with_participation(on).select_related("town")
    named = () if any(normal(name) == asked for name in via) else tuple(open_today.matching(text))
    if len(via) > MOST_TOWNS:
        return Found((), tuple(towns[name] for name in sorted(via)), named)
    told = [towns[name] for name in sorted(via)]
    return Found(_told(told, via, on) if told else (), (), named)


def _told(towns: list[Town], via: dict[str, str], on: date) -> tuple[FoundTown, ...]:
    homes = defaultdict(list)
    participating = list(Library.objects.open_on(on).participating(on).select_related("town").distinct())
    residencies = list(Residency.objects.homes(on).filter(town__in=towns))
    libraries = (
        Library.objects.with_participation(on)
        .select_related("town", "contact")
        .in_bulk([residency.library_id for residency in residencies])
    )
    for residency in residencies:
        homes[residency.town_id].append(libraries[residency.library_id])
    return tuple(
        FoundTown(
            town,
            via[town.name],
            len(villages().get(via[town.name], ())) > 1,
            tuple(homes[town.pk]),
            tuple(
                nearest(
                    town.number,
                    [library for library in participating if library not in homes[town.pk]],
                    most=MOST_NEARBY,
                )
            ),
        )
        for town in towns
    )
