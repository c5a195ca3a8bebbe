"""A table as CSV: UTF-8, one header, amounts in dollars with two decimals."""

import csv
import io
from collections.abc import Iterable, Sequence

from payments.rules.cents import plain_dollars
from reports.contents import DocumentContents, PaymentStatement
from reports.tables import Cell, Column, Kind, Table, tables_of
from transactions.uploads.workbook import safe


def csv_of(contents: DocumentContents) -> bytes:
    """Return a document's main table as a CSV file; an empty cell is not known, a 0 is none.

    The one line of a payment statement is written downwards, a figure in each row.
    """
    table = tables_of(contents)[0]
    if isinstance(contents, PaymentStatement):
        (row,) = table.rows
        pairs = zip(table.columns, row, strict=True)
        return _csv([("figure", "value"), *((column.name, plain(column, value)) for column, value in pairs)])
    return csv_of_table(table)


def csv_of_table(table: Table) -> bytes:
    """Return a table as a CSV file; what its last line sums up is left to the reader."""
    return _csv(
        [
            [column.name for column in table.columns],
            *([plain(*pair) for pair in zip(table.columns, row, strict=True)] for row in table.rows),
        ]
    )


def plain(column: Column, value: Cell) -> str:
    """Return a value as a program reads it: 3580340, 703638.00, 2018-05-04, yes."""
    if value is None:
        return column.blank
    match column.kind:
        case Kind.CENTS if isinstance(value, int):
            return plain_dollars(value)
        case Kind.YES_NO:
            return "yes" if value else "no"
        case Kind.TEXT:
            return safe(str(value))  # a reason that somebody typed is no formula
        case _:
            return str(value)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
