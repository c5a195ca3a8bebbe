"""Batches for the Comptroller: complete, exact to the cent, sent once, the same bytes whenever downloaded."""

import csv
import io
from datetime import timedelta
from hashlib import sha256

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from connecticard.models import AuditEvent, Role
from payments import services
from payments.disbursing.board_orders import OrderRefused, withdraw_order
from payments.disbursing.disbursement import is_disbursed
from payments.disbursing.payment_batches import (
    BatchRefused,
    LeftOut,
    export_batch,
    left_out,
    sendings,
    withdraw_batch,
)
from payments.models import PaymentBatch, PaymentBatchLine
from tests.at_once import at_once
from tests.factories import make_user
from tests.payments.disbursed import AT, certified_run, exported, make_payee, ordered, ready_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


def rows_of(batch):
    return list(csv.reader(io.StringIO(batch.content.decode(), newline="")))


def refused(match):
    """The database refuses, at once or when the transaction would end."""
    return pytest.raises((DatabaseError, IntegrityError), match=match)


def put_on_record(batch, payment, *, totals=True, **fields):
    """Copy a batch with one line past the service, as only the database stands in the way then."""
    values = {
        "number": 1,
        "code": "X-1",
        "payment": payment,
        "paid_to": payment.library,
        "payee_name": "Town of A",
        "payee_kind": "municipality",
        "vendor_number": "1",
        "cents": payment.payment_cents + payment.withheld_cents,
    } | fields
    with transaction.atomic():
        copy = PaymentBatch.objects.get(pk=batch.pk)
        copy.pk, copy.number, copy.code = None, 9, "X"
        copy.line_count, copy.cents = (1, values["cents"]) if totals else (1, 1)
        copy.withdrawn_at = copy.withdrawn_by = None
        copy.withdrawn_because = ""
        copy.save(force_insert=True)
        PaymentBatchLine.objects.create(batch=copy, **values)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_file_holds_each_payment_with_control_totals_and_checksum():
    run = ready_run()

    batch = exported(run)

    header, a, b, total, checksum = rows_of(batch)
    assert header[:7] == [
        "batch_id", "line_id", "payee", "payee_kind", "vendor_number", "amount", "amount_cents",
    ]  # fmt: skip
    assert a == [
        "FY2027-1-B1", "FY2027-1-B1-001", "Town of A", "municipality", "00065", "800.00", "80000",
        "2027-08", "2027-04-19", "2027", "A", "A",
    ]  # fmt: skip
    assert b[5] == "200.00"
    assert total[:7] == ["TOTAL", "2", "", "", "", "1000.00", "100000"]
    before = batch.content[: batch.content.index(b"SHA256")]
    assert checksum[:2] == ["SHA256", sha256(before).hexdigest()]
    assert batch.sha256 == sha256(batch.content).hexdigest()
    assert (batch.line_count, batch.cents) == (2, 100_000)
    assert is_disbursed(run)
    assert AuditEvent.objects.filter(action="payment_batch_exported", target_id=batch.pk).exists()


def test_file_is_the_same_bytes_though_names_and_payees_change():
    run = ready_run()
    batch = exported(run)
    before = batch.content

    run.payments.get(library__key="A").library.payees.update(name="City of A")
    PaymentBatch.objects.get(pk=batch.pk)

    assert PaymentBatch.objects.get(pk=batch.pk).content == before
    with refused("Cannot update"), transaction.atomic():
        PaymentBatch.objects.filter(pk=batch.pk).update(file=b"")
    with refused("Cannot delete"), transaction.atomic():
        PaymentBatch.objects.filter(pk=batch.pk).delete()
    with refused("Cannot update"), transaction.atomic():
        batch.lines.update(payee_name="Another")
    with refused("Cannot delete"), transaction.atomic():
        batch.lines.all().delete()


