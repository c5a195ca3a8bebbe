"""The payment file for the Comptroller: one line for each payment, control totals, a checksum.

UTF-8 without a mark, lines end CRLF, one header. Then a row for each payment; a row TOTAL with the number of
lines and their sum in dollars and in cents; a row SHA256 with the checksum of every byte before that row.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from payments.rules.cents import plain_dollars

COLUMNS = (
    "batch_id",
    "line_id",
    "payee",
    "payee_kind",
    "vendor_number",
    "amount",
    "amount_cents",
    "order_number",
    "order_date",
    "fiscal_year",
    "library",
    "library_name",
)
TOTAL = "TOTAL"
CHECKSUM = "SHA256"


@dataclass(frozen=True)
class FileLine:
    """One payment as the file says it; `library` is the one whose payment it is, by its key."""

    code: str
    payee: str
    payee_kind: str
    vendor_number: str
    cents: int
    library: str
    library_name: str


def payment_file(
    code: str, lines: Sequence[FileLine], *, order_number: str, order_date: date, fiscal_year: int
) -> bytes:
    """Return the file of a batch; the same arguments give the same bytes."""
    total = sum(line.cents for line in lines)
    rows = [
        (
            code,
            line.code,
            line.payee,
            line.payee_kind,
            line.vendor_number,
            plain_dollars(line.cents),
            line.cents,
            order_number,
            order_date.isoformat(),
            fiscal_year,
            line.library,
            line.library_name,
        )
        for line in lines
    ]
    summed = (TOTAL, len(lines), "", "", "", plain_dollars(total), total, "", "", "", "", "")
    body = csv_bytes([COLUMNS, *rows, summed])
    return body + csv_bytes([(CHECKSUM, sha256(body).hexdigest(), *[""] * (len(COLUMNS) - 2))])


def csv_bytes(rows: Sequence[Sequence[object]]) -> bytes:
    """Return rows as CSV, in UTF-8 with CRLF."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
