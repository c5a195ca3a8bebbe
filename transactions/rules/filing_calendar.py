"""When libraries file: the program year, its filing periods and the three dates of each.

A day is the law here and an instant is derived from it: compare the Eastern day on which a filing arrived
(`eastern_day`) with `due_on`. Every number is an entry of RULEBOOK, looked up on the first day of the period,
so that a past year keeps the dates it had and a period's dates are settled when it opens.

The three dates of a period: *due* (filed in time through that day), *accepted until* (later, a filing counts
only by a recorded waiver; after this day not even so) and *closes* (the last day of entry, for corrections
too; from then on only staff record anything).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules.working_days import last_working_day, next_open_day, nth_working_day_after

EASTERN = ZoneInfo("America/New_York")
LAST_CHECKED_ON = date(2026, 11, 21)
# The first period of the regulation's own two cadences, after years of one report a year.
REGULATION_FOLLOWED_FROM = date(2026, 3, 1)

RECORDS_RULE = "Regs. Conn. State Agencies § 11-31c-2(a)"
RECORDS_STATUTE = "C.G.S. § 11-31b"

RULEBOOK = Rulebook(
    [
        Entry(
            key="program_year_begins",
            value="03-01",
            citation="Regs. Conn. State Agencies § 11-31c-4(b), (c)",
            label=Label.PRACTICE,
            sentence="The twelve months that a payment measures run from March 1 to the end of February, "
            "and are named for the year in which they end.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="program_years_before_fiscal_year",
            value=0,
            citation="Regs. Conn. State Agencies § 11-31c-4(a)-(c)",
            label=Label.PRACTICE,
            sentence="The payment of a state fiscal year measures the program year of the same number: "
            "fiscal year 2027 (July 2026 to June 2027) measures March 2026 to February 2027.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="default_cadence",
            value="annual",
            citation="State Library guide to borrowIT CT: one report for March to February",
            label=Label.PRACTICE,
            sentence="Through the program year that ended in February 2026 a library sent one report a year.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="default_cadence",
            value="semiannual",
            citation=f"{RECORDS_RULE}; {RECORDS_STATUTE}",
            label=Label.LAW,
            sentence="A library files twice a year unless it has chosen to file every month.",
            last_checked_on=LAST_CHECKED_ON,
            effective_from=REGULATION_FOLLOWED_FROM,
        ),
        Entry(
            key="cadences_to_choose",
            value="annual semiannual monthly",
            citation=f"{RECORDS_RULE}; State Library guide to borrowIT CT",
            label=Label.PRACTICE,
            sentence="One report a year was taken beside the two cadences of the regulation.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="cadences_to_choose",
            value="semiannual monthly",
            citation=RECORDS_RULE,
            label=Label.LAW,
            sentence="A library may file twice a year or, if that suits it better, every month.",
            last_checked_on=LAST_CHECKED_ON,
            effective_from=REGULATION_FOLLOWED_FROM,
        ),
        Entry(
            key="cadence_changes_on",
            value="03-01 09-01",
            citation=RECORDS_RULE,
            label=Label.READING,
            sentence="A library may change between the two cadences on March 1 or September 1 only, "
            "so that no day is filed twice or left out.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="cadence_of_part_of_an_annual_year",
            value="semiannual",
            citation=f"{RECORDS_RULE}; {RECORDS_STATUTE}",
            label=Label.READING,
            sentence="Where a library that files once a year takes up another cadence in the middle of it, "
            "the other half of that year is filed and due as a semiannual period.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="semiannual_record_dates",
            value="03-01 09-01",
            citation=f"{RECORDS_RULE}; {RECORDS_STATUTE}",
            label=Label.LAW,
            sentence="Records are closed on March 1 and on September 1, each for the six months before it.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="semiannual_due_days_after",
            value=7,
            citation=f"{RECORDS_RULE}; {RECORDS_STATUTE}",
            label=Label.LAW,
            sentence="A semiannual record is filed not later than seven days after March 1 and September 1: "
            "on March 8 and September 8, which the law does not move off a weekend.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="monthly_due_working_days_after",
            value=7,
            citation=RECORDS_RULE,
            label=Label.LAW,
            sentence="A monthly record is filed by the seventh working day after the last working day "
            "of the month.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="annual_due",
            value="03-15",
            citation="State Library guide to borrowIT CT: reports due March 15",
            label=Label.PRACTICE,
            sentence="The one report of a program year was due on March 15 after it; notices of single years "
            "named a day beside it (March 16, 2018; March 14, 2025).",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="annual_due",
            value=None,
            citation=f"{RECORDS_RULE}; {RECORDS_STATUTE}",
            label=Label.LAW,
            sentence="The practice of one report a year, and its date, ended with February 2026. "
            "A year that is still put on record as one report has the law's date for its end, March 8.",
            last_checked_on=LAST_CHECKED_ON,
            effective_from=REGULATION_FOLLOWED_FROM,
        ),
        Entry(
            key="receipt_through_next_open_day",
            value=False,
            citation="",
            label=Label.PRACTICE,
            sentence="Where a due date falls on a day when the State Library is closed, its next open day "
            "may be given instead. Shipped off: no text allows it, so that such a date would be later than "
            "the law's, and a filing made on it would count only by a recorded waiver.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="period_opens_days_after_first_day",
            value=0,
            citation="",
            label=Label.PRACTICE,
            sentence="A period is open for entry from its first day, so that a library can keep its counts "
            "month by month; it is submitted after its last day.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="late_record_accepted_until",
            value="03-31",
            citation="Regs. Conn. State Agencies § 11-31c-4(a)",
            label=Label.READING,
            sentence="A late record can be accepted, by a recorded waiver, through March 31 after the "
            "program year, because the payment is worked out in April. The regulation names no last day.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="record_closed_to_entry_after",
            value="06-30",
            citation="Regs. Conn. State Agencies § 11-31c-4(a); C.G.S. § 4-89",
            label=Label.READING,
            sentence="A library can still enter and correct its record through June 30 after the program "
            "year, when the fiscal year that pays for it ends; later corrections are made by staff.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="due_through",
            value="23:59:59",
            citation="C.G.S. § 1-6",
            label=Label.READING,
            sentence="A day on which something is due lasts to 23:59:59 by the time in force in Connecticut.",
            last_checked_on=LAST_CHECKED_ON,
        ),
    ]
)


class Cadence(StrEnum):
    """How often a library files."""

    ANNUAL = "annual"
    SEMIANNUAL = "semiannual"
    MONTHLY = "monthly"

    @property
    def label(self) -> str:
        """The cadence in words for people."""
        return _CADENCE_LABELS[self]


_CADENCE_LABELS = {
    Cadence.ANNUAL: "Once a year",
    Cadence.SEMIANNUAL: "Twice a year",
    Cadence.MONTHLY: "Every month",
}

# A library's cadence from a day to a day, both included; None means without a bound.
DatedCadence = tuple[Cadence, date | None, date | None]


@dataclass(frozen=True, order=True)
class Span:
    """Days from a first to a last, both included; ValueError where the last comes before the first."""

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise ValueError(f"the last day {self.last_day} comes before the first day {self.first_day}")

    @classmethod
    def of_month(cls, day: date) -> "Span":
        """Return the month that a day lies in."""
        first_day = day.replace(day=1)
        return cls(first_day, _first_of_next_month(first_day) - timedelta(days=1))

    @property
    def title(self) -> str:
        """Its first and last month in words: March 2026, or March 2026 to August 2026."""
        first, last = f"{self.first_day:%B %Y}", f"{self.last_day:%B %Y}"
        return first if first == last else f"{first} to {last}"

    @property
    def days(self) -> int:
        """The number of days, the first and the last included."""
        return (self.last_day - self.first_day).days + 1

    def contains(self, day: date) -> bool:
        """Return whether the day lies in the span."""
        return self.first_day <= day <= self.last_day

    def covers(self, other: "Span") -> bool:
        """Return whether every day of the other span lies in this one."""
        return self.first_day <= other.first_day and other.last_day <= self.last_day

    def overlaps(self, other: "Span") -> bool:
        """Return whether the two spans share a day."""
        return self.first_day <= other.last_day and other.first_day <= self.last_day

    def intersection(self, other: "Span") -> "Span | None":
        """Return the days that both spans have, None where there is none."""
        if not self.overlaps(other):
            return None
        return Span(max(self.first_day, other.first_day), min(self.last_day, other.last_day))

    def months(self) -> tuple[date, ...]:
        """Return the first day of each month that has a day in the span, in order."""
        found = [self.first_day.replace(day=1)]
        while (following := _first_of_next_month(found[-1])) <= self.last_day:
            found.append(following)
        return tuple(found)


@dataclass(frozen=True)
class PeriodDates:
    """A filing period: the days it covers, the day it opens and its dates, each through that day.

    `law_due_on` is as for `due_by_law`: payment is judged by it, whatever day practice asks for.
    """

    cadence: Cadence
    span: Span
    opens_on: date
    law_due_on: date
    due_on: date
    accepted_until: date
    closes_on: date

    @property
    def title(self) -> str:
        """The period in words: March 2026 to August 2026."""
        return self.span.title


def program_year(year: int) -> Span:
    """Return the program year named for the year in which it ends: 2018 began on March 1, 2017.

    Source: Regs. Conn. State Agencies § 11-31c-4(b) and (c), "preceding twelve month period", by practice.
    """
    first_day = _program_year_begins(year - 1)
    return Span(first_day, _program_year_begins(year) - timedelta(days=1))


def program_year_of(day: date) -> int:
    """Return the program year that a day lies in.

    Source: Regs. Conn. State Agencies § 11-31c-4(b) and (c), by practice.
    """
    return day.year + 1 if day >= _program_year_begins(day.year) else day.year


def measurement_period(fiscal_year: int) -> Span:
    """Return the twelve months that the payment of a state fiscal year measures.

    Source: Regs. Conn. State Agencies § 11-31c-4(a) to (c), by practice.
    """
    fiscal_year_begins = date(fiscal_year - 1, 7, 1)
    return program_year(fiscal_year - RULEBOOK.number("program_years_before_fiscal_year", fiscal_year_begins))


def default_cadence(on: date) -> Cadence:
    """Return how often a library files that has chosen nothing.

    Source: Regs. Conn. State Agencies § 11-31c-2(a) from March 1, 2026; practice before.
    """
    return Cadence(str(RULEBOOK.entry("default_cadence", on).value))


def cadences_to_choose(on: date) -> tuple[Cadence, ...]:
    """Return the cadences that a library may choose with effect from that day.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    return tuple(Cadence(word) for word in str(RULEBOOK.entry("cadences_to_choose", on).value).split())


