"""A list of home libraries, perhaps months, and numbers; or single loans, one row each, which are counted."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from transactions.uploads.columns import (
    MOST_LABELS,
    headings_of,
    keep_known,
    label_columns,
    no_label_column,
    preferred,
    too_many_labels,
)
from transactions.uploads.grids import MOST_GRID_ROWS, grid_by
from transactions.uploads.labels import is_total, may_be_private, normal
from transactions.uploads.months import days_come_first, read_month
from transactions.uploads.reduced import (
    Reduced,
    Wanted,
    add_loans,
    called,
    cell_of,
    hide,
    is_number,
    is_too_wide,
    note_other_year,
    number_of,
    place_of,
    plain_number,
    units,
    usable,
)
from transactions.uploads.tables import UNCALCULATED, Row, Table, TableRefused, text_of

_SAMPLE = 2_000  # rows by which columns are judged
_MOST_READINGS = 6
_LONGEST_LIST = 100_000  # rows
_WIDEST_LIST = 4  # columns: key, home library, month, number
_OF_THE_LOAN = re.compile(
    r"check.?out|charge|circ|loan|issue|transact|activity|^date$|^day$|^month$|^period$", re.I
)
_NOT_OF_THE_LOAN = re.compile(
    r"due|birth|dob|expir|creat|return|check.?in|discharg|regist|update|modif|last", re.I
)
_NUMBER_OF_LOANS = re.compile(
    r"(?:number|no\.?|#|count|sum|total)?\s*(?:of)?\s*"
    r"(?:loans?|check.?outs?|circs?|circulations?|charges?|issues?|transactions?|items?|units?|counts?|numbers?|totals?|"
    r"qty|quantity|whole period)(?:\s*(?:count|lent|loaned|total))?",
    re.I,
)
_SEVERAL_LOANS = re.compile(r"s$|count|total|qty|quantity|circulation", re.I)
_NO_NUMBER_OF_LOANS = re.compile(
    r"bar.?code|card|zip|postal|phone|\bage\b|year|price|cost|fine|fee|isbn|oclc|call|renew|record", re.I
)
_ACT = re.compile(r"type|action|transaction|operation|op.?code|activity|event", re.I)
_A_LOAN = re.compile(r"check.?out|charge|issue|loan|o", re.I)
_NO_LOAN = re.compile(r"renew|discharg|check.?in|return|r|i", re.I)


@dataclass(frozen=True)
class _ListColumns:
    """The columns of one way to read a list; `number` None where each row is one loan."""

    label: int
    month: int | None
    number: int | None
    act: int | None = None


def read_list(table: Table, head: Sequence[Row], wanted: Wanted) -> list[Reduced]:
    """Read a list or an export in every way that it can be meant. Raises TableRefused."""
    start, headings = _list_header(head, wanted)
    sample = list(islice(table.rows(), start, start + _SAMPLE))
    if not sample:
        raise TableRefused("No rows follow the headings. Choose the file with the counts.")
    width = max(len(headings), max(len(cells) for _, cells in sample))
    values = {column: [cell_of(cells, column) for _, cells in sample] for column in range(width)}
    judged = [
        row for row in sample if not any(is_total(cell_of(row[1], column)) for column in range(min(width, 4)))
    ]
    labels = label_columns(judged, range(width), headings, wanted)
    if not labels:
        raise no_label_column(headings, range(width))
    months = [column for column in range(width) if column not in labels and _are_months(values[column])]
    months = preferred(months, headings, _OF_THE_LOAN, _NOT_OF_THE_LOAN)
    numbers = [
        column
        for column in range(width)
        if column not in labels
        and column not in months
        and not _NO_NUMBER_OF_LOANS.search(headings.get(column, ""))
        and (
            (_is_number_of_loans(headings.get(column, "")) and _are_numbers(values[column]))
            or (_share(values[column], is_number) >= 0.8 and not _are_codes(values[column]))
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
    good = good or [reading for reading in readings if reading.outside]
    if not good:
        raise TableRefused(
            "No row of this file could be read: no home library with a number or a day stands in it. "
            "Compare it with the recipes, or use our template."
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
            is_number(cell) or (read_month(cell) and len(cell) > 3) or cell is UNCALCULATED for cell in filled
        ) or any(wanted.matcher.match(cell).library for cell in filled):
            return place, {}
        return place + 1, headings_of(head[place : place + 1])
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
    said = f"home libraries in the column {called(columns.label, headings)}"
    if columns.month is not None:
        said += f", months in {called(columns.month, headings)}"
    said += (
        f", loans in {called(columns.number, headings)}"
        if columns.number is not None
        else ", each row counted as one loan"
    )
    reading = Reduced(said, is_of_single_loans=columns.number is None)
    if columns.month is None:
        note_other_year(reading, above, wanted)
    rows = islice(table.rows(), start, None)
    if columns.number is None:
        _point_out_numbers(reading, columns, headings)
        _count_rows(reading, columns, rows, headings, wanted)
    else:
        _take_numbers(reading, columns, rows, headings, wanted)
    return reading


def _point_out_numbers(reading: Reduced, columns: _ListColumns, headings: Mapping[int, str]) -> None:
    """Point out a column headed as numbers of loans that could not be read as such."""
    for column, heading in headings.items():
        if column in (columns.label, columns.month) or not _is_number_of_loans(heading):
            continue
        if _SEVERAL_LOANS.search(heading):
            reading.trouble(
                f"column {called(column, headings)}",
                "Its cells",
                "were not taken for numbers of loans: each row was counted as one loan.",
                "If it gives the loans, correct what is no whole number there and send the file again.",
            )


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
        if width and is_too_wide(reading, line, cells, width):
            continue
        label = text_of(cells[label_column]) if label_column < len(cells) else ""
        month = text_of(cells[month_column]) if month_column is not None and month_column < len(cells) else ""
        if act_column is not None:
            act = cell_of(cells, act_column)
            if not _is_act(act, _A_LOAN) or _is_act(act, _NO_LOAN):
                not_loans += 1
                continue
        if not label:
            blank += any(text_of(cell) for cell in cells)
            continue
        if label not in first_line:
            first_line[label] = line
            if len(first_line) > MOST_LABELS:
                raise too_many_labels(label_column, headings)
        counted[label, month[:10] if month[:4].isdecimal() else month] += 1
    day_first = days_come_first(written for _, written in counted)
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
            add_loans(reading, label, None, loans)
        elif found := read_month(written, day_first=day_first):
            add_loans(reading, label, wanted.month(found), loans)
        else:
            unread[label] += loans
    keep_known(reading, wanted, label_column, headings)
    for label, loans in hidden.items():
        hide(reading, first_line[label], loans)
    if blank:
        reading.notes.append(f"{blank:,} rows name no home library and are left out.")
    if not_loans:
        reading.notes.append(
            f"{not_loans:,} rows are no loans by the column {called(act_column or 0, headings)} (renewals, "
            "returns) and are left out."
        )
    if unread:
        reading.trouble(
            f"column {called(month_column or 0, headings)}",
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
    listed = list(islice(rows, _LONGEST_LIST + 1))
    if len(listed) > _LONGEST_LIST:
        raise TableRefused(
            "The list is too long for one row for each home library and month. Export fewer rows."
        )
    day_first = columns.month is not None and days_come_first(
        cell_of(cells, columns.month) for _, cells in listed
    )
    seen: set[tuple[str, str]] = set()
    total = 0
    for line, cells in listed:
        label, text = cell_of(cells, columns.label), cell_of(cells, number_column)
        written = cell_of(cells, columns.month) if columns.month is not None else ""
        if is_total(label) or (
            not label and any(is_total(cell_of(cells, place)) for place in range(len(cells)))
        ):
            reading.notes.append(f"Line {line} is a row of totals and is left out.")
            stated = plain_number(text)
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
        if not usable(reading, line, label, wanted) or is_too_wide(reading, line, cells, width):
            continue
        is_good, loans = number_of(reading, place_of(line, number_column, headings), text, label)
        if not is_good:
            continue
        month: date | str | None = None
        if columns.month is not None:
            found = read_month(written, day_first=day_first)
            if found is None:
                reading.trouble(
                    place_of(line, columns.month, headings),
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
        add_loans(reading, label, month, loans)
    keep_known(reading, wanted, columns.label, headings)


def _without_month_headings(
    table: Table, start: int, label: int, numbers: Sequence[int], wanted: Wanted
) -> list[Reduced]:
    """Read labels and numbers without headings as the filing's months, if there are as many."""
    if len(numbers) not in (len(wanted.months), len(wanted.months) + 1):
        raise TableRefused(
            f"The table has {len(numbers)} columns of numbers and no headings. Copy it with its headings, "
            "so that it says which column is which month."
        )
    months: dict[int, date | str] = dict(zip(numbers, wanted.months, strict=False))
    headings = {numbers[-1]: "Total"} if len(numbers) > len(months) else {}
    reading = grid_by(
        label, list(islice(table.rows(), start, start + MOST_GRID_ROWS)), months, headings, [], wanted
    )
    reading.notes.insert(
        0,
        f"The table has no headings; its columns were read as {wanted.months[0]:%B %Y} to "
        f"{wanted.months[-1]:%B %Y} in order.",
    )
    return [reading]


def _is_number_of_loans(heading: str) -> bool:
    return _NUMBER_OF_LOANS.fullmatch(heading) is not None


def _are_months(cells: Sequence[str]) -> bool:
    day_first = days_come_first(cells)
    return _share(cells, lambda cell: read_month(cell, day_first=day_first) is not None) >= 0.9


def _are_codes(cells: Sequence[str]) -> bool:
    """Whether most of these cells are so large that they are numbers of things, not of loans."""
    filled = [cell for cell in cells if cell]
    return sum(1 for cell in filled if len(re.sub(r"[^0-9].*", "", cell)) > 6) > 0.5 * len(filled)


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether nothing but numbers stands in these cells, of which most may be blank."""
    filled = [cell for cell in cells if cell]
    return sum(1 for cell in filled if is_number(cell) or cell is UNCALCULATED) >= 0.5 * len(filled)


def _share(cells: Sequence[str], holds: Any) -> float:
    """Return of how many cells that hold anything this is true; 0 where most are blank."""
    filled = [cell for cell in cells if cell]
    if len(filled) < 0.5 * len(cells):
        return 0
    return sum(1 for cell in filled if holds(cell)) / len(filled)
