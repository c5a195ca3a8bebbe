"""Who borrowed from whom in the twelve months of a payment run: the counts that the run rests on, by pair."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Case, F, Max, Q, QuerySet, Sum, When
from django.db.models.functions import TruncMonth

from libraries.models import Library, LibraryName
from payments.models import CountedFiling, PaymentRun
from payments.past_years.history import BY_FIRMNESS
from transactions.models import Provenance

_COUNTS = "filing__loan_counts__"


@dataclass(frozen=True)
class Flow:
    """Units that one library lent on the cards of another, by the ids of both; None is not counted.

    `kind` is what all of its counts bear out: one estimate makes it estimated.
    """

    lender_id: int
    home_id: int
    loans: int | None
    kind: Provenance


@dataclass(frozen=True)
class Partner:
    """Another library, and the units lent between it and the one asked about, in one direction.

    `loans` is None where the lender said that it did not count them: that is not zero.
    """

    library_id: int
    key: str
    name: str
    town_number: int
    town: str
    loans: int | None
    kind: Provenance

    @property
    def estimated(self) -> bool:
        """Whether any of its counts is an estimate."""
        return self.kind == Provenance.ESTIMATED


@dataclass(frozen=True)
class Partners:
    """The libraries that borrowed from a library (`lent`) and those that lent on its cards (`borrowed`).

    Both the most units first, those that were not counted last; pairs without a loan are left out.
    """

    lent: tuple[Partner, ...]
    borrowed: tuple[Partner, ...]


def pairs(run: PaymentRun, of: Q | None = None) -> QuerySet[CountedFiling]:
    """Return the loan counts that a run rests on, as rows that begin at a counted filing.

    A condition `of` on the counts belongs here: in a filter of its own it would speak of other counts.
    """
    whole_period = Q(**{f"{_COUNTS}month__isnull": True})
    counted_month = Q(
        **{
            f"{_COUNTS}month__gte": TruncMonth("counted__startswith"),
            f"{_COUNTS}month__lt": F("counted__endswith"),
        }
    )
    return CountedFiling.objects.filter(whole_period | counted_month, of or Q(), run=run).order_by()


def partners(run: PaymentRun, library: Library) -> Partners:
    """Return with whom a library lent and borrowed in the twelve months of a run (1(f), 4(b), 4(c))."""
    either = Q(filing__library=library) | Q(**{f"{_COUNTS}home_library": library})
    found = flows(run, either)
    return _partners(found, libraries_of(run, found)).get(library.pk, Partners((), ()))


def partners_of_all(run: PaymentRun) -> Mapping[int, Partners]:
    """Return the partners of every library of a run that has any, by library id, from one query."""
    found = flows(run)
    return _partners(found, libraries_of(run, found))


def flows(run: PaymentRun, of: Q | None = None) -> list[Flow]:
    """Return the units lent in the twelve months of a run by pair of libraries, those without any left out.

    `of` narrows the counts, as for `pairs`. Source: Regs. Conn. State Agencies § 11-31c-1(f).
    """
    weakness = Case(
        *(When(filing__provenance=kind, then=place) for place, kind in enumerate(BY_FIRMNESS)), default=0
    )
    rows = (
        pairs(run, of)
        .values("filing__library_id", f"{_COUNTS}home_library_id")
        .annotate(loans=Sum(f"{_COUNTS}loans"), weakest=Max(weakness))
        .values_list("filing__library_id", f"{_COUNTS}home_library_id", "loans", "weakest")
    )
    return [
        Flow(lender, home, loans, BY_FIRMNESS[weakest])
        for lender, home, loans, weakest in rows
        if home is not None and loans != 0
    ]


def libraries_of(run: PaymentRun, flows: Iterable[Flow]) -> dict[int, Library]:
    """Return the libraries of these flows, under the names that they bore at the end of the twelve months."""
    ids = {pk for flow in flows for pk in (flow.lender_id, flow.home_id)}
    libraries = Library.objects.select_related("town").in_bulk(ids)
    for pk, name in LibraryName.objects.borne_on(run.measured.last_day).items():
        if pk in libraries:
            libraries[pk].name = name
    return libraries


def _partners(flows: Iterable[Flow], libraries: Mapping[int, Library]) -> dict[int, Partners]:
    lent: dict[int, list[Partner]] = defaultdict(list)
    borrowed: dict[int, list[Partner]] = defaultdict(list)
    for flow in flows:
        lent[flow.lender_id].append(_partner(libraries[flow.home_id], flow))
        borrowed[flow.home_id].append(_partner(libraries[flow.lender_id], flow))
    return {
        pk: Partners(_in_order(lent.get(pk, ())), _in_order(borrowed.get(pk, ())))
        for pk in {*lent, *borrowed}
    }


def _partner(library: Library, flow: Flow) -> Partner:
    return Partner(
        library_id=library.pk,
        key=library.key,
        name=library.name,
        town_number=library.town.number,
        town=library.town.name,
        loans=flow.loans,
        kind=flow.kind,
    )


def _in_order(partners: Iterable[Partner]) -> tuple[Partner, ...]:
    return tuple(
        sorted(partners, key=lambda partner: (partner.loans is None, -(partner.loans or 0), partner.key))
    )
