"""The tables of each document, the main one first."""

from functools import singledispatch

from reports.contents import (
    CorrectionPaper,
    DeliveryVolume,
    ExpenditureSummary,
    ParticipatingLibraries,
    PaymentList,
    PaymentStatement,
    UseReport,
)
from reports.tables import annual_reports, delivery, payment_run
from reports.tables.table import Cell, Column, Difference, Kind, Row, Table, WrittenCell, differences

__all__ = [
    "Cell",
    "Column",
    "Difference",
    "Kind",
    "Row",
    "Table",
    "WrittenCell",
    "differences",
    "table_of",
    "tables_of",
]


@singledispatch
def tables_of(contents: object) -> tuple[Table, ...]:
    """Return the tables of a document's contents, the main one first; TypeError where it has none."""
    raise TypeError(f"no tables are defined for {type(contents).__name__}")


def table_of(contents: object, name: str) -> Table:
    """Return one table of a document's contents; KeyError where it has none of that name."""
    return {table.name: table for table in tables_of(contents)}[name]


tables_of.register(UseReport)(annual_reports.use_report)
tables_of.register(ParticipatingLibraries)(annual_reports.participating_libraries)
tables_of.register(ExpenditureSummary)(annual_reports.expenditure_summary)
tables_of.register(PaymentStatement)(payment_run.payment_statement)
tables_of.register(PaymentList)(payment_run.payment_list)
tables_of.register(CorrectionPaper)(payment_run.correction_statement)
tables_of.register(DeliveryVolume)(delivery.delivery_volume)
