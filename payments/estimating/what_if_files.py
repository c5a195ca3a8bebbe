"""The answer to a what-if question as a file, which says the question and that it is no payment."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import openpyxl
from django.utils.translation import gettext, gettext_noop
from openpyxl.styles import Font

from connecticard.templatetags.figures import count, dollars, rate, signed_cents, signed_count
from payments.estimating.what_if import Outcome
from payments.rules.cents import plain_dollars

NOTICE = gettext_noop("A what-if, not a payment: nothing here is certified, and nobody is paid by it.")
COLUMNS = (
    "library",
    "name",
    "loans_now",
    "loans_then",
    "borrows_now",
    "borrows_then",
    "net_plus_now",
    "net_plus_then",
    "withheld_now",
    "withheld_then",
    "payment_now",
    "payment_then",
    "difference",
)
_FIRST_AMOUNT = COLUMNS.index("withheld_now")


def csv_of(outcome: Outcome, heading: Iterable[tuple[str, str]], names: Mapping[str, str]) -> bytes:
    """Return the answer as CSV: what is asked in the first lines, a blank one, then a line a library."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows(heading)
    writer.writerow([])
    writer.writerow(COLUMNS)
    for row in _rows(outcome, names):
        writer.writerow(
            [
                "" if cell is None else plain_dollars(cell) if place >= _FIRST_AMOUNT else cell
                for place, cell in enumerate(row)
            ]
        )
    return text.getvalue().encode()


def xlsx_of(outcome: Outcome, heading: Iterable[tuple[str, str]], names: Mapping[str, str]) -> bytes:
    """Return the answer as an Excel file: a sheet with the question and the sums, one with the libraries."""
    book = openpyxl.Workbook()
    question = book.active
    question.title = "Question"
    sums = ("", "now", "then", "difference"), *sums_in_words(outcome)
    for cells_of_row in (*heading, ("", ""), *sums):
        question.append(cells_of_row)
    question.column_dimensions["A"].width = 24
    for letter in "BCD":
        question.column_dimensions[letter].width = 26
    sheet = book.create_sheet("Libraries")
    sheet.append(COLUMNS)
    for row in _rows(outcome, names):
        sheet.append(
            [
                Decimal(cell) / 100 if place >= _FIRST_AMOUNT and cell is not None else cell
                for place, cell in enumerate(row)
            ]
        )
        for place in range(_FIRST_AMOUNT, len(COLUMNS)):
            sheet.cell(sheet.max_row, place + 1).number_format = "#,##0.00"
    for cell in (question["A1"], *sheet[1]):
        cell.font = Font(bold=True)
    for each in (question, sheet):
        for cells in each.iter_rows():
            for cell in cells:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # a name may begin with "=", and is no formula
    for column, name in zip(sheet.columns, COLUMNS, strict=True):
        longest = max(len(str(cell.value or "")) for cell in column)
        sheet.column_dimensions[column[0].column_letter].width = min(50, max(len(name), longest) + 2)
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = sheet.dimensions
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sums_in_words(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """Return the pools, rates and sums: what each is, now, then, and the difference."""
    now, then = outcome.now, outcome.then
    weight = gettext("Net-plus loans of towns") if outcome.by_town else gettext("Net-plus loans")

    def money(words: str, name: str) -> tuple[str, str, str, str]:
        was, would_be = getattr(now, name), getattr(then, name)
        return words, dollars(was), dollars(would_be), signed_cents(would_be - was)

    def number(words: str, name: str) -> tuple[str, str, str, str]:
        was, would_be = getattr(now, name), getattr(then, name)
        return words, count(was), count(would_be), signed_count(would_be - was)

    def each(words: str, name: str) -> tuple[str, str, str, str]:
        was, would_be = Decimal(getattr(now, name)), Decimal(getattr(then, name))
        more = would_be - was
        return words, rate(was), rate(would_be), f"{'+' if more > 0 else ''}{rate(more)}"

    return [
        money(gettext("Divided"), "appropriation_cents"),
        money(gettext("Transactions pool"), "transactions_pool_cents"),
        number(gettext("Loans that divide it"), "loans"),
        each(gettext("Rate a loan"), "per_loan"),
        money(gettext("Net-plus pool"), "net_plus_pool_cents"),
        number(weight, "net_plus"),
        each(gettext("Rate a net-plus loan"), "per_net_plus"),
        money(gettext("Paid"), "paid_cents"),
        money(gettext("Withheld"), "withheld_cents"),
        money(gettext("Undistributed"), "undistributed_cents"),
        number(gettext("Libraries with a line"), "libraries"),
    ]


def _rows(outcome: Outcome, names: Mapping[str, str]) -> Iterable[Sequence[Any]]:
    for line in outcome.lines:
        yield [
            line.key,
            names[line.key],
            *(
                getattr(side, figure) if side else None
                for figure in ("loans", "borrows", "net_plus", "withheld_cents", "payment_cents")
                for side in (line.now, line.then)
            ),
            line.difference_cents,
        ]
