"""Two calculations side by side, library by library: this year and last, before and after, void and new."""

from collections.abc import Sequence
from dataclasses import dataclass

from libraries.models import Library
from payments.models import EarlierCalculation, EarlierLine, Payment, PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus


@dataclass(frozen=True)
class Figures:
    """A library's figures in one calculation: units, and cents."""

    loans: int
    borrows: int
    net_plus: int
    payment_cents: int
    withheld_cents: int


@dataclass(frozen=True)
class ComparedLine:
    """A library in two calculations; `before` or `after` is None where it has no line in that one.

    A difference is None where either is: a library that was not there did not have 0.
    """

    library: Library
    before: Figures | None
    after: Figures | None

    @property
    def loans(self) -> int | None:
        """Units by which loans changed."""
        return self._difference("loans")

    @property
    def borrows(self) -> int | None:
        """Units by which borrowing elsewhere changed."""
        return self._difference("borrows")

    @property
    def net_plus(self) -> int | None:
        """Units by which net plus changed."""
        return self._difference("net_plus")

    @property
    def cents(self) -> int | None:
        """Cents by which the payment changed."""
        return self._difference("payment_cents")

    @property
    def withheld_cents(self) -> int | None:
        """Cents by which what is withheld changed."""
        return self._difference("withheld_cents")

    @property
    def differs(self) -> bool:
        """Whether anything changed."""
        return self.before != self.after

    def _difference(self, name: str) -> int | None:
        if self.before is None or self.after is None:
            return None
        return int(getattr(self.after, name)) - int(getattr(self.before, name))


@dataclass(frozen=True)
class Comparison:
    """Every library of either calculation by key, and the sums of both."""

    lines: tuple[ComparedLine, ...]
    before: Figures
    after: Figures

    @property
    def total(self) -> ComparedLine:
        """The sums as a line of no library."""
        return ComparedLine(Library(name="All libraries"), self.before, self.after)

    @property
    def differing(self) -> int:
        """The number of libraries with any difference."""
        return sum(line.differs for line in self.lines)


Calculated = PaymentRun | EarlierCalculation


@dataclass(frozen=True)
class Comparable:
    """A calculation that a run can be held against: its name in the address, its words, itself."""

    key: str
    label: str
    calculation: Calculated


def compare(run: Calculated, other: Calculated) -> Comparison:
    """Return a run (after) against another calculation (before), with a line for each library of either.

    Source: Regs. Conn. State Agencies § 11-31c-4.
    """
    return compared(_figures(other), _figures(run))


def compared(
    before: Sequence[tuple[Library, Figures]], after: Sequence[tuple[Library, Figures]]
) -> Comparison:
    """Return two sets of lines, each library once, side by side by key."""
    was, now = ({library.key: (library, figures) for library, figures in side} for side in (before, after))
    lines = []
    for key in sorted({*was, *now}):
        library = (now.get(key) or was[key])[0]
        lines.append(
            ComparedLine(library, was[key][1] if key in was else None, now[key][1] if key in now else None)
        )
    return Comparison(tuple(lines), _sum(before), _sum(after))


def comparables(run: PaymentRun) -> list[Comparable]:
    """Return what a calculated run can be held against, the nearest first.

    Its calculation before this one, the other runs of its year (void ones among them), earlier years, and
    older calculations of its own.
    """
    earlier = [
        Comparable(f"calculation-{each.number}", f"calculation {each.number} of this run", each)
        for each in run.earlier_calculations.all()
    ]
    of_the_year = PaymentRun.objects.filter(fiscal_year=run.fiscal_year, calculated_at__isnull=False)
    others = [
        Comparable(f"run-{each.pk}", f"{each}, {each.status}", each)
        for each in of_the_year.exclude(pk=run.pk).order_by("-number")
    ]
    before = PaymentRun.objects.filter(
        fiscal_year__lt=run.fiscal_year, status=PaymentRunStatus.CERTIFIED
    ).order_by("-fiscal_year")
    years = [Comparable(f"run-{each.pk}", f"fiscal year {each.fiscal_year}", each) for each in before]
    return [*earlier[:1], *others, *years, *earlier[1:]]


def _figures(calculation: Calculated) -> list[tuple[Library, Figures]]:
    rows: Sequence[Payment] | Sequence[EarlierLine]
    if isinstance(calculation, PaymentRun):
        rows = list(calculation.payments.select_related("library"))
    else:
        rows = list(calculation.lines.select_related("library"))
    return [
        (
            row.library,
            Figures(row.loans, row.borrows, row.net_plus, row.payment_cents, row.withheld_cents),
        )
        for row in rows
    ]


def _sum(side: Sequence[tuple[Library, Figures]]) -> Figures:
    figures = [each for _, each in side]
    return Figures(
        *(
            sum(getattr(each, name) for each in figures)
            for name in ("loans", "borrows", "net_plus", "payment_cents", "withheld_cents")
        )
    )
