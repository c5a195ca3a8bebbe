"""What became of a payment, as its page tells it: ordered, sent, paid or returned, released or lapsed."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from connecticard.models import Role
from payments.correcting.withheld_services import approve_release, record_lapses, record_release
from payments.disbursing.result_services import import_results
from payments.explaining.course_of_payment import course
from payments.models import Payment
from payments.services import record_publication
from tests.factories import make_user
from tests.payments.disbursed import AT, CERTIFIED_AT, exported, ready_run
from tests.payments.withholding import JULY_1, JUNE_30, at, cure_c, line_of, release_order, w6_run

pytestmark = pytest.mark.django_db
JUNE_1 = date(2027, 6, 1)

RESULTS = b"""batch_id,line_id,status,date,reference,amount\r
FY2027-1-B1,FY2027-1-B1-001,paid,2027-05-03,W-1,800.00\r
FY2027-1-B1,FY2027-1-B1-002,returned,2027-05-04,W-2,200.00\r
TOTAL,2,,,,1000.00\r
"""


def told(payment):
    return [(event.on, event.sentence) for event in course(Payment.objects.get(pk=payment.pk))]


def test_payment_is_followed_from_the_certificate_to_the_money(client):
    run = ready_run()
    record_publication(run=run, by=make_user(Role.STATE_ADMINISTRATOR), at=CERTIFIED_AT)
    exported(run)
    staff = make_user(Role.STATE_STAFF)
    import_results(run=run, content=RESULTS, name="r.csv", by=staff, at=AT + timedelta(days=15))

    paid, returned, nothing = run.payments.select_related("library").order_by("library__key")

    begin = [
        (date(2027, 4, 15), "The run was certified."),
        (date(2027, 4, 15), "The run was published."),
        (date(2027, 4, 19), "The Board ordered the payments: order 2027-08."),
    ]
    assert told(paid) == [
        *begin,
        (date(2027, 4, 20), "$800.00 went to the Comptroller in batch FY2027-1-B1."),
        (date(2027, 5, 3), "$800.00 was paid, reference W-1."),
    ]
    assert told(returned)[-1] == (date(2027, 5, 4), "The payment came back, reference W-2.")
    assert told(nothing) == begin
    page = client.get(reverse("payments:payment_of_year", args=["A", 2027])).content.decode()
    assert "$800.00 was paid, reference W-1." in page


def test_withheld_money_says_when_it_was_released():
    run = w6_run()
    cure_c(JUNE_1)
    release = record_release(
        payment=line_of(run),
        order=release_order(run, JUNE_1),
        reason="Report filed.",
        by=make_user(Role.STATE_STAFF),
        at=at(JUNE_1),
    )
    waiting = told(release.payment)

    approve_release(release=release, by=make_user(Role.STATE_ADMINISTRATOR), at=at(JUNE_1))

    assert waiting == [(CERTIFIED_AT.date(), "The run was certified.")]
    assert told(release.payment)[-1] == (
        JUNE_1,
        "$487.94 that was withheld was released by order 2027-9 of the Board.",
    )


def test_withheld_money_says_when_it_lapsed():
    run = w6_run()

    record_lapses(run=run, by=None, at=at(JULY_1))

    on, sentence = told(line_of(run))[-1]
    assert on == JUNE_30
    assert sentence.startswith("$487.94 that was withheld lapsed: ")
