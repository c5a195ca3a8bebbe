"""What the trend pages show of the state and of a library through the years.

Figures of different kinds stand side by side, each with its source; a year without one is a gap.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_noop

from connecticard.templatetags.figures import count
from libraries.models import Library
from payments.calculation import rates_of
from payments.models import Measure, PastPayment, Payment
from payments.past_years.history import (
    BY_FIRMNESS,
    HistoryFigure,
    cited,
    figures,
    kinds_of_runs,
    published_runs,
)
from payments.rules.cents import rate
from payments.rules.expenditure_reporting import fiscal_year_days, fiscal_year_of
from payments.rules.grant_formula import split_appropriation
from transactions.line_chart import ACROSS_A_PAGE, ON_A_PHONE, LineChart, Value, line_chart
from transactions.models import Provenance
from transactions.rules.filing_calendar import measurement_period
from transactions.spans import span_in_words

LEFT_BLANK = gettext_noop("not reported")
NOT_ON_RECORD = gettext_noop("not on record")
NOT_YET = gettext_noop("not published yet")


@dataclass(frozen=True)
class Told:
    """A number of a year and every source that gives it, the firmest first."""

    value: int
    sources: tuple[HistoryFigure, ...]

    @property
    def kind(self) -> Provenance:
        """The kind of the firmest source."""
        return self.sources[0].kind

    @property
    def kinds(self) -> set[Provenance]:
        """The kinds of all sources."""
        return {figure.kind for figure in self.sources}

    @property
    def also(self) -> tuple[HistoryFigure, ...]:
        """The other sources, which agree."""
        return self.sources[1:]


@dataclass(frozen=True)
class YearTold:
    """What is known of one measure in a fiscal year: no number, one, or several that differ.

    `missing` says why there is none; `blank` are sources that leave the place blank.
    """

    fiscal_year: int
    told: tuple[Told, ...]
    blank: tuple[HistoryFigure, ...] = ()
    missing: str = ""

    @property
    def measured(self) -> str:
        """The twelve months in words."""
        return span_in_words(measurement_period(self.fiscal_year))

    @property
    def differs(self) -> bool:
        """Whether sources give different numbers."""
        return len(self.told) > 1

    @property
    def values(self) -> list[Value]:
        """The numbers for a chart."""
        return [Value(told.value, told.kind.value) for told in self.told]


@dataclass(frozen=True)
class Charts:
    """One line, drawn for a wide page and for a narrow one."""

    wide: LineChart
    narrow: LineChart


def charts(
    years: Iterable[tuple[int, Sequence[Value]]], write: Callable[[int], str] = count
) -> Charts | None:
    """Return the line of values by year, from the first with one to the last; None for fewer than two."""
    line = [(str(year), values) for year, values in years]
    while line and not line[0][1]:
        line.pop(0)
    while line and not line[-1][1]:
        line.pop()
    wide, narrow = (line_chart(line, size=size, write=write) for size in (ACROSS_A_PAGE, ON_A_PHONE))
    return Charts(wide, narrow) if wide and narrow else None


def years_told(found: Iterable[HistoryFigure], *, first: int, today: date) -> list[YearTold]:
    """Return each fiscal year from the first to the one under way, with what figures of one measure say."""
    by_year: dict[int, list[HistoryFigure]] = defaultdict(list)
    for figure in found:
        by_year[figure.fiscal_year].append(figure)
    last = max([fiscal_year_of(today), *by_year])
    return [_told(year, by_year.get(year, []), today) for year in range(first, last + 1)]


def _told(year: int, found: Sequence[HistoryFigure], today: date) -> YearTold:
    sources: dict[int, list[HistoryFigure]] = {}
    for figure in sorted(found, key=lambda figure: BY_FIRMNESS.index(figure.kind)):
        if figure.value is not None:
            sources.setdefault(figure.value, []).append(figure)
    blank = tuple(figure for figure in found if figure.value is None)
    open_year = year >= fiscal_year_of(today)
    return YearTold(
        year,
        tuple(Told(value, tuple(saying)) for value, saying in sources.items()),
        blank,
        "" if sources else LEFT_BLANK if blank else NOT_YET if open_year else NOT_ON_RECORD,
    )


# The state


@dataclass(frozen=True)
class SumOfLibraries:
    """What the libraries' published figures of a year add up to, and how far that is from the state's."""

    value: int
    libraries: int
    difference: int | None


@dataclass(frozen=True)
class Rate:
    """Dollars a loan of the transactions half, ten decimals, and what they are worked out from."""

    dollars: str
    kind: Provenance

    @property
    def value(self) -> Value:
        """The rate for a chart, in ten-billionths of a dollar."""
        return Value(int(self.dollars.replace(".", "")), self.kind.value)


@dataclass(frozen=True)
class StateYear:
    """A fiscal year of the state."""

    loans: YearTold
    appropriation: YearTold
    rates: tuple[Rate, ...]
    sum_of_libraries: SumOfLibraries | None

    @property
    def fiscal_year(self) -> int:
        return self.loans.fiscal_year

    @property
    def sources(self) -> list[str]:
        """Every source of the year once, with what it is the source of."""
        cited: dict[str, list[str]] = {}
        for year in (self.loans, self.appropriation):
            for figure in (figure for told in year.told for figure in told.sources):
                kind = "" if figure.kind == Provenance.PUBLISHED else f", {figure.kind.value}"
                cited.setdefault(f"{figure.source}{kind}", []).append(
                    figure.measure.label + (f" ({figure.note.rstrip('.')})" if figure.note else "")
                )
        return [f"{source}: {', '.join(measures)}." for source, measures in cited.items()]


@dataclass(frozen=True)
class StateTrend:
    """The state through the years, oldest first."""

    years: tuple[StateYear, ...]
    loans_chart: Charts | None
    appropriation_chart: Charts | None
    rate_chart: Charts | None

    @property
    def differing(self) -> list[StateYear]:
        """The years whose published figures of libraries add up to another number than the state's total."""
        return [year for year in self.years if year.sum_of_libraries and year.sum_of_libraries.difference]

    @property
    def differing_years(self) -> list[int]:
        """The same, as fiscal years."""
        return [year.fiscal_year for year in self.differing]


