"""What a table says of loans: which column names home libraries, where months and numbers stand.

Three shapes are known: a *grid* (home libraries down, months across, as on the form), a *list* (a home
library, perhaps a month, a number) and an *export* of single loans (one row each, any columns), whose rows
are counted. Only the columns of home library, month and number are read; the values of all others are looked
at for nothing but their kind.

A column is taken for home libraries only where most of its values are known names or places, so that no
column of patrons' names is ever read as labels. Where several columns would do, each is read and the person
chooses by heading.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from transactions.rules.filing_checks import NOT_COUNTED, NotALoanCount, NotCounted, parse_loans
from transactions.uploads.labels import LabelMatcher, is_total, may_be_private, normal
from transactions.uploads.months import YearMonth, month_of_heading, read_month, years_named
from transactions.uploads.tables import UNCALCULATED, Row, Table, TableRefused, column_letter, text_of

_HEAD = 60  # rows in which a header is looked for
_SAMPLE = 2_000  # rows by which columns are judged
_MOST_GRID_ROWS = 5_000
_MOST_LABELS = 400
_MOST_PROBLEMS = 200
_MOST_READINGS = 6
_WIDEST_LIST = 4  # columns: key, home library, month, number
_NEARLY_ALL = 0.9  # of a column's rows; then the share of its labels does not matter
_KNOWN_SHARE = 0.6  # of a column's labels, and of its rows, that must be known for it to be read

_OF_THE_PATRON = re.compile(r"home|patron|borrower|card|resid|member|user|regist|town|city|municipal", re.I)
_OF_THE_ITEM = re.compile(
    r"item|own|hold|shel|copy|check.?(?:out|in)|charg|circ|transact|station|service|lend|loan|pick.?up|workstation|"
    r"terminal|staff",
    re.I,
)
_OF_THE_LOAN = re.compile(
    r"check.?out|charge|circ|loan|issue|transact|activity|^date$|^day$|^month$|^period$", re.I
)
_NOT_OF_THE_LOAN = re.compile(
    r"due|birth|dob|expir|creat|return|check.?in|discharg|regist|update|modif|last", re.I
)
_NUMBER_OF_LOANS = re.compile(
    r"(?:number|no\.?|#|count|sum|total)?\s*(?:of)?\s*"
    r"(?:loans?|check.?outs?|circs?|circulations?|charges?|issues?|transactions?|items?|units?|counts?|numbers?|totals?|"
    r"qty|quantity|whole period)(?:\s*(?:count|lent|loaned|total|id))?",
    re.I,
)
_NO_NUMBER_OF_LOANS = re.compile(
    r"bar.?code|card|zip|postal|phone|\bage\b|year|price|cost|fine|fee|isbn|oclc|call|renew|record", re.I
)
_A_HEADING = re.compile(
    r"^(?:(?:patron|borrower|user|home|item|owning|registered|check.?out|check.?in|due|birth|loan|circ"
    r"|transaction|first|last|full|call|pickup)[ _-]?)*"
    r"(?:library|branch|patron|borrower|user|name|barcode|title|author|date|day|time|type|location|town|city"
    r"|number|no\.?|id|total|loans?|count|month|year|status|station|collection|checkouts?|renewals?)$",
    re.I,
)
_ACT = re.compile(r"type|action|transaction|operation|op.?code|activity|event", re.I)
_A_LOAN = re.compile(r"check.?out|charge|issue|loan|o", re.I)
_NO_LOAN = re.compile(r"renew|discharg|check.?in|return|r|i", re.I)


# What a cell says: a number, that there is no count, or nothing.
Loans = int | NotCounted | None


def units(loans: Loans) -> int:
    """Return what a cell adds to a sum: a blank and “not counted” add nothing."""
    return loans if isinstance(loans, int) else 0


@dataclass(frozen=True)
class Wanted:
    """What the filing can take: its months in order, and who lends. `matcher` knows every home library."""

    months: tuple[date, ...]
    lender: int
    matcher: LabelMatcher

    def month(self, found: YearMonth) -> date | str:
        """Return the month of the filing that is meant, or how a month outside it is called."""
        year, number = found
        for month in self.months:
            if month.month == number and year in (None, month.year):
                return month
        return f"{date(year or 2000, number, 1):%B}" + (f" {year}" if year else "")


@dataclass(frozen=True)
class Trouble:
    """One thing in a file that cannot be taken over: where it is, what, why, and how to mend it."""

    where: str
    what: str
    why: str
    cure: str


@dataclass
class Reduced:
    """A table reduced to counts: by label as written and month, None where the table names no month.

    In a grid a blank cell is given as None. `repeated` are labels that stand in several rows and were added
    up; `outside` are loans of months that the filing does not have, by the name of the month.
    """

    said: str
    is_grid: bool = False
    counts: dict[tuple[str, date | None], Loans] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    outside: dict[str, int] = field(default_factory=dict)
    problems: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    more_problems: int = 0

    @property
    def labels(self) -> list[str]:
        """Every label once, in the order of the table."""
        return list(dict.fromkeys(label for label, _ in self.counts))

    @property
    def has_months(self) -> bool:
        """Whether the table says of every number in which month it belongs."""
        return all(month is not None for _, month in self.counts)

    def trouble(self, where: str, what: str, why: str, cure: str) -> None:
        """Note a problem; of very many alike only the number is kept."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Trouble(where, what, why, cure))
        else:
            self.more_problems += 1


