"""What was frozen with a run: the filings that it counts and its lines, as values."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from payments.calculation import hashed_inputs
from payments.counting import CountedDays
from payments.models import CountedFiling, Payment, PaymentRun
from payments.rules.grant_formula import GrantLine, GrantSplit, LibraryActivity
from transactions.models import Provenance
from transactions.rules.filing_calendar import Span


@dataclass(frozen=True)
class FiledDays:
    """A filing that a run counts: the days that it covers, and the spans of them that count."""

    filing_id: int
    library_id: int
    library_key: str
    covers: Span
    counted: tuple[Span, ...]


def filed_days(run: PaymentRun) -> list[FiledDays]:
    """Return each filing of a run once, by library key and first day: files number them in this order."""
    rows = run.counted_filings.values_list(
        "filing_id", "filing__library_id", "filing__library__key", "filing__covers", "counted"
    )
    spans: dict[tuple[int, int, str, Span], list[Span]] = {}
    for filing_id, library_id, key, covers, counted in rows.order_by("counted"):
        spans.setdefault((filing_id, library_id, key, _span(covers)), []).append(_span(counted))
    found = [FiledDays(*filing, tuple(counted)) for filing, counted in spans.items()]
    return sorted(found, key=lambda filed: (filed.library_key, filed.covers.first_day))


@dataclass(frozen=True)
class FrozenRun:
    """A calculated run as it is on record; nothing in it is worked out again."""

    run: PaymentRun
    counted: tuple[CountedFiling, ...]
    payments: tuple[Payment, ...]

    @classmethod
    def of(cls, run: PaymentRun) -> Self:
        """Read a run with its filings and lines, each by key."""
        counted = run.counted_filings.select_related("filing__library", "filing__period")
        payments = run.payments.select_related("library").prefetch_related("unmet_requirements")
        return cls(
            run,
            tuple(counted.order_by("filing__library__key", "counted")),
            # Not sorted by the database, whose order of letters and hyphens may be another
            tuple(sorted(payments, key=lambda line: line.library.key)),
        )

    @property
    def days(self) -> list[CountedDays]:
        """The days of each filing that count."""
        return [
            CountedDays(
                filing_id=row.filing_id,
                library_id=row.filing.library_id,
                library_key=row.filing.library.key,
                counted=_span(row.counted),
                whole=row.counted == row.filing.covers,
                sha256=row.filing.sha256,
                estimated=row.filing.provenance == Provenance.ESTIMATED,
            )
            for row in self.counted
        ]

    @property
    def activity(self) -> list[LibraryActivity]:
        """What the lines say that each library lent and borrowed."""
        return [
            LibraryActivity(line.library.key, line.loans, line.borrows, eligible=line.eligible)
            for line in self.payments
        ]

    @property
    def split(self) -> GrantSplit:
        """What the lines say that each library gets."""
        return GrantSplit(
            transactions_pool_cents=self.run.transactions_pool_cents or 0,
            net_plus_pool_cents=self.run.net_plus_pool_cents or 0,
            undistributed_cents=self.run.undistributed_cents or 0,
            lines=tuple(
                GrantLine(
                    key=line.library.key,
                    loans=line.loans,
                    borrows=line.borrows,
                    net_plus=line.net_plus,
                    transactions_share_cents=line.transactions_share_cents,
                    net_plus_share_cents=line.net_plus_share_cents,
                    payment_cents=line.payment_cents,
                    withheld_cents=line.withheld_cents,
                )
                for line in self.payments
            ),
        )

    def inputs(self, activity: Collection[LibraryActivity], rulebook_edition: str) -> dict[str, Any]:
        """Return the value whose SHA-256 names the inputs, given what libraries lent and the edition."""
        return hashed_inputs(
            fiscal_year=self.run.fiscal_year,
            appropriation_cents=self.run.appropriation_cents or 0,
            withheld=self.run.withheld_policy,
            assumed_eligible=self.run.assumed_eligible,
            counted=self.days,
            activity=activity,
            unmet={
                line.library.key: [(unmet.citation, unmet.code) for unmet in line.unmet_requirements.all()]
                for line in self.payments
            },
            rulebook_edition=rulebook_edition,
        )


def _span(days: Any) -> Span:
    return Span(days.lower, days.upper - timedelta(days=1))
