"""What certifying a filing would do to the library's payment at today's figures, beside its certificate."""

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from connecticard import clock
from payments.counting import CannotCalculate
from payments.estimating.estimate import Estimate, Source, estimate
from payments.models import PaymentRun
from payments.rules.grant_formula import GrantLine
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.models import Filing
from transactions.rules.filing_calendar import measurement_period, program_year_of


@dataclass(frozen=True)
class FilingEffect:
    """A library's line in the estimate as the figures stand, and with the version to be certified."""

    estimate: Estimate
    before: GrantLine
    after: GrantLine

    source: Source
    """What stands for the period without the version: a certified one, last year's figures or nothing."""

    @property
    def loans_difference(self) -> int:
        """Units by which the version would change the library's loans of the year."""
        return self.after.loans - self.before.loans

    @property
    def net_plus_difference(self) -> int:
        """Units by which it would change the library's net plus."""
        return self.after.net_plus - self.before.net_plus

    @property
    def replaces_certified(self) -> bool:
        """Whether a certified version stands for the period now."""
        return self.source is Source.CERTIFIED

    @property
    def replaces_last_year(self) -> bool:
        """Whether the same months a year earlier stand for the period now."""
        return self.source is Source.LAST_YEAR

    @property
    def difference_cents(self) -> int:
        """Cents by which the version would change the library's own payment."""
        return self.after.payment_cents - self.before.payment_cents


def effect_of(filing: Filing, *, estimated: Estimate) -> FilingEffect | None:
    """Return what one version does to its library's payment; None where the library takes no part.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    before = estimated.of(filing.library.key)
    with_filing = estimated.with_filing(filing.pk)
    after = with_filing.of(filing.library.key)
    if before is None or after is None:
        return None
    span = filing.period.span
    now = [source for days, source in estimated.periods[filing.library.key] if days.overlaps(span)]
    return FilingEffect(with_filing, before, after, next(iter(now), Source.NOTHING))


def panel(filing: Filing, user: Any) -> SafeString:
    """Return the part of the page that says what a filing would do to the payment."""
    fiscal_year = _fiscal_year_of(filing)
    settled = PaymentRun.objects.filter(fiscal_year=fiscal_year, status=PaymentRunStatus.CERTIFIED).exists()
    effect, problem = None, False
    if not settled:
        try:
            effect = effect_of(filing, estimated=estimate(fiscal_year, on=clock.today()))
        except CannotCalculate:
            problem = True
    return render_to_string(
        "payments/_filing_effect.html",
        {
            "effect": effect,
            "problem": problem,
            "settled": settled,
            "fiscal_year": fiscal_year,
            "filing": filing,
        },
    )


def _fiscal_year_of(filing: Filing) -> int:
    """Return the state fiscal year whose payment measures the period of a filing."""
    year = program_year_of(filing.period.first_day)
    return next(
        fiscal_year
        for fiscal_year in (year, year + 1, year + 2)
        if measurement_period(fiscal_year).covers(filing.period.span)
    )
