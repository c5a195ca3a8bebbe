"""The workbook and the CSV file of a filing: its grid to take away, fill in and send back."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from transactions.count_grid import CountGrid, Counts
from transactions.models import Filing
from transactions.rules._wording import written_span
from transactions.rules.filing_checks import LARGEST_COUNT, NotCounted
from transactions.rules.form_editions import edition_named
from transactions.uploads.reduced import Trouble
from transactions.uploads.tables import Table, TableRefused, text_of

SHEET = "Loans"
_ABOUT = "How to fill in"
_MARK = "Connecticard template 1"
_HEADER_ROW = 4
_FIRST_COLUMN = 4
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def file_name(filing: Filing, suffix: str) -> str:
    """Return what a file of a filing is called: loans-CT0004-2026-03-to-2026-08.xlsx."""
    span = filing.covers_span
    return f"loans-{filing.library.key}-{span.first_day:%Y-%m}-to-{span.last_day:%Y-%m}{suffix}"


def template_of(filing: Filing, grid: CountGrid, counts: Counts) -> bytes:
    """Return the workbook of a filing, with what is on record filled in."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    sheet.title = SHEET
    bold, wash = Font(bold=True), PatternFill("solid", fgColor="E7F2F9")
    last_column = _FIRST_COLUMN + len(grid.columns) - 1
    last_row = _HEADER_ROW + len(grid.lines)
    sheet.cell(
        1,
        1,
        safe(f"{filing.library.name}: loans to residents of other towns, {written_span(filing.covers_span)}"),
    )
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    sheet.cell(2, 1, "Enter whole numbers. Leave a cell blank where there is nothing to report, or write 0.")
    sheet.cell(3, 1, _mark(filing))
    sheet.cell(3, 1).font = Font(color="565C65", size=9)
    headings = ["Library key", "Home library that issued the card", "Town", *map(_heading, grid.columns)]
    if len(grid.columns) > 1:
        headings.append("Total")
    for column, heading in enumerate(headings, start=1):
        cell = sheet.cell(_HEADER_ROW, column, heading)
        cell.font, cell.fill, cell.alignment = bold, wash, Alignment(wrap_text=True, vertical="bottom")
    for row, line in enumerate(grid.lines, start=_HEADER_ROW + 1):
        for column, text in enumerate((line.key, line.name, line.town), start=1):
            sheet.cell(row, column, safe(text))
        for column, month in enumerate(grid.columns, start=_FIRST_COLUMN):
            cell = sheet.cell(row, column)
            if month not in line.columns:
                cell.fill = PatternFill("solid", fgColor="DFE1E2")
                continue
            cell.number_format = "#,##0"
            cell.value = _plain(counts.get((line.library_id, month)))
        if len(grid.columns) > 1:
            months = f"{get_column_letter(_FIRST_COLUMN)}{row}:{get_column_letter(last_column)}{row}"
            sheet.cell(row, last_column + 1, f"=SUM({months})").number_format = "#,##0"
    _fit(sheet, last_column)
    check = DataValidation(
        type="whole",
        operator="between",
        formula1="0",
        formula2=str(LARGEST_COUNT),
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="warning",
        errorTitle="A whole number",
        error="Enter a whole number of units, 0 or more; n/c where your library has no count.",
    )
    if grid.lines:
        check.add(
            f"{get_column_letter(_FIRST_COLUMN)}{_HEADER_ROW + 1}:{get_column_letter(last_column)}{last_row}"
        )
        sheet.add_data_validation(check)
    _add_notes(workbook.create_sheet(_ABOUT), filing, grid)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _fit(sheet: Worksheet, last_column: int) -> None:
    """Freeze the header and the names, and make the columns as wide as what stands in them."""
    sheet.freeze_panes = sheet.cell(_HEADER_ROW + 1, _FIRST_COLUMN)
    for column, width in ((1, 12), (2, 42), (3, 20)):
        sheet.column_dimensions[get_column_letter(column)].width = width
    for column in range(_FIRST_COLUMN, last_column + 2):
        sheet.column_dimensions[get_column_letter(column)].width = 12
    sheet.print_title_rows = f"{_HEADER_ROW}:{_HEADER_ROW}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _add_notes(sheet: Worksheet, filing: Filing, grid: CountGrid) -> None:
    edition = edition_named(filing.form_edition)
    notes = [
        f"Form edition {edition.name}",
        "What to count",
        *edition.instructions,
        "How to fill in",
        "A blank cell is no mistake: nothing was entered there. 0 says that none were lent, n/c that your "
        "library has no count.",
        "Do not change the first column; it says which library is meant. Lines may be sorted or left out.",
        "Save the file and send it on the page “Upload or paste”. You see every difference before anything "
        "is saved.",
    ]
    if grid.left_out:
        notes.append("Libraries without a line, or with months left out")
        notes += [f"{item.name}: {item.reason} {item.citation}" for item in grid.left_out]
    headings = {
        notes[0],
        "What to count",
        "How to fill in",
        "Libraries without a line, or with months left out",
    }
    sheet.column_dimensions["A"].width = 100
    for row, note in enumerate(notes, start=1):
        cell = sheet.cell(row, 1, safe(note))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if note in headings:
            cell.font = Font(bold=True)


def _mark(filing: Filing) -> str:
    span = filing.covers_span
    return f"{_MARK}; {filing.library.key}; {span.first_day:%Y-%m} to {span.last_day:%Y-%m}"


def refuse_other_template(tables: Iterable[Table], filing: Filing) -> None:
    """Raise TableRefused for a template that was made for another library or period."""
    for table in tables:
        for line, cells in table.rows():
            if line > _HEADER_ROW:
                break
            mark = text_of(cells[0]) if cells else ""
            if mark.startswith(_MARK) and mark != _mark(filing):
                raise TableRefused(
                    f"This workbook was made for another filing ({mark.partition('; ')[2]}). Download the "
                    "workbook of this filing and fill that in."
                )


def csv_of(filing: Filing, grid: CountGrid, counts: Counts) -> bytes:
    """Return the counts of a filing as CSV in UTF-8: one line for each cell that holds an answer."""
    rows = [
        (line.key, safe(line.name), safe(line.town), "" if month is None else f"{month:%Y-%m}", _plain(loans))
        for line in grid.lines
        for month in grid.columns
        if (loans := counts.get((line.library_id, month))) is not None
    ]
    return _as_csv([("home_library", "name", "town", "month", "loans"), *rows])


_PROBLEM_HEADINGS = ("Where", "What", "Why", "How to mend it")


def problems_csv(problems: Iterable[Trouble]) -> bytes:
    """Return problems of an upload as CSV, one row each."""
    return _as_csv([_PROBLEM_HEADINGS, *(_of_problem(problem) for problem in problems)], mark=True)


def problems_workbook(problems: Iterable[Trouble]) -> bytes:
    """Return problems of an upload as a workbook, one row each."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "To mend"
    sheet.append(_PROBLEM_HEADINGS)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for problem in problems:
        sheet.append(_of_problem(problem))
    for column, width in zip("ABCD", (32, 32, 60, 60), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _of_problem(problem: Trouble) -> tuple[str, ...]:
    return tuple(map(safe, (problem.where, problem.what, problem.why, problem.cure)))


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _as_csv(rows: Iterable[Sequence[object]], *, mark: bool = False) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8")


def _plain(loans: int | NotCounted | None) -> int | str | None:
    return loans.value if isinstance(loans, NotCounted) else loans


def _heading(month: date | None) -> str:
    return "Whole period" if month is None else f"{month:%b %Y}"
