"""The Comptroller's result file as rows: what became of each line, and the totals by which none is missing.

Columns `batch_id`, `line_id`, `status`, `date`, `reference`, `amount`, in any order; others are not read.
The last row has TOTAL as its batch id, the number of rows before it as its line id, and the sum of their
amounts. A row whose status, date and reference are blank is a payment of which nothing is known yet.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from payments.disbursing.payment_file import TOTAL, csv_bytes
from payments.models import PaymentBatchLine, ResultStatus
from payments.rules.cents import dollars, parse_dollars, plain_dollars
from transactions.uploads.tables import Row, TableRefused, open_tables, text_of

COLUMNS = ("batch_id", "line_id", "status", "date", "reference", "amount")
LARGEST_FILE = 1_000_000  # bytes; a file of all libraries has some 20,000
LONGEST_REFERENCE = 60

_AMOUNT = re.compile(r"\$?([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]{1,2})?")


@dataclass(frozen=True)
class Problem:
    """What in the file cannot be taken over: where, what, how to mend it."""

    where: str
    what: str
    cure: str


@dataclass(frozen=True)
class ResultRow:
    """One row; `status` None where nothing is known of the payment yet."""

    where: str
    batch: str
    line: str
    status: ResultStatus | None
    on: date | None
    reference: str
    cents: int


def read_results(content: bytes) -> tuple[list[ResultRow], list[Problem]]:
    """Return the rows of a CSV or XLSX file that can be read, and each that cannot; a file cut short too.

    Raises TableRefused where the file is no such table.
    """
    with open_tables(content) as tables:
        table = [(line, cells) for line, cells in tables[0].rows() if any(map(text_of, cells))]
    columns = _columns(table)
    rows: list[ResultRow] = []
    problems: list[Problem] = []
    totals: list[tuple[str, dict[str, str]]] = []
    for line, cells in table[1:]:
        cell = {name: text_of(cells[place]) if place < len(cells) else "" for name, place in columns.items()}
        where = f"Line {line}"
        if cell["batch_id"].upper() == TOTAL:
            totals.append((where, cell))
            continue
        row = _row(where, cell)
        if isinstance(row, Problem):
            problems.append(row)
        else:
            rows.append(row)
        if totals:
            problems.append(
                Problem(
                    where, "It stands after the row TOTAL.", "Put TOTAL last, with the totals of all rows."
                )
            )
    problems += _problems_of_totals(totals, len(table) - 1 - len(totals), rows, bool(problems))
    return rows, problems


def template(lines: Sequence[PaymentBatchLine]) -> bytes:
    """Return a result file to fill in: a row for each of these lines, with its amount, and the totals."""
    rows = [
        (line.batch.code, line.code, "", "", "", plain_dollars(line.cents), line.payee_name) for line in lines
    ]
    total = (TOTAL, len(lines), "", "", "", plain_dollars(sum(line.cents for line in lines)), "")
    return csv_bytes([(*COLUMNS, "payee"), *rows, total])


def _columns(table: Sequence[Row]) -> dict[str, int]:
    headings = [text_of(cell).lower().replace(" ", "_") for cell in table[0][1]] if table else []
    missing = [column for column in COLUMNS if headings.count(column) != 1]
    if missing:
        raise TableRefused(
            f"The first line must have each of these headings once: {', '.join(COLUMNS)}. "
            f"Missing or repeated: {', '.join(missing)}. Begin with the template of the batch."
        )
    return {column: headings.index(column) for column in COLUMNS}


def _row(where: str, cell: dict[str, str]) -> ResultRow | Problem:
    try:
        cents = _cents(cell["amount"])
    except ValueError:
        return Problem(
            where,
            f"The amount “{cell['amount']}” cannot be read.",
            "Write dollars and cents, such as 1234.50.",
        )
    if not any(cell[name] for name in ("status", "date", "reference")):
        return ResultRow(where, cell["batch_id"], cell["line_id"], None, None, "", cents)
    if cell["status"].lower() not in list(ResultStatus):
        return Problem(where, f"“{cell['status']}” is no status.", "Write paid or returned.")
    on = _day(cell["date"])
    if on is None:
        return Problem(
            where,
            f"The date “{cell['date']}” cannot be read.",
            "Write the day of the payment or of its return, such as 2027-05-03.",
        )
    if not cell["reference"] or len(cell["reference"]) > LONGEST_REFERENCE:
        return Problem(
            where,
            "The reference is missing." if not cell["reference"] else "The reference is too long.",
            f"Write the Comptroller's number of the payment, at most {LONGEST_REFERENCE} characters.",
        )
    status = ResultStatus(cell["status"].lower())
    return ResultRow(where, cell["batch_id"], cell["line_id"], status, on, cell["reference"], cents)


def _problems_of_totals(
    totals: Sequence[tuple[str, dict[str, str]]], count: int, rows: Sequence[ResultRow], unread: bool
) -> list[Problem]:
    if not totals:
        return [
            Problem(
                "End of the file",
                "The row TOTAL is missing, so rows may have been cut off.",
                "Ask for the whole file, or add TOTAL with the number of rows and the sum of their amounts.",
            )
        ]
    if len(totals) > 1:
        return [Problem(totals[1][0], "There is a second row TOTAL.", "Keep one, at the end.")]
    where, cell = totals[0]
    problems = []
    if cell["line_id"] != str(count):
        problems.append(
            Problem(
                where,
                f"TOTAL says {cell['line_id'] or 'nothing of how many'} rows, and the file has {count}.",
                "Ask for the whole file: a row was cut off or added.",
            )
        )
    try:
        cents = _cents(cell["amount"])
    except ValueError:
        return [
            *problems,
            Problem(where, "The sum cannot be read.", "Write dollars and cents, such as 1234.50."),
        ]
    summed = sum(row.cents for row in rows)
    if cents != summed and not unread:
        problems.append(
            Problem(
                where,
                f"TOTAL says {dollars(cents)}, and the rows add up to {dollars(summed)}.",
                "Ask for the whole file: an amount was changed, or a row cut off or added.",
            )
        )
    return problems


def _cents(text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return parse_dollars(found[1].replace(",", "") + (found[2] or ""))


def _day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no time and no zone
        except ValueError:
            continue
    return None
