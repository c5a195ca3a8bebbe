"""Waivers: a later day than the law's, proposed by one person and approved by another."""

from datetime import date, datetime

from django.db import transaction

from connecticard import permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from transactions.models import FilingPeriod, Waiver
from transactions.models.waiver import WaiverKind
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day
from transactions.services.refusals import FilingRefused


@transaction.atomic
def propose_waiver(
    *,
    library: Library,
    period: FilingPeriod,
    kind: WaiverKind,
    until: date,
    authority: str,
    reason: str,
    by: User,
    at: datetime,
) -> Waiver:
    """Propose that a library's filing be accepted through a later day; it holds once another person approves.

    Raises FilingRefused for a day not after the law's or after the last for late filings, an extension once
    the law's day is past, a late acceptance before, or without authority or reason.
    """
    permissions.check(by, Action.GRANT_WAIVER)
    due = period.law_due_on
    today = eastern_day(at)
    if not authority.strip():
        raise FilingRefused("Enter who may grant this, and under which document.")
    if not reason.strip():
        raise FilingRefused("Enter the reason; it is printed on the payment run and the statement.")
    if not due < until <= period.accepted_until:
        raise FilingRefused(
            f"Enter a day after {written_day(due)}, when the law wants the filing, "
            f"and no later than {written_day(period.accepted_until)}, the last for late filings."
        )
    if kind == WaiverKind.EXTENSION and today > due:
        raise FilingRefused(f"{written_day(due)} is past. Propose a late acceptance instead.")
    if kind == WaiverKind.LATE_ACCEPTANCE and today <= due:
        raise FilingRefused(f"{written_day(due)} is not past. Propose an extension instead.")
    waiver = Waiver.objects.create(
        library=library,
        period=period,
        kind=WaiverKind(kind),
        until=until,
        authority=authority.strip(),
        reason=reason.strip(),
        proposed_by=by,
        proposed_at=at,
    )
    AuditEvent.record("waiver_proposed", target=waiver, by=by, after={"until": until.isoformat()})
    return waiver


@transaction.atomic
def approve_waiver(*, waiver: Waiver, by: User, at: datetime) -> Waiver:
    """Approve a waiver that another person proposed, so that it holds."""
    permissions.check(by, Action.APPROVE_WAIVER)
    share_payment_inputs()
    waiver = Waiver.objects.select_for_update().get(pk=waiver.pk)
    if waiver.approved_at:
        raise FilingRefused("This waiver is approved already.")
    if waiver.proposed_by_id == by.pk:
        raise FilingRefused("You proposed this waiver. Have another person of the State Library approve it.")
    waiver.approved_by, waiver.approved_at = by, at
    waiver.save(update_fields=["approved_by", "approved_at"])
    AuditEvent.record("waiver_approved", target=waiver, by=by, after={"until": waiver.until.isoformat()})
    return waiver
