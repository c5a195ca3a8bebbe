"""Batches of payments for the Comptroller: what can go, what cannot yet and why; export, withdrawal, return.

Every write locks the run first, so that two exports at once give one batch, and nobody voids a run while its
payments go out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library, LibrarySuccession
from payments.correcting.successors import paid_to
from payments.disbursing.board_orders import order_of
from payments.disbursing.payment_file import FileLine, payment_file
from payments.models import (
    BatchKind,
    BatchReinstatement,
    BoardOrder,
    OrderKind,
    Payee,
    Payment,
    PaymentBatch,
    PaymentBatchLine,
    PaymentResult,
    PaymentRun,
    ResultStatus,
    WithheldRelease,
)
from payments.rules.cents import dollars
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.rules.filing_calendar import eastern_day


class BatchRefused(Exception):
    """A batch that cannot be exported, withdrawn or put back in force; the text says why and what to do."""


class LeftOut(StrEnum):
    """Why a payment is in no batch."""

    NOTHING = "nothing to pay"
    WITHHELD = "withheld"
    LAPSED = "lapsed"
    NO_PAYEE = "no payee"
    NO_VENDOR_NUMBER = "no vendor number"

    @property
    def label(self) -> str:
        """The reason in words for people, with what to do."""
        return {
            LeftOut.NOTHING: "The payment is $0.00, and a payment of nothing gets no line.",
            LeftOut.WITHHELD: "Withheld until the library is in order and the Board orders the release.",
            LeftOut.LAPSED: "Withheld, and no order of the Board released it by the last day (§ 4-89).",
            LeftOut.NO_PAYEE: "Nobody is on record to be paid. Enter the payee, then export a further batch.",
            LeftOut.NO_VENDOR_NUMBER: "The Comptroller's vendor number of the payee is missing. Enter it, "
            "then export a further batch.",
        }[self]


@dataclass(frozen=True)
class Ready:
    """A payment that can go out now."""

    payment: Payment
    paid_to: Library
    payee: Payee
    cents: int
    release: WithheldRelease | None = None
    reissue_of: PaymentBatchLine | None = None


@dataclass(frozen=True)
class Held:
    """A payment that cannot go out now; `cents` is what it would be."""

    payment: Payment
    paid_to: Library
    why: LeftOut
    cents: int


@dataclass(frozen=True)
class Sending:
    """What a batch of a kind under an order would hold, and what it would leave out."""

    kind: BatchKind
    order: BoardOrder
    ready: tuple[Ready, ...]
    held: tuple[Held, ...]

    @property
    def cents(self) -> int:
        """The sum of what is ready, in cents."""
        return sum(line.cents for line in self.ready)


def sendings(run: PaymentRun, *, on: date) -> list[Sending]:
    """Return each batch that could be exported on a day, or could be but for a payee; first the payments."""
    found = []
    if order := order_of(run):
        unsent = run.payments.filter(_not_sent(), withheld_cents=0)
        found.append(_sending(BatchKind.PAYMENT, order, unsent, {}, on))
    for order in BoardOrder.objects.standing().filter(run=run, kind=OrderKind.RELEASE):
        released = run.payments.filter(_not_sent(), pk__in=_releases(run, order))
        found.append(_sending(BatchKind.RELEASE, order, released, {}, on))
    returned = _returned(run)
    for order in BoardOrder.objects.standing().filter(batches__lines__in=returned.values()).distinct():
        again = {pk: line for pk, line in returned.items() if line.batch.order_id == order.pk}
        found.append(_sending(BatchKind.REISSUE, order, run.payments.filter(pk__in=again), again, on))
    return [sending for sending in found if sending.ready or sending.held]


def left_out(run: PaymentRun, *, on: date) -> list[Held]:
    """Return the payments of a run that are in no standing batch, each with why, in order of the library.

    What is ready to go is not among them. With it, and with the lines that were sent, they are all the
    payments of the run.
    """
    payments = run.payments.filter(_not_sent()).select_related("library").order_by("library__name")
    libraries, releases = _paid_to(payments, on), _releases(run)
    payees = _payees(libraries.values(), on)
    lapsed = set(run.lapses.standing().values_list("payment", flat=True))
    found = []
    for payment in payments:
        library = libraries[payment.pk]
        if why := _why_held(payment, payees.get(library.pk), releases.get(payment.pk)):
            if why is LeftOut.WITHHELD and payment.pk in lapsed:
                why = LeftOut.LAPSED
            found.append(Held(payment, library, why, payment.payment_cents + payment.withheld_cents))
    return found


@transaction.atomic
def export_batch(
    *,
    run: PaymentRun,
    by: User,
    at: datetime,
    kind: BatchKind = BatchKind.PAYMENT,
    order: BoardOrder | None = None,
) -> PaymentBatch:
    """Make a batch of what is ready under an order, the Board's order to pay the run unless another is named.

    Raises BatchRefused where the run is not certified, no order stands, or nothing is ready.
    """
    permissions.check(by, Action.EXPORT_PAYMENTS)
    run = PaymentRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.status != PaymentRunStatus.CERTIFIED:
        raise BatchRefused(f"{run} is {run.status}. Only a certified run is paid.")
    order = order or order_of(run)
    if order is None:
        raise BatchRefused(
            "The Board's order is not on record. Record its number and date first: the Comptroller pays on "
            "the order of the Board (C.G.S. § 11-31b)."
        )
    sending = next(
        (
            each
            for each in sendings(run, on=eastern_day(at))
            if each.kind == kind and each.order == order and each.ready
        ),
        None,
    )
    if sending is None:
        raise BatchRefused(_why_nothing(run, kind))
    batch = _store(run, sending, by=by, at=at)
    AuditEvent.record(
        "payment_batch_exported",
        target=batch,
        by=by,
        after={
            "kind": batch.kind,
            "order": order.number,
            "lines": batch.line_count,
            "cents": batch.cents,
            "sha256": batch.sha256,
        },
    )
    return batch


@transaction.atomic
def withdraw_batch(*, batch: PaymentBatch, reason: str, by: User, at: datetime) -> PaymentBatch:
    """Withdraw a batch that the Comptroller did not take; its payments can go in another.

    Raises BatchRefused without a reason, for a batch withdrawn already, or where a result is on record.
    """
    permissions.check(by, Action.EXPORT_PAYMENTS)
    PaymentRun.objects.select_for_update(of=("self",)).get(pk=batch.run_id)
    batch = PaymentBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if reason_not := why_not_withdraw(batch):
        raise BatchRefused(reason_not)
    if not reason.strip():
        raise BatchRefused("Say why the batch is withdrawn.")
    batch.withdrawn_by, batch.withdrawn_at, batch.withdrawn_because = by, at, reason.strip()
    batch.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawn_because"])
    batch.lines.update(stands=False)
    AuditEvent.record(
        "payment_batch_withdrawn", target=batch, by=by, after={"reason": batch.withdrawn_because}
    )
    return batch


def why_not_withdraw(batch: PaymentBatch) -> str:
    """Return why a batch cannot be withdrawn, in a sentence; empty where it can."""
    if batch.withdrawn_at is not None:
        return f"{batch} was withdrawn already."
    if PaymentResult.objects.filter(line__batch=batch).exists():
        return (
            f"The Comptroller took {batch}: results are on record. A payment that comes back is recorded as "
            "returned, and sent again in a new batch."
        )
    return ""


@transaction.atomic
def reinstate_batch(*, batch: PaymentBatch, reason: str, by: User, at: datetime) -> PaymentBatch:
    """Put a withdrawn batch back in force: the Comptroller took it after all. The withdrawal stays on record.

    Raises BatchRefused without a reason, or where `why_not_reinstate` says why.
    """
    permissions.check(by, Action.EXPORT_PAYMENTS)
    PaymentRun.objects.select_for_update(of=("self",)).get(pk=batch.run_id)
    batch = PaymentBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if reason_not := why_not_reinstate(batch):
        raise BatchRefused(reason_not)
    assert batch.withdrawn_by is not None, "what is not in force was withdrawn by somebody"
    assert batch.withdrawn_at is not None, "and at some time"
    if not reason.strip():
        raise BatchRefused("Say how you know that the Comptroller took the batch.")
    BatchReinstatement.objects.create(
        batch=batch,
        withdrawn_by=batch.withdrawn_by,
        withdrawn_at=batch.withdrawn_at,
        withdrawn_because=batch.withdrawn_because,
        reinstated_by=by,
        reinstated_at=at,
        because=reason.strip(),
    )
    withdrawn_because = batch.withdrawn_because
    batch.withdrawn_by, batch.withdrawn_at, batch.withdrawn_because = None, None, ""
    batch.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawn_because"])
    _others_of(batch).filter(stands=True).update(stands=False)  # they came back: this batch pays instead
    batch.lines.update(stands=True)
    AuditEvent.record(
        "payment_batch_reinstated",
        target=batch,
        by=by,
        before={"withdrawn_because": withdrawn_because},
        after={"reason": reason.strip()},
    )
    return batch


def why_not_reinstate(batch: PaymentBatch) -> str:
    """Return why a withdrawn batch cannot be put back in force, in a sentence; empty where it can."""
    if batch.withdrawn_at is None:
        return f"{batch} is in force."
    if batch.run.status != PaymentRunStatus.CERTIFIED:
        return (
            f"{batch.run} is {batch.run.status}, and nothing of it is paid. Ask the Comptroller to take back "
            f"what was paid by {batch}."
        )
    if batch.order.withdrawn_at is not None:
        return (
            f"The record of {batch.order} was taken back, so that nothing can be paid by it. Ask the "
            f"Comptroller to take back what was paid by {batch}."
        )
    others = _others_of(batch).exclude(results__status=ResultStatus.RETURNED)
    if other := others.select_related("batch").order_by("batch__number").first():
        return (
            f"Payments of {batch} went out again in {other.batch}, and a payment goes out once. Where the "
            f"Comptroller did not take {other.batch}, withdraw it first. Where it paid both, have it take "
            f"back those of {other.batch}, and take over the results that say they were returned."
        )
    return ""


def _others_of(batch: PaymentBatch) -> QuerySet[PaymentBatchLine]:
    """Return the lines of other batches in force that pay what a batch pays."""
    return PaymentBatchLine.objects.filter(
        batch__withdrawn_at__isnull=True, payment__in=batch.lines.values("payment")
    ).exclude(batch=batch)


def _not_sent() -> Q:
    """Payments that no line holds, or only lines of batches that were withdrawn."""
    sent = PaymentBatchLine.objects.filter(batch__withdrawn_at__isnull=True).values("payment")
    return ~Q(pk__in=sent)


def _returned(run: PaymentRun) -> dict[int, PaymentBatchLine]:
    """Return by payment the line to send again: the last one sent of it, where every one was returned."""
    lines = PaymentBatchLine.objects.filter(batch__run=run, batch__withdrawn_at__isnull=True)
    out = lines.exclude(results__status=ResultStatus.RETURNED).values("payment")
    returned = lines.exclude(payment__in=out).select_related("batch").order_by("pk")
    return {line.payment_id: line for line in returned}


def _releases(run: PaymentRun, order: BoardOrder | None = None) -> dict[int, WithheldRelease]:
    """Return the approved releases of a run by payment, those of one order where it is named."""
    releases = WithheldRelease.objects.approved().filter(payment__run=run)
    if order is not None:
        releases = releases.filter(order=order)
    return {release.payment_id: release for release in releases}


def _sending(
    kind: BatchKind,
    order: BoardOrder,
    payments: QuerySet[Payment],
    again: dict[int, PaymentBatchLine],
    on: date,
) -> Sending:
    payments = payments.select_related("library__town").order_by("library__key")
    libraries = _paid_to(payments, on)
    payees = _payees(libraries.values(), on)
    releases = _releases(order.run)
    ready: list[Ready] = []
    held: list[Held] = []
    for payment in payments:
        library = libraries[payment.pk]
        payee = payees.get(library.pk)
        cents = payment.payment_cents + payment.withheld_cents
        release = releases.get(payment.pk)
        if why := _why_held(payment, payee, release):
            if why is not LeftOut.NOTHING:
                held.append(Held(payment, library, why, cents))
            continue
        assert payee is not None, "what has no payee is held"
        ready.append(Ready(payment, library, payee, cents, release, again.get(payment.pk)))
    return Sending(kind, order, tuple(ready), tuple(held))


def _why_held(payment: Payment, payee: Payee | None, release: WithheldRelease | None) -> LeftOut | None:
    if not payment.payment_cents + payment.withheld_cents:
        return LeftOut.NOTHING
    if payment.withheld_cents and release is None:
        return LeftOut.WITHHELD
    if payee is None:
        return LeftOut.NO_PAYEE
    return None if payee.vendor_number else LeftOut.NO_VENDOR_NUMBER


def _paid_to(payments: QuerySet[Payment], on: date) -> dict[int, Library]:
    """Return by payment the library that is paid on a day: its own, or its legal successor."""
    succeeded = set(LibrarySuccession.objects.filter(on__lte=on).values_list("predecessor", flat=True))
    return {
        payment.pk: paid_to(payment, on=on) if payment.library_id in succeeded else payment.library
        for payment in payments
    }


def _payees(libraries: Iterable[Library], on: date) -> dict[int, Payee]:
    return {payee.library_id: payee for payee in Payee.objects.on(on).filter(library__in=set(libraries))}


def _why_nothing(run: PaymentRun, kind: BatchKind) -> str:
    if kind is BatchKind.PAYMENT and (last := run.batches.standing().last()):
        return (
            f"Nothing is left to export: {last}, exported with {last.line_count} lines and "
            f"{dollars(last.cents)}, is on record. Download it again there."
        )
    return "Nothing is ready to go. See below what is missing."


def _store(run: PaymentRun, sending: Sending, *, by: User, at: datetime) -> PaymentBatch:
    number = (run.batches.aggregate(last=Max("number"))["last"] or 0) + 1
    code = f"FY{run.fiscal_year}-{run.number}-B{number}"
    lines = [
        FileLine(
            code=f"{code}-{place:03}",
            payee=each.payee.name,
            payee_kind=each.payee.kind,
            vendor_number=each.payee.vendor_number,
            cents=each.cents,
            library=each.payment.library.key,
            library_name=each.payment.library.name,
        )
        for place, each in enumerate(sending.ready, start=1)
    ]
    file = payment_file(
        code,
        lines,
        order_number=sending.order.number,
        order_date=sending.order.dated,
        fiscal_year=run.fiscal_year,
    )
    PaymentBatchLine.objects.filter(
        pk__in=[each.reissue_of.pk for each in sending.ready if each.reissue_of]
    ).update(stands=False)
    batch = PaymentBatch.objects.create(
        run=run,
        number=number,
        code=code,
        kind=sending.kind,
        order=sending.order,
        line_count=len(lines),
        cents=sending.cents,
        file=file,
        sha256=sha256(file).hexdigest(),
        exported_by=by,
        exported_at=at,
    )
    PaymentBatchLine.objects.bulk_create(
        PaymentBatchLine(
            batch=batch,
            number=place,
            code=line.code,
            payment=each.payment,
            paid_to=each.paid_to,
            payee_name=line.payee,
            payee_kind=line.payee_kind,
            vendor_number=line.vendor_number,
            cents=line.cents,
            release=each.release,
            reissue_of=each.reissue_of,
        )
        for place, (each, line) in enumerate(zip(sending.ready, lines, strict=True), start=1)
    )
    return batch
