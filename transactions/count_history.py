"""What a library reported for the same home library in the same months of earlier years."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from libraries.models import Library
from transactions.models import Filing, FilingBasis, LoanCount
from transactions.models.filing import Provenance
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import NOT_COUNTED, NotCounted

YEARS = 5


@dataclass(frozen=True)
class Figure:
    """One figure of a year. `loans` is None for a blank, and where nothing is on record.

    `provenance` says whether the library filed it, or it was published, or estimated.
    """

    loans: int | NotCounted | None
    on_record: bool
    provenance: Provenance = Provenance.FILED

    @property
    def is_not_counted(self) -> bool:
        """Whether the library said that it had no count."""
        return self.loans is NOT_COUNTED

    @property
    def is_estimated(self) -> bool:
        """Whether it was worked out and not counted."""
        return self.provenance == Provenance.ESTIMATED

    @property
    def is_published(self) -> bool:
        """Whether it is taken from what the State Library published."""
        return self.provenance == Provenance.PUBLISHED


NOTHING_ON_RECORD = Figure(None, on_record=False)


@dataclass(frozen=True)
class YearOfFigures:
    """The columns of a filing in one year: `months` are those of that year, in the order of the columns.

    `figures` has one for each month, or the only one of a period total; `whole` is the sum of the year's
    months, or their total on record.
    """

    months: tuple[date, ...]
    figures: tuple[Figure, ...]
    whole: Figure

    @property
    def label(self) -> str:
        """The year, or the two years, in which the months lie."""
        first, last = self.months[0].year, self.months[-1].year
        return str(first) if first == last else f"{first}–{last % 100:02d}"


@dataclass(frozen=True)
class LongerTotal:
    """A total on record for days that are not those of the filing: a year's, where it has months."""

    span: Span
    figure: Figure


@dataclass(frozen=True)
class CountHistory:
    """A line of the grid through the years, the earliest first and the filing's own year last."""

    columns: tuple[date | None, ...]
    years: tuple[YearOfFigures, ...]
    longer: tuple[LongerTotal, ...]

    def column(self, column: date | None) -> list[tuple[YearOfFigures, Figure]]:
        """Return each year with its figure for one column of the filing."""
        place = self.columns.index(column)
        return [(year, year.figures[place]) for year in self.years]


def count_history(filing: Filing, home_library: Library) -> CountHistory:
    """Return what is on record of a line of a filing, in its own year and in the five years before.

    Certified versions alone speak of earlier years.
    """
    own = filing.covers_span.months()
    by_month = filing.basis == FilingBasis.BY_MONTH
    earliest = _years_before(own[0], YEARS)
    before = list(
        Filing.objects.standing()
        .filter(library=filing.library, covers__overlap=(earliest, own[0]))
        .order_by("covers")
    )
    counts = _counts_of([*before, filing], home_library)
    found: dict[date, Figure] = {}
    totals: dict[Span, Figure] = {}
    for each in [*before, filing]:
        if each.basis == FilingBasis.PERIOD_TOTAL:
            totals[each.covers_span] = _figure(each, counts.get((each.pk, None)))
        else:
            for month in each.covers_span.months():
                found[month] = _figure(each, counts.get((each.pk, month)))
    years, spans = [], set()
    for ago in range(YEARS, -1, -1):
        months = tuple(_years_before(month, ago) for month in own)
        span = Span(months[0], Span.of_month(months[-1]).last_day)
        spans |= {span, filing.covers_span}
        figures = tuple(found.get(month, NOTHING_ON_RECORD) for month in months)
        whole = totals.get(filing.covers_span if ago == 0 else span) or _sum(figures)
        years.append(YearOfFigures(months, figures if by_month else (whole,), whole))
    longer = tuple(LongerTotal(span, total) for span, total in totals.items() if span not in spans)
    return CountHistory(tuple(own) if by_month else (None,), tuple(years), longer)


def _counts_of(
    filings: Sequence[Filing], home_library: Library
) -> Mapping[tuple[int, date | None], int | NotCounted]:
    rows = LoanCount.objects.filter(filing__in=filings, home_library=home_library)
    return {
        (filing_id, month): NOT_COUNTED if loans is None else loans
        for filing_id, month, loans in rows.values_list("filing_id", "month", "loans")
    }


def _figure(filing: Filing, loans: int | NotCounted | None) -> Figure:
    return Figure(loans, on_record=True, provenance=Provenance(filing.provenance))


def _sum(figures: Iterable[Figure]) -> Figure:
    """Return the sum of months; nothing on record where one of them is not."""
    figures = list(figures)
    if not all(figure.on_record for figure in figures):
        return NOTHING_ON_RECORD
    numbers = [figure.loans for figure in figures if isinstance(figure.loans, int)]
    not_counted = any(figure.loans is NOT_COUNTED for figure in figures)
    loans = sum(numbers) if numbers else NOT_COUNTED if not_counted else None
    weakest = max((figure.provenance for figure in figures), key=_FIRMNESS.index)
    return Figure(loans, on_record=True, provenance=weakest)


_FIRMNESS = [Provenance.FILED, Provenance.PUBLISHED, Provenance.ESTIMATED]


def _years_before(month: date, years: int) -> date:
    return month.replace(year=month.year - years)
