"""Made-up counts in the size of the real program: every library, every month, most home libraries."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from django.db import connection

from connecticard.models import User
from libraries.models import Library
from libraries.roster import load_roster
from transactions.rules.filing_calendar import Span
from transactions.towns_served import towns_served

HOME_LIBRARIES = 168


def make_years(years: Iterable[int]) -> int:
    """Put certified monthly filings of every library on record for these program years; return the rows.

    Constraints are not checked row by row while they are made: the rows are right by construction.
    """
    if not User.objects.filter(email="bench@example.org").exists():
        load_roster()
        User.objects.create_user("bench@example.org", name="Bench")
    rows = 0
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for year in years:
            rows += _make_year(cursor, year)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")
    return rows


def make_filings(cursor: Any, year: int) -> tuple[date, date]:
    """Make a certified filing of each library for each month of a program year, without counts.

    Return the first day of the year and the first day after it.
    """
    first, last = date(year - 1, 3, 1), date(year, 3, 1)
    cursor.execute(
        """
        INSERT INTO transactions_filingperiod
            (cadence, first_day, last_day, opens_on, due_on, law_due_on, accepted_until, closes_on)
        SELECT 'monthly', month, month + interval '1 month - 1 day', month,
               month + interval '1 month 10 days', month + interval '1 month 10 days',
               month + interval '1 month 20 days', month + interval '2 months'
        FROM generate_series(%s::date, %s::date - 1, interval '1 month') AS month
        """,
        [first, last],
    )
    cursor.execute(
        """
        INSERT INTO transactions_filing
            (library_id, period_id, version, status, basis, covers, form_edition, provenance, provenance_note,
             amends_because, returned_because, created_at, first_submitted_at, submitted_at, submitted_by_id,
             certified_at, certified_by_id, attestation, sha256, nothing_lent, revision)
        SELECT library.id, period.id, 1, 'certified', 'by_month',
               daterange(period.first_day, period.last_day, '[]'), 'bench', 'filed', '',
               '', '', now(), now(), now(), person.id,
               now(), person.id, 'bench', md5(library.key || period.first_day) || md5(period.first_day::text),
               false, 1
        FROM libraries_library library, transactions_filingperiod period, connecticard_user person
        WHERE period.first_day >= %s AND period.first_day < %s AND person.email = 'bench@example.org'
        """,
        [first, last],
    )
    return first, last


def _make_year(cursor: Any, year: int) -> int:
    first, last = make_filings(cursor, year)
    cursor.execute(
        """
        INSERT INTO transactions_loancount (filing_id, home_library_id, month, loans)
        SELECT filing.id, home.id, period.first_day, (filing.id * 7919 + home.id * 104729) %% 97
        FROM transactions_filing filing
        JOIN transactions_filingperiod period ON period.id = filing.period_id
        JOIN libraries_library lender ON lender.id = filing.library_id
        CROSS JOIN LATERAL (
            SELECT home.id FROM libraries_library home
            WHERE NOT EXISTS (
                SELECT FROM libraries_residency mine JOIN libraries_residency theirs USING (town_id)
                WHERE mine.library_id = lender.id AND theirs.library_id = home.id
            )
            ORDER BY home.id LIMIT %s
        ) home
        WHERE period.first_day >= %s AND period.first_day < %s
        """,
        [HOME_LIBRARIES, first, last],
    )
    return cursor.rowcount


def reportable_pairs() -> list[tuple[Library, Library]]:
    """Return lenders, each with the first HOME_LIBRARIES on whose cards it may report loans, by key."""
    libraries = list(Library.objects.order_by("key"))
    served = towns_served()
    days = Span(date(2017, 3, 1), date(2018, 2, 28))
    towns = {library.key: served.own_towns(library.key, days) for library in libraries}
    pairs = []
    for lender in libraries:
        homes = [home for home in libraries if not towns[lender.key] & towns[home.key]]
        pairs += [(lender, home) for home in homes[:HOME_LIBRARIES]]
    return pairs


def year_of_counts(
    pairs: Sequence[tuple[Library, Library]], year: int, seed: int
) -> Iterator[tuple[Library, Library, date, int]]:
    """Yield a count for each pair and month of a program year; another seed gives other numbers."""
    months = Span(date(year - 1, 3, 1), date(year, 2, 28)).months()
    number = seed
    for lender, home in pairs:
        for month in months:
            number = (number * 1_103_515_245 + 12_345) % 2**31
            yield lender, home, month, (number >> 16) % 97