def may_change_on(day: date) -> bool:
    """Return whether a change of cadence may take effect on that day.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), as read in the rulebook.
    """
    return f"{day:%m-%d}" in str(RULEBOOK.entry("cadence_changes_on", day).value).split()


def period_dates(cadence: Cadence, first_day: date, holidays: Collection[date]) -> PeriodDates:
    """Return the period of a cadence that begins on a day, and its dates.

    ValueError where no period of the cadence begins on that day.

    Source: Regs. Conn. State Agencies § 11-31c-2(a); C.G.S. § 11-31b.
    """
    year_span = program_year(program_year_of(first_day))
    for span in _spans_of_year(cadence, year_span):
        if span.first_day == first_day:
            return _dates_of(cadence, span, year_span, holidays)
    raise ValueError(f"no {cadence} period begins on {first_day}")


def periods_of_year(
    year: int, cadences: Sequence[DatedCadence], holidays: Collection[date]
) -> list[PeriodDates]:
    """Return the filing periods of a program year in order; every day of the year lies in exactly one.

    `cadences` are a library's dated cadences; days without one take the default of that day. The half of an
    annual filer's year whose other half has another cadence is filed as a semiannual period. ValueError where
    two of the cadences overlap or where one begins, or ends, on a day on which no change may take effect.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    _refuse_bad_cadences(cadences)
    year_span = program_year(year)
    halves = _spans_of_year(Cadence.SEMIANNUAL, year_span)
    chosen = [_cadence_on(half.first_day, cadences) for half in halves]
    if set(chosen) == {Cadence.ANNUAL}:
        return [_dates_of(Cadence.ANNUAL, year_span, year_span, holidays)]
    part_of_a_year = Cadence(
        str(RULEBOOK.entry("cadence_of_part_of_an_annual_year", year_span.first_day).value)
    )
    periods = []
    for half, cadence in zip(halves, chosen, strict=True):
        if cadence is Cadence.ANNUAL:
            cadence = part_of_a_year
        periods += [
            _dates_of(cadence, span, year_span, holidays)
            for span in _spans_of_year(cadence, year_span)
            if half.covers(span)
        ]
    return periods


def period_containing(day: date, cadences: Sequence[DatedCadence], holidays: Collection[date]) -> PeriodDates:
    """Return the filing period of a library in which a day lies; ValueError as for `periods_of_year`.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    return next(
        period
        for period in periods_of_year(program_year_of(day), cadences, holidays)
        if period.span.contains(day)
    )


