"""The figures of each document as CSV: UTF-8, one header, amounts in dollars with two decimals."""

import csv
import io
from collections.abc import Iterable, Sequence
from functools import singledispatch

from payments.rules.cents import plain_dollars
from reports.contents import (
    CorrectionPaper,
    DocumentContents,
    ExpenditureSummary,
    ParticipatingLibraries,
    PaymentList,
    PaymentStatement,
    UseReport,
)

Row = Sequence[object]


def csv_of(contents: DocumentContents) -> bytes:
    """Return a document's figures as a CSV file; an empty cell is not known, a 0 is none."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(
        ["" if cell is None else cell for cell in row] for row in _rows(contents)
    )
    return text.getvalue().encode()


@singledispatch
def _rows(contents: object) -> Iterable[Row]:
    raise TypeError(f"no CSV is defined for {type(contents).__name__}")


@_rows.register
def _(statement: PaymentStatement) -> Iterable[Row]:
    yield "figure", "value"
    yield "library", statement.library_key
    yield "name", statement.library_name
    yield "fiscal_year", statement.run.fiscal_year
    yield "measured_from", statement.run.measured_from
    yield "measured_to", statement.run.measured_to
    yield "loans", "n/c" if statement.loans is None else statement.loans
    yield "borrows", statement.borrows
    yield "net_plus", statement.net_plus
    yield "transactions_share", plain_dollars(statement.transactions.share_cents)
    yield "net_plus_share", plain_dollars(statement.net_plus_division.share_cents)
    yield "payment", plain_dollars(statement.payment_cents)
    yield "withheld", plain_dollars(statement.withheld_cents)
    yield "estimated", "yes" if statement.run.estimate else "no"
    if statement.change:
        yield "payment_the_year_before", plain_dollars(statement.change.before_cents)
        for cause in statement.change.causes:
            yield f"change_by_{cause.cause}", plain_dollars(cause.cents)


@_rows.register
def _(payments: PaymentList) -> Iterable[Row]:
    yield (
        "library",
        "name",
        "loans",
        "borrows",
        "net_plus",
        "transactions_share",
        "net_plus_share",
        "payment",
        "withheld",
        "unmet",
    )
    for line in payments.lines:
        yield (
            line.library_key,
            line.library_name,
            "n/c" if line.loans is None else line.loans,
            line.borrows,
            line.net_plus,
            plain_dollars(line.transactions_share_cents),
            plain_dollars(line.net_plus_share_cents),
            plain_dollars(line.payment_cents),
            plain_dollars(line.withheld_cents),
            "; ".join(unmet.citation for unmet in line.unmet),
        )


@_rows.register
def _(use: UseReport) -> Iterable[Row]:
    yield "library", "name", "town", "participating", "loans", "loans_a_year_before", "borrows", "net_plus"
    for line in use.lines:
        yield (
            line.library_key,
            line.library_name,
            line.town,
            "yes" if line.participating else "no",
            line.loans,
            line.loans_a_year_before,
            line.borrows,
            line.net_plus,
        )


@_rows.register
def _(participants: ParticipatingLibraries) -> Iterable[Row]:
    yield "library", "name", "town", "also_serves", "since"
    for line in participants.lines:
        yield line.library_key, line.library_name, line.town, "; ".join(line.also_serves), line.since


@_rows.register
def _(summary: ExpenditureSummary) -> Iterable[Row]:
    yield "library", "name", "received", "spent", "held", "certified_on"
    for line in summary.lines:
        yield (
            line.library_key,
            line.library_name,
            plain_dollars(line.received_cents),
            None if line.spent_cents is None else plain_dollars(line.spent_cents),
            None if line.held_cents is None else plain_dollars(line.held_cents),
            line.certified_on,
        )


@_rows.register
def _(correction: CorrectionPaper) -> Iterable[Row]:
    yield (
        "library",
        "name",
        "loans_certified",
        "loans_corrected",
        "borrows_certified",
        "borrows_corrected",
        "share_certified",
        "share_last_stated",
        "share_corrected",
        "difference",
        "total_difference",
        "settlement",
    )
    for line in correction.lines:
        yield (
            line.library_key,
            line.library_name,
            line.loans_before,
            line.loans,
            line.borrows_before,
            line.borrows,
            plain_dollars(line.certified_cents),
            plain_dollars(line.stated_cents),
            plain_dollars(line.corrected_cents),
            plain_dollars(line.difference_cents),
            plain_dollars(line.total_cents),
            line.settlement,
        )
