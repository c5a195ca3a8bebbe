"""What a filing says, as one fingerprint and as totals: both made from the loan counts by the database."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection, transaction

from connecticard.locks import share_payment_inputs
from transactions.models import Filing
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_status import FilingStatus

# The canonical JSON (connecticard.canonical_json) of one filing, written by the database:
#   {"basis":"by_month","counts":[["CT0003","2026-03",6],...],"covers":["2026-03-01","2026-08-31"],
#    "library":"CT0001","period":["2026-03-01","2026-08-31"],"provenance":"filed"}
# Counts are sorted by key, byte by byte, and month; the month of a period total is null, and so are
# loans that were not counted. {headers} gives a row for each filing (owner, library_id, first_day, last_day,
# covers, basis, provenance), {counts} one for each count (owner, home_library_id, month, loans).
_FINGERPRINTS = """
    WITH place AS MATERIALIZED (
        SELECT id, '[' || to_json(key::text)::text || ',' AS opening,
            row_number() OVER (ORDER BY key COLLATE "C")::int AS number
        FROM libraries_library
    ), header AS MATERIALIZED (
        {headers}
    ), written AS MATERIALIZED (
        SELECT counted.owner, string_agg(
            place.opening
            || CASE WHEN counted.month IS NULL THEN 'null,' ELSE
                '"' || date_part('year', counted.month)
                || CASE WHEN date_part('month', counted.month) < 10 THEN '-0' ELSE '-' END
                || date_part('month', counted.month) || '",' END
            || coalesce(counted.loans::text, 'null') || ']', ',' ORDER BY place.number, counted.month
        ) AS counts
        FROM ({counts}) AS counted JOIN place ON place.id = counted.home_library_id
        GROUP BY counted.owner
    )
    SELECT header.owner, encode(sha256(convert_to(
        '{{"basis":' || to_json(header.basis::text)::text
        || ',"counts":[' || coalesce(written.counts, '')
        || '],"covers":["' || to_char(lower(header.covers), 'YYYY-MM-DD')
        || '","' || to_char(upper(header.covers) - 1, 'YYYY-MM-DD')
        || '"],"library":' || to_json(library.key::text)::text
        || ',"period":["' || to_char(header.first_day, 'YYYY-MM-DD')
        || '","' || to_char(header.last_day, 'YYYY-MM-DD')
        || '"],"provenance":' || to_json(header.provenance::text)::text || '}}', 'UTF8'
    )), 'hex') AS sha256
    FROM header
    JOIN libraries_library library ON library.id = header.library_id
    LEFT JOIN written ON written.owner = header.owner
"""

_STORED_HEADERS = """
    SELECT filing.id AS owner, filing.library_id, period.first_day, period.last_day, filing.covers,
        filing.basis, filing.provenance
    FROM transactions_filing filing JOIN transactions_filingperiod period ON period.id = filing.period_id
    WHERE filing.id = ANY(%(filings)s)
"""

_STORED_COUNTS = """
    SELECT filing_id AS owner, home_library_id, month, loans
    FROM transactions_loancount WHERE filing_id = ANY(%(filings)s)
"""


def fingerprint_query(*, headers: str, counts: str) -> str:
    """Return the query that gives (owner, sha256) for filings described by two queries."""
    return _FINGERPRINTS.format(headers=headers, counts=counts)


def filing_fingerprint(filing_id: int) -> str:
    """Return the SHA-256 of what a filing says: the same for the same facts on any machine.

    It covers the library's key, the first and the last day of the period and of the days covered, whether the
    counts are by month, where they come from, and every count. It leaves out people, times, the version and
    ids of this database, so that two versions that say the same have the same fingerprint.
    """
    return filing_fingerprints([filing_id])[filing_id]


def filing_fingerprints(filing_ids: Iterable[int]) -> dict[int, str]:
    """Return the fingerprint of what each filing says, by id, in one query."""
    query = fingerprint_query(headers=_STORED_HEADERS, counts=_STORED_COUNTS)
    with connection.cursor() as cursor:
        cursor.execute(query, {"filings": list(filing_ids)})
        return dict(cursor.fetchall())


def filing_content(filing: Filing) -> dict[str, Any]:
    """Return what a filing says as a value: the SHA-256 of its canonical JSON is the filing's fingerprint.

    A count that the library does not have is None.
    """
    counts = filing.loan_counts.values_list("home_library__key", "month", "loans")
    return {
        "library": filing.library.key,
        "period": _days(filing.period.span),
        "covers": _days(filing.covers_span),
        "basis": filing.basis,
        "provenance": filing.provenance,
        "counts": [
            [key, month and f"{month:%Y-%m}", loans]
            for key, month, loans in sorted(
                counts, key=lambda count: (count[0].encode(), count[1] or date.min)
            )
        ],
    }


def _days(span: Span) -> list[str]:
    return [span.first_day.isoformat(), span.last_day.isoformat()]


def derive_totals(filing_ids: Iterable[int]) -> None:
    """Make the totals of filings from their counts; what stood before for them is replaced.

    A home library without loans gets no row.
    """
    filings = {"filings": list(filing_ids)}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM transactions_filingtotal WHERE filing_id = ANY(%(filings)s)", filings)
        cursor.execute(
            """
            INSERT INTO transactions_filingtotal (filing_id, home_library_id, loans)
            SELECT filing_id, home_library_id, sum(loans)
            FROM transactions_loancount WHERE filing_id = ANY(%(filings)s)
            GROUP BY filing_id, home_library_id HAVING sum(loans) > 0
            ORDER BY filing_id, home_library_id
            """,
            filings,
        )


@transaction.atomic
def rebuild_totals() -> tuple[int, int]:
    """Make the totals of all certified filings again; return how many rows were and how many are.

    Payments never rest on totals, so that nothing is certified anew; what-if reads them.
    """
    share_payment_inputs()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM transactions_filingtotal")
        before = cursor.rowcount
        # A filing that is certified meanwhile has made its totals itself
        cursor.execute(
            """
            INSERT INTO transactions_filingtotal (filing_id, home_library_id, loans)
            SELECT filing_id, home_library_id, sum(loans)
            FROM transactions_loancount
            WHERE filing_id IN (SELECT id FROM transactions_filing WHERE status = %s)
            GROUP BY filing_id, home_library_id HAVING sum(loans) > 0
            ORDER BY filing_id, home_library_id
            ON CONFLICT (filing_id, home_library_id) DO NOTHING
            """,
            [FilingStatus.CERTIFIED.value],
        )
        return before, cursor.rowcount
