"""A filing beside what is known from elsewhere, looked over once for all checks that think.

What is odd in one way is said once: a pair of changed places is not also two odd cells, a line that is gone
is not also six odd months. The order in which oddities take cells is the order of the properties below.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import asin, cos, radians, sin, sqrt

from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import NOT_COUNTED, FilingToCheck, Tier
from transactions.rules.usual_counts import EarlierCounts, Limits, UsualRange, limits, usual_range

# A home library and the first day of a month; None in the column of period totals.
Cell = tuple[str, date | None]

_EARTH_DIAMETER_KM = 12_742


@dataclass(frozen=True)
class HomeLibrary:
    """What is known of a home library: where it stands (degrees; None where unknown) and whom it serves.

    `residents` are those of all towns that it serves. `lent_to_them` is what all libraries together
    certified on its cards in the latest whole program year on record; None where none is.
    """

    residents: int
    position: tuple[float, float] | None = None
    lent_to_them: int | None = None


@dataclass(frozen=True)
class FilingInContext:
    """A filing with its library's earlier counts and the other libraries, as of a day.

    Only months that are past and in which something was answered are looked at: a draft under way has no
    missing counts yet, and of a month without any answer `filing_checks.unanswered` speaks.
    """

    filing: FilingToCheck
    today: date
    earlier: EarlierCounts = field(default_factory=EarlierCounts)
    others: Mapping[str, HomeLibrary] = field(default_factory=dict)
    position: tuple[float, float] | None = None

    @cached_property
    def limits(self) -> Limits:
        """The limits in force today."""
        return limits(self.today)

    @cached_property
    def answers(self) -> dict[Cell, int | None]:
        """Units by cell as entered; None where not counted. A blank is not among them."""
        found: dict[Cell, int | None] = {}
        for count in self.filing.counts:
            if count.loans is None or (count.month is not None) is not self.filing.by_month:
                continue
            if isinstance(count.loans, int) and not isinstance(count.loans, bool):
                found[count.home_library, count.month] = max(count.loans, 0)
            elif count.loans is NOT_COUNTED:
                found[count.home_library, count.month] = None
        return found

    @cached_property
    def columns(self) -> tuple[date | None, ...]:
        """The months to look at, each by its first day; only None for period totals."""
        if self.filing.nothing_lent:
            return ()
        answered = {month for _, month in self.answers}
        if not self.filing.by_month:
            return (None,) if answered and self.filing.covers.last_day < self.today else ()
        return tuple(
            month
            for month in self.filing.covers.months()
            if month in answered and Span.of_month(month).last_day < self.today
        )

    @cached_property
    def months(self) -> tuple[date, ...]:
        """The months that the looked-at columns stand for."""
        if self.columns == (None,):
            return self.filing.covers.months()
        return tuple(month for month in self.columns if month is not None)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The home libraries with loans now or earlier, in the order of the form: by name."""
        now = {home for (home, month), units in self.answers.items() if units and month in self.columns}
        return tuple(
            sorted(now | self.earlier.home_libraries, key=lambda home: self.filing.name(home).casefold())
        )

    def units(self, home_library: str, column: date | None) -> int | None:
        """Return what was lent by a cell, a blank as 0; None where not counted."""
        return self.answers.get((home_library, column), 0)

    def sum_of(self, home_library: str) -> int | None:
        """Return what was lent on the cards of a home library in the columns looked at; None where part of
        it was not counted."""
        found = [self.units(home_library, column) for column in self.columns]
        return None if None in found else sum(units or 0 for units in found)

    def total_of(self, column: date | None) -> int:
        """Return what was lent in a column; what was not counted adds nothing."""
        return self._totals[column]

    @cached_property
    def total(self) -> int:
        """What was lent in all columns looked at."""
        return sum(self._totals.values())

    @cached_property
    def _totals(self) -> dict[date | None, int]:
        totals: dict[date | None, int] = dict.fromkeys(self.columns, 0)
        for (_, column), units in self.answers.items():
            if units and column in totals:
                totals[column] += units
        return totals

    # Ranges

    @cached_property
    def comparable(self) -> dict[date, tuple[date, ...]]:
        """For each month looked at, the earlier ones with which it is compared; enough of them."""
        if not self.filing.by_month:
            return {}
        found = {
            month: self.earlier.comparable_months(month, self.filing.covers, self.limits)
            for month in self.months
        }
        return {
            month: earlier for month, earlier in found.items() if len(earlier) >= self.limits.least_values
        }

    @cached_property
    def ranges(self) -> dict[Cell, UsualRange]:
        """The usual range of each cell for which enough earlier counts are on record."""
        if not self.filing.by_month:
            return {(home, None): usual for home, usual in self.ranges_of_sums.items()}
        found: dict[Cell, UsualRange] = {}
        for month, comparable in self.comparable.items():
            earlier = [self.earlier.months[before] for before in comparable]
            for home in self.lines:
                values = [units for loans in earlier if (units := loans.get(home, 0)) is not None]
                enough = len(values) >= self.limits.least_values
                if enough and (usual := usual_range(values, self.limits)):
                    found[home, month] = usual
        return found

    @cached_property
    def comparable_sums(self) -> tuple[Mapping[str, int | None], ...]:
        """What was lent by home library in the same months of earlier years."""
        return self.earlier.comparable_sums(self.months, self.limits)

    @cached_property
    def ranges_of_sums(self) -> dict[str, UsualRange]:
        """The usual range of what each line adds up to."""
        found: dict[str, UsualRange] = {}
        for home in self.lines if self.columns else ():
            values = [units for year in self.comparable_sums if (units := year.get(home, 0)) is not None]
            if usual := usual_range(values, self.limits):
                found[home] = usual
        return found

    # What takes a cell, in this order

    @cached_property
    def unusual(self) -> dict[Cell, UsualRange]:
        """The cells outside their range, with it."""
        return {
            cell: usual
            for cell, usual in self.ranges.items()
            if (units := self.units(*cell)) is not None and not usual.holds(units)
        }

    @cached_property
    def changed_places(self) -> list[tuple[Cell, Cell]]:
        """Pairs of neighbours on the form, each outside its own range and inside the other's."""
        found: list[tuple[Cell, Cell]] = []
        taken: set[Cell] = set()
        for column in self.columns:
            for first, second in zip(self.lines, self.lines[1:], strict=False):
                pair = (first, column), (second, column)
                if not all(cell in self.unusual for cell in pair) or taken.intersection(pair):
                    continue
                here, there = (self.units(*cell) or 0 for cell in pair)
                if self.ranges[pair[1]].holds(here) and self.ranges[pair[0]].holds(there):
                    found.append(pair)
                    taken.update(pair)
        return found

    @cached_property
    def gone(self) -> dict[str, UsualRange]:
        """Lines that are blank or 0 throughout and never were before, with what they usually add up to."""
        swapped = {home for home, _ in self._swapped}
        return {
            home: usual
            for home, usual in self.ranges_of_sums.items()
            if usual.low > 0 and self.sum_of(home) == 0 and home not in swapped
        }

    @cached_property
    def odd_lines(self) -> dict[str, UsualRange]:
        """Lines to be spoken of as a whole, with what they usually add up to.

        Either several months are outside their range, or months cannot be compared and the sum is outside.
        """
        months_odd: dict[str, int] = defaultdict(int)
        for home, _ in self._not_swapped:
            months_odd[home] += 1
        found: dict[str, UsualRange] = {}
        for home, usual in self.ranges_of_sums.items():
            units = self.sum_of(home)
            if home in self.gone or (home, None) in self._swapped or units is None or usual.holds(units):
                continue
            if months_odd[home] >= self.limits.months_together or not self.is_compared_by_month(home):
                found[home] = usual
        return found

    @property
    def has_many_odd_lines(self) -> bool:
        """Whether so many lines are odd that the filing is spoken of as a whole."""
        return len(self.odd_lines) + len(self.gone) > self.limits.asked_singly

    @cached_property
    def odd_cells(self) -> dict[Cell, UsualRange]:
        """Cells that no line and no pair speaks of, with their range, in the order of the form."""
        lines = self.gone.keys() | self.odd_lines.keys()
        return {
            (home, month): usual
            for (home, month), usual in self._not_swapped.items()
            if home not in lines and self.total_of(month)
        }

    @cached_property
    def odd_months(self) -> dict[date, int]:
        """Months with so many odd cells that the month is spoken of as a whole, with how many they are."""
        cells_of = Counter(month for _, month in self.odd_cells)
        most = self.limits.asked_singly
        return {month: cells_of[month] for month in self.comparable if cells_of[month] > most}

    @cached_property
    def odd_totals(self) -> dict[date, UsualRange]:
        """Months whose total is outside its range, also with every odd cell at its usual count."""
        found: dict[date, UsualRange] = {}
        for month, comparable in self.comparable.items():
            total = self.total_of(month)
            if month in self.odd_months or not total or self.has_many_odd_lines:
                continue
            totals = [self.earlier.total_of(before) for before in comparable]
            usual = usual_range(totals, self.limits, is_total=True)
            slips = sum(
                (self.units(*cell) or 0) - usual_of_cell.middle
                for cell, usual_of_cell in self.unusual.items()
                if cell[1] == month
            )
            if usual and not usual.holds(total) and not usual.holds(max(total - slips, 0)):
                found[month] = usual
        return found

    @property
    def has_many_odd_totals(self) -> bool:
        """Whether the totals of so many months are odd that the filing is spoken of as a whole."""
        return len(self.odd_totals) >= self.limits.months_together

    def is_compared_by_month(self, home_library: str) -> bool:
        """Return whether enough earlier months are on record for cells of this line."""
        return any((home_library, month) in self.ranges for month in self.comparable)

    @cached_property
    def _swapped(self) -> frozenset[Cell]:
        return frozenset(cell for pair in self.changed_places for cell in pair)

    @cached_property
    def _not_swapped(self) -> dict[Cell, UsualRange]:
        return {cell: usual for cell, usual in self.unusual.items() if cell not in self._swapped}

    # Words and weights

    def name(self, home_library: str) -> str:
        """Return a library's name."""
        return self.filing.name(home_library)

    def weight(self, units_outside: int, *, learned_from: int | None = None) -> Tier:
        """Return whether so many units outside a range must be explained or are worth a look.

        `learned_from` is the number of earlier years that give the range of a sum.
        """
        matters = units_outside >= self.limits.units_that_matter
        known = learned_from is None or learned_from >= self.limits.least_years
        return Tier.MUST_EXPLAIN if matters and known else Tier.WORTH_A_LOOK

    def kilometres_to(self, home_library: str) -> float | None:
        """Return how far away a home library is, as the crow flies; None where a place is unknown."""
        other = self.others.get(home_library)
        if self.position is None or other is None or other.position is None:
            return None
        return _kilometres(self.position, other.position)


