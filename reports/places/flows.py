"""The flows of a published year between towns or between libraries: who lent how much on whose cards.

Both come from the counts that the year's payments rest on, pair by pair, so that either adds up to the loans
of the payment run. A card counts where the library stands that issued it: residents of a town without a
library hold cards of another town's, and cannot be told apart from its residents.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Q
from django.urls import reverse

from libraries.models import Library, LibraryName, Residency, Town
from payments.explaining.flows import Flow, flows, libraries_of
from payments.models import PaymentRun
from payments.past_years.history import weakest
from transactions.models import Provenance, reports_loans


class Grain(StrEnum):
    """Between what the flows run."""

    TOWN = "town"
    LIBRARY = "library"


@dataclass(frozen=True)
class Place:
    """A town or a library. `key` stands in addresses: the number of the town, or the key of the library."""

    key: str
    name: str = field(compare=False)
    town_number: int = field(compare=False)
    town: str = field(compare=False)
    url: str = field(compare=False)


@dataclass(frozen=True)
class PlaceFlow:
    """Units that a place lent on cards of another; None where the lender said that it did not count."""

    lender: Place
    home: Place
    loans: int | None
    kind: Provenance


@dataclass(frozen=True)
class Balance:
    """What a place lent to others in a year, and what others lent on its cards.

    `lent` is None where nothing was reported; `loaned_to` and `borrowed_from` count the places on the other
    side. `kind` is what all of its counts bear out.
    """

    place: Place
    lent: int | None
    borrowed: int
    loaned_to: int
    borrowed_from: int
    kind: Provenance

    @property
    def net(self) -> int:
        """Units lent beyond those borrowed; below zero where it borrowed more than it lent."""
        return (self.lent or 0) - self.borrowed


@dataclass(frozen=True)
class Exchange:
    """What passed between one place and another: units in the direction asked about, and back.

    `rank` is None where the units were not counted. `net` is what the place lent beyond what it borrowed.
    """

    rank: int | None
    partner: Place
    loans: int | None
    back: int
    net: int
    kind: Provenance


@dataclass(frozen=True)
class Exchanges:
    """All partners of a place: where its cards were used (`borrowed`) and who borrowed there (`lent`)."""

    place: Place
    borrowed: tuple[Exchange, ...]
    lent: tuple[Exchange, ...]
    units_borrowed: int
    units_lent: int

    @property
    def borrowed_kind(self) -> Provenance | None:
        """The kind of all that was borrowed; None where kinds differ."""
        return _one_kind(self.borrowed)

    @property
    def lent_kind(self) -> Provenance | None:
        """The kind of all that was lent; None where kinds differ."""
        return _one_kind(self.lent)


@dataclass(frozen=True)
class YearOfFlows:
    """The flows of a published run between places of one grain, the most units first.

    `balances` holds every place with a library in the year, by name.
    """

    run: PaymentRun
    grain: Grain
    flows: tuple[PlaceFlow, ...]
    balances: tuple[Balance, ...]

    @property
    def units(self) -> int:
        """All units lent in the year."""
        return sum(flow.loans or 0 for flow in self.flows)

    @property
    def kind(self) -> Provenance:
        """What all counts of the year bear out."""
        return _kind(flow.kind for flow in self.flows)

    @property
    def one_kind(self) -> Provenance | None:
        """The kind of all flows; None where kinds differ."""
        kinds = {flow.kind for flow in self.flows}
        return kinds.pop() if len(kinds) == 1 else None

    def place(self, key: str) -> Place | None:
        """Return a place by its key; None where it has no library in the year."""
        return next((balance.place for balance in self.balances if balance.place.key == key), None)

    def net_lenders(self, most: int) -> list[Balance]:
        """Return the places that lent the most beyond what they borrowed."""
        found = [balance for balance in self.balances if balance.net > 0]
        return sorted(found, key=lambda balance: (-balance.net, balance.place.name))[:most]

    def net_borrowers(self, most: int) -> list[Balance]:
        """Return the places that borrowed the most beyond what they lent."""
        found = [balance for balance in self.balances if balance.net < 0]
        return sorted(found, key=lambda balance: (balance.net, balance.place.name))[:most]

    def exchanges(self, place: Place) -> Exchanges:
        """Return what passed between a place and each other, the most units first, not counted last."""
        borrowed = [flow for flow in self.flows if flow.home == place]
        lent = [flow for flow in self.flows if flow.lender == place]
        borrowed_at = {flow.lender: flow.loans or 0 for flow in borrowed}
        lent_to = {flow.home: flow.loans or 0 for flow in lent}
        return Exchanges(
            place=place,
            borrowed=tuple(
                _exchange(rank, flow, flow.lender, lent_to.get(flow.lender, 0), sign=-1)
                for rank, flow in enumerate(borrowed, start=1)
            ),
            lent=tuple(
                _exchange(rank, flow, flow.home, borrowed_at.get(flow.home, 0), sign=1)
                for rank, flow in enumerate(lent, start=1)
            ),
            units_borrowed=sum(borrowed_at.values()),
            units_lent=sum(lent_to.values()),
        )


def _one_kind(exchanges: Iterable[Exchange]) -> Provenance | None:
    kinds = {one.kind for one in exchanges}
    return kinds.pop() if len(kinds) == 1 else None


def _exchange(rank: int, flow: PlaceFlow, partner: Place, back: int, *, sign: int) -> Exchange:
    net = sign * ((flow.loans or 0) - back)
    return Exchange(None if flow.loans is None else rank, partner, flow.loans, back, net, flow.kind)


def published_run(fiscal_year: int | None = None) -> PaymentRun | None:
    """Return the published run of a fiscal year, or the newest; None where there is none."""
    runs = PaymentRun.objects.published().order_by("-fiscal_year")
    return (runs.filter(fiscal_year=fiscal_year) if fiscal_year else runs).first()


def year_of_flows(run: PaymentRun, grain: Grain, of: Q | None = None) -> YearOfFlows:
    """Return the flows of a run by town or by library.

    `of` narrows the counts, as for `pairs` of `payments.explaining.flows`: then balances are those of these
    counts alone.

    Source: Regs. Conn. State Agencies § 11-31c-1(b), (c), (f).
    """
    found = flows(run, of)
    libraries = {**_libraries_of_the_year(run), **libraries_of(run, found)}
    place_of = _places(libraries, grain)
    joined = sorted(
        _joined(found, place_of),
        key=lambda flow: (flow.loans is None, -(flow.loans or 0), flow.lender.name, flow.home.name),
    )
    return YearOfFlows(run, grain, tuple(joined), tuple(_balances(run, joined, place_of)))


def place_of_library(library: Library) -> Place:
    """Return a library as a place."""
    return Place(
        library.key, library.name, library.town.number, library.town.name, library.get_absolute_url()
    )


def place_of_town(town: Town) -> Place:
    """Return a town as a place."""
    return Place(str(town.number), town.name, town.number, town.name, town.get_absolute_url())


def counts_of(grain: Grain, key: str) -> Q:
    """Return the condition that counts are of a place, on either side: for `of` of `year_of_flows`."""
    of = "library__town__number" if grain is Grain.TOWN else "library__key"
    return Q(**{f"filing__{of}": key}) | Q(**{f"filing__loan_counts__home_{of}": key})


def towns_served(run: PaymentRun, grain: Grain, place: Place) -> frozenset[int]:
    """Return the towns whose residents' loans a place does not report: its own and those it serves (1(f))."""
    of = "library__town__number" if grain is Grain.TOWN else "library__key"
    served = Residency.objects.in_force(run.measured.last_day).filter(**{of: place.key})
    return frozenset(served.values_list("town__number", flat=True)) | {place.town_number}


