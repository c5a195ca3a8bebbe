"""A fiscal year's payments, worked out from the certified filings on record.

Nothing is stored here: `payments.services` keeps a calculation as a payment run, and
`manage.py calculate_payments` prints one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Sum

from connecticard.canonical_json import sha256_of
from connecticard.rulebook import Rulebook
from libraries.models import Library, LibraryName
from payments import standing
from payments.counting import CountedDays, counted_days, loans_and_borrows, refuse_unreportable
from payments.models import PaymentRun
from payments.rules import grant_formula, rulebook
from payments.rules.cents import rate
from payments.rules.eligibility import Unmet
from payments.rules.expenditure_reporting import fiscal_year_days
from payments.rules.grant_formula import GrantSplit, LibraryActivity, split_appropriation
from transactions.rules.filing_calendar import Span, measurement_period


@dataclass(frozen=True)
class Inputs:
    """All that a split is worked out from. Money in cents, loans in units, libraries sorted by key."""

    fiscal_year: int
    appropriation_cents: int
    withheld: str
    assumed_eligible: bool
    counted: tuple[CountedDays, ...]
    activity: tuple[LibraryActivity, ...]
    unmet: Mapping[str, tuple[Unmet, ...]]
    rulebook_edition: str

    @property
    def measured(self) -> Span:
        """The twelve months measured."""
        return measurement_period(self.fiscal_year)

    @property
    def estimated(self) -> bool:
        """Whether any count is an estimate."""
        return any(days.estimated for days in self.counted)

    def sha256(self) -> str:
        """Return the hash that two calculations share exactly when they rest on the same facts."""
        return sha256_of(self._hashed())

    def _hashed(self) -> dict[str, Any]:
        return hashed_inputs(
            fiscal_year=self.fiscal_year,
            appropriation_cents=self.appropriation_cents,
            withheld=self.withheld,
            assumed_eligible=self.assumed_eligible,
            counted=self.counted,
            activity=self.activity,
            unmet={
                key: [(requirement.citation, requirement.code.value) for requirement in unmet]
                for key, unmet in self.unmet.items()
            },
            rulebook_edition=self.rulebook_edition,
        )


@dataclass(frozen=True)
class Calculation:
    """A split with what it was worked out from."""

    inputs: Inputs
    split: GrantSplit
    library_ids: Mapping[str, int]
    names: Mapping[str, str]
    inputs_sha256: str
    manifest_sha256: str

    @property
    def sharing(self) -> frozenset[str]:
        """Keys of the libraries whose counts are in the divisors of the two rates."""
        return frozenset(
            library.key
            for library in self.inputs.activity
            if library.eligible or self.inputs.withheld == "keep"
        )


def calculate(
    fiscal_year: int,
    appropriation_cents: int,
    *,
    withheld: str = "keep",
    assume_eligible: bool = False,
    on: date,
) -> Calculation:
    """Work out a fiscal year's payments from the certified filings that stand.

    `on` is the day on which requirements are judged. `assume_eligible` treats every library open in the
    measurement period as participating and in order. CannotCalculate lists what no payment may rest on.

    Source: Regs. Conn. State Agencies § 11-31c-4; C.G.S. § 11-31b.
    """
    measured = measurement_period(fiscal_year)
    participation = standing.open_days(measured) if assume_eligible else standing.days_with_a_letter(measured)
    libraries = list(Library.objects.filter(pk__in=participation).order_by("key"))
    counted = counted_days(measured, participation)
    refuse_unreportable(counted)
    totals = loans_and_borrows(counted)
    unmet = {} if assume_eligible else standing.unmet_by_library(fiscal_year, libraries, on=on)
    inputs = Inputs(
        fiscal_year=fiscal_year,
        appropriation_cents=appropriation_cents,
        withheld=withheld,
        assumed_eligible=assume_eligible,
        counted=tuple(counted),
        activity=tuple(
            LibraryActivity(library.key, *totals.get(library.pk, (0, 0)), eligible=library.key not in unmet)
            for library in libraries
        ),
        unmet=unmet,
        rulebook_edition=rulebook.edition_of(fiscal_year),
    )
    split = split_of(inputs.activity, fiscal_year, appropriation_cents, withheld=withheld)
    digest = inputs.sha256()
    return Calculation(
        inputs=inputs,
        split=split,
        library_ids={library.key: library.pk for library in libraries},
        names=_names(libraries, measured.last_day),
        inputs_sha256=digest,
        manifest_sha256=manifest_sha256(digest, split),
    )


def split_of(
    activity: Collection[LibraryActivity],
    fiscal_year: int,
    appropriation_cents: int,
    *,
    withheld: str,
    under: Rulebook = grant_formula.RULEBOOK,
) -> GrantSplit:
    """Return the split by the rules of that fiscal year: today's rulebook of it, or one that was kept.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    return split_appropriation(
        appropriation_cents,
        tuple(activity),
        withheld=withheld,
        on=fiscal_year_days(fiscal_year)[1],
        under=under,
    )


