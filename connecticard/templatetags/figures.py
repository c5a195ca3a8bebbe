"""How figures, money and times are written, on pages and in documents alike.

What is not there (None, or a name that a template does not know) is written as nothing; zero is written.
Exact numbers only: a float is refused, because a page must show the figure that was computed, to the cent.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import template
from django.db.backends.postgresql.psycopg_any import DateRange
from django.template.defaultfilters import date as formatted
from django.utils.translation import get_language, gettext, ngettext

from connecticard.clock import EASTERN

register = template.Library()

MINUS = "\N{MINUS SIGN}"


def _absent(value: Any) -> bool:
    return value is None or value == ""


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _sign(number: int | Fraction) -> str:
    return MINUS if number < 0 else ""


def _with_decimals(number: Fraction, places: int) -> str:
    """Write a number that is not negative with that many decimals, half-even, and thousands commas."""
    whole, part = divmod(round(number * 10**places), 10**places)  # a Fraction rounds half-even, exactly
    return f"{whole:,}.{part:0{places}d}"


@register.filter
def count(value: int | None) -> str:
    """Write a whole number with commas: 3,580,340."""
    if _absent(value):
        return ""
    number = _whole(value)
    return f"{_sign(number)}{abs(number):,}"


@register.filter
def or_not_counted(value: int | None) -> str:
    """Write a number with commas, and n/c for None: the library said that it did not count."""
    return gettext("n/c") if value is None else count(value)


@register.filter
def signed_count(value: int | None) -> str:
    """Write a difference of whole numbers with its sign: +1,204, −3, 0."""
    if _absent(value):
        return ""
    return f"{'+' if _whole(value) > 0 else ''}{count(value)}"


@register.filter
def signed_cents(cents: int | None) -> str:
    """Write a difference of whole cents as dollars with its sign: +$12.40, −$0.01, $0.00."""
    if _absent(cents):
        return ""
    return f"{'+' if _whole(cents) > 0 else ''}{dollars(cents)}"


@register.filter
def loans(value: Any) -> str:
    """Write what stands in a place of a filing: a number, blank for nothing, n/c for not counted."""
    if value is None:
        return gettext("blank")
    return count(value) if isinstance(value, int) else str(value)


@register.filter
def sentence(text: str) -> str:
    """Write a note as a sentence: with a capital letter, and a full stop where it ends without one."""
    text = text.strip()
    return text and f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.!?' else '.'}"


@register.filter
def dollars(cents: int | None) -> str:
    """Write whole cents as dollars: 70363800 is $703,638.00."""
    if _absent(cents):
        return ""
    number = _whole(cents)
    whole, part = divmod(abs(number), 100)
    return f"{_sign(number)}${whole:,}.{part:02d}"


@register.filter
def rate(cents: int | Fraction | Decimal | str | None, over: int | None = None) -> str:
    """Write dollars for each loan with ten decimals, half-even: `pool_cents|rate:loans` is $0.0982641313.

    Without the second number, the value is a rate in dollars already (Fraction, Decimal or its text).
    A pool divided by nothing has no rate: $0.0000000000.
    """
    if _absent(cents):
        return ""
    if isinstance(cents, float):
        raise TypeError(f"{cents!r} is not exact")
    if _absent(over):
        in_dollars = Fraction(cents)  # type: ignore[arg-type]
    else:
        in_dollars = Fraction(_whole(cents), 100 * over) if over else Fraction(0)
    return f"{_sign(in_dollars)}${_with_decimals(abs(in_dollars), 10)}"


@register.filter
def percent(part: int | None, whole: int) -> str:
    """Write a part of a whole in percent with one decimal, half-even: `loans|percent:all` is 12.4%.

    A part too small for that is "under 0.1%"; of nothing there is no part, and nothing is written.
    """
    if _absent(part) or not _whole(whole):
        return ""
    share = Fraction(100 * _whole(part), whole)
    if 0 < share < Fraction(1, 10):
        return gettext("under %(least)s") % {"least": "0.1%"}
    return f"{_sign(share)}{_with_decimals(abs(share), 1)}%"


@register.filter
def exact_dollars(value: Fraction) -> str:
    """Write an exact amount of dollars with six decimals, half-even: $1,213.070714."""
    written = _with_decimals(abs(value), 6)
    return f"{MINUS if value < 0 and written.strip('0,.') else ''}${written}"


@register.filter
def fraction(value: Fraction) -> str:
    """Write an exact number with six decimals, half-even: 0.412307."""
    return f"{_sign(value)}{_with_decimals(abs(value), 6)}"


@register.filter
def signed_dollars(value: Fraction) -> str:
    """Write a small difference in dollars with its sign and six decimals: +$0.004287."""
    return f"+{exact_dollars(value)}" if value > 0 else exact_dollars(value)


def _eastern(value: datetime | None) -> datetime | str:
    """Return a moment in Eastern time; ValueError where it has no time zone."""
    if value is None or isinstance(value, str):
        return ""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return value.astimezone(EASTERN)


def _day(value: date | datetime | None) -> date | str:
    """Return the Eastern day of a moment; a plain date as it is."""
    return _eastern(value) if isinstance(value, datetime) else value or ""


_DAY = {"en": "F j, Y", "es": r"j \d\e F \d\e Y"}


def _written(value: date | datetime | str, before: str = "", after: str = "") -> str:
    """Write a day in the language of the page; before and after it, what other letters of Django's say."""
    return formatted(value, f"{before}{_DAY[get_language() or 'en']}{after}")


