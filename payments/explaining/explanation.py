"""A library's line of a payment run, told as the divisions that it came from."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db.models import QuerySet, Sum

from payments.models import Payment, PaymentRun
from transactions.models import Filing, Provenance


@dataclass(frozen=True)
class Division:
    """A library's share of a pool: `part` of `whole` of the pool. Money in cents."""

    pool_cents: int
    part: int
    whole: int
    share_cents: int

    @property
    def exact_cents(self) -> Fraction:
        """The share before rounding."""
        return Fraction(self.pool_cents * self.part, self.whole) if self.whole else Fraction(0)

    @property
    def whole_cents(self) -> int:
        """The share cut to whole cents."""
        return self.exact_cents.__floor__()

    @property
    def cent_from_rounding(self) -> int:
        """The cent (1 or 0) that the library got of those left over when every share was cut."""
        return self.share_cents - self.whole_cents if self.share_cents else 0

    @property
    def exact_dollars(self) -> Fraction:
        """The share before rounding, in dollars."""
        return self.exact_cents / 100


@dataclass(frozen=True)
class Totals:
    """The sums of a run: divisors over the libraries that share, money over all lines, in cents."""

    loans: int
    net_plus: int
    paid_cents: int
    withheld_cents: int
    transactions_share_cents: int
    net_plus_share_cents: int


def totals(run: PaymentRun) -> Totals:
    """Return the sums of a run; under `redistribute` the divisors leave out who is not in order."""
    sharing = run.payments.all() if run.withheld_policy == "keep" else run.payments.filter(eligible=True)
    divisors = sharing.aggregate(loans=Sum("loans", default=0), net_plus=Sum("net_plus", default=0))
    money = run.payments.aggregate(
        paid_cents=Sum("payment_cents", default=0),
        withheld_cents=Sum("withheld_cents", default=0),
        transactions_share_cents=Sum("transactions_share_cents", default=0),
        net_plus_share_cents=Sum("net_plus_share_cents", default=0),
    )
    return Totals(**{name: int(value) for name, value in {**divisors, **money}.items()})


def estimate_of(filings: QuerySet[Any, Any]) -> str:
    """Return how the counts of those filings that are estimates were estimated; empty where none is."""
    notes = (
        Filing.objects.filter(pk__in=filings, provenance=Provenance.ESTIMATED)
        .order_by("provenance_note")
        .values_list("provenance_note", flat=True)
        .distinct()
    )
    return "; ".join(notes)


def divisions(payment: Payment, sums: Totals) -> tuple[Division, Division]:
    """Return how the transactions share and the net-plus share of a line came about (4(b), 4(c))."""
    run = payment.run
    return (
        Division(
            run.transactions_pool_cents or 0, payment.loans, sums.loans, payment.transactions_share_cents
        ),
        Division(run.net_plus_pool_cents or 0, payment.net_plus, sums.net_plus, payment.net_plus_share_cents),
    )