def read_tables(tables: Sequence[Table], wanted: Wanted) -> list[Reduced]:
    """Return every way in which the tables can be read; the person chooses where there are several.

    Raises TableRefused where there is none.
    """
    found: list[Reduced] = []
    refusals: list[TableRefused] = []
    for table in tables:
        try:
            readings = read_table(table, wanted)
        except TableRefused as refused:
            refusals.append(refused)
            continue
        for reading in readings:
            if len(tables) > 1:
                reading.said = f"Sheet “{table.name}”: {reading.said}"
            found.append(reading)
    if not found:
        raise refusals[0]
    return found[:_MOST_READINGS]


def read_table(table: Table, wanted: Wanted) -> list[Reduced]:
    """Return every way in which one table can be read, at least one. Raises TableRefused."""
    head = list(islice(table.rows(), _HEAD))
    if header := _month_header(head):
        return _read_grid(table, head, header, wanted)
    return _read_list(table, head, wanted)


# A grid


@dataclass(frozen=True)
class _MonthHeader:
    """Where the months stand: the row's place among the first rows, and the month of each column."""

    row: int
    columns: Mapping[int, YearMonth]


def _month_header(head: Sequence[Row]) -> _MonthHeader | None:
    best: _MonthHeader | None = None
    for place, (_, cells) in enumerate(head[:40]):
        columns = {
            column: month for column, cell in enumerate(cells) if (month := month_of_heading(text_of(cell)))
        }
        below = [
            [text_of(row[column]) if column < len(row) else "" for column in columns]
            for _, row in head[place + 1 : place + 12]
        ]
        numbers = sum(1 for row in below for cell in row if _is_number(cell) or cell is UNCALCULATED)
        others = sum(
            1 for row in below for cell in row if cell and not _is_number(cell) and cell is not UNCALCULATED
        )
        if not columns or others > numbers or (len(columns) == 1 and not numbers):
            continue
        if any(read_month(cell) for row in below[:3] for cell in row) and len(columns) == 1:
            continue
        if best is None or len(columns) > len(best.columns):
            best = _MonthHeader(place, columns)
    return best and _MonthHeader(best.row, _with_years(head, best))


def _with_years(head: Sequence[Row], header: _MonthHeader) -> dict[int, YearMonth]:
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


