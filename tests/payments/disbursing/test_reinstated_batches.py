"""A withdrawn batch that the Comptroller took after all: back in force, and no payment goes out twice."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from connecticard.models import AuditEvent, Role
from payments import services
from payments.disbursing.board_orders import withdraw_order
from payments.disbursing.disbursement import is_disbursed, paid_cents, unsent_cents
from payments.disbursing.payment_batches import (
    BatchRefused,
    reinstate_batch,
    sendings,
    why_not_reinstate,
    withdraw_batch,
)
from payments.disbursing.result_services import ResultsRefused, import_results
from payments.disbursing.result_table import template
from payments.models import BatchReinstatement, PaymentBatch, PaymentBatchLine
from tests.factories import make_signed_in_client, make_user
from tests.payments.disbursed import AT, exported, ready_run

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=1)
PAID = AT + timedelta(days=14)


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def run():
    return ready_run()


@pytest.fixture
def withdrawn(run, staff):
    batch = exported(run)
    return withdraw_batch(batch=batch, reason="The portal was down", by=staff, at=AT)


def reinstated(batch, staff, reason="It was paid, see W-1"):
    return reinstate_batch(batch=batch, reason=reason, by=staff, at=LATER)


def results(batch, staff, status="paid"):
    """Take over a result file that says of every line of a batch the same."""
    lines = list(batch.lines.select_related("batch"))
    rows = template(lines).decode().replace(",,,,", f",{status},2027-05-03,W-1,", len(lines))
    return import_results(run=batch.run, content=rows.encode(), name="results.csv", by=staff, at=PAID)


def test_batch_in_force_again_is_sent_as_before_and_its_results_are_taken_over(run, withdrawn, staff):
    with pytest.raises(ResultsRefused):
        results(withdrawn, staff)

    batch = reinstated(withdrawn, staff)

    assert batch.withdrawn_at is None
    assert is_disbursed(run)
    assert unsent_cents(run) == 0
    assert sendings(run, on=date(2027, 4, 21)) == []
    results(batch, staff)
    assert paid_cents(run) == batch.cents
    kept = BatchReinstatement.objects.get()
    assert (kept.withdrawn_because, kept.because) == ("The portal was down", "It was paid, see W-1")
    assert AuditEvent.objects.filter(action="payment_batch_reinstated").count() == 1


def test_batch_in_force_again_can_be_withdrawn_again(withdrawn, staff):
    batch = reinstated(withdrawn, staff)

    withdraw_batch(batch=batch, reason="Not taken, it is sure now", by=staff, at=PAID)
    reinstate_batch(batch=batch, reason="Taken", by=staff, at=PAID)

    assert [kept.because for kept in batch.reinstatements.all()] == ["It was paid, see W-1", "Taken"]


def test_batch_whose_payments_went_out_again_stays_withdrawn(run, withdrawn, staff):
    second = exported(run, at=LATER)

    with pytest.raises(BatchRefused, match="went out again in Batch FY2027-1-B2"):
        reinstated(withdrawn, staff)
    withdraw_batch(batch=second, reason="The first was taken", by=staff, at=LATER)
    reinstated(withdrawn, staff)

    with pytest.raises(BatchRefused, match="went out again in Batch FY2027-1-B1"):
        reinstated(second, staff)


def test_batch_whose_second_sending_came_back_is_in_force_and_nothing_goes_a_third_time(
    run, withdrawn, staff
):
    second = exported(run, at=LATER)
    results(second, staff, status="returned")

    reinstated(withdrawn, staff)

    assert sendings(run, on=date(2027, 5, 4)) == []
    assert set(PaymentBatchLine.objects.filter(stands=True)) == set(withdrawn.lines.all())
    results(withdrawn, staff)
    assert paid_cents(run) == withdrawn.cents


def test_refused_where_nothing_can_be_paid_by_it(run, withdrawn, staff):
    with pytest.raises(BatchRefused, match="Say how you know"):
        reinstated(withdrawn, staff, reason=" ")
    withdraw_order(order=withdrawn.order, reason="Mistyped", by=staff, at=LATER)
    with pytest.raises(BatchRefused, match="was taken back"):
        reinstated(withdrawn, staff)
    services.void_run(run=run, reason="Wrong", by=make_user(Role.STATE_ADMINISTRATOR), at=LATER)
    withdrawn.run.refresh_from_db()
    with pytest.raises(BatchRefused, match="is void"):
        reinstated(PaymentBatch.objects.get(), staff)


def test_batch_in_force_is_not_put_back(run):
    assert why_not_reinstate(exported(run)) == "Batch FY2027-1-B1 is in force."


@pytest.mark.parametrize("role", [None, Role.AUDITOR])
def test_only_the_state_library_puts_it_back(withdrawn, role):
    with pytest.raises(PermissionDenied):
        reinstated(withdrawn, make_user(role))


def test_database_lets_no_batch_back_without_its_record(withdrawn, staff):
    kept = {
        "batch": withdrawn,
        "withdrawn_by": withdrawn.withdrawn_by,
        "withdrawn_at": withdrawn.withdrawn_at,
        "withdrawn_because": withdrawn.withdrawn_because,
        "reinstated_by": staff,
        "reinstated_at": LATER,
        "because": "Taken",
    }
    for wrong, match in (
        ({"withdrawn_because": "Something else"}, "keeps what the withdrawal"),
        ({"withdrawn_at": LATER}, "keeps what the withdrawal"),
        ({"because": ""}, "reinstatement_says_why"),
    ):
        with pytest.raises((DatabaseError, IntegrityError), match=match), transaction.atomic():
            BatchReinstatement.objects.create(**(kept | wrong))
    with pytest.raises(DatabaseError, match="stands until"), transaction.atomic():
        withdrawn.lines.update(stands=True)

    reinstated(withdrawn, staff)

    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        BatchReinstatement.objects.update(because="x")
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        BatchReinstatement.objects.get().delete()
    PaymentBatch.objects.update(withdrawn_at=PAID, withdrawn_by=staff, withdrawn_because="x")
    with pytest.raises(DatabaseError, match="until it is put back in force"), transaction.atomic():
        PaymentBatch.objects.update(withdrawn_at=None, withdrawn_by=None, withdrawn_because="")


def test_page_puts_it_back_and_shows_both(withdrawn, settings):
    settings.DEMO_TODAY = date(2027, 5, 4)
    client = make_signed_in_client(Role.STATE_STAFF)
    page = reverse("payments:batch_page", args=[withdrawn.pk])
    put_back = reverse("payments:batch_reinstate", args=[withdrawn.pk])
    assert put_back in client.get(page).content.decode()
    assert "The portal was down" in client.get(put_back).content.decode()

    told = client.post(put_back, {"reason": "The Comptroller paid it"}, follow=True).content.decode()

    assert "Batch FY2027-1-B1 is in force again" in told
    assert "The portal was down" in told
    assert "The Comptroller paid it" in told
    assert put_back not in told
    assert "Batch FY2027-1-B1 is in force." in client.post(put_back, {"reason": "Again"}).content.decode()