def band_about(units: int, usual: UsualRange, limits: Limits) -> tuple[int, int]:
    """Return the units for which an explanation of `units` stands: nearer the usual range, or a little
    farther off.

    Source: practice of the State Library, as dated in the rulebook.
    """
    if units > usual.high:
        return usual.high + 1, band_up_to(units, limits)[1]
    farther = max(units * limits.band_percent // 100, limits.band_units)
    return max(units - farther, 0), max(usual.low - 1, units)


def band_of_total(units: int, limits: Limits) -> tuple[int, int]:
    """Return the units for which an explanation of a total stands: a little less to a little more.

    Source: practice of the State Library, as dated in the rulebook.
    """
    farther = units * limits.band_percent // 100
    return units - farther, units + farther


def band_up_to(units: int, limits: Limits) -> tuple[int, int]:
    """Return the units for which an explanation of too many stands: fewer, or a little more.

    Source: practice of the State Library, as dated in the rulebook.
    """
    return 0, units + max(units * limits.band_percent // 100, limits.band_units)


def band_of_findings(number: int, limits: Limits) -> tuple[int, int]:
    """Return for how many odd counts one explanation stands: fewer, or a few more.

    Source: practice of the State Library, as dated in the rulebook.
    """
    return 0, number + max(number * limits.band_percent // 100, limits.band_findings)


def _kilometres(here: tuple[float, float], there: tuple[float, float]) -> float:
    latitude, longitude, to_latitude, to_longitude = (radians(degrees) for degrees in (*here, *there))
    half_chord = (
        sin((to_latitude - latitude) / 2) ** 2
        + cos(latitude) * cos(to_latitude) * sin((to_longitude - longitude) / 2) ** 2
    )
    return _EARTH_DIAMETER_KM * asin(sqrt(half_chord))