def _read_grid(table: Table, head: Sequence[Row], header: _MonthHeader, wanted: Wanted) -> list[Reduced]:
    headings = _headings(head[max(header.row - 2, 0) : header.row + 1])
    rows = list(islice(table.rows(), header.row + 1, header.row + 2 + _MOST_GRID_ROWS))
    if len(rows) > _MOST_GRID_ROWS:
        raise TableRefused(
            f"The table has months across and more than {_MOST_GRID_ROWS:,} rows. There are about 190 home "
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
        if any(_cell(cells, column) for column in months)
        and not any(is_total(_cell(cells, c)) for c in range(len(cells)))
    ]
    width = max((len(cells) for _, cells in rows), default=0)
    places = [column for column in range(width) if column not in months]
    judged = counted or [row for row in rows if any(text_of(cell) for cell in row[1])]
    columns = _label_columns(judged, places, headings, wanted)
    if not columns:
        raise _no_label_column(headings, places)
    return [_grid_by(column, rows, months, headings, head[: header.row], wanted) for column in columns[:3]]


def _grid_by(
    label_column: int,
    rows: Sequence[Row],
    months: Mapping[int, date | str],
    headings: Mapping[int, str],
    above: Sequence[Row],
    wanted: Wanted,
) -> Reduced:
    reading = Reduced(
        f"home libraries in the column {_called(label_column, headings)}, one column for each month",
        is_grid=True,
    )
    _note_other_year(reading, above, wanted)
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
        label = _cell(cells, label_column)
        written = {column: _cell(cells, column) for column in months}
        if is_total(label) or (
            not label and any(is_total(_cell(cells, place)) for place in range(len(cells)))
        ):
            _check_total(reading, line, label or "Total", written, sums, months)
            continue
        if not any(written.values()) and (not label or not wanted.matcher.match(label).is_known):
            passed_over += bool(label)
            continue
        if any(written.values()) and all(month_of_heading(cell) for cell in written.values() if cell):
            continue  # the header again, at the top of a printed page
        if not _usable(reading, line, label, wanted) or _is_too_wide(reading, line, cells, width):
            continue
        numbers = {
            column: _number(reading, _place(line, column, headings), text, label)
            for column, text in written.items()
        }
        _check_row_total(reading, line, cells, row_totals, numbers, label)
        for column, (is_good, loans) in numbers.items():
            if is_good:
                sums[column] += units(loans)
                _add(reading, label, months[column], loans)
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
        total = _plain_number(text)
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
        total = _plain_number(_cell(cells, column))
        if total is not None and total != added:
            reading.trouble(
                f"line {line}, column {column_letter(column)}",
                f"The total of {label} is {total:,}",
                f"but its months add up to {added:,}.",
                "Compare the months with your own records.",
            )


def _note_other_year(reading: Reduced, above: Sequence[Row], wanted: Wanted) -> None:
    years = {year for _, cells in above for cell in cells for year in years_named(text_of(cell))}
    ours = {month.year for month in wanted.months}
    if years and years.isdisjoint(ours):
        said = ", ".join(map(str, sorted(years)))
        reading.trouble(
            "above the table",
            f"The heading names {said}",
            f"but this filing is for {wanted.months[0]:%B %Y} to {wanted.months[-1]:%B %Y}.",
            "Make sure that this is the right file before you save.",
        )


# A list, or single loans


@dataclass(frozen=True)
class _ListColumns:
    """The columns of one way to read a list; `number` None where each row is one loan."""

    label: int
    month: int | None
    number: int | None
    act: int | None = None