def test_what_is_not_in_the_batch_is_named_with_why_and_all_is_accounted_for():
    run = certified_run(in_debt="A")
    ordered(run)
    make_payee(run.payments.get(library__key="B").library)

    batch = exported(run)

    held = left_out(run, on=AT.date())
    assert [(each.payment.library.key, each.why, each.cents) for each in held] == [
        ("A", LeftOut.WITHHELD, 80_000),
        ("C", LeftOut.NOTHING, 0),
    ]
    assert batch.cents + sum(each.cents for each in held) == 100_000


def test_a_payee_that_is_missing_goes_in_a_further_batch(staff):
    run = certified_run()
    ordered(run)
    libraries = {payment.library.key: payment.library for payment in run.payments.select_related("library")}
    make_payee(libraries["A"], vendor_number="")
    make_payee(libraries["B"])

    first = exported(run)
    assert [(each.payment.library.key, each.why) for each in left_out(run, on=AT.date())] == [
        ("A", LeftOut.NO_VENDOR_NUMBER),
        ("C", LeftOut.NOTHING),
    ]
    with pytest.raises(BatchRefused, match="FY2027-1-B1, exported with 1 lines"):
        exported(run)
    libraries["A"].payees.update(vendor_number="0000000001")
    second = exported(run)

    assert (first.cents, second.cents, second.number) == (20_000, 80_000, 2)
    assert first.cents + second.cents == sum(payment.payment_cents for payment in run.payments.all())


def test_no_order_no_export(staff):
    run = certified_run()

    with pytest.raises(BatchRefused, match="Board's order is not on record"):
        exported(run)
    assert sendings(run, on=AT.date()) == []
    assert not is_disbursed(run)


def test_a_batch_needs_the_order_of_its_certified_run():
    run = ready_run()
    batch = exported(run)
    withdraw_batch(batch=batch, reason="Not taken", by=make_user(Role.STATE_STAFF), at=AT)
    withdraw_order(order=batch.order, reason="Mistyped", by=make_user(Role.STATE_STAFF), at=AT)

    with refused("rests on an order"):
        put_on_record(batch, run.payments.get(library__key="A"))


