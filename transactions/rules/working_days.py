"""Which days the State Library is open, for the dates that the regulation counts in working days.

Holidays are an argument everywhere: the days, Monday to Friday, on which the State Library is closed.
They come from a table that staff keep, because a proclamation (Good Friday, a day of mourning) is not in
any calendar. Where a holiday falls on a weekend the table holds the day on which it is observed.
"""

from calendar import monthrange
from collections.abc import Collection
from datetime import date, timedelta

from connecticard.rulebook import Entry, Label, Rulebook

LAST_CHECKED_ON = date(2026, 11, 21)

RULEBOOK = Rulebook(
    [
        Entry(
            key="working_days_of_the_week",
            value="Monday Tuesday Wednesday Thursday Friday",
            citation="Regs. Conn. State Agencies § 11-31c-2(a)",
            label=Label.READING,
            sentence="A working day is a day from Monday to Friday on which the State Library is open: "
            "the regulation counts working days and does not say whose, and the records are received there.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="saturday_holiday_observed_days_before",
            value=1,
            citation="C.G.S. § 1-4",
            label=Label.LAW,
            sentence="A state holiday that falls on a Saturday is kept on the Friday before it, "
            "also when that Friday is in the year before.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="sunday_holiday_observed_days_after",
            value=1,
            citation="C.G.S. § 1-4",
            label=Label.LAW,
            sentence="A state holiday that falls on a Sunday is kept on the Monday after it.",
            last_checked_on=LAST_CHECKED_ON,
        ),
    ]
)

_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SATURDAY, _SUNDAY = 5, 6


def observed(day: date) -> date:
    """Return the day on which a holiday of that date is kept: itself, or the Friday or Monday beside it.

    New Year's Day 2028 is a Saturday, so it is kept on Friday, December 31, 2027.

    Source: C.G.S. § 1-4.
    """
    if day.weekday() == _SATURDAY:
        return day - timedelta(days=RULEBOOK.number("saturday_holiday_observed_days_before", day))
    if day.weekday() == _SUNDAY:
        return day + timedelta(days=RULEBOOK.number("sunday_holiday_observed_days_after", day))
    return day


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Return whether the State Library is open on that day.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), as read in the rulebook.
    """
    weekdays = str(RULEBOOK.entry("working_days_of_the_week", day).value).split()
    return _NAMES[day.weekday()] in weekdays and day not in holidays


def last_working_day(year: int, month: int, holidays: Collection[date]) -> date:
    """Return the last working day of a month; ValueError where the month has none.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    for number in range(monthrange(year, month)[1], 0, -1):
        day = date(year, month, number)
        if is_working_day(day, holidays):
            return day
    raise ValueError(f"{year}-{month:02} has no working day; correct the table of holidays")


def nth_working_day_after(day: date, n: int, holidays: Collection[date]) -> date:
    """Return the nth working day after a day, which is itself not counted; ValueError for n below 1.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    if n < 1:
        raise ValueError(f"n must be 1 or more, not {n}")
    while n:
        day += timedelta(days=1)
        if is_working_day(day, holidays):
            n -= 1
    return day


def next_open_day(day: date, holidays: Collection[date]) -> date:
    """Return the day itself where the State Library is open on it, else the first working day after it.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), as read in the rulebook.
    """
    return day if is_working_day(day, holidays) else nth_working_day_after(day, 1, holidays)
