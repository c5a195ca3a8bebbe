"""A run worked out again from what was frozen with it, years later if need be."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from payments.calculation import inputs_sha256, manifest_sha256, split_of
from payments.counting import CountedDays, loans_and_borrows
from payments.models import PaymentRun
from payments.rules import rulebook
from payments.rules.grant_formula import GrantSplit, LibraryActivity
from transactions.models import Provenance
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import Span
from transactions.services import filing_fingerprints


@dataclass(frozen=True)
class Difference:
    """Something that the record says and the re-computation does not."""

    what: str
    recorded: str
    recomputed: str

    def __str__(self) -> str:
        return f"{self.what}: recorded {self.recorded}, recomputed {self.recomputed}"


def differences(run: PaymentRun) -> list[Difference]:
    """Return every difference between a run as recorded and as worked out again; none where it is proved.

    Uses the filings, participation, requirements, policy and amount frozen with the run, and the rulebook
    entries of its years. Letters, residency and filings that came later play no part.
    """
    counted = [
        CountedDays(
            filing_id=row.filing_id,
            library_id=row.filing.library_id,
            library_key=row.filing.library.key,
            counted=Span(row.counted.lower, row.counted.upper - timedelta(days=1)),
            whole=row.counted == row.filing.covers,
            sha256=row.filing.sha256,
            estimated=row.filing.provenance == Provenance.ESTIMATED,
        )
        for row in run.counted_filings.select_related("filing__library")
    ]
    payments = list(
        run.payments.select_related("library").prefetch_related("unmet_requirements").order_by("library__key")
    )
    totals = loans_and_borrows(counted)
    activity = [
        LibraryActivity(
            payment.library.key, *totals.get(payment.library_id, (0, 0)), eligible=payment.eligible
        )
        for payment in payments
    ]
    appropriation_cents = run.appropriation_cents or 0
    split = split_of(activity, run.fiscal_year, appropriation_cents, withheld=run.withheld_policy)
    edition = rulebook.edition_of(run.fiscal_year)
    digest = inputs_sha256(
        fiscal_year=run.fiscal_year,
        appropriation_cents=appropriation_cents,
        withheld=run.withheld_policy,
        assumed_eligible=run.assumed_eligible,
        counted=counted,
        activity=activity,
        unmet={
            payment.library.key: [(unmet.citation, unmet.code) for unmet in payment.unmet_requirements.all()]
            for payment in payments
        },
        rulebook_edition=edition,
    )
    found = [
        Difference(what, str(recorded), str(recomputed))
        for what, recorded, recomputed in (
            ("transactions pool in cents", run.transactions_pool_cents, split.transactions_pool_cents),
            ("net-plus pool in cents", run.net_plus_pool_cents, split.net_plus_pool_cents),
            ("undistributed cents", run.undistributed_cents, split.undistributed_cents),
            ("rulebook edition", run.rulebook_edition, edition),
            ("SHA-256 of the inputs", run.inputs_sha256, digest),
            ("SHA-256 of the manifest", run.manifest_sha256, manifest_sha256(digest, split)),
        )
        if recorded != recomputed
    ]
    return found + _filing_differences(counted) + _line_differences(run, split)


def _filing_differences(counted: Collection[CountedDays]) -> list[Difference]:
    """Return each filing whose counts are not those that its fingerprint was taken of."""
    fingerprints = filing_fingerprints({days.filing_id for days in counted})
    return [
        Difference(
            f"{days.library_key}, SHA-256 of the filing for {written_span(days.counted)}",
            days.sha256,
            fingerprints[days.filing_id],
        )
        for days in counted
        if days.sha256 != fingerprints[days.filing_id]
    ]


def _line_differences(run: PaymentRun, split: GrantSplit) -> list[Difference]:
    columns = (
        "loans",
        "borrows",
        "net_plus",
        "transactions_share_cents",
        "net_plus_share_cents",
        "payment_cents",
        "withheld_cents",
    )
    recorded = {key: row for key, *row in run.payments.values_list("library__key", *columns)}
    return [
        Difference(f"{line.key}, {column.replace('_', ' ')}", str(was), str(getattr(line, column)))
        for line in split.lines
        for column, was in zip(columns, recorded[line.key], strict=True)
        if was != getattr(line, column)
    ]