def _read_list(table: Table, head: Sequence[Row], wanted: Wanted) -> list[Reduced]:
    start, headings = _list_header(head, wanted)
    sample = list(islice(table.rows(), start, start + _SAMPLE))
    if not sample:
        raise TableRefused("No rows follow the headings. Choose the file with the counts.")
    width = max(len(headings), max(len(cells) for _, cells in sample))
    values = {column: [_cell(cells, column) for _, cells in sample] for column in range(width)}
    judged = [
        row for row in sample if not any(is_total(_cell(row[1], column)) for column in range(min(width, 4)))
    ]
    labels = _label_columns(judged, range(width), headings, wanted)
    if not labels:
        raise _no_label_column(headings, range(width))
    months = [
        column
        for column in range(width)
        if column not in labels and _share(values[column], lambda cell: read_month(cell) is not None) >= 0.9
    ]
    months = _preferred(months, headings, _OF_THE_LOAN, _NOT_OF_THE_LOAN)
    numbers = [
        column
        for column in range(width)
        if column not in labels
        and column not in months
        and not _NO_NUMBER_OF_LOANS.search(headings.get(column, ""))
        and not _are_codes(values[column])
        and (
            _share(values[column], _is_number) >= 0.8
            or (_is_number_of_loans(headings.get(column, "")) and _are_numbers(values[column]))
        )
    ]
    ways: list[_ListColumns] = []
    for label in labels:
        ways += _ways(label, months, numbers, values, headings)
    if not ways:
        return _without_month_headings(table, start, labels[0], numbers, wanted)
    act = _column_of_acts(values, headings)
    readings = [
        _list_by(
            _ListColumns(way.label, way.month, way.number, None if way.number is not None else act),
            table,
            start,
            headings,
            head[:start],
            wanted,
        )
        for way in ways[:_MOST_READINGS]
    ]
    good = [reading for reading in readings if reading.counts]
    if not good:
        raise TableRefused(
            "No row of this file could be read: no home library with a number or a day stands in it. "
            "Compare it with "
            "the recipes, or use our template."
        )
    return good


def _list_header(head: Sequence[Row], wanted: Wanted) -> tuple[int, dict[int, str]]:
    """Return at which row the data begin and the heading of each column; none where there is no header."""
    widths = Counter(sum(1 for cell in cells if text_of(cell)) for _, cells in head)
    usual = max((width for width in widths if width > 1), key=lambda width: (widths[width], width), default=1)
    for place, (_, cells) in enumerate(head):
        written = [text_of(cell) for cell in cells]
        filled = [cell for cell in written if cell]
        if len(filled) < max(2, usual * 0.6) and usual > 1:
            continue
        if any(
            _is_number(cell) or (read_month(cell) and len(cell) > 3) or cell is UNCALCULATED
            for cell in filled
        ) or any(wanted.matcher.match(cell).library for cell in filled):
            return place, {}
        return place + 1, {column: cell for column, cell in enumerate(written) if cell}
    return 0, {}


def _ways(
    label: int,
    months: Sequence[int],
    numbers: Sequence[int],
    values: Mapping[int, Sequence[str]],
    headings: Mapping[int, str],
) -> list[_ListColumns]:
    """Return how a list can be read with this column of labels: with numbers, or one row for each loan."""
    named = [column for column in numbers if _is_number_of_loans(headings.get(column, ""))]
    if any(re.search(r"renew", heading, re.I) for heading in headings.values()):
        # A total beside renewals has renewals in it, which do not count
        named = [column for column in named if not is_total(headings[column])] or named
    rows = len(values[label])
    ways = []
    columns: Sequence[int | None] = months or [None]
    for month in columns:
        pairs = {
            (cell, values[month][row] if month is not None else "")
            for row, cell in enumerate(values[label])
            if cell
        }
        each_once = len(pairs) >= 0.5 * rows
        if each_once and len(numbers) > 1 and not named and not headings:
            continue  # several columns of numbers and no word on them
        taken = named or (numbers if each_once and len(numbers) == 1 else [])
        ways += [_ListColumns(label, month, column) for column in taken]
        # Rows that repeat a home library and month are loans; so may be the rows of a wide table
        if not taken or (named and not each_once) or (not named and len(values) > _WIDEST_LIST):
            ways.append(_ListColumns(label, month, None))
    return ways


def _column_of_acts(values: Mapping[int, Sequence[str]], headings: Mapping[int, str]) -> int | None:
    """Return the column that tells loans from renewals and returns, where the file has both."""
    for column, heading in headings.items():
        if _ACT.search(heading) and column in values:
            kinds = {cell for cell in values[column] if cell}
            if (
                1 < len(kinds) <= 20
                and any(_A_LOAN.match(kind) and _is_act(kind, _A_LOAN) for kind in kinds)
                and any(_is_act(kind, _NO_LOAN) for kind in kinds)
            ):
                return column
    return None


