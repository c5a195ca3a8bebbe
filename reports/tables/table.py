"""A table of a document: one source for its pages, its CSV and XLSX files, and their schemas.

A table is a frozen value: columns that say what they hold, and rows of plain values. Cents are whole cents,
a day is a `date`, None is nothing known; how they are written is the reader's business (`written` for
people, `reports.csv_files` for files).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connecticard.templatetags import figures

Cell = str | int | bool | date | None
Row = tuple[Cell, ...]


class Kind(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    CENTS = "cents"
    """Whole cents, an `int`; dollars with two decimals wherever they are written."""
    DAY = "day"
    YES_NO = "yes_no"
    KEY = "key"
    """The key of a library, such as CT0001."""

    @property
    def is_figure(self) -> bool:
        """Whether it is read by its digits, and so stands to the right."""
        return self in (Kind.INTEGER, Kind.CENTS)


@dataclass(frozen=True)
class Column:
    """A column: its name in files, what people read over it, and what its values are."""

    name: str
    """Lower case with underscores; never changed once published, as programs read it."""
    label: str
    kind: Kind
    unit: str = ""
    """What one of it is: items, libraries, dollars, year; empty where nothing is counted."""
    note: str = ""
    """What its values mean, and what an empty cell says."""
    is_estimated: bool = False
    """Whether its figures are estimates, which every reader says beside them."""
    blank: str = ""
    """How None is written."""

    def written(self, value: Cell) -> str:
        """Return a value as people read it: 3,580,340, $703,638.00, May 4, 2018, yes."""
        if value is None:
            return self.blank
        if self.unit == "year":
            return str(value)
        return _WRITTEN[self.kind](value)


_WRITTEN: dict[Kind, Callable[..., str]] = {
    Kind.TEXT: str,
    Kind.KEY: str,
    Kind.INTEGER: figures.count,
    Kind.CENTS: figures.dollars,
    Kind.DAY: figures.day,
    Kind.YES_NO: lambda value: "yes" if value else "no",
}


@dataclass(frozen=True)
class WrittenCell:
    """A cell as people read it, with its column."""

    column: Column
    text: str
    is_heading: bool


@dataclass(frozen=True)
class Table:
    """A table of a document. ValueError where a row does not fit its columns, or two rows have one key."""

    name: str
    """Lower case with underscores; its address and its file are named so."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    """What a reader must know beside the headings, in sentences."""
    key: tuple[str, ...] = ()
    """Names of the columns whose values together tell a row from every other."""
    heading: str = ""
    """Name of the column that names the row; the first where empty."""
    total: Row = ()
    """The last line, as wide as a row; empty where nothing is summed. It stands in no file."""

    def __post_init__(self) -> None:
        for row in (*self.rows, *([self.total] if self.total else [])):
            if len(row) != len(self.columns):
                raise ValueError(f"{self.name}: {len(row)} values for {len(self.columns)} columns: {row}")
        keys = [self.key_of(row) for row in self.rows] if self.key else []
        if len(set(keys)) != len(keys):
            raise ValueError(f"{self.name}: two rows have the same {', '.join(self.key)}")

    def place(self, name: str) -> int:
        """Return where the column of that name stands, from 0; ValueError where there is none."""
        return [column.name for column in self.columns].index(name)

    def key_of(self, row: Row) -> Row:
        """Return the values that tell a row from every other; the whole row where no column does."""
        return tuple(row[self.place(name)] for name in self.key) or row

    @property
    def written_rows(self) -> tuple[tuple[WrittenCell, ...], ...]:
        """Return the rows as people read them."""
        return tuple(self._written(row) for row in self.rows)

    @property
    def written_total(self) -> tuple[WrittenCell, ...]:
        """Return the last line as people read it; empty where nothing is summed."""
        return self._written(self.total) if self.total else ()

    def _written(self, row: Row) -> tuple[WrittenCell, ...]:
        heading = self.heading or self.columns[0].name
        is_total = row is self.total
        return tuple(
            WrittenCell(
                column,
                "" if is_total and value is None else column.written(value),
                column.name == heading,
            )
            for column, value in zip(self.columns, row, strict=True)
        )


@dataclass(frozen=True)
class Difference:
    """A cell that differs between two tables; None before or now also where the row is missing."""

    line: str
    column: Column
    before: Cell
    now: Cell


def differences(before: Table, now: Table) -> tuple[Difference, ...]:
    """Return every cell that differs between two editions of a table, in the order of the newer.

    Rows are matched by their key, columns by their name; a column that one of them lacks is passed over. A
    new or a dropped row differs in each of its values.
    """
    shared = [column for column in now.columns if column.name in {old.name for old in before.columns}]
    old_rows = {before.key_of(row): row for row in before.rows}
    new_rows = {now.key_of(row): row for row in now.rows}
    found = []
    for key in (*new_rows, *(key for key in old_rows if key not in new_rows)):
        old, new = old_rows.get(key), new_rows.get(key)
        named, table = (new, now) if new is not None else (old, before)
        assert named is not None, "a key comes from a row of one of the tables"
        line = str(named[table.place(table.heading or table.columns[0].name)])
        for column in shared:
            was = old[before.place(column.name)] if old is not None else None
            becomes = new[now.place(column.name)] if new is not None else None
            if was != becomes:
                found.append(Difference(line, column, was, becomes))
    return tuple(found)