def due_by_law(cadence: Cadence, span: Span, holidays: Collection[date]) -> date:
    """Return the day by which the law wanted the last of a period's counts, whatever practice allowed.

    Eligibility is judged by this day; a later `due_on` is a practice that needs a recorded waiver. Of an
    annual period it is March 8: its first half, which the law wanted by September 8, was not asked for alone.

    Source: Regs. Conn. State Agencies § 11-31c-2(a); C.G.S. § 11-31b.
    """
    if cadence is Cadence.MONTHLY:
        last = last_working_day(span.last_day.year, span.last_day.month, holidays)
        days = RULEBOOK.number("monthly_due_working_days_after", span.first_day)
        return nth_working_day_after(last, days, holidays)
    record_dates = str(RULEBOOK.entry("semiannual_record_dates", span.first_day).value).split()
    record_date = min(_first_after(span.last_day, month_day) for month_day in record_dates)
    return record_date + timedelta(days=RULEBOOK.number("semiannual_due_days_after", span.first_day))


def due_entry(cadence: Cadence, first_day: date) -> Entry:
    """Return the rulebook entry that a period's due date comes from, to cite beside the date.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    in_force = RULEBOOK.in_force(first_day)
    if cadence is Cadence.MONTHLY:
        return in_force["monthly_due_working_days_after"]
    if cadence is Cadence.ANNUAL and "annual_due" in in_force:
        return in_force["annual_due"]
    return in_force["semiannual_due_days_after"]


def deadline(day: date) -> datetime:
    """Return the last second of a day in Connecticut, as an aware time.

    For showing and for clocks. To judge whether something came in time compare days:
    `eastern_day(at) <= day`.

    Source: C.G.S. § 1-6, as read in the rulebook.
    """
    last_second = time.fromisoformat(str(RULEBOOK.entry("due_through", day).value))
    return datetime.combine(day, last_second, tzinfo=EASTERN)


def eastern_day(at: datetime) -> date:
    """Return the day in Connecticut at an instant; ValueError for a time without a zone.

    Source: C.G.S. § 1-6, as read in the rulebook.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone names no instant")
    return at.astimezone(EASTERN).date()


