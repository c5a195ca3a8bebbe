"""The files from which anybody can work a run out again: inputs, payments, the manifest, and all in one.

The same run gives the same bytes again. The inputs, hundreds of thousands of rows in a year, are never in
memory whole.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connection

from connecticard.canonical_json import canonical_json
from libraries.models import LibraryName
from payments.frozen_run import FrozenRun
from payments.manifest import manifest_of
from payments.models import PaymentRun
from payments.rules.cents import plain_dollars

SCRIPT = Path(settings.BASE_DIR) / "docs" / "recompute_payments.py"
GUIDE = Path(settings.BASE_DIR) / "docs" / "auditing.md"
BLOCK = 64 * 1024
PAYMENT_COLUMNS = (
    "library",
    "name",
    "loans",
    "borrows",
    "net_plus",
    "transactions_share",
    "net_plus_share",
    "payment",
    "withheld",
)

# A row for each count of each filing of the run. What a filing says of months in which its library did not
# take part stands there as well, marked: without it nobody could work out the filing's fingerprint.
_INPUTS = """
    COPY (
        WITH place AS MATERIALIZED (
            SELECT library.id, library.key, coalesce(former.name, library.name) AS name,
                row_number() OVER (ORDER BY library.key COLLATE "C")::int AS number
            FROM libraries_library library
            LEFT JOIN libraries_libraryname former
                ON former.library_id = library.id AND former.valid @> %(day)s::date
        ), filed AS MATERIALIZED (
            SELECT filing.id, lower(filing.covers) AS first_day, upper(filing.covers) - 1 AS last_day,
                range_agg(counted.counted) AS counted, place.key, place.name,
                row_number() OVER (ORDER BY place.number, filing.covers)::int AS place
            FROM payments_countedfiling counted
            JOIN transactions_filing filing ON filing.id = counted.filing_id
            JOIN place ON place.id = filing.library_id
            WHERE counted.run_id = %(run)s
            GROUP BY filing.id, place.number, place.key, place.name
        ), of_month AS MATERIALIZED (
            SELECT filed.id, month::date,
                greatest(month::date, first_day) AS first_day,
                least((month + interval '1 month')::date - 1, last_day) AS last_day
            FROM filed CROSS JOIN LATERAL
                generate_series(date_trunc('month', first_day), last_day, interval '1 month') AS month
            UNION ALL
            SELECT id, NULL, first_day, last_day FROM filed
        ), days AS MATERIALIZED (
            SELECT of_month.*, row_number() OVER (ORDER BY filed.place, of_month.month)::int AS number,
                filed.place, filed.key, filed.name,
                CASE WHEN filed.counted @> daterange(of_month.first_day, of_month.last_day, '[]')
                    THEN 'yes' ELSE 'no' END AS counts
            FROM of_month JOIN filed ON filed.id = of_month.id
        )
        SELECT days.place AS filing, days.key AS lender, days.name AS lender_name,
            home.key AS home_library, home.name AS home_library_name,
            to_char(days.month, 'YYYY-MM') AS month, days.first_day, days.last_day,
            count.loans, days.counts AS counted
        FROM days
        JOIN transactions_loancount count
            ON count.filing_id = days.id AND count.month IS NOT DISTINCT FROM days.month
        JOIN place home ON home.id = count.home_library_id
        ORDER BY days.number, home.number
    ) TO STDOUT WITH (FORMAT csv, HEADER)
"""


def file_name(run: PaymentRun, what: str) -> str:
    """Return the name of one of a run's files, such as 2018-1-inputs.csv."""
    return f"{run.fiscal_year}-{run.number}-{what}"


def inputs_csv(run: PaymentRun) -> Iterator[bytes]:
    """Yield the CSV of every count that the run rests on, by lender, month and home library, in blocks.

    A count that the library does not have is an empty cell.
    """
    waiting, size = [], 0
    with (
        connection.cursor() as cursor,
        cursor.copy(_INPUTS, {"run": run.pk, "day": run.measured.last_day}) as copy,
    ):
        for row in copy:
            waiting.append(bytes(row))
            size += len(waiting[-1])
            if size >= BLOCK:
                yield b"".join(waiting)
                waiting, size = [], 0
    yield b"".join(waiting)


def payments_csv(run: PaymentRun) -> bytes:
    """Return the CSV of the run's lines as they are on record: amounts in dollars."""
    frozen = FrozenRun.of(run)
    former = LibraryName.objects.borne_on(run.measured.last_day)
    text = io.StringIO(newline="")
    write = csv.writer(text, lineterminator="\n").writerow
    write(PAYMENT_COLUMNS)
    for line in frozen.payments:
        write(
            (
                line.library.key,
                former.get(line.library_id, line.library.name),
                line.loans,
                line.borrows,
                line.net_plus,
                plain_dollars(line.transactions_share_cents),
                plain_dollars(line.net_plus_share_cents),
                plain_dollars(line.payment_cents),
                plain_dollars(line.withheld_cents),
            )
        )
    return text.getvalue().encode()


def manifest_json(run: PaymentRun) -> bytes:
    """Return the manifest as canonical JSON, with the hashes of the other files."""
    inputs = hashlib.sha256()
    for block in inputs_csv(run):
        inputs.update(block)
    return _manifest(run, inputs.hexdigest(), payments_csv(run))


def _manifest(run: PaymentRun, inputs_sha256: str, payments: bytes) -> bytes:
    files = {
        file_name(run, "inputs.csv"): inputs_sha256,
        file_name(run, "payments.csv"): hashlib.sha256(payments).hexdigest(),
    }
    return canonical_json(manifest_of(FrozenRun.of(run), files))


@cache
def script() -> bytes:
    """Return the program that works a run out again from the files."""
    return SCRIPT.read_bytes()


def proof_zip(run: PaymentRun) -> Iterator[bytes]:
    """Yield a ZIP of all files of a run, with the program and its guide, in blocks."""
    out = _Unread()
    digest = hashlib.sha256()
    with zipfile.ZipFile(out, "w") as archive:
        with archive.open(_member(file_name(run, "inputs.csv")), "w", force_zip64=True) as member:
            for block in inputs_csv(run):
                digest.update(block)
                member.write(block)
                yield from out.take()
        payments = payments_csv(run)
        manifest = _manifest(run, digest.hexdigest(), payments)
        for name, content in (
            (file_name(run, "payments.csv"), payments),
            (file_name(run, "manifest.json"), manifest),
            (SCRIPT.name, script()),
            (GUIDE.name, GUIDE.read_bytes()),
        ):
            archive.writestr(_member(name), content)
            yield from out.take()
    yield from out.take()


def _member(name: str) -> zipfile.ZipInfo:
    """Return an entry that does not say when, by whom and on what system it was made."""
    member = zipfile.ZipInfo(name)  # dated January 1, 1980
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3
    member.external_attr = 0o644 << 16
    return member


class _Unread(io.RawIOBase):
    """A file that only grows, and gives what was written since it was last asked."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, block: Iterable[int]) -> int:  # type: ignore[override]
        self._blocks.append(bytes(block))
        return len(self._blocks[-1])

    def take(self) -> Iterator[bytes]:
        """Yield what waits, if anything."""
        if self._blocks:
            yield b"".join(self._blocks)
            self._blocks = []
