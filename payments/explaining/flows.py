"""Who borrowed from whom in the twelve months of a payment run: the counts that the run rests on, by pair."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Case, F, Max, Q, QuerySet, Sum, When
from django.db.models.functions import TruncMonth

from libraries.models import Library, LibraryName
from payments.models import CountedFiling, PaymentRun
from transactions.models import Provenance

_COUNTS = "filing__loan_counts__"


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
    estimated: bool


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
    rows = _rows(pairs(run, either))
    return _partners(rows, _libraries(run, rows)).get(library.pk, Partners((), ()))


def partners_of_all(run: PaymentRun) -> Mapping[int, Partners]:
    """Return the partners of every library of a run that has any, by library id, from one query."""
    rows = _rows(pairs(run))
    return _partners(rows, _libraries(run, rows))


_Row = tuple[int, int, int | None, bool]


def _rows(counts: QuerySet[CountedFiling]) -> list[_Row]:
    """Return lender, home library, units and whether any of them is an estimate, for each pair."""
    estimated = Case(When(filing__provenance=Provenance.ESTIMATED, then=1), default=0)
    found = (
        counts.values("filing__library_id", f"{_COUNTS}home_library_id")
        .annotate(loans=Sum(f"{_COUNTS}loans"), estimated=Max(estimated))
        .values_list("filing__library_id", f"{_COUNTS}home_library_id", "loans", "estimated")
    )
    return [
        (lender, home, loans, bool(estimated))
        for lender, home, loans, estimated in found
        if home is not None and loans != 0
    ]


def _libraries(run: PaymentRun, rows: Iterable[_Row]) -> Mapping[int, Library]:
    """Return the libraries of these pairs, under the names that they bore at the end of the twelve months."""
    libraries = Library.objects.select_related("town").in_bulk({pk for row in rows for pk in row[:2]})
    for pk, name in LibraryName.objects.borne_on(run.measured.last_day).items():
        if pk in libraries:
            libraries[pk].name = name
    return libraries


def _partners(rows: Iterable[_Row], libraries: Mapping[int, Library]) -> dict[int, Partners]:
    lent: dict[int, list[Partner]] = defaultdict(list)
    borrowed: dict[int, list[Partner]] = defaultdict(list)
    for lender, home, loans, estimated in rows:
        lent[lender].append(_partner(libraries[home], loans, estimated))
        borrowed[home].append(_partner(libraries[lender], loans, estimated))
    return {
        pk: Partners(_in_order(lent.get(pk, ())), _in_order(borrowed.get(pk, ())))
        for pk in {*lent, *borrowed}
    }


def _partner(library: Library, loans: int | None, estimated: bool) -> Partner:
    return Partner(
        library_id=library.pk,
        key=library.key,
        name=library.name,
        town_number=library.town.number,
        town=library.town.name,
        loans=loans,
        estimated=estimated,
    )


def _in_order(partners: Iterable[Partner]) -> tuple[Partner, ...]:
    return tuple(
        sorted(partners, key=lambda partner: (partner.loans is None, -(partner.loans or 0), partner.key))
    )
