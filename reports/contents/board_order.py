"""What an order of the Board says: whole cents, dates and words, nothing formatted."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from reports.contents.origin import MadeFrom
from reports.contents.payment_run import PaymentTotals, RunFacts


@dataclass(frozen=True)
class OrderedPayment:
    """A payment that the Board orders; `successor` where the library closed and another is paid for it."""

    library_key: str
    library_name: str
    cents: int
    successor: str = ""


@dataclass(frozen=True)
class BoardOrderPaper:
    """An order of the Board to pay a run, or to release what was withheld in it. Source: C.G.S. § 11-31b."""

    template: ClassVar[str] = "reports/pdf/board_order.html"

    run: RunFacts
    run_name: str
    """Its fiscal year and number, such as 2027-1."""
    payments: tuple[OrderedPayment, ...]
    """Every payment that is ordered, none of $0.00, in order of the library's name."""
    cents: int
    """Their sum."""
    totals: PaymentTotals
    last_day: date
    """The last day of an order that releases what was withheld. Source: C.G.S. § 4-89."""
    made_from: MadeFrom
    is_release: bool = False
    number: str = ""
    """Empty until it is recorded: the Board fills it in."""
    dated: date | None = None

    @property
    def title(self) -> str:
        what = "release of withheld money" if self.is_release else "payment"
        return f"Order of the State Library Board, {what} FY{self.run.fiscal_year}"

    @property
    def not_paid(self) -> int:
        """Return how many libraries of the run get nothing and have nothing withheld."""
        return self.totals.libraries - self.totals.libraries_paid - self.totals.libraries_withheld
