"""Files of other systems as rows of cells: CSV in any usual dress, XLSX, pasted text.

The rows are read from the bytes as often as needed and never kept. No message quotes a cell, because a file
may hold what patrons borrowed; it names the line, the column or the sheet.
"""

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

LARGEST_FILE = 60_000_000  # bytes
LARGEST_WORKBOOK = 30_000_000  # bytes, packed
LARGEST_UNPACKED = 300_000_000  # bytes of all parts of a workbook
LARGEST_SHARED_TEXT = 80_000_000  # bytes of the one part that is held in memory
MOST_TIMES_PACKED = 150  # a part of a workbook packs to a tenth, rarely to a fiftieth
MOST_PARTS = 2_000
MOST_ROWS = 1_000_000
MOST_COLUMNS = 500
MOST_FORMULAS = 200_000  # cells of a sheet with formulas, which is read twice

_DELIMITERS = "\t;,|"
_SAMPLE = 65_536
_PROLOGUE = 65_536  # bytes of a part in which entities are looked for


class TableRefused(ValueError):
    """A file or text that cannot be read; the message says why and what to do, and quotes no cell."""


class _Uncalculated(str):
    """What stands in place of a formula whose value the file does not hold."""


UNCALCULATED = _Uncalculated("=")

# A row: its line in the file, the first being 1, and its cells as the file has them.
Row = tuple[int, Sequence[Any]]


@dataclass(frozen=True)
class Table:
    """One sheet, or the whole of a text; `rows` begins anew each time it is called."""

    name: str
    rows: Callable[[], Iterator[Row]]


def text_of(cell: object) -> str:
    """Return a cell as text: 12.0 is 12, a day is 2026-03-01, nothing is empty."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell if cell is UNCALCULATED else cell.strip() if cell.isprintable() else _printable(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, time):
        return cell.isoformat()
    return str(cell)


def _printable(text: str) -> str:
    """Return a text with a plain space for each blank and without marks that have no shape."""
    written = (letter if letter.isprintable() else " " if letter.isspace() else "" for letter in text)
    return " ".join("".join(written).split())


def column_letter(place: int) -> str:
    """Return how a spreadsheet calls a column, the first being 0."""
    letter: str = get_column_letter(place + 1)
    return letter


@contextmanager
def open_tables(content: bytes, *, pasted: bool = False) -> Iterator[list[Table]]:
    """Open a file, or pasted text in UTF-8, as its tables: one for each sheet that holds anything.

    Raises TableRefused, also while rows are read.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise TableRefused(
            "This is empty." if pasted else "The file is empty. Choose the one with the counts."
        )
    if len(content) > LARGEST_FILE:
        raise TableRefused(
            f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Leave out columns that are not needed, "
            "or send it month by month."
        )
    if content.startswith(b"PK\x03\x04") and not pasted:
        with _workbook_tables(content) as tables:
            yield tables
        return
    _refuse_other_kinds(content)
    encoding = _encoding(content)
    yield [Table("", partial(_text_rows, content, encoding))]


def _refuse_other_kinds(content: bytes) -> None:
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise TableRefused(
                "The workbook is protected with a password. Save it without the password and send it again."
            )
        raise TableRefused(
            "This is a workbook of the old kind (.xls). Open it and save it as “Excel Workbook (.xlsx)”."
        )
    start = content[:512].lstrip().lower()
    if content.startswith(b"%PDF"):
        raise TableRefused(
            "This is a PDF, from which counts cannot be read. Export the report as CSV or XLSX."
        )
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        raise TableRefused(
            "This is a web page or XML, whatever its name says. Open it in Excel and save it as “Excel "
            "Workbook (.xlsx)”, or export the report as CSV."
        )


# Text


def _encoding(content: bytes) -> str:
    """Return how a text is written: by its mark, else UTF-8, else as Windows in America writes."""
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:_SAMPLE]
    if b"\x00" in content:
        if head[1::2].count(0) > len(head) // 4:
            return "utf-16-le"
        if head[::2].count(0) > len(head) // 4:
            return "utf-16-be"
        raise TableRefused("This is neither a text file nor a workbook. Export the report as CSV or XLSX.")
    for encoding in ("utf-8", "cp1252"):
        reader = io.TextIOWrapper(io.BytesIO(content), encoding=encoding)
        try:
            while reader.read(1 << 20):
                pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise TableRefused(
        "The characters of this file cannot be read. In Excel, save it as “CSV UTF-8 (Comma delimited)”."
    )


