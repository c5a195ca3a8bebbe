"""What a published year says of one town or library: its flows both ways, with maps of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from libraries.models import Library, Town
from libraries.town_map import outlines
from payments.explaining.explanation import estimate_of
from payments.models import PaymentRun
from payments.past_years.history import weakest
from reports.places.flows import (
    Balance,
    Exchanges,
    Grain,
    Place,
    counts_of,
    place_of_library,
    place_of_town,
    towns_served,
    year_of_flows,
)
from reports.places.maps import MapsOfPlace, maps_of_place
from transactions.models import Provenance
from transactions.spans import span_in_words


@dataclass(frozen=True)
class PlaceYear:
    """A place in the twelve months of a published run; `balance` is None where it had no library then."""

    run: PaymentRun
    place: Place
    balance: Balance | None
    exchanges: Exchanges
    maps: MapsOfPlace
    estimate_note: str

    @property
    def measured(self) -> str:
        """The twelve months in words."""
        return span_in_words(self.run.measured)


@dataclass(frozen=True)
class Neighbor:
    """A place nearby: units borrowed there and lent to it. `with_loans` is False for one of the same town."""

    place: Place
    borrowed: int | None
    lent: int | None
    kind: Provenance
    with_loans: bool = True


def year_of_place(run: PaymentRun, grain: Grain, place: Place, *, url: Callable[[int], str]) -> PlaceYear:
    """Return what a published run says of a place; `url` is where a town of its maps leads.

    Source: Regs. Conn. State Agencies § 11-31c-1(b), (c), (f).
    """
    year = year_of_flows(run, grain, counts_of(grain, place.key))
    exchanges = year.exchanges(place)
    return PlaceYear(
        run=run,
        place=place,
        balance=next((balance for balance in year.balances if balance.place == place), None),
        exchanges=exchanges,
        maps=maps_of_place(run, exchanges, url=url, unreported=towns_served(run, grain, place)),
        estimate_note=estimate_of(run.counted_filings.values("filing")) if run.estimated else "",
    )


def neighboring_libraries(library: Library, year: PlaceYear | None) -> list[Neighbor]:
    """Return the libraries of its town and of the towns that border on it, by town and name.

    Those of its own town come first: they have no loans with it (1(f)).
    """
    near = Library.objects.filter(town__number__in={library.town.number, *_beside(library.town.number)})
    places = [place_of_library(one) for one in near.exclude(pk=library.pk).select_related("town")]
    own = library.town.number
    places.sort(key=lambda place: (place.town_number != own, place.town, place.name))
    return list(_neighbors(places, year, own))


def neighboring_towns(town: Town, year: PlaceYear | None) -> list[Neighbor]:
    """Return the towns that border on a town, by name."""
    near = Town.objects.filter(number__in=_beside(town.number)).order_by("name")
    return list(_neighbors([place_of_town(one) for one in near], year, None))


def _beside(number: int) -> frozenset[int]:
    return next((outline.neighbours for outline in outlines() if outline.number == number), frozenset())


def _neighbors(places: Iterable[Place], year: PlaceYear | None, own: int | None) -> Iterable[Neighbor]:
    borrowed = {one.partner: one for one in year.exchanges.borrowed} if year else {}
    lent = {one.partner: one for one in year.exchanges.lent} if year else {}
    for place in places:
        there, here = borrowed.get(place), lent.get(place)
        kinds = {one.kind for one in (there, here) if one}
        yield Neighbor(
            place,
            there.loans if there else 0,
            here.loans if here else 0,
            weakest(kinds) if kinds else Provenance.FILED,
            place.town_number != own,
        )
