"""What the trend page of a town shows: what its libraries lent, and what was lent elsewhere on its cards.

The loans of a town's libraries are added up only where each has a number, of one kind where that can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import Library, Residency, Town
from payments.models import Payment
from payments.past_years.history import BY_FIRMNESS, figures, kinds_of_runs, published_runs, weakest
from payments.past_years.trends import Charts, Told, YearTold, charts, first_year, years_told
from payments.rules.expenditure_reporting import fiscal_year_of
from transactions.line_chart import Value
from transactions.models import Provenance
from transactions.rules.filing_calendar import Span, measurement_period
from transactions.spans import span_in_words


@dataclass(frozen=True)
class TownYear:
    """A fiscal year of a town: what its libraries lent, and what was lent elsewhere on its residents' cards.

    `loans` is None unless each of its libraries has a number; `parts` are the numbers that there are.
    """

    fiscal_year: int
    loans: int | None
    kind: Provenance | None
    parts: tuple[tuple[Library, Told], ...]
    libraries: int
    missing: str
    borrows: int | None
    borrows_kind: Provenance | None

    @property
    def measured(self) -> str:
        """The twelve months in words."""
        return span_in_words(measurement_period(self.fiscal_year))


@dataclass(frozen=True)
class TownTrend:
    """A town through the years, oldest first. `shared_with`: other towns whose residents hold its cards."""

    town: Town
    libraries: tuple[Library, ...]
    home_libraries: tuple[Library, ...]
    shared_with: tuple[Town, ...]
    years: tuple[TownYear, ...]
    chart: Charts | None


def town_trend(town: Town, today: date) -> TownTrend:
    """Return what a town's libraries lent by fiscal year, and what was borrowed elsewhere on its cards."""
    libraries = tuple(Library.objects.filter(town=town).order_by("name", "key"))
    homes = Residency.objects.in_force(today).filter(town=town).select_related("library")
    home_libraries = tuple(home.library for home in homes.order_by("-principal", "library__name"))
    others = Residency.objects.in_force(today).filter(library__in=home_libraries).exclude(town=town)
    borrows = _borrows(town)
    found = figures(libraries=[library.pk for library in libraries], today=today)
    first = min([first_year(found, today), *borrows])
    told = [
        (
            library,
            years_told([each for each in found if each.library_id == library.pk], first=first, today=today),
        )
        for library in libraries
    ]
    years = tuple(
        _town_year(year, [(library, every[year - first]) for library, every in told], borrows.get(year))
        for year in range(first, fiscal_year_of(today) + 1)
    )
    return TownTrend(
        town,
        libraries,
        home_libraries,
        tuple(Town.objects.filter(pk__in=others.values("town"))),
        years,
        charts(
            (year.fiscal_year, [] if year.loans is None else [Value(year.loans, str(year.kind))])
            for year in years
        ),
    )


def _town_year(
    fiscal_year: int, told: Sequence[tuple[Library, YearTold]], borrows: tuple[int, Provenance] | None
) -> TownYear:
    chosen = _of_one_kind(told) or [(library, year.told[0]) for library, year in told if year.told]
    is_whole = bool(told) and len(chosen) == len(told)
    kinds = {each.kind for _, each in chosen}
    return TownYear(
        fiscal_year=fiscal_year,
        loans=sum(each.value for _, each in chosen) if is_whole else None,
        kind=weakest(kinds) if is_whole else None,
        parts=tuple(chosen),
        libraries=len(told),
        missing=told[0][1].missing if told and not chosen else "",
        borrows=borrows[0] if borrows else None,
        borrows_kind=borrows[1] if borrows else None,
    )


def _of_one_kind(told: Sequence[tuple[Library, YearTold]]) -> list[tuple[Library, Told]]:
    """Return a number of each library, all of the firmest kind of which each has one; empty where none is."""
    for kind in BY_FIRMNESS:
        found = {
            library: each for library, year in told for each in reversed(year.told) if kind in each.kinds
        }
        if len(found) == len(told):
            return [(library, found[library]) for library, _ in told]
    return []


def _borrows(town: Town) -> dict[int, tuple[int, Provenance]]:
    """Return, by fiscal year, what others lent on cards of the town's home libraries, by the published runs.

    Its home libraries are those of that year. A run tells it only of libraries that have a line: a year in
    which one of them has none is left out.

    Source: Regs. Conn. State Agencies § 11-31c-1(b), (c), (h).
    """
    runs = list(published_runs())
    kinds = kinds_of_runs(runs)
    rows = list(Residency.objects.filter(town=town).values_list("library", "valid"))
    lines = Payment.objects.filter(run__in=runs, library__in={library for library, _ in rows})
    units = {
        (run_id, library): borrows
        for run_id, library, borrows in lines.values_list("run", "library", "borrows")
    }
    borrows = {}
    for run in runs:
        homes = {library for library, valid in rows if _touches(valid, run.measured)}
        if homes and all((run.pk, library) in units for library in homes):
            borrows[run.fiscal_year] = (sum(units[run.pk, library] for library in homes), kinds[run.pk])
    return borrows


def _touches(valid: DateRange, span: Span) -> bool:
    return (valid.lower is None or valid.lower <= span.last_day) and (
        valid.upper is None or valid.upper > span.first_day
    )