def _text_rows(content: bytes, encoding: str) -> Iterator[Row]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    line = 1
    try:
        sample = text.read(_SAMPLE)
        delimiter = _delimiter(sample)
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter) if delimiter else _SpacedRows(text)
        for number, cells in enumerate(reader, start=1):
            if number > MOST_ROWS:
                raise _too_many_rows()
            if len(cells) > MOST_COLUMNS:
                raise _too_many_columns(line)
            if delimiter and reader.line_num > line and _swallows(cells, delimiter):
                raise TableRefused(
                    f"In line {line} a quotation mark opens and does not close, so that the lines after it "
                    "run together. Export the report again as XLSX, or mend that line."
                )
            if number == 1 and len(cells) == 1 and re.fullmatch(r"sep=.", cells[0].strip()):
                line = reader.line_num + 1
                continue
            yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise TableRefused(
            f"Line {line} cannot be read as CSV. Export the report again as XLSX, or mend that line."
        ) from None
    except UnicodeError:
        raise TableRefused(
            f"From line {line} on the characters cannot be read. Save the file as “CSV UTF-8”."
        ) from None


class _SpacedRows:
    """Rows of a printed list: cells parted by two spaces or more, or a number after any space."""

    def __init__(self, text: Iterable[str]):
        self._lines = iter(text)
        self.line_num = 0

    def __iter__(self) -> "_SpacedRows":
        return self

    def __next__(self) -> list[str]:
        line = next(self._lines)
        self.line_num += 1
        return re.split(r"\s{2,}|\s(?=[0-9,]+$)", line.strip())


def _delimiter(sample: str) -> str:
    """Return what parts the cells: what cuts most lines into the same number of cells; nothing for spaces."""
    lines = sample.splitlines()[:60]
    if len(sample) == _SAMPLE and len(lines) > 1:
        lines.pop()  # it may be cut off
    if lines and (said := re.fullmatch(r"sep=(.)", lines[0].strip())):
        return said[1]
    best, best_score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if len(cells) > 1)
        except csv.Error:
            continue
        if widths:
            width, rows = max(widths.items(), key=lambda found: (found[1], found[0]))
            if (rows, width) > best_score:
                best, best_score = delimiter, (rows, width)
    spaced = sum(1 for line in lines if re.search(r"\S(?:\s{2,}|\s(?=[0-9]+\s*$))\S", line))
    return "" if not best_score[0] and spaced > 0.5 * len(lines) else best


def _swallows(cells: Sequence[str], delimiter: str) -> bool:
    """Whether a cell holds whole lines of the file, as after a quotation mark that does not close."""
    return any(
        line.count(delimiter) >= max(len(cells) - 1, 1)
        for cell in cells
        if "\n" in cell
        for line in cell.splitlines()[1:]
    )


def _too_many_rows() -> TableRefused:
    return TableRefused(f"The file has more than {MOST_ROWS:,} rows. Send it month by month.")


def _too_many_columns(line: int) -> TableRefused:
    return TableRefused(
        f"Line {line} has more than {MOST_COLUMNS} columns. Send a report with fewer columns: the home "
        "library, the month and the number of loans are enough."
    )


# Workbooks


@contextmanager
def _workbook_tables(content: bytes) -> Iterator[list[Table]]:
    parts = _checked_parts(content)
    workbook: Any = None
    try:
        try:
            workbook = openpyxl.load_workbook(
                io.BytesIO(content), read_only=True, data_only=True, keep_links=False
            )
        except Exception:  # openpyxl raises whatever its parts stumble over, and quotes what it stumbled over
            raise _no_workbook() from None
        tables = []
        for sheet in workbook.worksheets:
            if sheet.sheet_state != "visible":
                continue
            has_formulas = _has_formulas(content, sheet, parts)
            table = Table(sheet.title, partial(_sheet_rows, content, sheet, has_formulas))
            if any(True for _ in table.rows()):
                tables.append(table)
        if not tables:
            raise TableRefused("The workbook is empty. Choose the one with the counts.")
        yield tables
    finally:
        if workbook is not None:
            workbook.close()


