"""Which counts are usual for a library: ranges learned from what it certified before.

Most cells of a filing are 0, and loans come in handfuls: one visitor takes several things at once. So a
range is the median of earlier counts and its spread, taken on square roots, where a count and its chance go
together, and it is never narrower than chance makes it. Means and standard deviations would be ruled by a
single odd month.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from math import ceil, floor, sqrt
from statistics import median

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules.filing_calendar import Span

LAST_CHECKED_ON = date(2026, 11, 21)

# Of a normal distribution the median deviation from the median is this part of the standard deviation.
_MEDIAN_DEVIATION_OF_NORMAL = 0.6745


def _practice(key: str, value: int, sentence: str) -> Entry:
    return Entry(f"usual_counts.{key}", value, "", Label.PRACTICE, sentence, LAST_CHECKED_ON)


RULEBOOK = Rulebook(
    [
        _practice(
            "years_looked_back", 5, "Counts are compared with what the library certified in this many years."
        ),
        _practice(
            "units_taken_at_once",
            4,
            "A visitor is taken to borrow about this many things at once, so that a small count may swing "
            "widely and mean nothing: 0 beside 3, or 2 beside 6, is never asked about.",
        ),
        _practice(
            "widths_of_the_range",
            4,
            "A count is usual within this many spreads of the median of earlier counts.",
        ),
        _practice(
            "swing_of_a_count_percent",
            12,
            "A count of one home library is taken to rise and fall by at least this much, as one spread.",
        ),
        _practice(
            "swing_of_a_total_percent",
            8,
            "A total of all home libraries is taken to rise and fall by at least this much, as one spread.",
        ),
        _practice(
            "least_values_of_a_month",
            5,
            "A month is compared with earlier ones where at least this many are on record: the same and the "
            "neighbouring months of earlier years, and the last months before the filing.",
        ),
        _practice(
            "months_just_before",
            6,
            "So many months before a filing are compared with each of its months, whatever the season.",
        ),
        _practice(
            "least_years_to_ask",
            3,
            "A sum over a whole filing must be explained only where at least this many earlier years give "
            "its range; with fewer it is worth a look.",
        ),
        _practice(
            "units_that_matter",
            50,
            "A reason is asked for only where a count lies at least this many units outside its range, "
            "which is worth about sixteen dollars; less is worth a look.",
        ),
        _practice(
            "findings_asked_singly",
            5,
            "More odd counts of a month than this, or more odd lines of a filing, have one cause and are "
            "asked about once.",
        ),
        _practice(
            "months_spoken_of_together",
            3,
            "From so many odd months on, a line is spoken of as a whole, and so are the totals of a filing.",
        ),
        _practice(
            "explanation_stands_percent",
            10,
            "An explanation stands for the value that it explains, for values nearer the usual range, and "
            "for values that lie by this part of it farther off.",
        ),
        _practice(
            "explanation_stands_units",
            5,
            "However small the value, its explanation stands for one that lies so many units farther off.",
        ),
        _practice(
            "explanation_stands_findings",
            2,
            "An explanation of many odd counts stands for so many more of them.",
        ),
    ]
)


@dataclass(frozen=True)
class Limits:
    """The values of RULEBOOK in force on a day, as the ranges use them."""

    years: int
    units_at_once: int
    widths: int
    swing: float
    total_swing: float
    least_values: int
    least_years: int
    units_that_matter: int
    months_before: int
    asked_singly: int
    months_together: int
    band_percent: int
    band_units: int
    band_findings: int


@cache
def limits(on: date) -> Limits:
    """Return the limits in force on a day.

    Source: practice of the State Library, as dated in the rulebook.
    """

    def value(key: str) -> int:
        return RULEBOOK.number(f"usual_counts.{key}", on)

    return Limits(
        years=value("years_looked_back"),
        units_at_once=value("units_taken_at_once"),
        widths=value("widths_of_the_range"),
        swing=value("swing_of_a_count_percent") / 100,
        total_swing=value("swing_of_a_total_percent") / 100,
        least_values=value("least_values_of_a_month"),
        least_years=value("least_years_to_ask"),
        units_that_matter=value("units_that_matter"),
        months_before=value("months_just_before"),
        asked_singly=value("findings_asked_singly"),
        months_together=value("months_spoken_of_together"),
        band_percent=value("explanation_stands_percent"),
        band_units=value("explanation_stands_units"),
        band_findings=value("explanation_stands_findings"),
    )


@dataclass(frozen=True)
class UsualRange:
    """Units from `low` to `high`, both usual, about the median `middle` of so many earlier `values`."""

    low: int
    middle: int
    high: int
    values: int

    def holds(self, units: int) -> bool:
        """Return whether a count is usual."""
        return self.low <= units <= self.high

    def distance(self, units: int) -> int:
        """Return how many units a count lies outside; 0 where it is usual."""
        return max(self.low - units, units - self.high, 0)


def usual_range(values: Sequence[int], limits: Limits, *, is_total: bool = False) -> UsualRange | None:
    """Return the range of usual counts, given earlier ones; None where there are none.

    On the scale of twice the square root a count that comes in handfuls of n has a spread of the square root
    of n whatever its size. The spread is at least that, at least the usual swing, and the one seen.

    Source: practice of the State Library, as dated in the rulebook.
    """
    return _usual_range(tuple(values), limits, is_total) if values else None


@cache
def _scaled(units: int) -> float:
    return 2 * sqrt(units + 0.375)


def _usual_range(values: tuple[int, ...], limits: Limits, is_total: bool) -> UsualRange:
    scaled = [_scaled(value) for value in values]
    middle = median(scaled)
    seen = median(abs(value - middle) for value in scaled) / _MEDIAN_DEVIATION_OF_NORMAL
    swing = (limits.total_swing if is_total else limits.swing) * middle / 2
    reach = limits.widths * max(sqrt(limits.units_at_once), swing, seen)
    low = floor(_units(middle - reach)) if middle > reach else 0
    return UsualRange(low, round(_units(middle)), ceil(_units(middle + reach)), len(values))


def _units(scaled: float) -> float:
    return max((scaled / 2) ** 2 - 0.375, 0.0)


@dataclass(frozen=True)
class EarlierTotal:
    """What a library certified for a whole period without months, by home library; None is not counted."""

    span: Span
    loans: Mapping[str, int | None]


@dataclass(frozen=True)
class EarlierCounts:
    """What a library certified before: by first day of the month and home library, and period totals.

    A home library that is not in a month of `months` was lent 0 there: a certified blank says so. None means
    not counted, of which nothing is learned. Estimates do not belong here: they judge nobody.
    """

    months: Mapping[date, Mapping[str, int | None]] = field(default_factory=dict)
    totals: Sequence[EarlierTotal] = ()

    @cached_property
    def home_libraries(self) -> frozenset[str]:
        """Every home library on whose cards something was lent."""
        every = [*self.months.values(), *(total.loans for total in self.totals)]
        return frozenset(home for loans in every for home, units in loans.items() if units)

    def total_of(self, month: date) -> int:
        """Return what was lent in a month on record; what was not counted adds nothing."""
        return sum(units or 0 for units in self.months[month].values())

    def comparable_months(self, month: date, filing: Span, limits: Limits) -> tuple[date, ...]:
        """Return the earlier months with which a month is compared, as far as they are on record."""
        wanted = {
            _months_later(month, beside - 12 * years)
            for years in range(1, limits.years + 1)
            for beside in (-1, 0, 1)
        }
        wanted |= {_months_later(filing.first_day, -before) for before in range(1, limits.months_before + 1)}
        return tuple(
            sorted(earlier for earlier in wanted if earlier in self.months and earlier < filing.first_day)
        )

    def comparable_sums(self, months: Sequence[date], limits: Limits) -> tuple[Mapping[str, int | None], ...]:
        """Return what was lent by home library in the same months of earlier years, a mapping for each year.

        A period total stands in for its months in proportion. Where no year is on record, as many months
        just before, if all of them are.
        """
        found: list[Mapping[str, int | None]] = []
        if not months:
            return ()
        for years in range(1, limits.years + 1):
            before = [_months_later(month, -12 * years) for month in months]
            if all(month in self.months for month in before):
                found.append(_added(self.months[month] for month in before))
            elif total := next((total for total in self.totals if _holds(total.span, before)), None):
                found.append(_part(total, len(before)))
        if not found:
            just_before = [_months_later(month, -len(months)) for month in months]
            if all(month in self.months for month in just_before):
                found.append(_added(self.months[month] for month in just_before))
        return tuple(found)


def _months_later(month: date, months: int) -> date:
    """Return the first day of the month that comes so many months later, or before where negative."""
    years, number = divmod(month.month - 1 + months, 12)
    return date(month.year + years, number + 1, 1)


def _holds(span: Span, months: Sequence[date]) -> bool:
    return all(span.overlaps(Span.of_month(month)) for month in months)


def _added(months: Iterable[Mapping[str, int | None]]) -> dict[str, int | None]:
    sums: dict[str, int | None] = {}
    for loans in months:
        for home, units in loans.items():
            before = sums.get(home, 0)
            sums[home] = None if before is None or units is None else before + units
    return sums


def _part(total: EarlierTotal, months: int) -> dict[str, int | None]:
    of = len(total.span.months())
    return {
        home: None if units is None else round(units * months / of) for home, units in total.loans.items()
    }
