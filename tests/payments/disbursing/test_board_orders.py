"""The Board's order: after the certificate, never in the future, one number each, kept as recorded."""

from datetime import date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Role
from payments import services
from payments.disbursing.board_orders import OrderRefused, order_of, record_order, withdraw_order
from payments.disbursing.payment_batches import withdraw_batch
from payments.models import BoardOrder, OrderKind
from tests.factories import make_user
from tests.payments.disbursed import (
    AT,
    ORDERED,
    certified_run,
    exported,
    make_libraries,
    make_payee,
    ordered,
)
from tests.payments.records import appropriation

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def run():
    return certified_run()


def put_on_record(run, **fields):
    """Create an order past the service, as only the database stands in the way then."""
    values = {
        "kind": OrderKind.PAYMENT,
        "run": run,
        "number": "2027-08",
        "dated": ORDERED,
        "recorded_by": run.prepared_by,
        "recorded_at": AT,
    }
    with transaction.atomic():
        return BoardOrder.objects.create(**(values | fields))


def test_order_stands_under_its_number_and_date(run, staff):
    order = record_order(run=run, number=" 2027-08 ", dated=ORDERED, text="Resolved", by=staff, at=AT)

    assert order_of(run) == order
    assert (order.number, str(order)) == ("2027-08", "Order 2027-08 of the Board")
    assert AuditEvent.objects.filter(action="board_order_recorded", target_id=order.pk, by=staff).exists()


def test_run_that_is_not_certified_cannot_be_ordered(staff):
    make_libraries()
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)

    with pytest.raises(OrderRefused, match="certified first"):
        record_order(run=run, number="1", dated=ORDERED, by=staff, at=AT)
    with pytest.raises(DatabaseError, match="follows the certificate"):
        put_on_record(run)


def test_order_may_bear_the_day_of_the_certificate_and_none_before(run, staff):
    with pytest.raises(OrderRefused, match="was certified April 15, 2027"):
        record_order(run=run, number="1", dated=date(2027, 4, 14), by=staff, at=AT)
    with pytest.raises(DatabaseError, match="follows the certificate"):
        put_on_record(run, dated=date(2027, 4, 14))

    assert record_order(run=run, number="1", dated=date(2027, 4, 15), by=staff, at=AT).pk


def test_order_of_tomorrow_is_refused_by_eastern_time(run, staff):
    late_evening = datetime(2027, 4, 20, 23, 30, tzinfo=EASTERN)  # the 21st in Greenwich
    with pytest.raises(OrderRefused, match="has not come"):
        record_order(run=run, number="1", dated=date(2027, 4, 21), by=staff, at=late_evening)
    with pytest.raises(IntegrityError, match="board_order_not_in_the_future"):
        put_on_record(run, dated=date(2027, 4, 21), recorded_at=late_evening)

    assert record_order(run=run, number="1", dated=date(2027, 4, 20), by=staff, at=late_evening).pk


def test_a_run_has_one_order_and_a_number_one_order(run, staff):
    ordered(run)

    with pytest.raises(OrderRefused, match="Order 2027-08 of the Board, of April 19, 2027, is on record"):
        record_order(run=run, number="2027-09", dated=ORDERED, by=staff, at=AT)
    with pytest.raises(OrderRefused, match="a number of its own"):
        record_order(run=run, number="2027-08", dated=ORDERED, kind=OrderKind.RELEASE, by=staff, at=AT)
    with pytest.raises(IntegrityError, match="one_payment_order_of_a_run"):
        put_on_record(run, number="2027-09")
    with pytest.raises(IntegrityError, match="one_board_order_of_a_number"):
        put_on_record(run, kind=OrderKind.RELEASE)

    assert record_order(
        run=run, number="2027-09", dated=ORDERED, kind=OrderKind.RELEASE, by=staff, at=AT
    ).kind_label.startswith("Release")


def test_order_without_a_number_is_refused(run, staff):
    with pytest.raises(OrderRefused, match="Enter the number"):
        record_order(run=run, number=" ", dated=ORDERED, by=staff, at=AT)
    with pytest.raises(IntegrityError, match="board_order_has_a_number"):
        put_on_record(run, number="")


def test_order_stays_as_recorded(run):
    order = ordered(run)
    order.number = "2027-80"

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        order.save()
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        order.delete()


def test_order_recorded_by_mistake_is_taken_back_with_a_reason_and_recorded_anew(run, staff):
    order = ordered(run)
    with pytest.raises(OrderRefused, match="Say why"):
        withdraw_order(order=order, reason=" ", by=staff, at=AT)

    withdraw_order(order=order, reason="The number was mistyped", by=staff, at=AT)

    assert order_of(run) is None
    with pytest.raises(OrderRefused, match="taken back already"):
        withdraw_order(order=order, reason="Again", by=staff, at=AT)
    assert order_of(run) is None
    assert ordered(run).pk != order.pk


def test_withdrawal_is_whole_and_final(run, staff):
    order = ordered(run)
    with pytest.raises(IntegrityError, match="board_order_withdrawal_is_whole"), transaction.atomic():
        BoardOrder.objects.filter(pk=order.pk).update(withdrawn_at=AT, withdrawn_because="x")
    with pytest.raises(IntegrityError, match="withdrawn_board_order_says_why"), transaction.atomic():
        BoardOrder.objects.filter(pk=order.pk).update(withdrawn_at=AT, withdrawn_by=staff)
    withdraw_order(order=order, reason="Mistyped", by=staff, at=AT)

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        BoardOrder.objects.filter(pk=order.pk).update(withdrawn_at=None, withdrawn_by=None)


def test_order_on_which_a_batch_or_a_release_rests_is_not_taken_back(run, staff):
    order = ordered(run)
    for payment in run.payments.select_related("library"):
        make_payee(payment.library)
    batch = exported(run)

    with pytest.raises(OrderRefused, match="was exported under Order 2027-08 of the Board"):
        withdraw_order(order=order, reason="Mistyped", by=staff, at=AT)
    with pytest.raises(DatabaseError, match="is not taken back"), transaction.atomic():
        BoardOrder.objects.update(withdrawn_at=AT, withdrawn_by=staff, withdrawn_because="x")
    withdraw_batch(batch=batch, reason="Not taken", by=staff, at=AT)
    withdraw_order(order=order, reason="Mistyped", by=staff, at=AT)


@pytest.mark.parametrize("role", [None, Role.AUDITOR])
def test_only_the_state_library_records_orders(run, role):
    person = make_user(role)

    with pytest.raises(PermissionDenied):
        record_order(run=run, number="1", dated=ORDERED, by=person, at=AT)
    order = ordered(run)
    with pytest.raises(PermissionDenied):
        withdraw_order(order=order, reason="x", by=person, at=AT)