def test_run_that_was_sent_is_not_void_and_its_order_not_taken_back(staff):
    run = ready_run()
    batch = exported(run)

    with pytest.raises(services.RunRefused, match="was disbursed; it stands"):
        services.void_run(run=run, reason="Wrong", by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    with refused("not void"), transaction.atomic():
        type(run).objects.filter(pk=run.pk).update(
            status="void", voided_at=AT, voided_by=staff, void_reason="x"
        )
    with pytest.raises(OrderRefused, match="FY2027-1-B1 was exported"):
        withdraw_order(order=batch.order, reason="Mistyped", by=staff, at=AT)
    withdraw_batch(batch=batch, reason="The Comptroller did not take it", by=staff, at=AT)
    voided = services.void_run(run=run, reason="Wrong", by=make_user(Role.STATE_ADMINISTRATOR), at=AT)

    assert voided.status == "void"
    with pytest.raises(BatchRefused, match="is void"):
        exported(run)


def test_withdrawn_batch_stays_on_record_and_its_payments_go_in_another(staff):
    run = ready_run()
    batch = exported(run)
    with pytest.raises(BatchRefused, match="Say why"):
        withdraw_batch(batch=batch, reason=" ", by=staff, at=AT)

    withdraw_batch(batch=batch, reason="The portal was down", by=staff, at=AT)
    again = exported(run)

    assert (again.code, again.cents, again.line_count) == ("FY2027-1-B2", 100_000, 2)
    with pytest.raises(BatchRefused, match="withdrawn already"):
        withdraw_batch(batch=batch, reason="Once more", by=staff, at=AT)
    with refused("until it is put back in force"), transaction.atomic():
        PaymentBatch.objects.filter(pk=batch.pk).update(withdrawn_at=None, withdrawn_by=None)


def test_database_lets_a_payment_go_out_once():
    run = ready_run()
    batch = exported(run)
    a = run.payments.get(library__key="A")

    with refused("paid at most once"):
        put_on_record(batch, a)
    with refused("stands until"), transaction.atomic():
        batch.lines.update(stands=False)
    with refused("one_batch_line_of_a_number"), transaction.atomic():
        PaymentBatchLine.objects.bulk_create(
            [PaymentBatchLine(batch=batch, number=1, code="Y", payment=run.payments.get(library__key="C"),
                              paid_to=a.library, payee_name="x", payee_kind="association",
                              vendor_number="1", cents=1)]
        )  # fmt: skip


def test_database_lets_no_line_stand_twice_for_a_payment(staff):
    run = ready_run()
    batch = exported(run)
    withdraw_batch(batch=batch, reason="Not taken", by=staff, at=AT)
    a = run.payments.get(library__key="A")
    line = batch.lines.get(payment=a)

    with refused("a_payment_is_sent_once_at_a_time"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE payments_paymentbatchline DISABLE TRIGGER USER")
        batch.lines.filter(payment=a).update(stands=True)
        line.pk, line.number, line.code, line.stands = None, 9, "Z", True
        line.save(force_insert=True)


@pytest.mark.parametrize(
    ("fields", "totals", "match"),
    [
        ({"cents": 79_999}, True, "pays one payment of its run in full"),
        ({}, False, "totals of a batch"),
        ({"cents": 0}, True, "batch_has_lines|batch_line_pays_something"),
        ({"payee_name": ""}, True, "batch_line_names_its_payee"),
        ({"vendor_number": ""}, True, "batch_line_names_its_payee"),
    ],
)
def test_database_holds_lines_and_totals_true(staff, fields, totals, match):
    run = ready_run()
    batch = exported(run)
    withdraw_batch(batch=batch, reason="Not taken", by=staff, at=AT)

    with refused(match):
        put_on_record(batch, run.payments.get(library__key="A"), totals=totals, **fields)


def test_database_lets_withheld_money_go_out_by_release_alone():
    run = certified_run(in_debt="A")
    ordered(run)
    for payment in run.payments.select_related("library"):
        make_payee(payment.library)
    batch = exported(run)

    with refused("pays one payment of its run in full"):
        put_on_record(batch, run.payments.get(library__key="A"))


def test_batch_withdrawal_is_whole_and_says_why(staff):
    batch = exported(ready_run())

    with refused("batch_withdrawal_is_whole"), transaction.atomic():
        PaymentBatch.objects.filter(pk=batch.pk).update(withdrawn_at=AT, withdrawn_because="x")
    with refused("withdrawn_batch_says_why"), transaction.atomic():
        PaymentBatch.objects.filter(pk=batch.pk).update(withdrawn_at=AT, withdrawn_by=staff)


@pytest.mark.parametrize("role", [None, Role.AUDITOR])
def test_only_the_state_library_exports_and_withdraws(role):
    run = ready_run()
    person = make_user(role)

    with pytest.raises(PermissionDenied):
        export_batch(run=run, by=person, at=AT)
    batch = exported(run)
    with pytest.raises(PermissionDenied):
        withdraw_batch(batch=batch, reason="x", by=person, at=AT + timedelta(days=1))


@pytest.mark.django_db(transaction=True)
def test_two_exports_at_once_give_one_batch():
    run = ready_run()
    first, second = make_user(Role.STATE_STAFF), make_user(Role.STATE_STAFF)

    outcomes = at_once(lambda: exported(run, by=first), lambda: exported(run, by=second))

    (made,) = [outcome for outcome in outcomes if isinstance(outcome, PaymentBatch)]
    (told,) = [outcome for outcome in outcomes if isinstance(outcome, BatchRefused)]
    assert list(PaymentBatch.objects.all()) == [made]
    assert "Nothing is left to export: Batch FY2027-1-B1" in str(told)
