"""Reference data as files: a table with named columns, written out and read in, all or nothing.

A row says what is to be on record; a service of its app makes it so. What is on record already stays
as it is, so that a file that was written out can be added to and read in again.
"""

import csv
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import BytesIO, StringIO
from typing import Any, ClassVar
from zipfile import ZipFile

import openpyxl
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, InternalError, models, transaction
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.results import RowResult
from tablib import Dataset

from connecticard.form_fields import FIRST_DAY, LAST_DAY
from connecticard.models import User
from connecticard.refusals import in_words

REFUSED_BY_DATABASE = (IntegrityError, DataError, InternalError)
MOST_ROWS = 5_000
LARGEST_UNPACKED = 50_000_000  # bytes in a workbook, which is a packed folder


class FileRefused(ValueError):
    """The file cannot be read as a table; the message says why and what to do."""


class Wrong(ValueError):
    """One cell of a row is wrong; the message says why and what to do."""

    def __init__(self, column: str, message: str):
        super().__init__(message)
        self.column = column


@dataclass(frozen=True)
class Column:
    """A column of a table: its value of a record, and how a cell is read.

    `read` takes the cell as text, not empty, and raises ValueError with what is wrong and the cure.
    """

    name: str
    of: Callable[[Any], Any]
    read: Callable[[str], Any]
    note: str
    required: bool = False


@dataclass(frozen=True)
class Mistake:
    """A cell, or a whole row where `column` is empty, that cannot be taken: where, what, why and the cure."""

    line: int
    column: str
    value: str
    message: str


@dataclass(frozen=True)
class Change:
    """What a row does, in words; `words` is empty where it is on record already."""

    line: int
    words: str
    cells: Sequence[str]


class _ColumnField(Field):
    def __init__(self, column: Column):
        super().__init__(column_name=column.name, attribute=column.name)
        self.column = column

    def export(self, instance: Any, **kwargs: Any) -> Any:
        value = self.column.of(instance)
        return value if kwargs.get("force_native_type") and value is not None else _text(value)


@dataclass
class _Reading:
    lines: Sequence[int] = ()
    mistakes: list[Mistake] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


