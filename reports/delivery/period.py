"""The periods of the statewide report of deliverIT CT: a quarter, or a state fiscal year of four."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from transactions.rules.delivery_quarters import Quarter


@dataclass(frozen=True)
class Period:
    """One quarter or the four of a fiscal year, in order."""

    quarters: tuple[Quarter, ...]

    @property
    def is_year(self) -> bool:
        """Whether it is a fiscal year."""
        return len(self.quarters) > 1

    @property
    def fiscal_year(self) -> int:
        """The fiscal year in which it lies."""
        return self.quarters[0].fiscal_year

    @property
    def name(self) -> str:
        """Its name in addresses and files: 2026-10, or FY2027."""
        return f"FY{self.fiscal_year}" if self.is_year else self.quarters[0].name

    @property
    def first_day(self) -> date:
        """Its first day."""
        return self.quarters[0].first_day

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.quarters[-1].last_day

    @property
    def preceding(self) -> "Period":
        """The quarter before a quarter; the year before a year."""
        return self.a_year_before if self.is_year else Period((self.quarters[0].preceding,))

    @property
    def a_year_before(self) -> "Period":
        """The same quarter, or the fiscal year, a year before."""
        return Period(tuple(_a_year_before(quarter) for quarter in self.quarters))


def year(fiscal_year: int) -> Period:
    """Return the four quarters of a state fiscal year: July to June, named for the year in which it ends."""
    first = Quarter(date(fiscal_year - 1, 7, 1))
    second, third = first.following, first.following.following
    return Period((first, second, third, third.following))


def period_named(name: str) -> Period:
    """Return the period of a name as `Period.name` gives it; ValueError for any other text."""
    if name.startswith("FY"):
        digits = name.removeprefix("FY")
        if not (digits.isascii() and digits.isdigit() and len(digits) == 4 and 1990 < int(digits) < 2100):
            raise ValueError(f"{name!r} names no fiscal year; write it like FY2027")
        return year(int(digits))
    return Period((Quarter.named(name),))


def periods_of(quarters: Iterable[Quarter]) -> list[Period]:
    """Return these quarters and the fiscal years in which they lie, the latest first."""
    found: list[Period] = []
    for quarter in sorted(set(quarters), reverse=True):
        whole = year(quarter.fiscal_year)
        if whole not in found:
            found.append(whole)
        found.append(Period((quarter,)))
    return found


def _a_year_before(quarter: Quarter) -> Quarter:
    return Quarter(quarter.first_day.replace(year=quarter.first_day.year - 1))