def _is_act(kind: str, pattern: re.Pattern[str]) -> bool:
    """Whether a kind of act is that of a pattern: one letter by itself, or a word that begins so."""
    if len(kind) == 1:
        return pattern.fullmatch(kind) is not None
    found = pattern.match(kind)
    return found is not None and len(found[0]) > 1


def _list_by(
    columns: _ListColumns,
    table: Table,
    start: int,
    headings: Mapping[int, str],
    above: Sequence[Row],
    wanted: Wanted,
) -> Reduced:
    said = f"home libraries in the column {_called(columns.label, headings)}"
    if columns.month is not None:
        said += f", months in {_called(columns.month, headings)}"
    said += (
        f", loans in {_called(columns.number, headings)}"
        if columns.number is not None
        else ", each row counted as one loan"
    )
    reading = Reduced(said)
    if columns.month is None:
        _note_other_year(reading, above, wanted)
    rows = islice(table.rows(), start, None)
    if columns.number is None:
        _count_rows(reading, columns, rows, headings, wanted)
    else:
        _take_numbers(reading, columns, rows, headings, wanted)
    return reading


def _count_rows(
    reading: Reduced, columns: _ListColumns, rows: Iterator[Row], headings: Mapping[int, str], wanted: Wanted
) -> None:
    """Count the rows of an export of single loans."""
    label_column, month_column, act_column = columns.label, columns.month, columns.act
    width = max(headings, default=-1) + 1 if headings else 0
    counted: Counter[tuple[str, str]] = Counter()
    first_line: dict[str, int] = {}
    blank = not_loans = 0
    for line, cells in rows:
        if width and _is_too_wide(reading, line, cells, width):
            continue
        label = text_of(cells[label_column]) if label_column < len(cells) else ""
        month = text_of(cells[month_column]) if month_column is not None and month_column < len(cells) else ""
        if act_column is not None:
            act = _cell(cells, act_column)
            if not _is_act(act, _A_LOAN) or _is_act(act, _NO_LOAN):
                not_loans += 1
                continue
        if not label:
            blank += any(text_of(cell) for cell in cells)
            continue
        if label not in first_line:
            first_line[label] = line
            if len(first_line) > _MOST_LABELS:
                raise _too_many_labels(label_column, headings)
        counted[label, month[:10] if month[:4].isdecimal() else month] += 1
    unread: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    for (label, written), loans in counted.items():
        if is_total(label) or label == headings.get(label_column):
            continue
        if not wanted.matcher.match(label).is_known and (
            may_be_private(label) or wanted.matcher.may_be_a_person(label)
        ):
            hidden[label] += loans
            continue
        if month_column is None:
            _add(reading, label, None, loans)
        elif found := read_month(written):
            _add(reading, label, wanted.month(found), loans)
        else:
            unread[label] += loans
    _keep_known(reading, wanted, label_column, headings)
    for label, loans in hidden.items():
        _hide(reading, first_line[label], loans)
    if blank:
        reading.notes.append(f"{blank:,} rows name no home library and are left out.")
    if not_loans:
        reading.notes.append(
            f"{not_loans:,} rows are no loans by the column {_called(act_column or 0, headings)} (renewals, "
            f"returns) and "
            "are left out."
        )
    if unread:
        reading.trouble(
            f"column {_called(month_column or 0, headings)}",
            f"{sum(unread.values()):,} rows",
            "have no day or month that can be read, and are not counted.",
            "Mend the days in those rows, or add the loans in the grid.",
        )