class ReferenceResource(ModelResource):
    """A table of reference data that can be written out and read in."""

    columns: ClassVar[tuple[Column, ...]]
    refusals: ClassVar[tuple[type[Exception], ...]] = ()

    class Meta:
        import_id_fields = ()
        use_transactions = True

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.fields = OrderedDict((column.name, _ColumnField(column)) for column in self.columns)
        self.reading = _Reading()

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        """Put on record what a row says and return it in words; empty where it is on record already.

        `values` has what the row gives for each column of the file; None for an empty cell.
        """
        raise NotImplementedError

    def read_in(self, table: "Table", *, by: User, for_good: bool) -> _Reading:
        """Read a table in, all of it or nothing; not `for_good` it is tried and undone.

        Raises FileRefused where its columns are not those of this table.
        """
        self._check_columns(table.header)
        self.reading = _Reading(lines=table.lines)
        result = self.import_data(
            Dataset(*table.rows, headers=list(table.header)),
            dry_run=not for_good,
            use_transactions=True,
            rollback_on_validation_errors=True,
            user=by,
        )
        if result.base_errors:
            raise result.base_errors[0].error
        return self.reading

    def import_row(self, row: Any, instance_loader: Any, **kwargs: Any) -> RowResult:
        """Read one row and keep what it says; the library that calls this counts and undoes."""
        outcome = RowResult()
        line, by = self.reading.lines[kwargs["row_number"] - 1], kwargs["user"]
        cells = {name: _text(value) for name, value in row.items()}
        before = len(self.reading.mistakes)
        values = self._values(line, cells)
        if len(self.reading.mistakes) == before:
            try:
                with transaction.atomic():
                    words = self.keep(values, by=by)
            except Wrong as wrong:
                self._mistake(line, wrong.column, cells, str(wrong))
            except PermissionDenied as refusal:
                self._mistake(line, "", cells, str(refusal))
            except self.refusals as refusal:
                self._mistake(line, "", cells, str(refusal))
            except REFUSED_BY_DATABASE as refusal:
                self._mistake(line, "", cells, in_words(refusal))
            else:
                self.reading.changes.append(Change(line, words, tuple(cells.values())))
                outcome.import_type = RowResult.IMPORT_TYPE_NEW if words else RowResult.IMPORT_TYPE_SKIP
                return outcome
        outcome.import_type = RowResult.IMPORT_TYPE_INVALID
        outcome.validation_error = ValidationError(
            [mistake.message for mistake in self.reading.mistakes[before:]]
        )
        return outcome

    def _values(self, line: int, cells: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column in self.columns:
            if column.name not in cells:
                continue
            cell = cells[column.name]
            if not cell:
                values[column.name] = None
                if column.required:
                    self._mistake(line, column.name, cells, f"Nothing is entered. {column.note}")
                continue
            try:
                values[column.name] = column.read(cell)
            except ValueError as wrong:
                self._mistake(line, column.name, cells, str(wrong))
        return values

    def _mistake(self, line: int, column: str, cells: dict[str, str], message: str) -> None:
        self.reading.mistakes.append(Mistake(line, column, cells.get(column, ""), message))

    def _check_columns(self, header: Sequence[str]) -> None:
        known = [column.name for column in self.columns]
        twice = [name for name, times in Counter(header).items() if times > 1]
        strange = [name for name in header if name not in known]
        missing = [column.name for column in self.columns if column.required and column.name not in header]
        if twice:
            raise FileRefused(f"The column {twice[0]!r} is there twice. Leave one of them out.")
        if strange:
            raise FileRefused(
                f"The column {strange[0]!r} is not one of this table. "
                f"Leave it out, or give it one of these names: {', '.join(known)}."
            )
        if missing:
            raise FileRefused(f"The column {missing[0]!r} is missing from the first line. Add it.")


# Files


@dataclass(frozen=True)
class Table:
    """A file read as a table: the names of its columns, its rows that are not empty and their lines."""

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    lines: Sequence[int]


def read_table(name: str, content: bytes) -> Table:
    """Return the table of a CSV file or of the first sheet of a workbook (XLSX). Raises FileRefused."""
    numbered = _workbook_lines(content) if content[:2] == b"PK" else _csv_lines(content)
    if not numbered:
        raise FileRefused(f"{name} is empty. Choose a file whose first line names its columns.")
    header = [_text(cell).lower().replace(" ", "_") for cell in numbered[0][1]]
    while header and not header[-1]:
        header.pop()
    rows, lines = [], []
    for line, cells in numbered[1:]:
        cells = list(cells)
        while len(cells) > len(header) and not _text(cells[-1]):
            cells.pop()
        if not any(_text(cell) for cell in cells):
            continue
        if len(cells) > len(header):
            raise FileRefused(
                f"Line {line} has {len(cells)} cells, and the first line names {len(header)} columns. "
                "Put a text that holds a comma between quotation marks."
            )
        rows.append([*cells, *[""] * (len(header) - len(cells))])
        lines.append(line)
    if not rows:
        raise FileRefused(f"{name} names columns and has no rows below them. Add the rows to read.")
    if len(rows) > MOST_ROWS:
        raise FileRefused(f"{name} has {len(rows):,} rows; at most {MOST_ROWS:,} are read. Split it.")
    return Table(header, rows, lines)


def _csv_lines(content: bytes) -> list[tuple[int, Sequence[Any]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(
            "The file is neither a workbook (XLSX) nor text in UTF-8. Save it as “CSV UTF-8”, or as XLSX."
        ) from error
    if "\0" in text:
        raise FileRefused("The file holds characters that no text has. Save it as “CSV UTF-8”, or as XLSX.")
    found: list[tuple[int, Sequence[Any]]] = []
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if cells:
                found.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(
            f"Line {reader.line_num} cannot be read ({error}). Look at its quotation marks."
        ) from error
    return found


def _workbook_lines(content: bytes) -> list[tuple[int, Sequence[Any]]]:
    try:
        with ZipFile(BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > LARGEST_UNPACKED:
                raise FileRefused("The workbook is far too large. Save the sheet as “CSV UTF-8”.")
        book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        found = []
        for line, cells in enumerate(sheet.iter_rows(values_only=True, max_col=60), start=1):
            if line > MOST_ROWS + 2:
                raise FileRefused(f"The first sheet has more than {MOST_ROWS:,} rows. Split it.")
            if any(cell is not None for cell in cells):
                found.append((line, cells))
    except FileRefused:
        raise
    except Exception as error:  # what a damaged workbook raises is not to be foreseen
        raise FileRefused(
            "The workbook cannot be read. Open it, save it again as XLSX without a password, or save the "
            "sheet as “CSV UTF-8”."
        ) from error
    return found


# Cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        value = value.date() if value.time() == datetime.min.time() else value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def a_text(longest: int) -> Callable[[str], str]:
    """Return how a text of at most so many characters is read."""

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"It has {len(cell)} characters; at most {longest} are kept. Shorten it.")
        if not cell.isprintable():
            raise ValueError(
                "It holds a line break or a character that cannot be seen. Write it on one line."
            )
        return cell

    return read


def a_day(cell: str) -> date:
    """Read a day, such as 2026-07-01."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell):
            raise ValueError(cell)
        read = date.fromisoformat(cell)
    except ValueError:
        raise ValueError("It is not a day. Write it as in 2026-07-01.") from None
    if not FIRST_DAY <= read <= LAST_DAY:
        raise ValueError("It lies outside the years 1800 to 2199. Look at the year.")
    return read


def yes_or_no(cell: str) -> bool:
    """Read yes or no."""
    try:
        return {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}[cell.lower()]
    except KeyError:
        raise ValueError("It is neither yes nor no. Enter one of them.") from None


def degrees(most: int) -> Callable[[str], Decimal]:
    """Return how a latitude or longitude is read: up to six decimals, as the database keeps them."""

    def read(cell: str) -> Decimal:
        try:
            found = Decimal(cell)
        except InvalidOperation:
            raise ValueError("It is no number. Enter degrees, such as 41.823981.") from None
        if not found.is_finite() or abs(found) > most:
            raise ValueError(f"It is not between -{most} and {most} degrees. Look at the sign and the point.")
        return found.quantize(Decimal("0.000001"))

    return read


def first_of(valid: Any) -> date | None:
    """The first day of a range of days; None where it is not known."""
    return valid.lower if valid is not None else None


def last_of(valid: Any) -> date | None:
    """The last day of a range of days; None where it has no end."""
    return date.fromordinal(valid.upper.toordinal() - 1) if valid is not None and valid.upper else None


def find(model: type[models.Model], column: str, what: str, example: str) -> Callable[[str], Any]:
    """Return how a cell that names a record is read, such as a library by its key."""

    def read(cell: str) -> Any:
        found = model._default_manager.filter(**{f"{column}__iexact": cell}).first()
        if found is None:
            raise ValueError(f"It is no {what} on record. Enter it as {example}.")
        return found

    return read
