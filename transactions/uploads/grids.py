"""A grid: home libraries down, months across, as on the form."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from transactions.uploads.columns import (
    headings_of,
    label_columns,
    no_label_column,
)
from transactions.uploads.labels import is_total, normal
from transactions.uploads.months import YearMonth, month_of_heading, read_month
from transactions.uploads.reduced import (
    Loans,
    Reduced,
    Wanted,
    add_loans,
    called,
    cell_of,
    is_number,
    is_too_wide,
    note_other_year,
    number_of,
    place_of,
    plain_number,
    units,
    usable,
)
from transactions.uploads.tables import UNCALCULATED, Row, Table, TableRefused, column_letter, text_of

MOST_GRID_ROWS = 5_000


@dataclass(frozen=True)
class MonthHeader:
    """Where the months stand: the row's place among the first rows, and the month of each column."""

    row: int
    columns: Mapping[int, YearMonth]


def month_header(head: Sequence[Row]) -> MonthHeader | None:
    """Return the row whose cells are months over columns of numbers; None where there is none."""
    best: MonthHeader | None = None
    for place, (_, cells) in enumerate(head[:40]):
        columns = {
            column: month for column, cell in enumerate(cells) if (month := month_of_heading(text_of(cell)))
        }
        below = [
            [text_of(row[column]) if column < len(row) else "" for column in columns]
            for _, row in head[place + 1 : place + 12]
        ]
        numbers = sum(1 for row in below for cell in row if is_number(cell) or cell is UNCALCULATED)
        others = sum(
            1 for row in below for cell in row if cell and not is_number(cell) and cell is not UNCALCULATED
        )
        if not columns or others > numbers or (len(columns) == 1 and not numbers):
            continue
        if any(read_month(cell) for row in below[:3] for cell in row) and len(columns) == 1:
            continue
        if best is None or len(columns) > len(best.columns):
            best = MonthHeader(place, columns)
    return best and MonthHeader(best.row, _with_years(head, best))


def _with_years(head: Sequence[Row], header: MonthHeader) -> dict[int, YearMonth]:
    """Give months without a year the year that stands above them, in a cell merged over several columns."""
    years: dict[int, int] = {}
    for _, cells in reversed(head[max(header.row - 3, 0) : header.row]):
        written = [text_of(cell) for cell in cells]
        if any(re.fullmatch(r"20\d\d", cell) for cell in written):
            year = None
            for column in range(max(header.columns) + 1):
                cell = written[column] if column < len(written) else ""
                year = int(cell) if re.fullmatch(r"20\d\d", cell) else None if cell else year
                if year:
                    years[column] = year
            break
    return {column: (year or years.get(column), month) for column, (year, month) in header.columns.items()}


def read_grid(table: Table, head: Sequence[Row], header: MonthHeader, wanted: Wanted) -> list[Reduced]:
    """Read a grid by each column that may name its home libraries. Raises TableRefused."""
    headings = headings_of(head[max(header.row - 2, 0) : header.row + 1])
    rows = list(islice(table.rows(), header.row + 1, header.row + 2 + MOST_GRID_ROWS))
    if len(rows) > MOST_GRID_ROWS:
        raise TableRefused(
            f"The table has months across and more than {MOST_GRID_ROWS:,} rows. There are about 190 home "
            "libraries: send a table with one row for each."
        )
    months = {column: wanted.month(month) for column, month in header.columns.items()}
    for month, times in Counter(months.values()).items():
        if times > 1:
            name = f"{month:%B %Y}" if isinstance(month, date) else month
            raise TableRefused(
                f"{times} columns are headed {name}. Remove those that are not loans, or add the year to "
                f"the headings."
            )
    counted = [
        (line, cells)
        for line, cells in rows
        if any(cell_of(cells, column) for column in months)
        and not any(is_total(cell_of(cells, c)) for c in range(len(cells)))
    ]
    width = max((len(cells) for _, cells in rows), default=0)
    places = [column for column in range(width) if column not in months]
    judged = counted or [row for row in rows if any(text_of(cell) for cell in row[1])]
    columns = label_columns(judged, places, headings, wanted)
    if not columns:
        raise no_label_column(headings, places)
    return [grid_by(column, rows, months, headings, head[: header.row], wanted) for column in columns[:3]]


def grid_by(
    label_column: int,
    rows: Sequence[Row],
    months: Mapping[int, date | str],
    headings: Mapping[int, str],
    above: Sequence[Row],
    wanted: Wanted,
) -> Reduced:
    """Read a grid by one column of home libraries."""
    reading = Reduced(
        f"home libraries in the column {called(label_column, headings)}, one column for each month",
        is_grid=True,
    )
    note_other_year(reading, above, wanted)
    sums: Counter[int] = Counter()
    row_totals = [
        column
        for column, heading in headings.items()
        if is_total(heading) and column not in months and column > label_column
    ]
    width = max([*headings, *months], default=-1) + 1
    seen: set[str] = set()
    passed_over = 0
    for line, cells in rows:
        label = cell_of(cells, label_column)
        written = {column: cell_of(cells, column) for column in months}
        if is_total(label) or (
            not label and any(is_total(cell_of(cells, place)) for place in range(len(cells)))
        ):
            _check_total(reading, line, label or "Total", written, sums, months)
            continue
        if not any(written.values()) and (not label or not wanted.matcher.match(label).is_known):
            passed_over += bool(label)
            continue
        if any(written.values()) and all(month_of_heading(cell) for cell in written.values() if cell):
            continue  # the header again, at the top of a printed page
        if not usable(reading, line, label, wanted) or is_too_wide(reading, line, cells, width):
            continue
        numbers = {
            column: number_of(reading, place_of(line, column, headings), text, label)
            for column, text in written.items()
        }
        _check_row_total(reading, line, cells, row_totals, numbers, label)
        for column, (is_good, loans) in numbers.items():
            if is_good:
                sums[column] += units(loans)
                add_loans(reading, label, months[column], loans)
        if normal(label) in seen and label not in reading.repeated:
            reading.repeated.append(label)
        seen.add(normal(label))
    if passed_over:
        reading.notes.append(f"{passed_over} lines without numbers were passed over.")
    return reading


def _check_total(
    reading: Reduced,
    line: int,
    label: str,
    written: Mapping[int, str],
    sums: Counter[int],
    months: Mapping[int, date | str],
) -> None:
    """Compare a row of totals with the rows above it; it is left out either way."""
    reading.notes.append(f"Line {line} is a row of totals and is left out.")
    if "sub" in normal(label):
        return
    for column, text in written.items():
        total = plain_number(text)
        if total is not None and total != sums[column]:
            month = months[column]
            reading.trouble(
                f"line {line}, column {column_letter(column)}",
                f"The total for {month if isinstance(month, str) else f'{month:%B %Y}'} is {total:,}",
                f"but the numbers that were read above it add up to {sums[column]:,}.",
                "Compare the rows: one may be missing, unreadable or counted twice.",
            )


def _check_row_total(
    reading: Reduced,
    line: int,
    cells: Sequence[Any],
    totals: Sequence[int],
    numbers: Mapping[int, tuple[bool, Loans]],
    label: str,
) -> None:
    if not all(is_good for is_good, _ in numbers.values()):
        return
    added = sum(units(loans) for _, loans in numbers.values())
    for column in totals:
        total = plain_number(cell_of(cells, column))
        if total is not None and total != added:
            reading.trouble(
                f"line {line}, column {column_letter(column)}",
                f"The total of {label} is {total:,}",
                f"but its months add up to {added:,}.",
                "Compare the months with your own records.",
            )
