"""The same figures in every form of a report: PDF, page, CSV, workbook and JSON."""

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from openpyxl import load_workbook

from reports.csv_files import csv_of_table
from reports.documents import html_of
from reports.models import ANNUAL, DocumentKind
from reports.stored_contents import json_of, read_contents
from reports.tables import Kind, tables_of
from reports.xlsx_files import xlsx_of
from tests.reports import documents

REPORTS = {
    DocumentKind.USE_REPORT: documents.use_report,
    DocumentKind.PARTICIPATING_LIBRARIES: documents.participating_libraries,
    DocumentKind.EXPENDITURE_SUMMARY: documents.expenditure_summary,
    DocumentKind.PAYMENT_LIST: documents.payment_list,
    DocumentKind.CORRECTION_STATEMENT: documents.correction_statement,
}

LEFT_TO_FILES = {"town_number"}  # a number by which programs know a town


def workbook_of(contents):
    return xlsx_of(tables_of(contents), title=contents.title, made_from=contents.made_from)


@pytest.mark.parametrize("kind", REPORTS)
def test_what_is_kept_of_a_document_is_read_back_as_it_was(kind):
    contents = REPORTS[kind]()

    assert read_contents(kind, json_of(contents)) == contents


@pytest.mark.parametrize("kind", REPORTS)
def test_workbook_has_the_figures_of_the_csv_as_numbers_and_the_same_bytes_again(kind):
    contents = REPORTS[kind]()
    content = workbook_of(contents)
    workbook = load_workbook(io.BytesIO(content))

    for table in tables_of(contents):
        sheet = workbook[table.name[:31]]
        rows = list(csv.reader(io.StringIO(csv_of_table(table).decode())))[1:]
        assert sheet.freeze_panes == "A2"
        assert sheet.max_row == len(rows) + 1
        for cells, written in zip(sheet.iter_rows(min_row=2), rows, strict=True):
            for column, cell, text in zip(table.columns, cells, written, strict=True):
                if cell.value is None:
                    assert text == ""
                elif column.kind in (Kind.INTEGER, Kind.CENTS) and text != column.blank:
                    assert Decimal(str(cell.value)) == Decimal(text)
                elif column.kind is Kind.DAY:
                    assert cell.value.date().isoformat() == text
                else:
                    assert cell.value == text
    assert workbook.sheetnames[-1] == "source"
    assert contents.made_from.data_sha256 in {cell.value for cell in workbook["source"]["B"]}
    assert workbook_of(contents) == content


def test_a_name_that_looks_like_a_formula_stays_a_text():
    report = documents.use_report()
    report = replace(
        report, lines=(replace(report.lines[0], library_name='=HYPERLINK("x")'), *report.lines[1:])
    )

    cell = load_workbook(io.BytesIO(workbook_of(report)))["libraries"]["B2"]

    assert (cell.value, cell.data_type) == ('=HYPERLINK("x")', "s")


@pytest.mark.parametrize("kind", ANNUAL)
def test_page_and_pdf_show_every_figure_of_the_tables(kind):
    """The PDF is laid out from `html_of`; the page of a table is drawn from the same Table as its files."""
    contents = REPORTS[kind]()
    paper = Counter(words(html_of(contents)))

    for table in tables_of(contents):
        page = words(render_to_string("reports/_report_table.html", {"table": table}))
        figures = Counter(
            cell.text
            for row in table.written_rows
            for cell in row
            if cell.column.kind.is_figure and cell.column.name not in LEFT_TO_FILES and cell.text
        )
        assert figures <= Counter(page)
        assert figures <= paper


def words(html):
    return re.sub(r"<[^>]+>", " ", html).split()
