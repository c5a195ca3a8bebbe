"""A file of loan counts as rows of text: CSV, or the first sheet of an XLSX workbook."""

import csv
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

COLUMNS = ("lender", "home_library", "loans", "month")
_REQUIRED = COLUMNS[:3]
_ALIASES = {"lender_fscs": "lender", "home_library_fscs": "home_library"}

# A row with its line in the file, the header being line 1, and its cells as text.
Row = tuple[int, list[str]]


@dataclass(frozen=True, order=True)
class BadRow:
    """Why a line of the file was refused and what to do."""

    line: int
    column: str
    value: str
    reason: str
    cure: str

    def __str__(self) -> str:
        value = re.sub(r"[\x00-\x1f\x7f]", " ", self.value)
        return f"line {self.line}: {self.column} '{value}': {self.reason}; {self.cure}"


class LoanFileRefused(ValueError):
    """A file that cannot be imported; `bad_rows` says why, in the order of its lines."""

    def __init__(self, bad_rows: Iterable[BadRow]):
        self.bad_rows = sorted(bad_rows)
        super().__init__("\n".join(str(bad_row) for bad_row in self.bad_rows))


@dataclass(frozen=True)
class LoanFile:
    """An open file: its columns as the file names them and where each stands, and its rows."""

    headings: dict[str, str]
    places: dict[str, int]
    width: int
    rows: Iterator[Row]

    @property
    def by_month(self) -> bool:
        """Whether the file gives counts month by month."""
        return "month" in self.places

    def picker(self) -> Callable[[list[str]], tuple[str, str, str, str]]:
        """Return the function that picks lender, home library, month and loans out of a row's cells."""
        lender, home, loans = (self.places[name] for name in _REQUIRED)
        month = self.places.get("month")
        if month is None:
            return lambda cells: (cells[lender], cells[home], "", cells[loans])
        return lambda cells: (cells[lender], cells[home], cells[month], cells[loans])


@contextmanager
def open_loan_file(path: Path) -> Iterator[LoanFile]:
    """Open a file and read its header; rows are read as they are asked for, so that memory stays flat.

    Raises OSError where the file cannot be opened, LoanFileRefused for a header that is not as it must be
    and, while rows are read, for a file that is no CSV in UTF-8 and no workbook.
    """
    with path.open("rb") as raw:
        is_workbook = raw.read(4) == b"PK\x03\x04"
    if is_workbook:
        try:
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise _unreadable(
                1, "file", path.name, "this is no XLSX workbook", "save it as XLSX or CSV"
            ) from error
        try:
            yield _with_header(_workbook_rows(workbook))
        finally:
            workbook.close()
    else:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield _with_header(_csv_rows(text, path))


def _with_header(rows: Iterator[Row]) -> LoanFile:
    line, cells = next(rows, (1, []))
    written = [cell.strip().lower() for cell in cells]
    while written and not written[-1]:
        written.pop()
    names = [_ALIASES.get(cell, cell) for cell in written]
    wanted = "the columns are lender, home_library, loans and, where counts are by month, month"
    bad = [
        BadRow(line, "column", cells[place], "unknown column", f"remove it: {wanted}")
        for place, name in enumerate(names)
        if name not in COLUMNS
    ]
    bad += [
        BadRow(line, "column", cells[place], "repeated column", "keep one of them")
        for place, name in enumerate(names)
        if name in COLUMNS and name in names[:place]
    ]
    bad += [
        BadRow(line, "column", name, "missing column", f"add it: {wanted}")
        for name in _REQUIRED
        if name not in names
    ]
    if bad:
        raise LoanFileRefused(bad)
    places = {name: place for place, name in enumerate(names)}
    return LoanFile({name: written[place] for name, place in places.items()}, places, len(names), rows)


def _csv_rows(text: Any, path: Path) -> Iterator[Row]:
    reader = csv.reader(text, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells or line == 1:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(
            line, "row", "", f"not CSV ({error})", "mend the quotation marks of this line"
        ) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: _first_bad_byte(path)].count(b"\n") + 1
        raise _unreadable(line, "row", "", "not UTF-8", "save the file as CSV UTF-8") from error


def _first_bad_byte(path: Path) -> int:
    try:
        path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _workbook_rows(workbook: Any) -> Iterator[Row]:
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # what the file says of its own size may be wrong
    width = None
    for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [as_text(value) for value in values]
        while cells and not cells[-1] and (width is None or len(cells) > width):
            cells.pop()
        if not any(cell.strip() for cell in cells):
            continue
        if width is None:
            width = len(cells)
        yield line, cells + [""] * (width - len(cells))


def as_text(value: object) -> str:
    """Return a cell as a CSV would have it: 12.0 is 12, a date that stands for a month is that month."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m}" if value.day == 1 else f"{value:%Y-%m-%d}"
    return str(value)


def _unreadable(line: int, column: str, value: str, reason: str, cure: str) -> LoanFileRefused:
    return LoanFileRefused([BadRow(line, column, value, reason, cure)])