@register.filter
def long_date(value: date | datetime | None) -> str:
    """Write a day in full: Monday, March 8, 2027; in Spanish lunes, 8 de marzo de 2027."""
    return _written(_day(value), "l, ")


@register.filter
def day(value: date | datetime | None) -> str:
    """Write a day: March 8, 2027; in Spanish 8 de marzo de 2027."""
    return _written(_day(value))


_MONTH = {"en": "F Y", "es": r"F \d\e Y"}


@register.filter
def month(value: date | None) -> str:
    """Write the month of a day: March 2027."""
    return formatted(value or "", _MONTH[get_language() or "en"])


def months(first: date, last: date) -> str:
    """Write the months from that of the first day to that of the last: March 2026 to August 2026."""
    written = {"first": month(first), "last": month(last)}
    if written["first"] == written["last"]:
        return written["first"]
    return gettext("%(first)s to %(last)s") % written


_DAY_OF_YEAR = {"en": "F j", "es": r"j \d\e F"}


@register.filter
def day_of_year(value: date) -> str:
    """Write a day of any year: March 8; in Spanish 8 de marzo."""
    return formatted(value, _DAY_OF_YEAR[get_language() or "en"])


@register.filter
def days(valid: DateRange | None) -> str:
    """Write the days of a dated row, the last one included: from July 1, 2017 through June 30, 2018."""
    if not isinstance(valid, DateRange):
        return ""
    first = valid.lower
    last = valid.upper and valid.upper - timedelta(days=1)
    written = {"first": day(first), "last": day(last)}
    if first and last:
        if first == last:
            return gettext("on %(first)s") % written
        return gettext("from %(first)s through %(last)s") % written
    if first:
        return gettext("from %(first)s on") % written
    return gettext("through %(last)s") % written if last else gettext("at all times")


@register.filter
def moment(value: datetime | None) -> str:
    """Write a moment: March 8, 2027, 4:05 p.m. Eastern."""
    local = _eastern(value)
    return gettext("%(moment)s Eastern") % {"moment": _written(local, after=", g:i a")} if local else ""


@register.filter
def long_moment(value: datetime | None) -> str:
    """Write a moment in full: Monday, March 8, 2027, at 4:05:09 p.m. Eastern time."""
    local = _eastern(value)
    if not local:
        return ""
    written = {"day": _written(local, "l, "), "time": formatted(local, "g:i:s a")}
    return gettext("%(day)s, at %(time)s Eastern time") % written


@register.filter
def duration(value: timedelta | None) -> str:
    """Write a length of time in hours and minutes: 1 hour, 2 hours 30 minutes."""
    if value is None or isinstance(value, str):
        return ""
    hours, minutes = divmod(int(value.total_seconds()) // 60, 60)
    parts = []
    if hours:
        parts.append(ngettext("%(number)d hour", "%(number)d hours", hours) % {"number": hours})
    if minutes:
        parts.append(ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes})
    return " ".join(parts) or gettext("less than a minute")


@register.filter
def listed(items: Iterable[Any]) -> str:
    """Write things one after the other as a sentence does: 2018, 2019 and 2020."""
    *others, last = [str(item) for item in items] or [""]
    return (
        gettext("%(others)s and %(last)s") % {"others": ", ".join(others), "last": last} if others else last
    )


@register.filter
def short_digest(value: str | None) -> str:
    """Write the first eight digits of a SHA-256, enough to tell two editions apart by eye."""
    return (value or "")[:8]
