"""Steps that several services share; each is called inside a transaction that holds the filing's row."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from transactions.models import Filing, FilingPeriod
from transactions.rules._wording import written_day
from transactions.services.content import filing_fingerprint
from transactions.services.receipts import withdraw_receipts
from transactions.services.refusals import FilingRefused


def refuse_closed(period: FilingPeriod, by: User | None, today: date) -> None:
    """Refuse entry in a period that is not open yet or, to who is not of the State Library, not any more."""
    if today < period.opens_on:
        raise FilingRefused(f"This period opens for entry on {written_day(period.opens_on)}.")
    if today > period.closes_on and not permissions.may(by, Action.MANAGE_ROSTER, on=today):
        raise FilingRefused(
            f"Entry for this period closed on {written_day(period.closes_on)}. "
            "Ask the State Library to record a correction."
        )


def supersede(filings: Iterable[Filing], at: datetime) -> None:
    """Let certified versions stand no longer, because the next ones are certified in the same transaction."""
    Filing.objects.filter(pk__in=[filing.pk for filing in filings]).update(superseded_at=at)


def discard(filing: Filing, *, because: str, by: User | None, at: datetime) -> None:
    """Remove a version that was never certified; what it said is kept in the audit trail.

    Its receipts stay on record, withdrawn.
    """
    counts = filing.loan_counts.order_by("home_library__key", "month")
    before: dict[str, Any] = {
        "version": filing.version,
        "status": filing.status,
        "sha256": filing_fingerprint(filing.pk),
        "submitted_at": filing.submitted_at and filing.submitted_at.isoformat(),
        "amends_because": filing.amends_because,
        "counts": [
            [key, month and month.isoformat(), loans]
            for key, month, loans in counts.values_list("home_library__key", "month", "loans")
        ],
        "explanations": [explanation.as_said() for explanation in filing.explanations.order_by("pk")],
    }
    AuditEvent.record(
        "filing_version_discarded", target=filing, by=by, before=before, after={"reason": because}
    )
    withdraw_receipts(filing, at)
    filing.delete()
