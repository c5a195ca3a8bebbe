"""What the statewide report of deliverIT CT says of a quarter or a fiscal year: sums, and an estimate."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar

from reports.contents.origin import AppliedRule, MadeFrom


class CameIn(StrEnum):
    """How a library's reports of a period came in; each library is in one of these."""

    WHOLE_IN_TIME = "in time"
    LATE = "late"
    PARTIAL = "partial"
    LATE_AND_PARTIAL = "late and partial"
    NOT_DUE = "not yet due"
    MISSING = "not reported"
    SOME_MISSING = "not every quarter reported"


@dataclass(frozen=True)
class DeliverySums:
    """Sums of what was counted. `delivered` and `sent` are items, with bins taken to hold some each.

    `months` are the months of libraries of which anything was counted.
    """

    bins_in: int = 0
    items_in: int = 0
    bins_out: int = 0
    items_out: int = 0
    delivered: int = 0
    sent: int = 0
    months: int = 0

    def __add__(self, other: "DeliverySums") -> "DeliverySums":
        return DeliverySums(
            self.bins_in + other.bins_in,
            self.items_in + other.items_in,
            self.bins_out + other.bins_out,
            self.items_out + other.items_out,
            self.delivered + other.delivered,
            self.sent + other.sent,
            self.months + other.months,
        )


@dataclass(frozen=True)
class EstimatedReturns:
    """The estimate of borrowIT CT returns, and the interlibrary loans taken off in each direction."""

    arrived: int
    sent: int
    loans: int

    def __add__(self, other: "EstimatedReturns") -> "EstimatedReturns":
        return EstimatedReturns(
            self.arrived + other.arrived, self.sent + other.sent, self.loans + other.loans
        )


@dataclass(frozen=True)
class DeliveryLine:
    """A library in the period. `sums` is None where it reported nothing, `returns` where none are estimated.

    `missing_months` are the first days of the months of its reports that lack a count; `why_no_estimate` says
    why `returns` is None. `route` and `code` are those of the last day of the period, empty where unknown.
    """

    key: str
    name: str
    kind: str
    town: str
    town_number: int | None
    route: str
    code: str
    quarters: int
    reported: int
    came_in: CameIn
    missing_months: tuple[date, ...]
    why_missing: str
    sums: DeliverySums | None
    returns: EstimatedReturns | None
    why_no_estimate: str


@dataclass(frozen=True)
class DeliveryMonth:
    """A month of the period: how many libraries counted it whole, of how many, and the sums."""

    month: date
    libraries: int
    whole: int
    sums: DeliverySums


@dataclass(frozen=True)
class DeliveryMonthOfLibrary:
    """What one library counted in one month, as it reported it; None was not counted or not given."""

    key: str
    name: str
    month: date
    bins_in: int | None
    items_in: int | None
    bins_out: int | None
    items_out: int | None
    loans_sent: int | None
    loans_received: int | None


@dataclass(frozen=True)
class DeliveryQuarter:
    """A quarter of the period: who reported, and the number of items that a bin is taken to hold in it.

    `in_time`, `late`, `missing` and `not_due` add up to `libraries`; `partial` are some of the first two.
    """

    name: str
    title: str
    libraries: int
    in_time: int
    late: int
    partial: int
    missing: int
    not_due: int
    items_per_bin: int
    why_items_per_bin: str
    sums: DeliverySums

    @property
    def reported(self) -> int:
        """How many libraries reported, late ones too."""
        return self.in_time + self.late


@dataclass(frozen=True)
class DeliveryGroup:
    """The libraries of a route, or of a kind; `name` is empty for those of which it is not known."""

    name: str
    libraries: int
    reported: int
    sums: DeliverySums


@dataclass(frozen=True)
class DeliveryComparison:
    """An earlier period beside this one.

    `before` is the sum over whoever reported then; `both` is the number of libraries that reported every
    month of both periods, whose sums are `both_now` and `both_before`, with as many items in a bin.
    """

    name: str
    title: str
    before: DeliverySums
    reported_before: int
    both: int
    both_now: DeliverySums
    both_before: DeliverySums

    @property
    def change(self) -> int:
        """How many more items were delivered at the libraries that reported both; fewer where below zero."""
        return self.both_now.delivered - self.both_before.delivered


@dataclass(frozen=True)
class DeliveryVolume:
    """The statewide report of a quarter or a fiscal year, over every site that the delivery served in it."""

    template: ClassVar[str] = "reports/pdf/delivery_volume.html"

    name: str
    """The period in addresses: 2026-10 or FY2027."""
    period: str
    first_day: date
    last_day: date
    is_over: bool
    lines: tuple[DeliveryLine, ...]
    quarters: tuple[DeliveryQuarter, ...]
    months: tuple[DeliveryMonth, ...]
    months_of_libraries: tuple[DeliveryMonthOfLibrary, ...]
    routes: tuple[DeliveryGroup, ...]
    kinds: tuple[DeliveryGroup, ...]
    comparisons: tuple[DeliveryComparison, ...]
    reports: int
    """How many reports stand behind the figures."""
    rules: tuple[AppliedRule, ...]
    made_from: MadeFrom

    @property
    def title(self) -> str:
        return f"deliverIT CT volume, {self.period}"

    @property
    def libraries(self) -> int:
        """How many sites the delivery served."""
        return len(self.lines)

    @property
    def reporting(self) -> int:
        """How many of them reported anything."""
        return sum(line.sums is not None for line in self.lines)

    @property
    def sums(self) -> DeliverySums:
        """What all libraries counted."""
        return sum((line.sums for line in self.lines if line.sums), DeliverySums())

    @property
    def returns(self) -> EstimatedReturns | None:
        """The estimate over the libraries that have one; None where none has."""
        known = [line.returns for line in self.lines if line.returns]
        return sum(known, EstimatedReturns(0, 0, 0)) if known else None

    @property
    def estimated(self) -> int:
        """For how many libraries returns are estimated."""
        return sum(line.returns is not None for line in self.lines)

    @property
    def without_estimate(self) -> tuple[tuple[str, int], ...]:
        """Why returns of the others are not estimated, with the number of libraries; the most first."""
        reasons = [line.why_no_estimate for line in self.lines if line.returns is None]
        return tuple(Counter(sorted(reasons)).most_common())

    @property
    def standing(self) -> tuple[tuple[CameIn, int], ...]:
        """How many libraries are in each state; those that hold none are left out."""
        states = [line.came_in for line in self.lines]
        return tuple((state, states.count(state)) for state in CameIn if state in states)

    @property
    def by_town(self) -> dict[int, int | None]:
        """Items delivered in each town by its number; None where nobody in it reported."""
        found: dict[int, int | None] = {}
        for line in self.lines:
            if line.town_number is not None:
                before = found.get(line.town_number)
                found[line.town_number] = before if line.sums is None else (before or 0) + line.sums.delivered
        return found

    @property
    def items_per_bin(self) -> int | None:
        """The number of items in a bin where it is one for the whole period, else None."""
        numbers = {quarter.items_per_bin for quarter in self.quarters}
        return numbers.pop() if len(numbers) == 1 else None
