"""The grid of a filing: home libraries down, months across, or one column of totals for the period.

What the form asks for (2(b)), read once for a page: which cells there are, what stands in them, and what two
people who typed at the same time made of them. How it looks is `forms`, what must be mended the rules.
"""

import zlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from django.db import connection

from libraries.models import LibrarySuccession
from transactions.models import Filing, FilingBasis, FilingTotal
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import NOT_COUNTED, NotCounted
from transactions.rules.reportable_loans import RefusedBecause, TownsServed, refusal, reportable_months
from transactions.towns_served import towns_served

# The id of a home library and the first day of a month; None in the column of period totals.
Cell = tuple[int, date | None]
Counts = Mapping[Cell, int | NotCounted | None]


@dataclass(frozen=True)
class Line:
    """One home library of the grid; `columns` are those in which loans on its cards can be reported."""

    library_id: int
    key: str
    name: str
    town: str
    columns: frozenset[date | None]


@dataclass(frozen=True)
class LeftOut:
    """A home library without a line, and why."""

    name: str
    reason: str
    citation: str


@dataclass(frozen=True)
class CountGrid:
    """The cells of one filing: its columns in order and its lines by name."""

    columns: tuple[date | None, ...]
    lines: tuple[Line, ...]
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell that can be filled in, line by line."""
        return tuple(
            (line.library_id, column)
            for line in self.lines
            for column in self.columns
            if column in line.columns
        )

    @cached_property
    def names(self) -> dict[int, str]:
        """The name of each line's library by its id."""
        return {line.library_id: line.name for line in self.lines}

    @cached_property
    def shape(self) -> str:
        """A short sign of which cells there are, in which order."""
        all_of_them = len(self.columns)
        lines = (  # days are slow to write, and nearly every line has all columns
            (line.library_id, "" if len(line.columns) == all_of_them else sorted(map(str, line.columns)))
            for line in self.lines
        )
        return f"{zlib.crc32(repr((self.columns, *lines)).encode()):08x}"

    def written(self, counts: Counts) -> str:
        """Return what stands in the cells as one text, to be read again by `read_back`."""
        values = (counts.get(cell) for cell in self.cells)
        return f"{self.shape}:{','.join('' if value is None else str(value) for value in values)}"

    def read_back(self, text: str) -> dict[Cell, int | NotCounted | None] | None:
        """Return what `written` wrote; None where the text is of another grid or damaged."""
        shape, _, listed = text.partition(":")
        values = listed.split(",")
        if shape != self.shape or len(values) != len(self.cells):
            return None
        try:
            return {cell: _value(value) for cell, value in zip(self.cells, values, strict=True)}
        except ValueError:
            return None


def _value(written: str) -> int | NotCounted | None:
    if written == NOT_COUNTED.value:
        return NOT_COUNTED
    return int(written) if written else None


class Order(StrEnum):
    """In which order the lines are shown."""

    NAME = "name"
    TOWN = "town"
    ACTIVITY = "activity"

    @property
    def label(self) -> str:
        return {
            Order.NAME: "Alphabetical",
            Order.TOWN: "By town",
            Order.ACTIVITY: "Rows with activity first",
        }[self]


def ordered(lines: Iterable[Line], order: Order, active: Container[int]) -> list[Line]:
    """Return lines of a grid, which come by name, in another order; `active` are ids of home libraries."""
    if order is Order.TOWN:
        return sorted(lines, key=lambda line: line.town.casefold())
    if order is Order.ACTIVITY:
        return sorted(lines, key=lambda line: line.library_id not in active)
    return list(lines)


def active_lines(filing: Filing, counts: Counts) -> set[int]:
    """Return the home libraries on whose cards something is entered here, or was lent a year before."""
    first, last = filing.covers.lower, filing.covers.upper
    a_year_before = FilingTotal.objects.filter(
        filing__in=Filing.objects.standing().filter(
            library=filing.library,
            covers__overlap=(first.replace(year=first.year - 1), last.replace(year=last.year - 1)),
        )
    )
    entered = {library_id for (library_id, _), loans in counts.items() if loans}
    return entered.union(a_year_before.values_list("home_library_id", flat=True))


@dataclass(frozen=True)
class Totals:
    """Sums of a grid: of each line, of each column and of everything, and how many cells were not counted."""

    by_line: Mapping[int, int]
    by_column: Mapping[date | None, int]
    all: int
    not_counted: int = 0

    @property
    def lines_with_loans(self) -> int:
        """The number of home libraries on whose cards something was lent."""
        return sum(1 for loans in self.by_line.values() if loans)


def totals(grid: CountGrid, counts: Counts) -> Totals:
    """Return the sums of what stands in the cells of a grid; a blank and “not counted” add nothing."""
    by_line = dict.fromkeys(grid.names, 0)
    by_column = dict.fromkeys(grid.columns, 0)
    not_counted = 0
    for (library_id, column), loans in counts.items():
        if library_id not in by_line or column not in by_column:
            continue
        if loans is NOT_COUNTED:
            not_counted += 1
        elif loans:
            by_line[library_id] += loans
            by_column[column] += loans
    return Totals(by_line, by_column, sum(by_line.values()), not_counted)


