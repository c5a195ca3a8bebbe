"""The files from which anybody can work a run out again: inputs, payments, the manifest, and all in one.

The same run gives the same bytes again. The inputs, hundreds of thousands of rows in a year, are never in
memory whole.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from connecticard.canonical_json import canonical_json
from libraries.models import Library, LibraryName
from payments.models import PaymentRun
from payments.proving.frozen_run import FiledDays, FrozenRun, filed_days
from payments.proving.manifest import manifest_of
from payments.rules.cents import plain_dollars
from transactions.rules.filing_calendar import Span

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

INPUT_COLUMNS = (
    "filing",
    "lender",
    "lender_name",
    "home_library",
    "home_library_name",
    "month",
    "first_day",
    "last_day",
    "loans",
    "counted",
)

# One row for each month of each filing, with all its counts in one cell: what is left to do for each count
# alone is done in C. Neither mark stands in a name.
_COUNTS = """
    COPY (
        SELECT filed.number, count.month,
            string_agg(home.cells || E'\\x01' || coalesce(count.loans::text, ''), E'\\x02')
        FROM unnest(%(filings)s::bigint[]) WITH ORDINALITY AS filed (id, number)
        JOIN transactions_loancount count ON count.filing_id = filed.id
        JOIN unnest(%(libraries)s::bigint[], %(cells)s::text[]) AS home (id, cells)
            ON home.id = count.home_library_id
        GROUP BY filed.number, count.month
        ORDER BY filed.number, count.month
    ) TO STDOUT
"""
_NO_MONTH = b"\\N"


def file_name(run: PaymentRun, what: str) -> str:
    """Return the name of one of a run's files, such as 2018-1-inputs.csv."""
    return f"{run.fiscal_year}-{run.number}-{what}"


def inputs_csv(run: PaymentRun) -> Iterator[bytes]:
    """Yield the CSV of every count that the run rests on, by filing, month and home library, in blocks.

    What a filing says of months in which its library did not take part stands there as well, marked: without
    it nobody could work out the filing's fingerprint. An empty cell: the library has no count.
    """
    filings = filed_days(run)
    names = _names(run)
    ids = {
        "filings": [filed.filing_id for filed in filings],
        "libraries": list(names),
        "cells": [_cells(*names[pk]).decode() for pk in names],
    }
    blocks, size = [_cells(*INPUT_COLUMNS) + b"\n"], 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")  # to group and sort in memory
        with cursor.copy(_COUNTS, ids) as copy:
            for row in copy:
                number, month, counts = bytes(row).rstrip(b"\n").replace(rb"\\", b"\\").split(b"\t")
                filed = filings[int(number) - 1]
                beginning = b"%s,%s," % (number, _cells(*names[filed.library_id]))
                days, end = _days(filed, month)
                lines = sorted(counts.split(b"\x02"))  # each begins with the key of the home library
                joined = (end + beginning).join(lines).replace(b"\x01", days)
                blocks.append(beginning + joined + end)
                size += len(blocks[-1])
                if size >= BLOCK:
                    yield b"".join(blocks)
                    blocks, size = [], 0
    yield b"".join(blocks)


def _names(run: PaymentRun) -> dict[int, tuple[str, str]]:
    """Return key and name of every library by id; the name is the one of the last day measured."""
    former = LibraryName.objects.borne_on(run.measured.last_day)
    return {
        pk: (key, former.get(pk, name)) for pk, key, name in Library.objects.values_list("pk", "key", "name")
    }


def _cells(*cells: object) -> bytes:
    """Return cells as a part of a line of CSV, without its end."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue().encode()


def _days(filed: FiledDays, month: bytes) -> tuple[bytes, bytes]:
    """Return the cells between home library and loans, and the end of the line, for a month of a filing."""
    days = filed.covers
    if month != _NO_MONTH:
        days = Span.of_month(date.fromisoformat(month.decode())).intersection(days) or days
    counts = any(span.covers(days) for span in filed.counted)
    name = "" if month == _NO_MONTH else month[:7].decode()
    return b",%s," % _cells(name, days.first_day, days.last_day), b",yes\n" if counts else b",no\n"


def payments_csv(run: PaymentRun) -> bytes:
    """Return the CSV of the run's lines as they are on record: amounts in dollars."""
    frozen = FrozenRun.of(run)
    names = _names(run)
    text = io.StringIO(newline="")
    write = csv.writer(text, lineterminator="\n").writerow
    write(PAYMENT_COLUMNS)
    for line in frozen.payments:
        write(
            (
                *names[line.library_id],
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
