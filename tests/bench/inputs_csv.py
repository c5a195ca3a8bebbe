"""The inputs of a year's run as CSV, with names and in order, against COPY of the same counts with names.

The floor joins the names and writes what it finds as it comes; ours sorts, marks what counts, and numbers the
filings, so that the same run gives the same bytes again.
"""

import tracemalloc
from collections.abc import Iterable
from datetime import date

from django.db import connection

from connecticard.models import User
from payments.models import Appropriation, PaymentRun
from payments.proving.run_files import inputs_csv
from tests.bench.measure import Measurement, paired
from tests.bench.synthetic import make_years

FISCAL_YEAR = 2027
MOST_MEMORY = 16 * 1024 * 1024  # for a few thousand filings; the counts would take several times as much

FLOOR = """
    COPY (
        SELECT lender.key, lender.name, home.key, home.name, count.month, count.loans
        FROM payments_countedfiling counted
        JOIN transactions_filing filing ON filing.id = counted.filing_id
        JOIN transactions_loancount count ON count.filing_id = filing.id
        JOIN libraries_library lender ON lender.id = filing.library_id
        JOIN libraries_library home ON home.id = count.home_library_id
        WHERE counted.run_id = %s
    ) TO STDOUT WITH (FORMAT csv, HEADER)
"""


def make_run() -> PaymentRun:
    """Put a run on record that counts every filing of the year; its lines play no part here."""
    person = User.objects.get(email="bench@example.org")
    run = PaymentRun.objects.create(
        appropriation=Appropriation.objects.create(fiscal_year=FISCAL_YEAR, cents=1, act="Bench"),
        fiscal_year=FISCAL_YEAR,
        number=1,
        prepared_by=person,
        prepared_at="2027-04-01T12:00:00Z",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_countedfiling (run_id, filing_id, counted) "
            "SELECT %s, id, covers FROM transactions_filing WHERE lower(covers) >= %s",
            [run.pk, date(FISCAL_YEAR - 1, 3, 1)],
        )
        cursor.execute("ANALYZE")
    return run


def floor(run: PaymentRun) -> int:
    """Return the bytes of the plain export, read block by block as ours are."""
    with connection.cursor() as cursor, cursor.copy(FLOOR, [run.pk]) as copy:
        return sum(len(block) for block in copy)


def run() -> Iterable[Measurement]:
    rows = make_years([FISCAL_YEAR])
    of = make_run()
    assert sum(block.count(b"\n") for block in inputs_csv(of)) == rows + 1, "a row for each count"
    tracemalloc.start()
    for _ in inputs_csv(of):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_MEMORY, f"memory must not grow with the counts, and reached {peak:,} bytes"
    yield paired(
        f"the inputs of a run as CSV, {rows:,} counts, against COPY with names",
        ours=lambda: sum(len(block) for block in inputs_csv(of)),
        floor=lambda: floor(of),
        goal=0.8,
        at_most=False,
        rate=True,
    )
