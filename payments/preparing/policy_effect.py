"""What each policy for the shares of libraries that are not in order does to everybody's payment."""

from dataclasses import dataclass
from datetime import datetime

from libraries.models import Library
from payments.calculation import split_of
from payments.models import PaymentRun
from payments.preparing.comparison import Comparison, Figures, compared
from payments.preparing.run_changes import calculation_of
from payments.rules.grant_formula import GrantSplit


@dataclass(frozen=True)
class PolicyEffect:
    """The two splits of one year: kept (before) and redistributed (after). Money in cents.

    `not_in_order` counts the libraries whose shares are at issue; `undistributed_cents` is what
    redistributing leaves to nobody.
    """

    comparison: Comparison
    not_in_order: int
    withheld_cents: int
    undistributed_cents: int


def effect_of_policy(run: PaymentRun, *, at: datetime) -> PolicyEffect:
    """Return a run's split of today under either policy.

    Raises CannotCalculate where a certified filing holds what no payment may rest on.

    Source: Regs. Conn. State Agencies § 11-31c-4(b).
    """
    inputs = calculation_of(run, at).inputs
    kept, redistributed = (
        split_of(inputs.activity, run.fiscal_year, inputs.appropriation_cents, withheld=policy)
        for policy in ("keep", "redistribute")
    )
    libraries = {library.key: library for library in Library.objects.all()}
    return PolicyEffect(
        comparison=compared(_figures(kept, libraries), _figures(redistributed, libraries)),
        not_in_order=sum(not library.eligible for library in inputs.activity),
        withheld_cents=sum(line.withheld_cents for line in kept.lines),
        undistributed_cents=redistributed.undistributed_cents,
    )


def _figures(split: GrantSplit, libraries: dict[str, Library]) -> list[tuple[Library, Figures]]:
    return [
        (
            libraries[line.key],
            Figures(line.loans, line.borrows, line.net_plus, line.payment_cents, line.withheld_cents),
        )
        for line in split.lines
    ]