def _first_of_next_month(first_day: date) -> date:
    return (first_day + timedelta(days=32)).replace(day=1)


def _on(year: int, month_day: str) -> date:
    month, day = month_day.split("-")
    return date(year, int(month), int(day))


def _first_after(day: date, month_day: str) -> date:
    """Return the first day of that month and day that comes after a day."""
    this_year = _on(day.year, month_day)
    return this_year if this_year > day else _on(day.year + 1, month_day)


def _program_year_begins(year: int) -> date:
    return _on(year, str(RULEBOOK.entry("program_year_begins", date(year, 12, 31)).value))


def _spans_of_year(cadence: Cadence, year_span: Span) -> list[Span]:
    """Return the days of each period of a cadence in a program year, in order."""
    if cadence is Cadence.ANNUAL:
        return [year_span]
    if cadence is Cadence.MONTHLY:
        return [Span.of_month(month) for month in year_span.months()]
    record_dates = str(RULEBOOK.entry("semiannual_record_dates", year_span.first_day).value).split()
    spans = []
    first_day = year_span.first_day
    while first_day <= year_span.last_day:
        record_date = min(_first_after(first_day, month_day) for month_day in record_dates)
        spans.append(Span(first_day, record_date - timedelta(days=1)))
        first_day = record_date
    return spans


def _dates_of(cadence: Cadence, span: Span, year_span: Span, holidays: Collection[date]) -> PeriodDates:
    on = span.first_day
    in_force = RULEBOOK.in_force(on)
    due_on = law_due_on = due_by_law(cadence, span, holidays)
    if cadence is Cadence.ANNUAL and "annual_due" in in_force:
        due_on = _first_after(year_span.last_day, str(in_force["annual_due"].value))
    if RULEBOOK.switch("receipt_through_next_open_day", on):
        due_on = next_open_day(due_on, holidays)
    return PeriodDates(
        cadence=cadence,
        span=span,
        opens_on=on + timedelta(days=RULEBOOK.number("period_opens_days_after_first_day", on)),
        law_due_on=law_due_on,
        due_on=due_on,
        accepted_until=_first_after(year_span.last_day, str(in_force["late_record_accepted_until"].value)),
        closes_on=_first_after(year_span.last_day, str(in_force["record_closed_to_entry_after"].value)),
    )


def _refuse_bad_cadences(cadences: Sequence[DatedCadence]) -> None:
    """Raise ValueError for cadences of one library that overlap or are not bounded on a day of change."""
    ordered = sorted(cadences, key=lambda dated: dated[1] or date.min)
    for cadence, first_day, last_day in ordered:
        if first_day is not None and not may_change_on(first_day):
            raise ValueError(f"{cadence} filing begins on {first_day}; begin it on March 1 or September 1")
        if last_day is not None and not may_change_on(last_day + timedelta(days=1)):
            raise ValueError(
                f"{cadence} filing ends on {last_day}; end it the day before March 1 or September 1"
            )
        if first_day is not None and last_day is not None and last_day < first_day:
            raise ValueError(f"{cadence} filing ends on {last_day}, before it begins on {first_day}")
    for (cadence, _, last_day), (following, first_day, _) in pairwise(ordered):
        if last_day is None or first_day is None or first_day <= last_day:
            raise ValueError(f"{cadence} and {following} filing are both on record for the same days")


def _cadence_on(day: date, cadences: Sequence[DatedCadence]) -> Cadence:
    for cadence, first_day, last_day in cadences:
        if (first_day or date.min) <= day <= (last_day or date.max):
            return cadence
    return default_cadence(day)
