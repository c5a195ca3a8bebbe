"""The change of a library's payment from the fiscal year before, cause by cause, in sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

from connecticard.templatetags.figures import count, dollars
from payments.explaining.explanation import Totals, totals
from payments.models import Payment, PaymentRun
from payments.rules.change_explained import Cause, Part, YearOfPayment, explain_change

# Named only where they happened; the four figures of the division are always told.
_ONLY_WHERE_IT_HAPPENED = (Cause.TAKING_PART, Cause.IN_ORDER, Cause.ROUNDING)
_LABELS = {
    Cause.OWN_LOANS: "Loans of this library",
    Cause.OTHERS_LOANS: "Loans of the other libraries",
    Cause.OWN_BORROWING: "Borrowing elsewhere on its cards",
    Cause.APPROPRIATION: "Appropriation",
    Cause.TAKING_PART: "Taking part",
    Cause.IN_ORDER: "Requirements for payment",
    Cause.ROUNDING: "Rounding to whole cents",
}


@dataclass(frozen=True)
class CauseOfChange:
    """What one cause added to a payment or took from it, with the figures behind it."""

    cause: Cause
    label: str
    sentence: str
    cents: int


@dataclass(frozen=True)
class Change:
    """A library's payment beside that of the fiscal year before, in cents. The causes add up."""

    fiscal_year_before: int
    before_cents: int
    now_cents: int
    causes: tuple[CauseOfChange, ...]

    @property
    def cents(self) -> int:
        """What was added, or taken where it is below zero."""
        return self.now_cents - self.before_cents


class ChangesOfRun:
    """Tells how the payments of a run differ from the year before; make it once for many payments.

    The year before is told from its published run. Without one there is nothing to compare.
    """

    def __init__(self, run: PaymentRun, sums: Totals):
        self._run, self._sums = run, sums
        self.before = PaymentRun.objects.published().filter(fiscal_year=run.fiscal_year - 1).first()
        if self.before is not None:
            self._payments_before: Mapping[int, Payment] = {
                payment.library_id: payment for payment in self.before.payments.all()
            }
            self._sums_before = totals(self.before)

    def of(self, payment: Payment) -> Change | None:
        """Return the change of one payment; None where no run of the year before is published."""
        if self.before is None:
            return None
        earlier = self._payments_before.get(payment.library_id)
        before = _year(self.before, earlier, self._sums_before) if earlier else None
        now = _year(self._run, payment, self._sums)
        return Change(
            fiscal_year_before=self.before.fiscal_year,
            before_cents=earlier.payment_cents if earlier else 0,
            now_cents=payment.payment_cents,
            causes=tuple(
                CauseOfChange(part.cause, _LABELS[part.cause], self._sentence(part, before, now), part.cents)
                for part in explain_change(before, now)
                if _is_told(part, before)
            ),
        )

    def _sentence(self, part: Part, before: YearOfPayment | None, now: YearOfPayment) -> str:
        assert self.before is not None, "a change is told beside a year before"
        if before is None:
            return f"It was not in the payment run of fiscal year {self.before.fiscal_year}."
        match part.cause:
            case Cause.OWN_LOANS:
                return f"What it lent {_moved(before.loans, now.loans)}."
            case Cause.OTHERS_LOANS:
                return (
                    f"What the others lent {_moved(before.others_loans, now.others_loans)}, and their net "
                    f"plus {_moved(before.others_net_plus, now.others_net_plus)}."
                )
            case Cause.OWN_BORROWING:
                return f"Loans elsewhere on its cards {_moved(before.borrows, now.borrows)}." + (
                    ""
                    if before.net_plus or now.net_plus
                    else " Without net plus in either year they change nothing."
                )
            case Cause.APPROPRIATION:
                return f"It {_moved(_amount(before), _amount(now), dollars)}."
            case Cause.IN_ORDER:
                return " ".join(
                    _not_in_order(run)
                    for run, year in ((self.before, before), (self._run, now))
                    if not year.in_order
                )
        return "The cents left over fell differently, and each part above is written in whole cents."


def _year(run: PaymentRun, payment: Payment, sums: Totals) -> YearOfPayment:
    shares = payment.eligible or run.withheld_policy == "keep"
    return YearOfPayment(
        transactions_pool_cents=run.transactions_pool_cents or 0,
        net_plus_pool_cents=run.net_plus_pool_cents or 0,
        loans=payment.loans,
        borrows=payment.borrows,
        others_loans=sums.loans - (payment.loans if shares else 0),
        others_net_plus=sums.net_plus - (payment.net_plus if shares else 0),
        in_order=payment.eligible,
        payment_cents=payment.payment_cents,
        withheld_cents=payment.withheld_cents,
    )


def _is_told(part: Part, before: YearOfPayment | None) -> bool:
    if before is None:
        return part.cause is Cause.TAKING_PART
    return part.cents != 0 or part.cause not in _ONLY_WHERE_IT_HAPPENED


def _not_in_order(run: PaymentRun) -> str:
    became = "withheld" if run.withheld_policy == "keep" else "divided among the others"
    return f"In fiscal year {run.fiscal_year} a requirement was not met, and its shares were {became}."


def _amount(year: YearOfPayment) -> int:
    return year.transactions_pool_cents + year.net_plus_pool_cents


def _moved(before: int, now: int, written=count) -> str:  # type: ignore[no-untyped-def]  # a template filter
    if before == now:
        return f"stayed at {written(now)}"
    return f"{'rose' if now > before else 'fell'} from {written(before)} to {written(now)}"
