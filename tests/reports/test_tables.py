"""The tables of documents: what every reader of them relies on."""

from dataclasses import replace
from datetime import date

import pytest

from reports.contents import of_edition
from reports.csv_files import csv_of_table
from reports.tables import Column, Difference, Kind, Table, differences, table_of, tables_of
from tests.reports import documents

DOCUMENTS = {
    "use report": documents.use_report,
    "second edition": lambda: of_edition(documents.use_report(), 2, documents.CHANGES),
    "participating libraries": documents.participating_libraries,
    "expenditure summary": documents.expenditure_summary,
    "nothing spent": documents.empty_expenditure_summary,
    "statement": documents.withheld_statement,
    "payment list": documents.payment_list,
    "correction statement": documents.correction_statement,
}
PYTHON_TYPES = {
    Kind.TEXT: str,
    Kind.KEY: str,
    Kind.INTEGER: int,
    Kind.CENTS: int,
    Kind.DAY: date,
    Kind.YES_NO: bool,
}
LOANS = Column("loans", "Loans", Kind.INTEGER, "items")
NAME = Column("name", "Library", Kind.TEXT)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_value_is_of_the_kind_that_its_column_says(name):
    tables = tables_of(DOCUMENTS[name]())

    assert len({table.name for table in tables}) == len(tables)
    for table in tables:
        assert len({column.name for column in table.columns}) == len(table.columns)
        for row in (*table.rows, *([table.total] if table.total else [])):
            for column, value in zip(table.columns, row, strict=True):
                assert value is None or type(value) is PYTHON_TYPES[column.kind], (table.name, column.name)


def test_values_are_written_for_people_and_for_programs():
    table = Table(
        "figures",
        "Figures",
        (
            NAME,
            LOANS,
            Column("paid", "Paid", Kind.CENTS),
            Column("on", "On", Kind.DAY),
            Column("year", "Year", Kind.INTEGER, "year"),
            Column("part", "Takes part", Kind.YES_NO),
            Column("lent", "Lent", Kind.INTEGER, blank="n/c"),
        ),
        (("Avon", 3580340, 70363805, date(2018, 5, 4), 2018, True, None),),
    )

    assert [cell.text for cell in table.written_rows[0]] == [
        *("Avon", "3,580,340", "$703,638.05", "May 4, 2018", "2018", "yes", "n/c")
    ]
    assert csv_of_table(table).splitlines()[1] == b"Avon,3580340,703638.05,2018-05-04,2018,yes,n/c"


def test_a_row_that_does_not_fit_and_a_key_that_repeats_are_refused():
    with pytest.raises(ValueError, match="1 values for 2 columns"):
        Table("t", "T", (NAME, LOANS), (("Avon",),))
    with pytest.raises(ValueError, match="same name"):
        Table("t", "T", (NAME, LOANS), (("Avon", 1), ("Avon", 2)), key=("name",))


def test_differences_name_each_cell_that_stands_otherwise():
    before = Table("t", "T", (NAME, LOANS), (("Avon", 1), ("Bolton", 2)), key=("name",))
    now = replace(before, rows=(("Avon", 3), ("Canton", None)))

    assert differences(before, before) == ()
    assert differences(before, now) == (
        Difference("Avon", LOANS, 1, 3),
        Difference("Canton", NAME, None, "Canton"),
        Difference("Bolton", NAME, "Bolton", None),
        Difference("Bolton", LOANS, 2, None),
    )


def test_an_edition_says_what_changed_and_has_a_hash_of_its_own():
    report = documents.use_report(3)

    second = of_edition(report, 2, documents.CHANGES)

    assert of_edition(report, 1, None) is report
    assert second.made_from.data_sha256 != report.made_from.data_sha256
    assert [row[0] for row in table_of(second, "changes").rows] == ["Andover Public Library"] * 2
    with pytest.raises(ValueError, match="what changed"):
        of_edition(report, 2, None)
