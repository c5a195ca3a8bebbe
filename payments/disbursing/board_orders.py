"""Orders of the State Library Board: recorded under their number and date, before anything is paid."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from payments.models import BoardOrder, OrderKind, PaymentRun
from payments.rules.board_order import why_not_dated
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day


class OrderRefused(Exception):
    """An order that cannot be recorded or taken back; the text says why and what to do."""


def order_of(run: PaymentRun) -> BoardOrder | None:
    """Return the Board's order to pay a run; None until it is recorded."""
    return run.board_orders.standing().filter(kind=OrderKind.PAYMENT).first()


def why_not_order(run: PaymentRun, kind: OrderKind, *, number: str, dated: date, today: date) -> str:
    """Return why this order cannot be recorded, in a sentence; empty where it can."""
    certified = run.status == PaymentRunStatus.CERTIFIED and run.certified_at
    if reason := why_not_dated(
        dated, certified_on=eastern_day(certified) if certified else None, today=today
    ):
        return reason
    if not number.strip():
        return "Enter the number that the order bears in the Board's minutes."
    standing = BoardOrder.objects.standing()
    if kind is OrderKind.PAYMENT and (known := order_of(run)):
        return (
            f"{known}, of {written_day(known.dated)}, is on record for {run}. Take it back with a reason "
            "before you record another."
        )
    if other := standing.filter(number=number.strip()).select_related("run").first():
        return (
            f"{other} is on record for {other.run}, of {written_day(other.dated)}. Every order has a number "
            "of its own: look it up in the Board's minutes."
        )
    return ""


@transaction.atomic
def record_order(
    *,
    run: PaymentRun,
    number: str,
    dated: date,
    by: User,
    at: datetime,
    kind: OrderKind = OrderKind.PAYMENT,
    text: str = "",
) -> BoardOrder:
    """Record an order of the Board on a certified run (C.G.S. 11-31b).

    Raises OrderRefused where the run is not certified, the date lies before the certificate or in the
    future, the number is taken, or the payment of the run is ordered already.
    """
    permissions.check(by, Action.RECORD_ORDER)
    run = PaymentRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if reason := why_not_order(run, kind, number=number, dated=dated, today=eastern_day(at)):
        raise OrderRefused(reason)
    try:
        with transaction.atomic():
            order = BoardOrder.objects.create(
                kind=kind,
                run=run,
                number=number.strip(),
                dated=dated,
                text=text.strip(),
                recorded_by=by,
                recorded_at=at,
            )
    except IntegrityError as error:  # recorded for another run at the same moment
        if "one_board_order_of_a_number" not in str(error):
            raise
        raise OrderRefused(f"Somebody has just recorded an order with the number {number}.") from error
    AuditEvent.record(
        "board_order_recorded",
        target=order,
        by=by,
        after={"kind": str(kind), "run": str(run), "number": order.number, "dated": dated.isoformat()},
    )
    return order


def why_not_withdraw(order: BoardOrder) -> str:
    """Return why the record of an order cannot be taken back, in a sentence; empty where it can."""
    if order.withdrawn_at is not None:
        return f"The record of {order} was taken back already."
    if batch := order.batches.standing().first():
        return f"{batch} was exported under {order}. Withdraw it first, if the Comptroller did not take it."
    if order.releases.holding().exists():
        return (
            f"Money withheld is released by {order}. Decline those releases first; one that is approved "
            "stays, and the record of its order with it."
        )
    return ""


@transaction.atomic
def withdraw_order(*, order: BoardOrder, reason: str, by: User, at: datetime) -> BoardOrder:
    """Take back the record of an order that was made by mistake; refused where something rests on it."""
    permissions.check(by, Action.RECORD_ORDER)
    PaymentRun.objects.select_for_update(of=("self",)).get(pk=order.run_id)
    order = BoardOrder.objects.select_for_update(of=("self",)).get(pk=order.pk)
    if not reason.strip():
        raise OrderRefused("Say why the record of the order is taken back.")
    if why_not := why_not_withdraw(order):
        raise OrderRefused(why_not)
    order.withdrawn_by, order.withdrawn_at, order.withdrawn_because = by, at, reason.strip()
    order.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawn_because"])
    AuditEvent.record("board_order_withdrawn", target=order, by=by, after={"reason": order.withdrawn_because})
    return order