def state_trend(today: date) -> StateTrend:
    """Return loans, appropriation and dollars a loan of the state, from the first year on record."""
    every = figures(state=True, libraries=None, today=today)
    of_state = [figure for figure in every if figure.library_id is None]
    if not of_state:
        return StateTrend((), None, None, None)
    first = first_year(of_state, today)
    loans, appropriations = (
        years_told([figure for figure in of_state if figure.measure == measure], first=first, today=today)
        for measure in (Measure.LOANS, Measure.APPROPRIATION)
    )
    appropriation_of = {year.fiscal_year: year for year in appropriations}
    rates = _rates_of_runs()
    sums = _sums_of_libraries(every)
    years = tuple(
        StateYear(
            year,
            appropriation_of.get(year.fiscal_year, YearTold(year.fiscal_year, (), missing=NOT_ON_RECORD)),
            _rates(year, appropriation_of.get(year.fiscal_year), rates.get(year.fiscal_year)),
            _compared(sums.get(year.fiscal_year), year),
        )
        for year in loans
    )
    return StateTrend(
        years,
        charts((year.fiscal_year, year.values) for year in loans),
        charts(((year.fiscal_year, year.values) for year in appropriations), _whole_dollars),
        charts(((year.fiscal_year, [each.value for each in year.rates]) for year in years), _rate_in_short),
    )


def _whole_dollars(cents: int) -> str:
    return f"${cents // 100:,}"


