"""The time of a calculation for each count: the nation's 32 million against one year of one state.

The nation is this program with 9,000 libraries, each filing every month for 300 home libraries. It stands in
the database of this benchmark, the state's year in a copy made before; rounds change between the two.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from statistics import median
from typing import Any

from django.db import connection

from payments.calculation import calculate
from tests.bench.__main__ import COPY, make_database
from tests.bench.measure import Measurement, seconds
from tests.bench.synthetic import make_filings, make_years

CENTS = 703_638_00
STATE_YEAR, NATION_YEAR = 2027, 2028
LIBRARIES = 9_000
HOME_LIBRARIES = 300
GOAL = 1.5
ROUNDS = 2
STATE_CALLS = 5
"""How often the state's year is calculated in a round: once takes a moment only."""


def run() -> Iterable[Measurement]:
    state_rows = make_years([STATE_YEAR])
    nation = connection.settings_dict["NAME"]
    state = nation + COPY
    connection.close()
    make_database(state, nation)
    nation_rows = _make_nation()
    assert nation_rows == LIBRARIES * 12 * HOME_LIBRARIES

    def state_seconds() -> float:
        with _database(state):
            _calculate(STATE_YEAR)  # a new connection has read nothing yet
            return median(seconds(lambda: _calculate(STATE_YEAR)) for _ in range(STATE_CALLS))

    _calculate(NATION_YEAR)
    pairs = [(seconds(lambda: _calculate(NATION_YEAR)), state_seconds()) for _ in range(ROUNDS)]
    ratio = median((ours / nation_rows) / (floor / state_rows) for ours, floor in pairs)
    ours, floor = median(ours for ours, _ in pairs), median(floor for _, floor in pairs)
    yield Measurement(
        f"time a count, {nation_rows:,} counts against {state_rows:,}",
        ratio,
        GOAL,
        at_most=True,
        detail=f"{ours:,.1f} s against {floor * 1000:,.1f} ms",
    )


def _calculate(fiscal_year: int) -> None:
    calculate(fiscal_year, CENTS, assume_eligible=True, on=date(fiscal_year, 4, 1))


@contextmanager
def _database(name: str) -> Iterator[None]:
    """Turn to another database of the server for a while."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _make_nation() -> int:
    """Put the nation's libraries and a program year of certified counts on record; return the counts."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            """
            WITH town AS (
                INSERT INTO libraries_town (number, name, county, planning_region, geoid, population)
                SELECT 1000 + n, 'Place ' || n, 'County', 'Region', 'N' || n, 10000
                FROM generate_series(0, %(more)s * 22 / 25) AS n
                RETURNING id, number
            ), library AS (
                INSERT INTO libraries_library
                    (key, state_library_number, name, town_id, address, postal_city, zip_code, open_during,
                     has_legal_standing, legal_standing_evidence)
                SELECT 'US' || to_char(n, 'FM00000'), '', 'Library ' || n, town.id, '', '', '',
                       daterange(NULL, NULL), true, ''
                FROM generate_series(1, %(more)s) AS n JOIN town ON town.number = 1000 + n * 22 / 25
                ORDER BY n
                RETURNING id, town_id
            )
            INSERT INTO libraries_residency (town_id, library_id, principal, valid, source)
            SELECT town_id, id, id = min(id) OVER (PARTITION BY town_id), daterange(NULL, NULL), 'bench'
            FROM library
            """,
            {"more": LIBRARIES - _libraries(cursor)},
        )
        first, last = make_filings(cursor, NATION_YEAR)
        # Counts go in faster without their indexes, and nothing has to be got back after a crash
        cursor.execute("ALTER TABLE transactions_loancount SET UNLOGGED")
        cursor.execute(
            "ALTER TABLE transactions_loancount DROP CONSTRAINT one_count_of_a_home_library_and_month, "
            "DROP CONSTRAINT transactions_loancount_pkey"
        )
        # The places of the home libraries lie far enough from the lender's for none to be of its town. The
        # counts of a filing lie together and in order, as those of the state do.
        cursor.execute(
            """
            WITH place AS (
                SELECT id, (row_number() OVER (ORDER BY id) - 1)::int AS number FROM libraries_library
            )
            INSERT INTO transactions_loancount (filing_id, home_library_id, month, loans)
            SELECT filing.id, home.id, filing.first_day, (filing.id * 7919 + home.id * 104729) %% 97
            FROM (
                SELECT filing.id, period.first_day, place.number
                FROM transactions_filing filing
                JOIN transactions_filingperiod period ON period.id = filing.period_id
                JOIN place ON place.id = filing.library_id
                WHERE period.first_day >= %(first)s AND period.first_day < %(last)s
                ORDER BY filing.id
            ) AS filing
            CROSS JOIN LATERAL (
                SELECT (SELECT array_agg(id ORDER BY id) FROM place)[
                    (filing.number + 202 + 28 * step) %% %(libraries)s + 1
                ] AS id
                FROM generate_series(0, %(homes)s - 1) AS step
                ORDER BY id
            ) AS home
            """,
            {"homes": HOME_LIBRARIES, "libraries": LIBRARIES, "first": first, "last": last},
        )
        rows = int(cursor.rowcount)
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "ALTER TABLE transactions_loancount ADD CONSTRAINT one_count_of_a_home_library_and_month "
            "UNIQUE NULLS NOT DISTINCT (filing_id, home_library_id, month)"
        )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM (FREEZE, ANALYZE)")  # else it would run in the background meanwhile
    return rows


def _libraries(cursor: Any) -> int:
    cursor.execute("SELECT count(*) FROM libraries_library")
    return int(cursor.fetchone()[0])
