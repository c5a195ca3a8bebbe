"""For which days of a filing period a library owes a filing.

Source: Regs. Conn. State Agencies § 11-31c-1(d), (f) and § 11-31c-2(a).
"""

from collections.abc import Iterable
from datetime import date

from transactions.rules.filing_calendar import Span

# Days from a first to a last, both included; None means without a bound.
Days = tuple[date | None, date | None]


def days_covered(period: Span, open_days: Days, letters: Iterable[Days]) -> Span | None:
    """Return the days of a period on which a library was open and took part; None where there are none.

    Where no letter of agreement is on record for any day of the period, as for years before letters were
    entered here, the days on which the library was open. From the first such day to the last: a gap between
    two letters is not cut out.

    Source: Regs. Conn. State Agencies § 11-31c-1(d), (f) and § 11-31c-2(a).
    """
    opened = _within(period, open_days)
    if opened is None:
        return None
    on_file = [days for letter in letters if (days := _within(period, letter))]
    if not on_file:
        return opened
    parts = [part for days in on_file if (part := days.intersection(opened))]
    if not parts:
        return None
    return Span(min(part.first_day for part in parts), max(part.last_day for part in parts))


def took_part(period: Span, letters: Iterable[Days]) -> bool:
    """Return whether a letter of agreement is on file for any day of a period.

    Source: Regs. Conn. State Agencies § 11-31c-1(d).
    """
    return any(_within(period, letter) for letter in letters)


def _within(period: Span, days: Days) -> Span | None:
    first_day = max(days[0] or date.min, period.first_day)
    last_day = min(days[1] or date.max, period.last_day)
    return Span(first_day, last_day) if first_day <= last_day else None