def _rate_in_short(ten_billionths: int) -> str:
    whole, rest = divmod((ten_billionths + 5 * 10**6) // 10**7, 1000)
    return f"${whole}.{rest:03}"


def dollars_a_loan(appropriation_cents: int, loans: int, fiscal_year: int) -> str:
    """Return dollars for each loan of the half that is divided by loans, ten decimals.

    Source: Regs. Conn. State Agencies § 11-31c-4(b).
    """
    on = fiscal_year_days(fiscal_year)[1]
    return rate(split_appropriation(appropriation_cents, (), on=on).transactions_pool_cents, loans)


def _rates(loans: YearTold, appropriation: YearTold | None, of_run: Rate | None) -> tuple[Rate, ...]:
    """Return the rate of the published figures, and that of the published run where it is another."""
    published = [_published(year) for year in (appropriation, loans)]
    found = [of_run] if of_run else []
    if published[0] is not None and published[1]:
        text = dollars_a_loan(published[0], published[1], loans.fiscal_year)
        found = [Rate(text, Provenance.PUBLISHED), *(each for each in found if each.dollars != text)]
    return tuple(found)


def _published(year: YearTold | None) -> int | None:
    """Return the number of a year that was published elsewhere than with a payment run of this site."""
    if year is None:
        return None
    return next(
        (
            told.value
            for told in year.told
            if any(figure.kind == Provenance.PUBLISHED and not figure.of_run for figure in told.sources)
        ),
        None,
    )


def _rates_of_runs() -> dict[int, Rate]:
    runs = list(published_runs())
    kinds = kinds_of_runs(runs)
    return {run.fiscal_year: Rate(rates_of(run)[0], kinds[run.pk]) for run in runs}


def _sums_of_libraries(every: Iterable[HistoryFigure]) -> dict[int, tuple[int, int]]:
    """Return, by fiscal year, the sum of the libraries' published loans and how many published any."""
    published: dict[int, dict[int, int]] = defaultdict(dict)
    for figure in every:
        if figure.library_id and figure.kind == Provenance.PUBLISHED and figure.value is not None:
            # A second source of the same library and year stands on its page; it is added up once.
            published[figure.fiscal_year].setdefault(figure.library_id, figure.value)
    return {year: (sum(loans.values()), len(loans)) for year, loans in published.items()}


def _compared(found: tuple[int, int] | None, year: YearTold) -> SumOfLibraries | None:
    if found is None:
        return None
    total = _published(year)
    return SumOfLibraries(*found, None if total is None else found[0] - total)


# A library


@dataclass(frozen=True)
class PaymentOnRecord:
    """Money of a library in a fiscal year: paid by a published run, or received by the ledger."""

    fiscal_year: int
    cents: int
    what: str
    source: str
    on: date | None = None


@dataclass(frozen=True)
class LibraryTrend:
    """A library through the years, oldest first."""

    library: Library
    years: tuple[YearTold, ...]
    chart: Charts | None
    payments: tuple[PaymentOnRecord, ...]

    @property
    def differing(self) -> list[YearTold]:
        """The years of which sources say different numbers."""
        return [year for year in self.years if year.differs]


def library_trend(library: Library, today: date) -> LibraryTrend:
    """Return the loans and the payments on record of a library, by fiscal year."""
    found = figures(libraries=[library.pk], today=today)
    years = years_told(found, first=first_year(found, today), today=today) if found else []
    chart = charts((year.fiscal_year, year.values) for year in years)
    return LibraryTrend(library, tuple(years), chart, tuple(_payments(library)))


def first_year(found: Iterable[HistoryFigure], today: date) -> int:
    return min((figure.fiscal_year for figure in found), default=fiscal_year_of(today))


def _payments(library: Library) -> Iterator[PaymentOnRecord]:
    """Yield the payments of published runs and the money received, by fiscal year.

    What the Comptroller paid by a run is shown once the run was published, like the run itself.
    """
    of_runs = Payment.objects.filter(library=library, run__in=published_runs()).select_related("run")
    records = [
        PaymentOnRecord(
            payment.run.fiscal_year,
            payment.payment_cents,
            gettext_noop("payment")
            if payment.eligible
            else gettext_noop("payment; its shares were withheld"),
            cited(payment.run),
        )
        for payment in of_runs
    ]
    records += [
        PaymentOnRecord(past.fiscal_year, past.cents, gettext_noop("received"), past.source, past.received_on)
        for past in PastPayment.objects.filter(library=library).filter(
            Q(batch_line=None) | Q(batch_line__batch__run__publication__isnull=False)
        )
    ]
    yield from sorted(records, key=lambda record: (record.fiscal_year, record.what, str(record.on or "")))