def rates(split: GrantSplit, sharing: Collection[str]) -> tuple[str, str]:
    """Return dollars a loan and dollars a net-plus loan, each with ten decimals.

    `sharing` holds the keys of the libraries that stand in the divisors.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    lines = [line for line in split.lines if line.key in sharing]
    return (
        rate(split.transactions_pool_cents, sum(line.loans for line in lines)),
        rate(split.net_plus_pool_cents, sum(line.net_plus for line in lines)),
    )


def rates_of(run: PaymentRun) -> tuple[str, str]:
    """Return the two rates of a calculated run: dollars a loan, dollars a net-plus loan, ten decimals each.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    sharing = run.payments.all() if run.withheld_policy == "keep" else run.payments.filter(eligible=True)
    sums = sharing.aggregate(loans=Sum("loans", default=0), net_plus=Sum("net_plus", default=0))
    return (
        rate(run.transactions_pool_cents or 0, sums["loans"]),
        rate(run.net_plus_pool_cents or 0, sums["net_plus"]),
    )


def hashed_inputs(
    *,
    fiscal_year: int,
    appropriation_cents: int,
    withheld: str,
    assumed_eligible: bool,
    counted: Collection[CountedDays],
    activity: Collection[LibraryActivity],
    unmet: Mapping[str, Collection[tuple[str, str]]],
    rulebook_edition: str,
) -> dict[str, Any]:
    """Return what a split is worked out from as a value; its SHA-256 is equal on any machine.

    Each filing stands in it by the hash of its own counts, each library by what the counts add up to, each
    requirement that it has not met by citation and code.
    """
    measured = measurement_period(fiscal_year)
    return {
        "fiscal_year": fiscal_year,
        "measured_from": measured.first_day.isoformat(),
        "measured_to": measured.last_day.isoformat(),
        "appropriation_cents": appropriation_cents,
        "policy": {"withheld": withheld, "assumed_eligible": assumed_eligible},
        "rulebook_edition": rulebook_edition,
        "filings": sorted(
            [
                days.library_key,
                days.counted.first_day.isoformat(),
                days.counted.last_day.isoformat(),
                days.sha256,
            ]
            for days in counted
        ),
        "libraries": [
            [
                library.key,
                library.loans,
                library.borrows,
                library.eligible,
                sorted(map(list, unmet.get(library.key, ()))),
            ]
            for library in sorted(activity, key=lambda library: library.key)
        ],
    }


def manifest_sha256(inputs_sha256: str, split: GrantSplit) -> str:
    """Return the SHA-256 of a split together with the hash of what it was worked out from."""
    return sha256_of(hashed_results(inputs_sha256, split))


def hashed_results(inputs_sha256: str, split: GrantSplit) -> dict[str, Any]:
    """Return a split, with the hash of what it was worked out from, as the value that names a run."""
    return {
        "inputs_sha256": inputs_sha256,
        "transactions_pool_cents": split.transactions_pool_cents,
        "net_plus_pool_cents": split.net_plus_pool_cents,
        "undistributed_cents": split.undistributed_cents,
        "lines": [
            [
                line.key,
                line.loans,
                line.borrows,
                line.net_plus,
                line.transactions_share_cents,
                line.net_plus_share_cents,
                line.payment_cents,
                line.withheld_cents,
            ]
            for line in split.lines
        ],
    }


def _names(libraries: Collection[Library], on: date) -> dict[str, str]:
    """Return the name that each library bore on a day, by key."""
    former = LibraryName.objects.borne_on(on)
    return {library.key: former.get(library.pk, library.name) for library in libraries}
