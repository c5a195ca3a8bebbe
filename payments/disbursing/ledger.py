"""What libraries received, from the ledger: the rows of a year added up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from libraries.models import Library
from payments.models import PastPayment


@dataclass(frozen=True)
class Received:
    """What a library received in a state fiscal year: all its payments, the earliest first."""

    payments: Sequence[PastPayment]

    @property
    def cents(self) -> int:
        """The sum in cents; 0 says that nothing was received."""
        return sum(payment.cents for payment in self.payments)

    @property
    def received_on(self) -> date | None:
        """The day on which the last of it came; None where no day is on record."""
        return max((payment.received_on for payment in self.payments if payment.received_on), default=None)

    @property
    def source(self) -> str:
        """Where it is on record."""
        return "; ".join(payment.source for payment in self.payments)


def received(library: Library, fiscal_year: int) -> Received | None:
    """Return what a library received in a fiscal year; None where nobody knows."""
    payments = list(PastPayment.objects.filter(library=library, fiscal_year=fiscal_year))
    return Received(payments) if payments else None


def entered_by_hand(library: Library, fiscal_year: int) -> PastPayment | None:
    """Return what was entered or imported for a year, beside what the Comptroller's result files say."""
    return PastPayment.objects.filter(library=library, fiscal_year=fiscal_year, batch_line=None).first()
