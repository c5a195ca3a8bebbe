"""A year's payments from the counts on record, against one query written by hand that does it all in SQL."""

from collections.abc import Iterable
from datetime import date

from django.db import connection

from payments.calculation import calculate
from tests.bench.measure import Measurement, paired
from tests.bench.synthetic import make_years

CENTS = 703_638_00
FISCAL_YEAR = 2027
YEARS_ON_FILE = 20

BY_HAND = """
WITH counted AS (
    SELECT filing.id AS filing_id, filing.library_id
    FROM transactions_filing filing JOIN transactions_filingperiod period ON period.id = filing.period_id
    WHERE filing.status = 'certified' AND filing.superseded_at IS NULL
      AND period.first_day >= %(first)s AND period.last_day <= %(last)s
), sums AS (
    SELECT library_id, sum(loans)::numeric AS loans, sum(borrows)::numeric AS borrows
    FROM (
        SELECT counted.library_id, sum(count.loans) AS loans, 0 AS borrows
        FROM counted JOIN transactions_loancount count USING (filing_id) GROUP BY 1
        UNION ALL
        SELECT count.home_library_id, 0, sum(count.loans)
        FROM counted JOIN transactions_loancount count USING (filing_id) GROUP BY 1
    ) AS both_ways GROUP BY 1
), lines AS (
    SELECT library.key, loans, greatest(0, loans - borrows) AS net_plus
    FROM sums JOIN libraries_library library ON library.id = sums.library_id
), floors AS (
    SELECT key, loans, net_plus,
           div(%(pool)s * loans, sum(loans) OVER ()) AS transactions_floor,
           mod(%(pool)s * loans, sum(loans) OVER ()) AS transactions_rest,
           div(%(pool)s * net_plus, greatest(1, sum(net_plus) OVER ())) AS net_plus_floor,
           mod(%(pool)s * net_plus, greatest(1, sum(net_plus) OVER ())) AS net_plus_rest
    FROM lines
), ranked AS (
    SELECT *,
           row_number() OVER (ORDER BY transactions_rest DESC, key) AS transactions_rank,
           row_number() OVER (ORDER BY net_plus_rest DESC, key) AS net_plus_rank,
           %(pool)s - sum(transactions_floor) OVER () AS transactions_left,
           %(pool)s - sum(net_plus_floor) OVER () AS net_plus_left
    FROM floors
)
SELECT key,
       (transactions_floor + (transactions_rank <= transactions_left)::int)::bigint,
       (net_plus_floor + (net_plus_rank <= net_plus_left)::int)::bigint
FROM ranked ORDER BY key
"""


def by_hand() -> dict[str, tuple[int, int]]:
    """Return the two shares of each library in cents, worked out by the database alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            BY_HAND,
            {
                "first": date(FISCAL_YEAR - 1, 3, 1),
                "last": date(FISCAL_YEAR, 2, 28),
                "pool": CENTS // 2,
            },
        )
        return {key: (transactions, net_plus) for key, transactions, net_plus in cursor.fetchall()}


def ours() -> dict[str, tuple[int, int]]:
    """Return the same, as a payment run works it out, hashes and checks included."""
    calculation = calculate(FISCAL_YEAR, CENTS, assume_eligible=True, on=date(2027, 4, 1))
    return {
        line.key: (line.transactions_share_cents, line.net_plus_share_cents)
        for line in calculation.split.lines
    }


def run() -> Iterable[Measurement]:
    rows = make_years([FISCAL_YEAR])
    assert ours() == by_hand(), "both ways must give the same cents"
    yield paired(f"a year's calculation, {rows:,} counts", ours=ours, floor=by_hand, goal=1.2)
    rows += make_years(range(FISCAL_YEAR - YEARS_ON_FILE + 1, FISCAL_YEAR))
    assert ours() == by_hand(), "both ways must give the same cents"
    yield paired(
        f"the same with {YEARS_ON_FILE} years on file, {rows:,} counts", ours=ours, floor=by_hand, goal=1.2
    )