def _no_workbook() -> TableRefused:
    return TableRefused(
        "This is no Excel workbook that can be read. Open it in Excel and save it as “Excel Workbook "
        "(.xlsx)”, or export the report as CSV."
    )


def _checked_parts(content: bytes) -> set[str]:
    """Return the parts of a workbook after looking at their sizes; a zip bomb is never unpacked.

    What a part says of its unpacked size binds: `zipfile` reads no more, and refuses a part that has more.
    """
    if len(content) > LARGEST_WORKBOOK:
        raise TableRefused(
            f"The workbook is larger than {LARGEST_WORKBOOK // 1_000_000} MB. Leave out columns and sheets "
            "that are not needed, or save it as CSV."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            names = {info.filename for info in infos}
            if any(info.flag_bits & 1 for info in infos):
                raise TableRefused(
                    "The workbook is protected with a password. Save it without the password and send it "
                    "again."
                )
            if "xl/workbook.xml" not in names and not any(name.endswith("workbook.xml") for name in names):
                raise _no_workbook()
            shared = sum(
                info.file_size for info in infos if info.filename.lower().endswith("sharedstrings.xml")
            )
            if (
                len(infos) > MOST_PARTS
                or len(names) < len(infos)
                or shared > LARGEST_SHARED_TEXT
                or sum(info.file_size for info in infos) > LARGEST_UNPACKED
                or any(
                    info.file_size > 1_000_000
                    and info.file_size > MOST_TIMES_PACKED * max(info.compress_size, 1)
                    for info in infos
                )
            ):
                raise TableRefused(
                    "The workbook unpacks to far more than a report of counts needs, so it was not opened. "
                    "Save the sheet with the counts alone as a new workbook or as CSV."
                )
            for info in infos:
                if info.filename.endswith((".xml", ".rels")):
                    with archive.open(info) as part:
                        if b"<!DOCTYPE" in part.read(_PROLOGUE).replace(b"\x00", b"").upper():
                            raise _no_workbook()
            return names
    except TableRefused:
        raise
    except Exception:  # a damaged archive fails in many ways
        raise _no_workbook() from None


def _has_formulas(content: bytes, sheet: Any, parts: set[str]) -> bool:
    """Whether a sheet has any formula; most exports have none and need be read only once."""
    path = str(sheet._worksheet_path).lstrip("/")
    if path not in parts:
        return True
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(path) as part:
            before = b""
            while block := part.read(1 << 20):
                if re.search(rb"<(?:\w+:)?f[ >/]", before + block):
                    return True
                before = block[-8:]
    except Exception:
        raise _no_workbook() from None
    return False


def _sheet_rows(content: bytes, sheet: Any, has_formulas: bool) -> Iterator[Row]:
    sheet.reset_dimensions()  # what the file says of its own size may be wrong
    try:
        if has_formulas:
            yield from _rows_with_formulas(content, sheet)
            return
        for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            _check_size(line, values)
            if any(value is not None for value in values):
                yield line, values
    except TableRefused:
        raise
    except Exception:
        raise _no_workbook() from None


def _rows_with_formulas(content: bytes, sheet: Any) -> Iterator[Row]:
    """Read a sheet twice, for values and for formulas: a formula without a value must not pass as a blank."""
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    try:
        formulas = workbook[sheet.title]
        formulas.reset_dimensions()
        cells = 0
        for line, (values, written) in enumerate(
            zip(sheet.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True), start=1
        ):
            _check_size(line, values)
            cells += len(values)
            if cells > MOST_FORMULAS:
                raise TableRefused(
                    f"The sheet “{sheet.title}” has formulas among more than {MOST_FORMULAS:,} cells. Copy "
                    "it, paste it as values into a new workbook, and send that."
                )
            row = [
                UNCALCULATED if value is None and formula is not None else value
                for value, formula in zip(values, written, strict=True)
            ]
            if any(value is not None for value in row):
                yield line, row
    finally:
        workbook.close()


def _check_size(line: int, values: Sequence[Any]) -> None:
    if line > MOST_ROWS:
        raise _too_many_rows()
    if len(values) > MOST_COLUMNS and any(value is not None for value in values[MOST_COLUMNS:]):
        raise _too_many_columns(line)