def _take_numbers(
    reading: Reduced, columns: _ListColumns, rows: Iterator[Row], headings: Mapping[int, str], wanted: Wanted
) -> None:
    """Take over the numbers of a list."""
    number_column = columns.number or 0
    width = max([*headings, columns.label, number_column, columns.month or 0]) + 1
    seen: set[tuple[str, str]] = set()
    total = 0
    for read, (line, cells) in enumerate(rows):
        if read > 100_000:
            raise TableRefused(
                "The list is too long for one row for each home library and month. Export fewer rows."
            )
        label, text = _cell(cells, columns.label), _cell(cells, number_column)
        written = _cell(cells, columns.month) if columns.month is not None else ""
        if is_total(label) or (
            not label and any(is_total(_cell(cells, place)) for place in range(len(cells)))
        ):
            reading.notes.append(f"Line {line} is a row of totals and is left out.")
            stated = _plain_number(text)
            if stated is not None and stated != total and "sub" not in normal(label):
                reading.trouble(
                    f"line {line}",
                    f"The total is {stated:,}",
                    f"but the numbers that were read above it add up to {total:,}.",
                    "Compare the rows: one may be missing, unreadable or counted twice.",
                )
            continue
        if (not text and not label) or (not text and not wanted.matcher.match(label).is_known):
            continue
        if text and text == headings.get(number_column):
            continue
        if not _usable(reading, line, label, wanted) or _is_too_wide(reading, line, cells, width):
            continue
        is_good, loans = _number(reading, _place(line, number_column, headings), text, label)
        if not is_good:
            continue
        month: date | str | None = None
        if columns.month is not None:
            found = read_month(written)
            if found is None:
                reading.trouble(
                    _place(line, columns.month, headings),
                    "no month",
                    "that can be read stands beside the number.",
                    "Write the month as 2026-03 or March 2026.",
                )
                continue
            month = wanted.month(found)
        total += units(loans)
        if (normal(label), written) in seen and label not in reading.repeated:
            reading.repeated.append(label)
        seen.add((normal(label), written))
        _add(reading, label, month, loans)
    _keep_known(reading, wanted, columns.label, headings)


def _without_month_headings(
    table: Table, start: int, label: int, numbers: Sequence[int], wanted: Wanted
) -> list[Reduced]:
    """Read labels and numbers without headings as the filing's months, if there are as many."""
    if len(numbers) not in (len(wanted.months), len(wanted.months) + 1):
        raise TableRefused(
            f"The table has {len(numbers)} columns of numbers and no headings. Copy it with its headings, "
            f"so that it "
            "says which column is which month."
        )
    months: dict[int, date | str] = dict(zip(numbers, wanted.months, strict=False))
    headings = {numbers[-1]: "Total"} if len(numbers) > len(months) else {}
    reading = _grid_by(
        label, list(islice(table.rows(), start, start + _MOST_GRID_ROWS)), months, headings, [], wanted
    )
    reading.notes.insert(
        0,
        f"The table has no headings; its columns were read as {wanted.months[0]:%B %Y} to "
        f"{wanted.months[-1]:%B %Y} in order.",
    )
    return [reading]


# Columns


def _label_columns(
    rows: Sequence[Row], places: Iterable[int], headings: Mapping[int, str], wanted: Wanted
) -> list[int]:
    """Return the columns that are mostly known home libraries or places; one, if one is plain."""
    matcher = wanted.matcher
    found: dict[int, dict[int, int | None]] = {}  # by column, what the label of each row means
    for column in places:
        labels = [(place, label) for place, (_, cells) in enumerate(rows) if (label := _cell(cells, column))]
        times = Counter(label for _, label in labels)
        distinct = times.keys()
        if not _may_be_labels(times, matcher):
            continue
        known = {label for label in distinct if matcher.match(label).is_known}
        known_rows = sum(1 for _, label in labels if label in known)
        if (
            len(known) >= _KNOWN_SHARE * len(distinct) and known_rows >= _KNOWN_SHARE * len(labels)
        ) or known_rows >= _NEARLY_ALL * len(labels):
            found[column] = {place: matcher.match(label).library for place, label in labels}
    if len(found) > 1:
        # The lender's own name in every row says where the loans were made, not whose cards they were
        others = {
            column: homes
            for column, homes in found.items()
            if sum(1 for home in homes.values() if home == wanted.lender) < 0.95 * len(homes)
        }
        found = others or found
    columns = _preferred(list(found), headings, _OF_THE_PATRON, _OF_THE_ITEM)
    columns.sort(key=lambda column: -sum(1 for home in found[column].values() if home is not None))
    plain: list[int] = []
    for column in columns:
        # A column that says the same less exactly adds nothing: the town beside the name of its library
        if not any(_agree(found[better], found[column]) for better in plain):
            plain.append(column)
    return plain


