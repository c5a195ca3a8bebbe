"""Waivers: a later day than the law's, proposed by one person and approved by another."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

from django.db import transaction

from connecticard import permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from transactions.models import Filing, FilingPeriod, Waiver
from transactions.models.waiver import WaiverKind
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day
from transactions.services.refusals import FilingRefused


def waiver_kind(period: FilingPeriod, today: date) -> WaiverKind:
    """Return what a waiver proposed on a day is: through the law's day an extension, then late acceptance."""
    return WaiverKind.EXTENSION if today <= period.law_due_on else WaiverKind.LATE_ACCEPTANCE


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

    Raises FilingRefused as `propose_waivers`, and where the kind is not that of the day.
    """
    due = period.law_due_on
    if kind != waiver_kind(period, eastern_day(at)):
        if kind == WaiverKind.EXTENSION:
            raise FilingRefused(f"{written_day(due)} is past. Propose a late acceptance instead.")
        raise FilingRefused(f"{written_day(due)} is not past. Propose an extension instead.")
    return propose_waivers(
        libraries=[library], period=period, until=until, authority=authority, reason=reason, by=by, at=at
    )[0]


@transaction.atomic
def propose_waivers(
    *,
    libraries: Sequence[Library],
    period: FilingPeriod,
    until: date,
    authority: str,
    reason: str,
    by: User,
    at: datetime,
) -> list[Waiver]:
    """Propose a later day for libraries at once, under one authority and for one reason.

    Raises FilingRefused for a day not after the law's or after the last for late filings, without authority
    or reason, for no library, and for one that filed in time, filed after that day or has a proposal waiting.
    """
    permissions.check(by, Action.GRANT_WAIVER)
    due = period.law_due_on
    if not authority.strip():
        raise FilingRefused("Enter who may grant this, and under which document.")
    if not reason.strip():
        raise FilingRefused("Enter the reason; it is printed on the payment run and the statement.")
    if not due < until <= period.accepted_until:
        raise FilingRefused(
            f"Enter a day after {written_day(due)}, when the law wants the filing, "
            f"and no later than {written_day(period.accepted_until)}, the last for late filings."
        )
    if not libraries:
        raise FilingRefused("Choose at least one library.")
    _refuse_needless(libraries, period, until)
    proposal = uuid4()
    waivers = Waiver.objects.bulk_create(
        Waiver(
            library=library,
            period=period,
            proposal=proposal,
            kind=waiver_kind(period, eastern_day(at)),
            until=until,
            authority=authority.strip(),
            reason=reason.strip(),
            proposed_by=by,
            proposed_at=at,
        )
        for library in libraries
    )
    after = {"until": until.isoformat(), "authority": authority.strip(), "reason": reason.strip()}
    AuditEvent.record_each("waiver_proposed", targets=[(waiver, None, after) for waiver in waivers], by=by)
    return waivers


@transaction.atomic
def approve_waiver(*, waiver: Waiver, by: User, at: datetime) -> Waiver:
    """Approve a waiver that another person proposed, and those proposed with it, so that they hold."""
    permissions.check(by, Action.APPROVE_WAIVER)
    share_payment_inputs()
    together = _waiting_with(waiver)
    if waiver.proposed_by_id == by.pk:
        raise FilingRefused("You proposed this waiver. Have another person of the State Library approve it.")
    Waiver.objects.filter(pk__in=[each.pk for each in together]).update(approved_by=by, approved_at=at)
    AuditEvent.record_each(
        "waiver_approved",
        targets=[(each, None, {"until": each.until.isoformat()}) for each in together],
        by=by,
    )
    waiver.refresh_from_db()
    return waiver


@transaction.atomic
def decline_waiver(*, waiver: Waiver, reason: str, by: User, at: datetime) -> Waiver:
    """Refuse a waiver, and those proposed with it; by the one who proposed it, withdraw it.

    Raises FilingRefused without a reason and for one that is settled already.
    """
    permissions.check(by, Action.APPROVE_WAIVER)
    if not reason.strip():
        raise FilingRefused("Enter the reason; it is kept with the proposal.")
    together = _waiting_with(waiver)
    action = "waiver_withdrawn" if waiver.proposed_by_id == by.pk else "waiver_refused"
    Waiver.objects.filter(pk__in=[each.pk for each in together]).update(
        declined_by=by, declined_at=at, declined_because=reason.strip()
    )
    AuditEvent.record_each(
        action, targets=[(each, None, {"reason": reason.strip()}) for each in together], by=by
    )
    waiver.refresh_from_db()
    return waiver


def _waiting_with(waiver: Waiver) -> list[Waiver]:
    """Lock the waivers proposed together that still wait; FilingRefused where this one does not."""
    together = list(
        Waiver.objects.select_for_update(of=("self",))
        .select_related("library", "period")
        .filter(proposal=waiver.proposal)
        .order_by("pk")
    )
    waiting = [each for each in together if not each.approved_at and not each.declined_at]
    if waiver.pk not in {each.pk for each in waiting}:
        settled = next(each for each in together if each.pk == waiver.pk)
        raise FilingRefused(f"This waiver is {settled.state.value} already.".replace("granted", "approved"))
    return waiting


def _refuse_needless(libraries: Sequence[Library], period: FilingPeriod, until: date) -> None:
    """Refuse a waiver that would change nothing, or that waits already."""
    for waiting in Waiver.objects.waiting().filter(library__in=libraries, period=period):
        raise FilingRefused(
            f"A waiver for {waiting.library} waits for approval already. Have it approved or withdrawn first."
        )
    filings = Filing.objects.filter(library__in=libraries, period=period, first_submitted_at__isnull=False)
    for filing in filings.select_related("library").order_by("library__name", "first_submitted_at"):
        assert filing.first_submitted_at is not None
        on = eastern_day(filing.first_submitted_at)
        if on <= period.law_due_on:
            raise FilingRefused(f"{filing.library} filed on {written_day(on)}, in time: it needs no waiver.")
        if on > until:
            raise FilingRefused(
                f"{filing.library} filed on {written_day(on)}. Enter that day or a later one, "
                "or the waiver changes nothing for it."
            )
