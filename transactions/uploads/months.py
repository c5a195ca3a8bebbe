"""How other systems write a month or a day."""

import calendar
import re
from collections.abc import Iterable

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if number}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.]\d{1,2})?(?:[t ].*)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})[-/.](?:(\d{1,2})[-/.])?(\d{4}|\d{2})(?:[t ,].*)?")
_COMPACT = re.compile(r"(20\d\d)(\d\d)(?:\d\d)?")
_NAMED = re.compile(
    rf"(?:\w+day,? +)?(?:(?P<early>\d{{4}}) +|(?P<d>\d{{1,2}})[ -])?(?P<name>{_NAME})\.?"
    rf"(?:[ -]*(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?:, *| +))?[ ,'’/-]*(?P<late>\d{{4}}|\d{{2}})?"
    rf"(?:[ ,]+\d{{1,2}}:.*)?"
)
_IN_HEADING = re.compile(rf"(?<![a-z])({_NAME})\.?(?![a-z])")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")

# A year and a month; None for the year where it is not said.
YearMonth = tuple[int | None, int]


def days_come_first(texts: Iterable[str]) -> bool:
    """Whether a column writes 14/3/2026: some first figures are no months, and no second ones."""
    found = [figures for text in texts if (figures := _MONTH_FIRST.fullmatch(text.casefold())) and figures[2]]
    return any(int(figures[1]) > 12 for figures in found) and all(int(figures[2]) <= 12 for figures in found)


def read_month(text: str, *, day_first: bool = False) -> YearMonth | None:
    """Return the month of a cell that holds a month or a day and nothing else; None for any other cell.

    2026-03, 3/14/2026 10:05, Mar-26, March, 202603 are read; a number by itself is none. In figures the month
    comes before the day, as in America, unless the column writes the day first.
    """
    if len(text) < 3 or len(text) > 40:
        return None
    written = text.strip().casefold()
    if found := _YEAR_FIRST.fullmatch(written):
        return _checked(int(found[1]), int(found[2]))
    if found := _MONTH_FIRST.fullmatch(written):
        if found[2] is None and len(found[3]) == 2:
            return None  # 3/26 may be a day, a month or a fraction
        return _checked(_full(found[3]), int(found[2] if day_first and found[2] else found[1]))
    if found := _COMPACT.fullmatch(written):
        return _checked(int(found[1]), int(found[2]))
    if found := _NAMED.fullmatch(written):
        year = found["early"] or found["late"]
        return (_full(year) if year else None, _MONTHS[found["name"]])
    return None


def month_of_heading(text: str) -> YearMonth | None:
    """Return the month that a heading names, also among other words: “Loans in March 2026”."""
    if exact := read_month(text):
        return exact
    if len(text) > 40:
        return None
    names = {_MONTHS[name] for name in _IN_HEADING.findall(text.casefold())}
    years = set(_YEAR.findall(text))
    if len(names) != 1 or len(years) > 1:
        return None
    return (int(years.pop()) if years else None, names.pop())


def years_named(text: str) -> set[int]:
    """Return the years of this century that a text names."""
    return {int(year) for year in _YEAR.findall(text)}


def _full(year: str) -> int:
    return int(year) if len(year) == 4 else 2000 + int(year)


def _checked(year: int, month: int) -> YearMonth | None:
    return (year, month) if 1 <= month <= 12 and 1990 <= year <= 2099 else None
