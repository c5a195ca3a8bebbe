"""Town maps of the flows: towns shaded by units, arrows for the greatest flows.

An arrow leads from where the cards were issued to where they were used, as the people who hold them go.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from connecticard.templatetags.figures import count
from libraries.flow_arcs import FlowArcs, flow_arcs
from libraries.town_map import TownMap, outlines, town_map
from payments.explaining.flow_map import towns_with_a_library
from payments.models import PaymentRun
from reports.places.flows import Exchange, Exchanges, Place, PlaceFlow, YearOfFlows

ARROWS_OF_A_PLACE, ARROWS_OF_THE_STATE = 10, 30


@dataclass(frozen=True)
class FlowMap:
    """A map and the arrows drawn over it."""

    map: TownMap
    arcs: FlowArcs


@dataclass(frozen=True)
class MapsOfPlace:
    """Where the cards of a place were used, and who borrowed there."""

    borrowed: FlowMap
    lent: FlowMap


def maps_of_place(
    run: PaymentRun, exchanges: Exchanges, *, url: Callable[[int], str], unreported: frozenset[int]
) -> MapsOfPlace:
    """Return the two maps of a place. `url` leads on from a town.

    `unreported` are the towns with which no loan of the place is reported: its own, and those it serves
    (1(f)). They have no value, like towns whose libraries lend nothing here or have no cards.
    """
    place = exchanges.place
    lenders = set(run.payments.values_list("library__town__number", flat=True))
    homes = towns_with_a_library(run)
    return MapsOfPlace(
        borrowed=FlowMap(
            _map(
                _by_town(exchanges.borrowed, lenders - unreported),
                key="borrowed",
                title=gettext("Where cards of %(name)s were used") % {"name": place.name},
                no_data_words=gettext("not counted: no other library takes part there"),
                place=place,
                url=url,
            ),
            _arrows(exchanges.borrowed, place, to_partner=True),
        ),
        lent=FlowMap(
            _map(
                _by_town(exchanges.lent, homes - unreported),
                key="lent",
                title=gettext("Who borrowed from %(name)s") % {"name": place.name},
                no_data_words=gettext("not counted: no other library there"),
                place=place,
                url=url,
                draws_outlines=False,
            ),
            _arrows(exchanges.lent, place, to_partner=False),
        ),
    )


def map_of_state(year: YearOfFlows, *, url: Callable[[int], str]) -> FlowMap:
    """Return the map of what each town's libraries lent, with the greatest flows of the state."""
    lent: dict[int, int | None] = dict.fromkeys(
        year.run.payments.values_list("library__town__number", flat=True), 0
    )
    for flow in year.flows:
        lent[flow.lender.town_number] = (lent.get(flow.lender.town_number) or 0) + (flow.loans or 0)
    greatest = [flow for flow in year.flows if flow.loans][:ARROWS_OF_THE_STATE]
    return FlowMap(
        town_map(
            _on_the_map(lent),
            key="state",
            title=gettext("Lent by the libraries of each town to residents of others"),
            words=count,
            zero_words=gettext("no loan"),
            no_data_words=gettext("no library takes part there"),
            url=url,
        ),
        flow_arcs(
            [_leg(flow) for flow in greatest],
            words=_greatest(len(greatest)),
            write=_written,
        ),
    )


def _by_town(exchanges: Iterable[Exchange], towns: Iterable[int]) -> dict[int, int | None]:
    """Return units by number of the town; None where nothing but "not counted" is known of it."""
    found: dict[int, int | None] = dict.fromkeys(towns, 0)
    silent = set()
    for one in exchanges:
        number = one.partner.town_number
        if one.loans is None:
            silent.add(number)
        found[number] = (found.get(number) or 0) + (one.loans or 0)
    return {number: None if not units and number in silent else units for number, units in found.items()}


def _map(
    values: Mapping[int, int | None],
    *,
    key: str,
    title: str,
    no_data_words: str,
    place: Place,
    url: Callable[[int], str],
    draws_outlines: bool = True,
) -> TownMap:
    return town_map(
        _on_the_map(values),
        key=key,
        title=title,
        words=count,
        zero_words=gettext("no loan"),
        no_data_words=no_data_words,
        url=url,
        marked=place.town_number if place.town_number in _drawn() else None,
        mark_words=place.town
        if place.town == place.name
        else gettext("%(town)s, where it stands") % {"town": place.town},
        draws_outlines=draws_outlines,
    )


def _arrows(exchanges: Iterable[Exchange], place: Place, *, to_partner: bool) -> FlowArcs:
    greatest = [one for one in exchanges if one.loans][:ARROWS_OF_A_PLACE]
    legs = [
        (place.town_number, one.partner.town_number, one.loans or 0)
        if to_partner
        else (one.partner.town_number, place.town_number, one.loans or 0)
        for one in greatest
    ]
    return flow_arcs(legs, words=_greatest(len(greatest)), write=_written)


def _greatest(number: int) -> str:
    return ngettext(
        "the greatest flow, from where people live to where they borrow",
        "the %(number)s greatest flows, from where people live to where they borrow",
        number,
    ) % {"number": number}


def _leg(flow: PlaceFlow) -> tuple[int, int, int]:
    return flow.home.town_number, flow.lender.town_number, flow.loans or 0


def _written(start: str, end: str, units: int) -> str:
    return gettext("From %(start)s to %(end)s: %(loans)s") % {
        "start": start,
        "end": end,
        "loans": count(units),
    }


def _on_the_map(values: Mapping[int, int | None]) -> dict[int, int | None]:
    return {number: value for number, value in values.items() if number in _drawn()}


def _drawn() -> set[int]:
    return {outline.number for outline in outlines()}
