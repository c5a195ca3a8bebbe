"""The estimate of a fiscal year, worked out once for each state of the record and kept while it lasts.

What-if questions come in series, and each wants its answer at once. What the record says is named by a hash
over all that an estimate is worked out from, which the database takes in a few milliseconds: an estimate kept
under that name is the one that would be worked out now.
"""

from datetime import date
from threading import Lock

from django.db import connection

from payments.estimating.estimate import Estimate, estimate
from transactions.rules.filing_calendar import Span, measurement_period

KEPT = 4
"""How many estimates a process keeps: about two years, each before and after a change."""

_kept: dict[tuple[int, date, str], Estimate] = {}
_lock = Lock()


def latest_estimate(fiscal_year: int, *, on: date) -> Estimate:
    """Return what `estimate` returns, from what is kept where the record has not changed since.

    CannotCalculate as `estimate` raises it.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    state = state_of_the_record(fiscal_year)
    found = _kept.get((fiscal_year, on, state))
    if found is None:
        found = estimate(fiscal_year, on=on)
        # What was certified meanwhile may stand in it, so that it belongs to no one state.
        if state_of_the_record(fiscal_year) == state:
            with _lock:
                while len(_kept) >= KEPT:
                    del _kept[next(iter(_kept))]
                _kept[fiscal_year, on, state] = found
    return found


def state_of_the_record(fiscal_year: int) -> str:
    """Return the hash of all that an estimate is worked out from.

    Libraries, letters, cadences, what was appropriated, and the standing filings of the year measured and of
    the year before. A certified filing never changes, so that its fingerprint stands for its counts.
    """
    years = (measurement_period(fiscal_year - 1), measurement_period(fiscal_year))
    measured = Span(years[0].first_day, years[1].last_day)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT md5(concat_ws('|',
                (SELECT string_agg(concat_ws(':', id, key, open_during), ',' ORDER BY id)
                 FROM libraries_library),
                (SELECT string_agg(concat_ws(':', library_id, valid), ',' ORDER BY library_id, valid)
                 FROM libraries_letterofagreement),
                (SELECT string_agg(concat_ws(':', library_id, cadence, valid), ',' ORDER BY library_id, valid)
                 FROM transactions_reportingcadence),
                (SELECT string_agg(concat_ws(':', fiscal_year, cents), ',' ORDER BY fiscal_year)
                 FROM payments_appropriation),
                (SELECT string_agg(concat_ws(':', appropriation_id, cents), ',' ORDER BY appropriation_id, id)
                 FROM payments_appropriationchange),
                (SELECT string_agg(concat_ws(':', filing.id, filing.sha256), ',' ORDER BY filing.id)
                 FROM transactions_filing filing
                 JOIN transactions_filingperiod period ON period.id = filing.period_id
                 WHERE filing.status = 'certified' AND filing.superseded_at IS NULL
                   AND period.first_day >= %s AND period.last_day <= %s)
            ))
            """,
            [measured.first_day, measured.last_day],
        )
        return str(cursor.fetchone()[0])
