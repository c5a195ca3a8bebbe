"""What is written about money withheld: the Comptroller's cut-off, releases, lapses.

By the law it is the date of the Board's order that decides, not the day on which somebody types it in: an
order dated on or before the last day releases, even where the release is recorded or approved afterwards; one
dated later releases nothing (C.G.S. §§ 4-89, 11-31b). So a release that waits for its second person at
midnight keeps the money from lapsing, and an order dated in time that reaches the staff when the lapse is on
record already sets that lapse aside.
"""

from datetime import date, datetime

from django.db import transaction

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from payments.correcting.cure import cures
from payments.correcting.withheld import (
    is_past,
    lapsing_payments,
    last_day_of,
    refusals_of,
    undistributed_pools,
)
from payments.models import (
    BoardOrder,
    OrderKind,
    Payment,
    PaymentCutoff,
    PaymentRun,
    WithheldLapse,
    WithheldRelease,
)
from payments.rules.expenditure_reporting import fiscal_year_days
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day


class ReleaseRefused(Exception):
    """Money withheld may not be released, or the cut-off not recorded; the text says why and what to do."""


@transaction.atomic
def record_cutoff(*, fiscal_year: int, last_day: date, source: str, by: User, at: datetime) -> PaymentCutoff:
    """Record the last day on which the Comptroller takes payments of a fiscal year, before June 30.

    A later record replaces it. Refused outside the fiscal year, without a source, once money of the year is
    on record as lapsed, and before the date of an order by which money was released.
    """
    permissions.check(by, Action.RELEASE_WITHHELD)
    first_day, june_30 = fiscal_year_days(fiscal_year)
    if not first_day <= last_day <= june_30:
        raise ReleaseRefused(
            f"Enter a day of fiscal year {fiscal_year}: {written_day(first_day)} to {written_day(june_30)}."
        )
    if not source.strip():
        raise ReleaseRefused("Name the Comptroller's notice, with its date.")
    runs = PaymentRun.objects.select_for_update().filter(
        fiscal_year=fiscal_year, status=PaymentRunStatus.CERTIFIED
    )
    if WithheldLapse.objects.filter(run__in=list(runs)).exists():
        raise ReleaseRefused(
            f"Money of fiscal year {fiscal_year} is on record as lapsed, so its last day cannot change."
        )
    released = (
        WithheldRelease.objects.holding()
        .filter(payment__run__in=list(runs), order__dated__gt=last_day)
        .select_related("order")
        .first()
    )
    if released:
        raise ReleaseRefused(
            f"Order {released.order.number} of {written_day(released.order.dated)} releases money already. "
            "Enter that day or a later one, or decline the release first."
        )
    before = last_day_of(fiscal_year)
    cutoff = PaymentCutoff.objects.create(
        fiscal_year=fiscal_year, last_day=last_day, source=source.strip(), recorded_by=by, recorded_at=at
    )
    AuditEvent.record(
        "payment_cutoff_recorded",
        target=cutoff,
        by=by,
        before={"last_day": before.isoformat()},
        after={"last_day": last_day.isoformat(), "source": cutoff.source},
    )
    return cutoff


@transaction.atomic
def record_release(
    *, payment: Payment, order: BoardOrder, reason: str, by: User, at: datetime
) -> WithheldRelease:
    """Record that the Board ordered the release of all that was withheld from a library, its default cured.

    It pays once a second person approves. Raises ReleaseRefused where the law, the run or an earlier record
    stands against it.
    """
    permissions.check(by, Action.RELEASE_WITHHELD)
    payment = _locked(payment)
    order = BoardOrder.objects.select_for_update().get(pk=order.pk)
    if not payment.withheld_cents:
        raise ReleaseRefused(f"Nothing was withheld from {payment.library} in {payment.run}.")
    if order.kind != OrderKind.RELEASE or order.run_id != payment.run_id or order.withdrawn_at:
        raise ReleaseRefused(
            f"Order {order.number} does not release money withheld in {payment.run}. "
            "Record the Board's order of release for this run, then choose it."
        )
    if not reason.strip():
        raise ReleaseRefused("Say how the default was cured.")
    if WithheldRelease.objects.holding().filter(payment=payment).exists():
        raise ReleaseRefused(f"A release of what was withheld from {payment.library} is on record already.")
    cured_on = _cured_on(payment, order, at)
    release = WithheldRelease.objects.create(
        payment=payment,
        order=order,
        cents=payment.withheld_cents,
        cured_on=cured_on,
        reason=reason.strip(),
        recorded_by=by,
        recorded_at=at,
    )
    AuditEvent.record(
        "withheld_release_recorded",
        target=release,
        by=by,
        after={
            "library": payment.library.key,
            "cents": release.cents,
            "order": order.number,
            "ordered_on": order.dated.isoformat(),
            "cured_on": cured_on.isoformat(),
            "reason": release.reason,
        },
    )
    return release


