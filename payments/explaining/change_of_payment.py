"""The change of a library's payment from the fiscal year before, cause by cause, in sentences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connecticard.templatetags.figures import count, dollars
from payments.explaining.explanation import Totals, totals
from payments.models import Payment, PaymentRun
from payments.rules.change_explained import Cause, Part, YearOfPayment, explain_change

# Named only where they happened; the four figures of the division are always told.
_ONLY_WHERE_IT_HAPPENED = (Cause.TAKING_PART, Cause.IN_ORDER, Cause.ROUNDING)
_LABELS = {
    Cause.OWN_LOANS: _("Loans of this library"),
    Cause.OTHERS_LOANS: _("Loans of the other libraries"),
    Cause.OWN_BORROWING: _("Borrowing elsewhere on its cards"),
    Cause.APPROPRIATION: _("Appropriation"),
    Cause.TAKING_PART: _("Taking part"),
    Cause.IN_ORDER: _("Requirements for payment"),
    Cause.ROUNDING: _("Rounding to whole cents"),
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
                CauseOfChange(
                    part.cause, str(_LABELS[part.cause]), self._sentence(part, before, now), part.cents
                )
                for part in explain_change(before, now)
                if _is_told(part, before)
            ),
        )

    def _sentence(self, part: Part, before: YearOfPayment | None, now: YearOfPayment) -> str:
        assert self.before is not None, "a change is told beside a year before"
        if before is None:
            never = gettext("It was not in the payment run of fiscal year %(fiscal_year)s.")
            return never % {"fiscal_year": self.before.fiscal_year}
        match part.cause:
            case Cause.OWN_LOANS:
                return _sentence(
                    before.loans,
                    now.loans,
                    same=gettext("What it lent stayed at %(now)s."),
                    rose=gettext("What it lent rose from %(before)s to %(now)s."),
                    fell=gettext("What it lent fell from %(before)s to %(now)s."),
                )
            case Cause.OTHERS_LOANS:
                return gettext(
                    "What the others lent %(lent_moved)s, and their net plus %(net_plus_moved)s."
                ) % {
                    "lent_moved": _moved(before.others_loans, now.others_loans),
                    "net_plus_moved": _moved(before.others_net_plus, now.others_net_plus),
                }
            case Cause.OWN_BORROWING:
                borrowed = _sentence(
                    before.borrows,
                    now.borrows,
                    same=gettext("Loans elsewhere on its cards stayed at %(now)s."),
                    rose=gettext("Loans elsewhere on its cards rose from %(before)s to %(now)s."),
                    fell=gettext("Loans elsewhere on its cards fell from %(before)s to %(now)s."),
                )
                if before.net_plus or now.net_plus:
                    return borrowed
                return f"{borrowed} {gettext('Without net plus in either year they change nothing.')}"
            case Cause.APPROPRIATION:
                return _sentence(
                    _amount(before),
                    _amount(now),
                    same=gettext("It stayed at %(now)s."),
                    rose=gettext("It rose from %(before)s to %(now)s."),
                    fell=gettext("It fell from %(before)s to %(now)s."),
                    written=dollars,
                )
            case Cause.IN_ORDER:
                return " ".join(
                    _not_in_order(run)
                    for run, year in ((self.before, before), (self._run, now))
                    if not year.in_order
                )
        return gettext("The cents left over fell differently, and each part above is written in whole cents.")


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
    said = (
        gettext("In fiscal year %(fiscal_year)s a requirement was not met, and its shares were withheld.")
        if run.withheld_policy == "keep"
        else gettext(
            "In fiscal year %(fiscal_year)s a requirement was not met, and its shares were divided among the "
            "others."
        )
    )
    return said % {"fiscal_year": run.fiscal_year}


def _amount(year: YearOfPayment) -> int:
    return year.transactions_pool_cents + year.net_plus_pool_cents


def _sentence(
    before: int, now: int, *, same: str, rose: str, fell: str, written: Callable[[int], str] = count
) -> str:
    """Fill in the sentence that fits how a figure moved."""
    chosen = same if before == now else rose if now > before else fell
    return chosen % {"before": written(before), "now": written(now)}


def _moved(before: int, now: int) -> str:
    """Say how one of two figures of a sentence moved."""
    return _sentence(
        before,
        now,
        same=gettext("stayed at %(now)s"),
        rose=gettext("rose from %(before)s to %(now)s"),
        fell=gettext("fell from %(before)s to %(now)s"),
    )
