"""Tables as a workbook: numbers as numbers, a frozen header, units and source on a sheet of their own."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from reports.contents import MadeFrom
from reports.tables import Cell, Column, Kind, Table

_FORMATS = {Kind.INTEGER: "#,##0", Kind.CENTS: "#,##0.00", Kind.DAY: "yyyy-mm-dd"}
_WIDEST = 60  # characters of a column
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(<)")
_ZIPPED_AT = (1980, 1, 1, 0, 0, 0)


def xlsx_of(tables: Sequence[Table], *, title: str, made_from: MadeFrom) -> bytes:
    """Return tables as one workbook, each on a sheet; the last sheet says what they are and whence.

    The same tables give the same bytes. An empty cell is not known, a 0 is none.
    """
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for table in tables:
        _write(workbook.create_sheet(table.name[:31]), table)
    _write_source(workbook.create_sheet("source"), tables, title, made_from)
    workbook.properties.title = title
    workbook.properties.creator = "Connecticut State Library"
    workbook.properties.created = datetime.combine(made_from.dated, time())
    saved = io.BytesIO()
    workbook.save(saved)
    return _without_the_hour(saved.getvalue(), made_from.dated)


def _write(sheet: Worksheet, table: Table) -> None:
    _append(sheet, [_heading(column) for column in table.columns], bold=True)
    sheet.freeze_panes = "A2"
    for row in table.rows:
        _append(sheet, [_value(*pair) for pair in zip(table.columns, row, strict=True)])
    for place, column in enumerate(table.columns, start=1):
        letter = get_column_letter(place)
        cells = sheet[letter]
        sheet.column_dimensions[letter].width = min(
            _WIDEST, 2 + max(len(str(cell.value or "")) for cell in cells)
        )
        number_format = "0" if column.unit == "year" else _FORMATS.get(column.kind)
        for cell in cells[1:]:
            if number_format and cell.value is not None:
                cell.number_format = number_format
    if table.rows:
        sheet.auto_filter.ref = sheet.dimensions


def _write_source(sheet: Worksheet, tables: Sequence[Table], title: str, made_from: MadeFrom) -> None:
    rows: list[Sequence[str]] = [
        ("Title", title),
        ("Made from", made_from.source),
        ("Dated", made_from.dated.isoformat()),
        ("SHA-256 of the data", made_from.data_sha256),
        ("Rulebook edition", made_from.rulebook_edition),
        ("An empty cell", "is not known or not reported; a 0 says that there was none."),
    ]
    for row in rows:
        _append(sheet, row)
        sheet.cell(sheet.max_row, 1).font = Font(bold=True)
    for table in tables:
        _append(sheet, [])
        _append(sheet, [f"Sheet {table.name[:31]}", table.title], bold=True)
        if table.caption:
            _append(sheet, ["", table.caption])
        for column in table.columns:
            says = [column.unit, column.note, "Its figures are estimated." if column.is_estimated else ""]
            _append(sheet, [_heading(column), "; ".join(one for one in says if one)])
    sheet.column_dimensions["A"].width = 28
    sheet.column_dimensions["B"].width = 100
    for cell in sheet["B"]:
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _heading(column: Column) -> str:
    return f"{column.label} (estimated)" if column.is_estimated else column.label


def _value(column: Column, value: Cell) -> str | int | Decimal | date | None:
    if value is None:
        return column.blank or None
    if column.kind is Kind.CENTS and isinstance(value, int):
        return Decimal(value) / 100
    return ("yes" if value else "no") if column.kind is Kind.YES_NO else value


def _append(
    sheet: Worksheet, values: Sequence[str | int | Decimal | date | None], *, bold: bool = False
) -> None:
    """Write a row below the last; a text that begins like a formula stays a text."""
    sheet.append(values)
    for cell in sheet[sheet.max_row] if values else ():
        if isinstance(cell.value, str):
            cell.data_type = "s"
        if bold:
            cell.font = Font(bold=True)


def _without_the_hour(workbook: bytes, dated: date) -> bytes:
    """Return a workbook without the moment of its making, which stands in its properties and its archive."""
    modified = f"{dated.isoformat()}T00:00:00Z".encode()
    rewritten = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as made,
        zipfile.ZipFile(rewritten, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in made.namelist():
            part = made.read(name)
            if name == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>" + modified + rb"\g<2>", part)
            archive.writestr(zipfile.ZipInfo(name, _ZIPPED_AT), part, zipfile.ZIP_DEFLATED)
    return rewritten.getvalue()