def address(grain: Grain, run: PaymentRun, place: Place | None = None) -> str:
    """Return the address of the flows of a year, of one place where it is given."""
    path = reverse("reports:flows" if grain is Grain.TOWN else "reports:library_flows")
    return f"{path}?year={run.fiscal_year}" + (f"&{grain.value}={place.key}" if place else "")


def _libraries_of_the_year(run: PaymentRun) -> dict[int, Library]:
    """Return the libraries that were open in the twelve months, or have a line, under their names then."""
    measured = run.measured
    chosen = Q(payments__run=run) | Q(
        pk__in=Library.objects.open_between(measured.first_day, measured.last_day)
    )
    found = {one.pk: one for one in Library.objects.filter(chosen).select_related("town").distinct()}
    for pk, name in LibraryName.objects.borne_on(measured.last_day).items():
        if pk in found:
            found[pk].name = name
    return found


def _places(libraries: dict[int, Library], grain: Grain) -> dict[int, Place]:
    """Return the place of each library, by its id."""
    if grain is Grain.LIBRARY:
        return {pk: place_of_library(library) for pk, library in libraries.items()}
    towns = {library.town_id: place_of_town(library.town) for library in libraries.values()}
    return {pk: towns[library.town_id] for pk, library in libraries.items()}


def _joined(found: Iterable[Flow], place_of: dict[int, Place]) -> list[PlaceFlow]:
    """Add up what passed between the same places; not counted where nothing else was said."""
    pairs: dict[tuple[Place, Place], list[Flow]] = defaultdict(list)
    for flow in found:
        pairs[place_of[flow.lender_id], place_of[flow.home_id]].append(flow)
    joined = []
    for (lender, home), parts in pairs.items():
        counted = [flow.loans for flow in parts if flow.loans is not None]
        loans = sum(counted) if counted else None
        joined.append(PlaceFlow(lender, home, loans, _kind(flow.kind for flow in parts)))
    return joined


def _balances(run: PaymentRun, joined: list[PlaceFlow], place_of: dict[int, Place]) -> list[Balance]:
    counted = run.counted_filings.filter(reports_loans("filing"))
    reporting = {place_of[pk] for pk in counted.values_list("filing__library", flat=True) if pk in place_of}
    lent = _by(joined, lambda flow: flow.lender)
    borrowed = _by(joined, lambda flow: flow.home)
    balances = []
    for place in sorted(set(place_of.values()), key=lambda place: (place.name, place.key)):
        out, back = lent.get(place, []), borrowed.get(place, [])
        balances.append(
            Balance(
                place=place,
                lent=_units(out) if place in reporting else None,
                borrowed=_units(back),
                loaned_to=sum(flow.loans is not None for flow in out),
                borrowed_from=sum(flow.loans is not None for flow in back),
                kind=_kind(flow.kind for flow in (*out, *back)),
            )
        )
    return balances


def _by(joined: list[PlaceFlow], end: Callable[[PlaceFlow], Place]) -> dict[Place, list[PlaceFlow]]:
    found = defaultdict(list)
    for flow in joined:
        found[end(flow)].append(flow)
    return found


def _units(flows: Iterable[PlaceFlow]) -> int:
    return sum(flow.loans or 0 for flow in flows)


def _kind(kinds: Iterable[Provenance]) -> Provenance:
    found = set(kinds)
    return weakest(found) if found else Provenance.FILED
