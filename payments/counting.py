"""Which certified counts a year's payments rest on, and what they add up to."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from transactions.models import Filing, FilingBasis, LoanCount, Provenance
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import Span
from transactions.rules.reportable_loans import refusal
from transactions.towns_served import towns_served


class CannotCalculate(Exception):
    """Certified filings hold what no payment may rest on; each problem says where, and what to do."""

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class CountedDays:
    """Days of a standing certified filing on which its library took part, so that its loans count."""

    filing_id: int
    library_id: int
    library_key: str
    counted: Span
    whole: bool
    """Whether all of the filing counts, as it nearly always does."""
    sha256: str
    estimated: bool


def counted_days(measured: Span, participation: Mapping[int, Sequence[Span]]) -> list[CountedDays]:
    """Return what counts of the standing certified filings of the period, by library key and day.

    `participation` holds, by library id, the days on which each took part. A month in which a library took
    part on some days only, or a period total that runs over such a change, is refused: CannotCalculate.

    Source: Regs. Conn. State Agencies § 11-31c-1(d), (f), 11-31c-4(b), (c).
    """
    filings = (
        Filing.objects.standing()
        .within(measured)
        .filter(library__in=participation)
        .order_by("library__key", "period__first_day")
        .values_list("pk", "library_id", "library__key", "covers", "basis", "provenance", "sha256")
    )
    found: list[CountedDays] = []
    problems: list[str] = []
    for pk, library_id, key, covers, basis, provenance, sha256 in filings:
        days = Span(covers.lower, covers.upper - timedelta(days=1))
        took_part = participation[library_id]
        if any(span.covers(days) for span in took_part):
            counted = [days]
        elif not any(span.overlaps(days) for span in took_part):
            counted = []
        elif basis == FilingBasis.PERIOD_TOTAL:
            problems.append(_straddles(key, days))
            continue
        else:
            counted = list(_whole_months(pk, key, days, took_part, problems))
        found += [
            CountedDays(pk, library_id, key, span, span == days, sha256, provenance == Provenance.ESTIMATED)
            for span in counted
        ]
    if problems:
        raise CannotCalculate(problems)
    return found


def _whole_months(
    filing_id: int, key: str, days: Span, took_part: Sequence[Span], problems: list[str]
) -> Iterator[Span]:
    """Yield the months in which the library took part; loans in one it took part in partly are a problem."""
    for first_of_month in days.months():
        month = Span.of_month(first_of_month).intersection(days)
        if month is None or not any(span.overlaps(month) for span in took_part):
            continue
        if any(span.covers(month) for span in took_part):
            yield month
        elif LoanCount.objects.filter(filing_id=filing_id, month=first_of_month, loans__gt=0).exists():
            problems.append(_straddles(key, month))


def _straddles(key: str, days: Span) -> str:
    return (
        f"{key}, {written_span(days)}: the library took part on some of these days only; "
        "amend the filing so that its counts begin and end with the letter of agreement."
    )


def loans_and_borrows(counted: Collection[CountedDays]) -> dict[int, tuple[int, int]]:
    """Return, by library id, the units it lent and the units lent on its cards, over all that is counted.

    One pass over the counts sums each both ways, for its filing and for its home library; what was not
    counted adds nothing. Filings of which only some months count are rare and are summed apart.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    loans: dict[int, int] = defaultdict(int)
    borrows: dict[int, int] = defaultdict(int)
    lender_of = {days.filing_id: days.library_id for days in counted}
    whole = [days.filing_id for days in counted if days.whole]
    parts = [days for days in counted if not days.whole]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT filing_id, home_library_id, coalesce(sum(loans), 0)::bigint
            FROM transactions_loancount
            WHERE filing_id = ANY(%s)
            GROUP BY GROUPING SETS ((filing_id), (home_library_id))
            """,
            [whole],
        )
        sums = cursor.fetchall()
        if parts:
            cursor.execute(
                """
                SELECT filing_id, home_library_id, coalesce(sum(loans), 0)::bigint
                FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::date[])
                    AS part(filing_id, library_id, first_month, last_month)
                JOIN transactions_loancount count USING (filing_id)
                WHERE count.month BETWEEN part.first_month AND part.last_month
                GROUP BY GROUPING SETS ((filing_id), (home_library_id))
                """,
                _arrays(parts),
            )
            sums += cursor.fetchall()
    for filing_id, home_library_id, units in sums:
        if home_library_id is None:
            loans[lender_of[filing_id]] += units
        else:
            borrows[home_library_id] += units
    return {library_id: (loans[library_id], borrows[library_id]) for library_id in {*loans, *borrows}}


def refuse_unreportable(counted: Collection[CountedDays]) -> None:
    """Raise CannotCalculate for loans on cards that their lender could not report; list every one.

    Entry refuses such loans. They can stand on record only where residency was changed afterwards, and are
    never dropped in silence.

    Source: Regs. Conn. State Agencies § 11-31c-1(c), (f).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH serves AS (
                SELECT id AS library_id, town_id FROM libraries_library
                UNION SELECT library_id, town_id FROM libraries_residency
            ), suspects AS MATERIALIZED (
                SELECT lender.library_id, home.library_id AS home_library_id
                FROM serves lender JOIN serves home USING (town_id)
                UNION
                SELECT lender.id, home.id
                FROM libraries_library home CROSS JOIN libraries_library lender
                WHERE NOT (lower_inf(home.open_during) AND upper_inf(home.open_during))
            ), counted AS (
                SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::date[])
                    AS counted(filing_id, library_id, first_month, last_month)
            )
            SELECT lender.id, home.id, lender.key, home.key, count.month, filing.covers
            FROM counted
            JOIN suspects USING (library_id)
            CROSS JOIN LATERAL (
                SELECT month FROM transactions_loancount
                WHERE filing_id = counted.filing_id AND home_library_id = suspects.home_library_id
                  AND loans > 0
                  AND (month IS NULL OR month BETWEEN counted.first_month AND counted.last_month)
                OFFSET 0  -- keeps the planner from reading every count for a handful of pairs
            ) AS count
            JOIN transactions_filing filing ON filing.id = counted.filing_id
            JOIN libraries_library lender ON lender.id = counted.library_id
            JOIN libraries_library home ON home.id = suspects.home_library_id
            ORDER BY lender.key, home.key, count.month
            """,
            _arrays(counted),
        )
        suspects = cursor.fetchall()
    if not suspects:
        return
    served = towns_served({pk for row in suspects for pk in row[:2]})
    problems = []
    for _, _, lender, home, month, covers in suspects:
        covered = Span(covers.lower, covers.upper - timedelta(days=1))
        span = covered if month is None else Span.of_month(month).intersection(covered)
        if refused := refusal(lender, home, span or covered, served):
            problems.append(
                f"{lender}, loans on cards of {home}: {refused.reason} "
                "Amend the filing or the residency on record."
            )
    if problems:
        raise CannotCalculate(problems)


def _arrays(counted: Collection[CountedDays]) -> list[list[int] | list[date]]:
    """The columns of what is counted: filing, library, first and last month."""
    return [
        [days.filing_id for days in counted],
        [days.library_id for days in counted],
        [days.counted.first_day.replace(day=1) for days in counted],
        [days.counted.last_day.replace(day=1) for days in counted],
    ]
