"""The figures of the trend pages as rows of CSV files: one row for each figure, empty where none is known."""

from collections.abc import Callable, Iterator, Sequence

from payments.models import Measure
from payments.past_years.town_trend import TownTrend
from payments.past_years.trends import LibraryTrend, StateTrend, YearTold
from payments.rules.cents import plain_dollars
from transactions.models import Provenance

Row = Sequence[object]


def state_rows(trend: StateTrend) -> Iterator[Row]:
    """Yield the rows of the state's CSV, one for each figure, dollars with two decimals."""
    yield "fiscal_year", "measured", "measure", "value", "kind", "source", "note"
    for year in trend.years:
        yield from _rows_of(year.loans, Measure.LOANS.label, str)
        yield from _rows_of(year.appropriation, Measure.APPROPRIATION.label, plain_dollars)
        for each in year.rates:
            yield (
                year.fiscal_year,
                year.loans.measured,
                "dollars a loan",
                each.dollars,
                each.kind.value,
                "half of the appropriation, divided by the loans",
                "",
            )
        if found := year.sum_of_libraries:
            yield (
                year.fiscal_year,
                year.loans.measured,
                "sum of the libraries' published loans",
                found.value,
                Provenance.PUBLISHED.value,
                f"{found.libraries} libraries",
                "" if not found.difference else f"differs from the state's total by {found.difference}",
            )


def library_rows(trend: LibraryTrend) -> Iterator[Row]:
    """Yield the rows of a library's CSV of loans, one for each figure of a year."""
    yield "fiscal_year", "measured", "measure", "value", "kind", "source", "note"
    for year in trend.years:
        yield from _rows_of(year, Measure.LOANS.label, str)


def payment_rows(trend: LibraryTrend) -> Iterator[Row]:
    """Yield the rows of a library's CSV of payments, dollars with two decimals."""
    yield "fiscal_year", "amount", "what", "on", "source"
    for record in trend.payments:
        yield record.fiscal_year, plain_dollars(record.cents), record.what, record.on, record.source


def town_rows(trend: TownTrend) -> Iterator[Row]:
    """Yield the rows of a town's CSV: one for each library and year, one for the borrowing elsewhere."""
    yield "fiscal_year", "measured", "measure", "library", "value", "kind", "source", "note"
    for year in trend.years:
        for library, told in year.parts:
            for figure in told.sources:
                yield (
                    year.fiscal_year,
                    year.measured,
                    Measure.LOANS.label,
                    library.key,
                    told.value,
                    figure.kind.value,
                    figure.source,
                    figure.note,
                )
        if year.borrows is not None and year.borrows_kind is not None:
            yield (
                year.fiscal_year,
                year.measured,
                "borrowed elsewhere on its cards",
                " ".join(library.key for library in trend.home_libraries),
                year.borrows,
                year.borrows_kind.value,
                "published payment run",
                "",
            )


def _rows_of(year: YearTold, measure: str, write: Callable[[int], str]) -> Iterator[Row]:
    for figure in (*(figure for told in year.told for figure in told.sources), *year.blank):
        value = None if figure.value is None else write(figure.value)
        yield (
            year.fiscal_year,
            year.measured,
            measure,
            value,
            figure.kind.value,
            figure.source,
            figure.note,
        )
    if not year.told and not year.blank:
        yield year.fiscal_year, year.measured, measure, None, "", "", year.missing
