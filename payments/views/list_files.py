"""A list as an Excel workbook to download, whose amounts are numbers and whose days are days."""

import io
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

import openpyxl
from django.http import HttpResponse
from openpyxl.styles import Font


def xlsx_response(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    sheet: str,
    amounts: Collection[str] = (),
) -> HttpResponse:
    """Return rows below their columns as a workbook of one sheet; None is an empty cell.

    `amounts` names the columns that hold dollars, written with two decimals.
    """
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    dollars = {place for place, column in enumerate(columns) if column in amounts}
    page.append(list(columns))
    for row in rows:
        page.append(
            [
                Decimal(cell) if place in dollars and cell is not None else cell
                for place, cell in enumerate(row)
            ]
        )
        for cell in page[page.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # an address may begin with "=", and is no formula
        for place in dollars:
            page.cell(page.max_row, place + 1).number_format = "#,##0.00"
    for cell in page[1]:
        cell.font = Font(bold=True)
    for cells, column in zip(page.columns, columns, strict=True):
        longest = max(len(str(cell.value or "")) for cell in cells)
        page.column_dimensions[cells[0].column_letter].width = min(60, max(len(column), longest) + 2)
    page.freeze_panes = "C2"
    page.auto_filter.ref = page.dimensions
    file = io.BytesIO()
    book.save(file)
    return HttpResponse(
        file.getvalue(),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
