"""Files with the history of the program that staff send: read in memory, and carried by the page.

Each kind has its own columns, in any order; a missing, repeated or unknown one refuses the file, so that
nothing else is ever carried.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from transactions.loan_file import BadRow, LoanFile, LoanFileRefused, as_text
from transactions.uploads.carried import carried, carry
from transactions.uploads.tables import Table, TableRefused, open_tables, text_of

MOST_ROWS = 100_000
LARGEST_FILE = 20_000_000  # bytes
LARGEST_CARRIED = 2_000_000  # characters, within what a form may send
_LONGEST_CELL = 250
_SALT = "payments.past_years.history_import"

Row = tuple[int, list[str]]


class HistoryKind(StrEnum):
    """What a file holds."""

    LOANS = "loans"
    FIGURES = "figures"
    PAYMENTS = "payments"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a file must have."""
        return {
            HistoryKind.LOANS: ("lender", "home_library", "loans"),
            HistoryKind.FIGURES: ("subject", "measure", "fiscal_year", "value"),
            HistoryKind.PAYMENTS: ("library", "fiscal_year", "amount"),
        }[self]

    @property
    def optional(self) -> str:
        """The column that a file may have."""
        return {
            HistoryKind.LOANS: "month",
            HistoryKind.FIGURES: "note",
            HistoryKind.PAYMENTS: "received_on",
        }[self]


_ALIASES = {"lender_fscs": "lender", "home_library_fscs": "home_library", "library_fscs": "library"}


@dataclass(frozen=True)
class HistoryFile:
    """The rows of a file, each with its line, under the columns that its header names."""

    kind: HistoryKind
    columns: tuple[str, ...]
    rows: Sequence[Row]

    def as_loan_file(self) -> LoanFile:
        """Return it as the bulk import of loans reads one."""
        return LoanFile(
            {name: name for name in self.columns},
            {name: place for place, name in enumerate(self.columns)},
            len(self.columns),
            iter(self.rows),
        )


def read_history_file(content: bytes, kind: HistoryKind) -> HistoryFile:
    """Read a CSV or XLSX file. Raises TableRefused for one that is no table, LoanFileRefused for its rows."""
    with open_tables(content) as tables:
        if len(tables) > 1:
            raise TableRefused(
                "The workbook has several sheets with content. Send one that has the table alone."
            )
        rows = _rows(tables[0], kind)
        line, header = next(rows, (1, []))
        columns = _columns(line, header, kind)
        width = len(columns)
        found = list(islice(((at, _fitted(cells, width)) for at, cells in rows if any(cells)), MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        raise TableRefused(
            f"The file has more than {MOST_ROWS:,} rows. Ask whoever runs the program to import it by a "
            "command."
        )
    wrong = [
        BadRow(
            at, "row", "", f"{len(cells)} cells under {width} columns", "give each row a cell for each column"
        )
        for at, cells in found
        if len(cells) != width
    ]
    if wrong or not found:
        raise LoanFileRefused(
            wrong or [BadRow(line, "row", "", "no rows follow the header", "add the figures")]
        )
    return HistoryFile(kind, columns, found)


def _rows(table: Table, kind: HistoryKind) -> Iterator[Row]:
    write = as_text if kind is HistoryKind.LOANS else text_of
    for line, cells in table.rows():
        written = [write(cell).strip()[: _LONGEST_CELL + 1] for cell in cells]
        if any(written):
            yield line, written


def _columns(line: int, header: Sequence[str], kind: HistoryKind) -> tuple[str, ...]:
    names = [name.lower() for name in header]
    while names and not names[-1]:
        names.pop()
    names = [_ALIASES.get(name, name) for name in names]
    wanted = f"the columns are {', '.join(kind.columns)} and, where known, {kind.optional}"
    known = (*kind.columns, kind.optional)
    bad = [
        BadRow(line, "column", name, "unknown column", f"remove it: {wanted}")
        for name in names
        if name not in known
    ]
    bad += [
        BadRow(line, "column", name, "repeated column", "keep one of them")
        for place, name in enumerate(names)
        if name in known and name in names[:place]
    ]
    bad += [
        BadRow(line, "column", name, "missing column", f"add it: {wanted}")
        for name in kind.columns
        if name not in names
    ]
    if bad:
        raise LoanFileRefused(bad)
    return tuple(names)


def _fitted(cells: Sequence[str], width: int) -> list[str]:
    """Return a row without the blanks that a spreadsheet adds beyond its table, or leaves out at its end."""
    kept = list(cells)
    while len(kept) > width and not kept[-1]:
        kept.pop()
    return kept + [""] * (width - len(kept))


# Between two steps


def packed(file: HistoryFile, user_id: int) -> str:
    """Return a file as a signed text for a hidden field of this person's page. Raises TableRefused."""
    text = carry({"for": [file.kind.value, user_id], "columns": file.columns, "rows": file.rows}, salt=_SALT)
    if len(text) > LARGEST_CARRIED:
        raise TableRefused(
            "The file is too large for this page. Ask whoever runs the program to import it by a command."
        )
    return text


def unpacked(text: str, kind: HistoryKind, user_id: int) -> HistoryFile:
    """Return the file that `packed` wrote. Raises UploadLapsed where it is old, damaged or another's."""
    data: dict[str, Any] = carried(text, salt=_SALT, whose=[kind.value, user_id])
    return HistoryFile(kind, tuple(data["columns"]), [(line, list(cells)) for line, cells in data["rows"]])