def _may_be_labels(times: Counter[str], matcher: LabelMatcher) -> bool:
    """Whether a look at some values of a column leaves it possible that they are home libraries."""
    if not times or len(times) > _MOST_LABELS * 4:
        return False
    some = [label for label, _ in times.most_common(25)] + list(times)[:: len(times) // 25 + 1]
    return sum(1 for label in some if matcher.match(label).is_known) >= 0.4 * len(some)


def _agree(better: Mapping[int, int | None], other: Mapping[int, int | None]) -> bool:
    both = [place for place, home in other.items() if home is not None and better.get(place) is not None]
    same = sum(1 for place in both if better[place] == other[place])
    return same >= 0.98 * len(both)


def _preferred(
    columns: list[int], headings: Mapping[int, str], right: re.Pattern[str], wrong: re.Pattern[str]
) -> list[int]:
    """Return columns whose headings speak for them, else those that none speaks against."""
    if len(columns) < 2:
        return columns
    not_wrong = [column for column in columns if not wrong.search(headings.get(column, ""))]
    speaking = [column for column in not_wrong if right.search(headings.get(column, ""))]
    return speaking or not_wrong or columns


def _headings(rows: Sequence[Row]) -> dict[int, str]:
    """Return the lowest text over each column."""
    headings: dict[int, str] = {}
    for _, cells in rows:
        for column, cell in enumerate(cells):
            if text := text_of(cell):
                headings[column] = text[:60]
    return headings


def _no_label_column(headings: Mapping[int, str], places: Iterable[int]) -> TableRefused:
    # What stands in the first line of a file without headings may be a patron's name
    names = [f"“{headings[place]}”" for place in places if _A_HEADING.search(headings.get(place, ""))][:12]
    seen = f" Its columns are {', '.join(names)}." if names else ""
    return TableRefused(
        "No column of this table names home libraries: in none are most of the values names of Connecticut "
        "libraries, "
        f"towns or villages.{seen} Export the patron’s home library, or its town, by name; the recipes say "
        f"how."
    )


def _too_many_labels(column: int, headings: Mapping[int, str]) -> TableRefused:
    return TableRefused(
        f"The column {_called(column, headings)} holds more than {_MOST_LABELS} different values, far more "
        f"than there are "
        "home libraries. Export the patron’s home library by name."
    )


def _keep_known(reading: Reduced, wanted: Wanted, column: int, headings: Mapping[int, str]) -> None:
    """Look at the whole column once more: what begins as home libraries must go on so."""
    labels = reading.labels
    if len(labels) > _MOST_LABELS:
        raise _too_many_labels(column, headings)
    known = [label for label in labels if wanted.matcher.match(label).is_known]
    loans: Counter[str] = Counter()
    for (label, _), number in reading.counts.items():
        loans[label] += units(number)
    known_loans = sum(loans[label] for label in known)
    if len(known) < _KNOWN_SHARE * len(labels) and known_loans < _NEARLY_ALL * sum(loans.values()):
        raise TableRefused(
            f"The column {_called(column, headings)} names home libraries in some rows and something else "
            f"in most. "
            "Export the patron’s home library in a column of its own."
        )


# Cells


def _cell(cells: Sequence[Any], column: int) -> str:
    return text_of(cells[column]) if column < len(cells) else ""


def _called(column: int, headings: Mapping[int, str]) -> str:
    return f"“{headings[column]}”" if headings.get(column) else column_letter(column)


def _place(line: int, column: int, headings: Mapping[int, str]) -> str:
    heading = headings.get(column)
    return f"line {line}, column {column_letter(column)}" + (f" ({heading})" if heading else "")


def _share(cells: Sequence[str], holds: Any) -> float:
    """Return of how many cells that hold anything this is true; 0 where most are blank."""
    filled = [cell for cell in cells if cell]
    if len(filled) < 0.5 * len(cells):
        return 0
    return sum(1 for cell in filled if holds(cell)) / len(filled)


def _is_number(text: str) -> bool:
    return len(text) < 20 and (
        re.fullmatch(r"-?[0-9][0-9,]*(?:\.[0-9]+)?", text) is not None or text.lower() == NOT_COUNTED.value
    )


def _is_number_of_loans(heading: str) -> bool:
    return _NUMBER_OF_LOANS.fullmatch(heading) is not None


def _are_codes(cells: Sequence[str]) -> bool:
    """Whether most of these cells are so large that they are numbers of things, not of loans."""
    filled = [cell for cell in cells if cell]
    return sum(1 for cell in filled if len(re.sub(r"[^0-9].*", "", cell)) > 6) > 0.5 * len(filled)


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether nothing but numbers stands in these cells, of which most may be blank."""
    filled = [cell for cell in cells if cell]
    return sum(1 for cell in filled if _is_number(cell) or cell is UNCALCULATED) >= 0.5 * len(filled)


def _plain_number(text: str) -> int | None:
    try:
        loans = parse_loans(text)
    except NotALoanCount:
        return None
    return loans if isinstance(loans, int) else None


def _number(reading: Reduced, where: str, text: str, label: str) -> tuple[bool, Loans]:
    """Return whether a cell can be taken over, and its number; None for a blank."""
    if text is UNCALCULATED:
        reading.trouble(
            where,
            "a formula",
            "without a value: the program that wrote the file did not work it out.",
            "Open the file in Excel, save it and send it again, or type the number in the cell.",
        )
        return False, None
    try:
        return True, parse_loans(text, label)
    except NotALoanCount as problem:
        is_figure = any(character.isdecimal() for character in text) or len(text) <= 3
        reading.trouble(
            where,
            f"“{text[:20]}”" if is_figure else "text",
            "is below zero."
            if "below zero" in str(problem)
            else "is too large to be a count."
            if "too large" in str(problem)
            else "is not a whole number.",
            f"Enter the number of units lent on cards of {label}, or 0.",
        )
        return False, None


def _usable(reading: Reduced, line: int, label: str, wanted: Wanted) -> bool:
    if not label:
        reading.trouble(
            f"line {line}",
            "numbers",
            "without a home library beside them.",
            "Write the home library in that line.",
        )
        return False
    if not wanted.matcher.match(label).is_known and may_be_private(label):
        _hide(reading, line, 1)
        return False
    return True


def _is_too_wide(reading: Reduced, line: int, cells: Sequence[Any], width: int) -> bool:
    """Whether a line has cells beyond the last heading: a comma inside a cell has moved those after it."""
    if len(cells) <= width or not any(text_of(cell) for cell in cells[width:]):
        return False
    reading.trouble(
        f"line {line}",
        f"{len(cells)} cells",
        f"where the headings have {width}: a comma or tab inside a cell has moved those after it.",
        "This line is left out. Send the report as XLSX, or with quotation marks around such cells.",
    )
    return True


def _hide(reading: Reduced, line: int, rows: int) -> None:
    reading.trouble(
        f"line {line}",
        "a cell that is no library",
        f"stands where the home library should. It may be a person or a card, and is not shown. Rows: "
        f"{rows:,}.",
        "They are left out. Mend the file, or add the loans in the grid.",
    )


def _add(reading: Reduced, label: str, month: date | str | None, loans: Loans) -> None:
    if isinstance(month, str):
        if loans:
            reading.outside[month] = reading.outside.get(month, 0) + units(loans)
        return
    before = reading.counts.get((label, month))
    if isinstance(loans, int):
        reading.counts[label, month] = units(before) + loans
    elif before is None:
        reading.counts[label, month] = loans
