"""What a library's payment of a fiscal year is, or would be at today's figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from libraries.models import Library
from payments.counting import CannotCalculate
from payments.estimating.estimate import Estimate, Source, estimate
from payments.explaining.explanation import Division
from payments.models import Payment, PaymentRun
from payments.rules.grant_formula import GrantLine
from payments.rules.payment_months import months_of_payment
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import Span, measurement_period


@dataclass(frozen=True)
class Outlook:
    """One library's payment of a fiscal year: certified, or estimated with what the estimate rests on.

    `line` and the two divisions are None where it is certified, takes no part, or cannot be estimated;
    `problem` says why it cannot. `periods` says in words what the figures of which months are.
    """

    fiscal_year: int
    measured: Span
    paid: Span
    certified: Payment | None = None
    estimate: Estimate | None = None
    line: GrantLine | None = None
    transactions: Division | None = None
    net_plus: Division | None = None
    periods: Sequence[tuple[str, Source]] = ()
    problem: str = ""

    @property
    def share_cents(self) -> int:
        """Both shares together."""
        return self.line.transactions_share_cents + self.line.net_plus_share_cents if self.line else 0


def outlook(library: Library, fiscal_year: int, *, on: date) -> Outlook:
    """Return what the payment of a fiscal year is, where a certified run says so, else what it would be.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    measured, paid = measurement_period(fiscal_year), months_of_payment(fiscal_year)
    if certified := certified_payment(library, fiscal_year):
        return Outlook(fiscal_year, measured, paid, certified=certified)
    try:
        found = estimate(fiscal_year, on=on)
    except CannotCalculate:
        return Outlook(
            fiscal_year,
            measured,
            paid,
            problem="Some certified filings have to be settled by State Library staff before payments can be "
            "estimated.",
        )
    line = found.of(library.key)
    if line is None:
        return Outlook(fiscal_year, measured, paid, estimate=found)
    split = found.split
    return Outlook(
        fiscal_year,
        measured,
        paid,
        estimate=found,
        line=line,
        transactions=Division(
            split.transactions_pool_cents,
            line.loans,
            sum(each.loans for each in split.lines),
            line.transactions_share_cents,
        ),
        net_plus=Division(
            split.net_plus_pool_cents,
            line.net_plus,
            sum(each.net_plus for each in split.lines),
            line.net_plus_share_cents,
        ),
        periods=_in_words(found.periods[library.key]),
    )


def _in_words(periods: Sequence[tuple[Span, Source]]) -> list[tuple[str, Source]]:
    """Return what periods rest on, by what that is: a library that files monthly has twelve of them."""
    by_source: dict[Source, list[Span]] = {}
    for span, source in periods:
        by_source.setdefault(source, []).append(span)
    return [
        (", ".join(written_span(joined) for joined in _joined(spans)), source)
        for source, spans in by_source.items()
    ]


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return spans in order, those that follow one another without a gap made one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and (span.first_day - joined[-1].last_day).days == 1:
            joined[-1] = Span(joined[-1].first_day, span.last_day)
        else:
            joined.append(span)
    return joined


def certified_payment(library: Library, fiscal_year: int) -> Payment | None:
    """Return a library's line of the published run of a fiscal year, None where there is none."""
    return (
        Payment.objects.filter(
            library=library, run__in=PaymentRun.objects.published().filter(fiscal_year=fiscal_year)
        )
        .select_related("run")
        .first()
    )