@transaction.atomic
def approve_release(*, release: WithheldRelease, by: User, at: datetime) -> WithheldRelease:
    """Approve a release that another person recorded: the money is paid to the library.

    The default must still be cured. The day of approval does not matter, the order's date does. A lapse that
    was recorded meanwhile is set aside.
    """
    permissions.check(by, Action.APPROVE_RELEASE)
    release = _waiting(release)
    if release.recorded_by_id == by.pk:
        raise ReleaseRefused("You recorded this release; another administrator must approve it.")
    payment = release.payment
    _cured_on(payment, release.order, at)
    for lapse in payment.lapses.standing():
        lapse.set_aside_at, lapse.set_aside_by = at, release
        lapse.save(update_fields=["set_aside_at", "set_aside_by"])
        AuditEvent.record("lapse_set_aside", target=lapse, by=by, after={"order": release.order.number})
    release.approved_by, release.approved_at = by, at
    release.save(update_fields=["approved_by", "approved_at"])
    AuditEvent.record(
        "withheld_release_approved",
        target=release,
        by=by,
        after={"library": payment.library.key, "cents": release.cents, "order": release.order.number},
    )
    return release


@transaction.atomic
def decline_release(*, release: WithheldRelease, because: str, by: User, at: datetime) -> WithheldRelease:
    """Decline a release that was not approved, or withdraw one's own; it stays on record with the reason."""
    permissions.check(by, Action.RELEASE_WITHHELD)
    release = _waiting(release)
    if not because.strip():
        raise ReleaseRefused("Say why it is declined.")
    release.declined_by, release.declined_at, release.declined_because = by, at, because.strip()
    release.save(update_fields=["declined_by", "declined_at", "declined_because"])
    AuditEvent.record(
        "withheld_release_declined",
        target=release,
        by=by,
        after={"library": release.payment.library.key, "reason": release.declined_because},
    )
    return release


@transaction.atomic
def record_lapses(*, run: PaymentRun, by: User | None, at: datetime) -> list[WithheldLapse]:
    """Record what of a run has lapsed: money withheld that no order covers, and every undistributed pool.

    Nothing happens before the close of the last day, to a void run, or a second time. `by` None is the
    nightly task. Returns what is new on record.
    """
    if by is not None:
        permissions.check(by, Action.RELEASE_WITHHELD)
    run = PaymentRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.status != PaymentRunStatus.CERTIFIED or not is_past(run.fiscal_year, eastern_day(at)):
        return []
    last_day = last_day_of(run.fiscal_year)
    close = f"No order of the Board dated on or before {written_day(last_day)}"
    recorded = {"run": run, "on": last_day, "recorded_by": by, "recorded_at": at}
    on_record = set(run.lapses.values_list("pool", flat=True))
    lapses = [
        WithheldLapse(
            **recorded,
            payment=payment,
            cents=payment.withheld_cents,
            reason=f"{close} released what was withheld from {payment.library}.",
        )
        for payment in lapsing_payments(run).select_related("library").select_for_update(of=("self",))
    ] + [
        WithheldLapse(
            **recorded,
            pool=pool.pool,
            cents=pool.cents,
            reason=f"Nobody had a share in the {pool.label.lower()}, so it was not distributed.",
        )
        for pool in undistributed_pools(run)
        if pool.pool not in on_record
    ]
    for lapse in lapses:
        lapse.save()
        AuditEvent.record(
            "money_lapsed", target=lapse, by=by, after={"cents": lapse.cents, "on": last_day.isoformat()}
        )
    return lapses


def record_all_lapses(*, at: datetime) -> int:
    """Record what has lapsed of every certified run by a moment, and return how many lines are new."""
    return sum(
        len(record_lapses(run=run, by=None, at=at))
        for run in PaymentRun.objects.filter(status=PaymentRunStatus.CERTIFIED).order_by("fiscal_year")
    )


def _cured_on(payment: Payment, order: BoardOrder, at: datetime) -> date:
    """Return the day of the cure. Raises ReleaseRefused, with every reason, where no release may be made."""
    cure = cures([payment], on=eastern_day(at))[payment.pk]
    refusals = refusals_of(payment.run, cured_on=cure.on, ordered_on=order.dated)
    reasons = [f"{refusal.reason} ({refusal.citation})" for refusal in refusals]
    reasons += [f"{unmet.reason} {unmet.cure}" for unmet in cure.still_unmet]
    if reasons or cure.on is None:
        raise ReleaseRefused(" ".join(reasons))
    return cure.on


def _locked(payment: Payment) -> Payment:
    """Hold the run, so that it is not made void, and the payment, so that it does not lapse meanwhile."""
    run = PaymentRun.objects.select_for_update(of=("self",)).get(pk=payment.run_id)
    if run.status != PaymentRunStatus.CERTIFIED:
        raise ReleaseRefused(
            f"{run} is {run.status}. Only money withheld in a certified run that is not void is released."
        )
    return (
        Payment.objects.select_for_update(of=("self",))
        .select_related("library", "run")
        .prefetch_related("unmet_requirements")
        .get(pk=payment.pk)
    )


def _waiting(release: WithheldRelease) -> WithheldRelease:
    payment = _locked(release.payment)
    found = WithheldRelease.objects.waiting().select_related("order").filter(pk=release.pk).first()
    if found is None:
        raise ReleaseRefused("This release was settled already. Look at the run's withheld money again.")
    found.payment = payment
    return found