def counts_on_record(filing: Filing) -> dict[Cell, int | NotCounted]:
    """Return what is saved of a filing; a blank cell is not in it."""
    return filing.loan_counts.by_cell()


def count_grid(filing: Filing, counts: Iterable[Cell] = ()) -> CountGrid:
    """Return the grid of a filing, whose library must be loaded.

    A cell that has no place on the form but holds a count on record is in it, so that it can be seen and
    cleared.
    """
    by_month = filing.basis == FilingBasis.BY_MONTH
    span = filing.covers_span
    columns: tuple[date | None, ...] = span.months() if by_month else (None,)
    every_column = frozenset(columns)
    held: dict[int, set[date | None]] = {}
    for library_id, column in counts:
        held.setdefault(library_id, set()).add(column)
    lender, names = filing.library.key, {}
    libraries = list(_home_libraries(filing))
    to_judge = [library_id for library_id, *_, plain in libraries if not plain]
    served = TownsServed([]) if to_judge == [filing.library_id] else towns_served(to_judge)
    lines, incomplete = [], []
    for library_id, key, name, town, plain in sorted(libraries, key=lambda found: found[2].casefold()):
        names[key] = name
        if plain:
            lines.append(Line(library_id, key, name, town, every_column))
            continue
        open_in: set[date | None] = held.get(library_id, set()).intersection(columns)
        if by_month:
            open_in |= set(reportable_months(lender, key, span, served))
        elif refusal(lender, key, span, served) is None:
            open_in.add(None)
        if len(open_in) < len(columns):
            incomplete.append(key)
        if open_in:
            lines.append(Line(library_id, key, name, town, frozenset(open_in)))
    return CountGrid(columns, tuple(lines), _left_out(lender, incomplete, span, served, names))


_HOME_LIBRARIES = """
    WITH own_town AS (
        SELECT %(town)s::bigint AS town_id
        UNION SELECT town_id FROM libraries_residency WHERE library_id = %(lender)s
    ), shares_a_town AS (
        SELECT %(lender)s::bigint AS library_id
        UNION SELECT id FROM libraries_library WHERE town_id IN (SELECT town_id FROM own_town)
        UNION SELECT library_id FROM libraries_residency WHERE town_id IN (SELECT town_id FROM own_town)
    )
    SELECT library.id, library.key, library.name, town.name,
        library.open_during @> %(covers)s::daterange AND shares_a_town.library_id IS NULL
    FROM libraries_library library
    JOIN libraries_town town ON town.id = library.town_id
    LEFT JOIN shares_a_town ON shares_a_town.library_id = library.id
"""


def _home_libraries(filing: Filing) -> Iterable[tuple[int, str, str, str, bool]]:
    """Return id, key, name and town of every library, and whether its line is plainly whole.

    So it is where the library was open on every day and never shared a town with the lender, which is true of
    nearly all; only the others need be judged by the rules, month by month.
    """
    of_filing = {
        "lender": filing.library_id,
        "town": filing.library.town_id,
        "covers": filing.covers,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOME_LIBRARIES, of_filing)
        found: list[tuple[int, str, str, str, bool]] = cursor.fetchall()
    return found


def _left_out(
    lender: str, keys: Sequence[str], span: Span, served: TownsServed, names: Mapping[str, str]
) -> tuple[LeftOut, ...]:
    """Return the notes on libraries that are left out, except ones closed long ago that nobody looks for."""
    successors = {}
    if len(keys) > 1:  # more than the lender itself
        successors = dict(LibrarySuccession.objects.values_list("predecessor__key", "successor__key"))
    refusals = {key: refusal(lender, key, span, served, names=names, successors=successors) for key in keys}
    return tuple(
        LeftOut(names[key], f"{found.reason} {found.cure}", found.citation)
        for key, found in refusals.items()
        if found and (found.because is not RefusedBecause.NOT_OPEN or key in successors)
    )


@dataclass(frozen=True)
class Merged:
    """What two people made of one grid: `mine` to show in the cells, and where the other differs.

    `conflicts` are cells that both changed, with the other's value; `taken_over` cells that only the other
    changed.
    """

    mine: Counts
    conflicts: Counts
    taken_over: frozenset[Cell]


def merge(grid: CountGrid, *, before: Counts | None, mine: Counts, theirs: Counts) -> Merged:
    """Bring together what I typed and what somebody else saved since I opened the page.

    `before` is what both began with; where it is unknown every difference is a conflict. A cell that `mine`
    does not have (what was typed there is no number) stays as typed.
    """
    merged: dict[Cell, int | NotCounted | None] = {}
    conflicts: dict[Cell, int | NotCounted | None] = {}
    taken_over = set()
    for cell in grid.cells:
        their_value = theirs.get(cell)
        if cell not in mine:
            if before is None or before.get(cell) != their_value:
                conflicts[cell] = their_value
            continue
        my_value = merged[cell] = mine[cell]
        if my_value == their_value or (before is not None and before.get(cell) == their_value):
            continue
        if before is not None and before.get(cell) == my_value:
            merged[cell] = their_value
            taken_over.add(cell)
        else:
            conflicts[cell] = their_value
    return Merged(merged, conflicts, frozenset(taken_over))
