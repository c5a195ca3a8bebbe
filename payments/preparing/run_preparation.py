"""What staff decide about a run before its certificate, and the handing over to who certifies it."""

from datetime import datetime
from typing import Any

from django.db import transaction

from connecticard import permissions
from connecticard.mail import About, send_letter
from connecticard.models import AuditEvent, MessageKind, Role, RoleAssignment, User
from connecticard.permissions import Action, may
from payments.models import PaymentRun, RunHandOver
from payments.preparing.run_changes import changes_since_calculated
from payments.rules.payment_run_status import PaymentRunStatus, may_certify
from payments.services import RunRefused, StaleCalculation, locked_run
from transactions.rules.filing_calendar import eastern_day


@transaction.atomic
def choose_policy(*, run: PaymentRun, withheld_policy: str, board_decision: str = "", by: User) -> PaymentRun:
    """Choose what becomes of the shares of libraries that are not in order (4(b)).

    A calculated run keeps its figures, which are stale from then on: the policy is that of the next one.
    """
    permissions.check(by, Action.PREPARE_RUN)
    run = locked_run(run)
    if run.status not in (PaymentRunStatus.DRAFT, PaymentRunStatus.CALCULATED):
        raise RunRefused(f"This run is {run.status}; its policy stays.")
    decision = board_decision.strip() if withheld_policy == "redistribute" else ""
    if withheld_policy == "redistribute" and not decision:
        raise RunRefused("Redistributing departs from section 4(b): name the Board's recorded decision.")
    before = {"withheld_policy": run.next_policy or run.withheld_policy}
    if run.status == PaymentRunStatus.DRAFT:
        run.withheld_policy, run.board_decision = withheld_policy, decision
    elif (withheld_policy, decision) == (run.withheld_policy, run.board_decision):
        run.next_policy, run.next_board_decision = "", ""
    else:
        run.next_policy, run.next_board_decision = withheld_policy, decision
    run.save(update_fields=["withheld_policy", "board_decision", "next_policy", "next_board_decision"])
    AuditEvent.record(
        "payment_run_policy_chosen",
        target=run,
        by=by,
        before=before,
        after={"withheld_policy": withheld_policy, "board_decision": decision},
    )
    return run


@transaction.atomic
def hand_over_run(*, run: PaymentRun, by: User, at: datetime, note: str = "") -> RunHandOver:
    """Hand a calculation to the administrators who may certify it; each is told by mail.

    Raises StaleCalculation where something changed underneath, RunRefused where the run is not calculated,
    was handed over before, or no administrator may certify it.
    """
    permissions.check(by, Action.PREPARE_RUN)
    run = locked_run(run)
    if run.status != PaymentRunStatus.CALCULATED:
        raise RunRefused(f"A calculated run is handed over; this one is {run.status}.")
    if changes_since_calculated(run, at=at):
        raise StaleCalculation("Something changed underneath. Calculate again, then hand the run over.")
    people = certifiers_of(run, at)
    if not people:
        raise RunRefused(
            "No administrator of the State Library may certify this run: whoever prepared or calculated it "
            "may not. Invite another administrator."
        )
    handed, is_new = RunHandOver.objects.get_or_create(
        run=run,
        manifest_sha256=run.manifest_sha256,
        defaults={"handed_by": by, "handed_at": at, "note": note.strip()},
    )
    if not is_new:
        raise RunRefused(f"This calculation was handed over by {handed.handed_by} already.")
    for person in people:
        send_letter(
            "run_to_certify",
            to=person.email,
            person=person,
            kind=MessageKind.NOTICE,
            about=[About(f"{run} waits to be certified", matter=f"payment-run-{run.pk}")],
            by=by,
            run=run,
            handed=handed,
        )
    AuditEvent.record(
        "payment_run_handed_over",
        target=run,
        by=by,
        after={"manifest_sha256": run.manifest_sha256, "to": [person.email for person in people]},
    )
    return handed


def certifiers_of(run: PaymentRun, at: datetime) -> list[User]:
    """Return the administrators who neither prepared nor calculated a run, by name."""
    held = RoleAssignment.objects.filter(role=Role.STATE_ADMINISTRATOR, user__is_active=True).in_force(
        eastern_day(at)
    )
    own = [pk for pk in (run.prepared_by_id, run.calculated_by_id) if pk]
    return [
        person
        for person in User.objects.filter(pk__in=held.values("user")).order_by("name", "pk")
        if all(may_certify(pk, person.pk) for pk in own)
    ]


def hand_over_of(run: PaymentRun) -> RunHandOver | None:
    """Return the handing over of a run's calculation as it is; None where it was not, or was made anew."""
    return run.hand_overs.filter(manifest_sha256=run.manifest_sha256).select_related("handed_by").first()


def waiting_to_be_certified(user: Any) -> list[PaymentRun]:
    """Return the runs that were handed over and that this person may certify."""
    if not may(user, Action.CERTIFY_RUN):
        return []
    runs = PaymentRun.objects.filter(status=PaymentRunStatus.CALCULATED, hand_overs__isnull=False)
    return [
        run
        for run in runs.exclude(prepared_by=user).exclude(calculated_by=user).distinct()
        if hand_over_of(run)
    ]
