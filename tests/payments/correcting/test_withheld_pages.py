"""Withheld money through the real client: W6 released on June 30, refused on July 1, lapsed after it."""

from datetime import date

import pytest
from django.urls import reverse

from connecticard.models import Role
from payments.disbursing.board_orders import record_order
from payments.models import PaymentCutoff, WithheldLapse, WithheldRelease
from payments.services import void_run
from tests.factories import current_code, make_signed_in_client, make_user
from tests.payments.withholding import (
    JULY_1,
    JUNE_30,
    at,
    cure_c,
    line_of,
    release_order,
    w6_run,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """Set what time it is."""

    def set_to(moment):
        monkeypatch.setattr("connecticard.clock.now", lambda: moment)

    set_to(at(date(2027, 6, 1)))
    return set_to


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_signed_in_client(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def run(clock):
    return w6_run()


def page(client, run):
    response = client.get(reverse("payments:withheld", args=[run.pk]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def release(client, run, order):
    return client.post(
        reverse("payments:withheld_release", args=[run.pk, "C"]),
        {"order": order.pk, "reason": "The report was filed under a waiver"},
        follow=True,
    )


def approve(client):
    made = WithheldRelease.objects.get()
    return client.post(
        reverse("payments:release_approve", args=[made.pk]), {"code": current_code(client.user)}, follow=True
    )


def test_w6_cured_and_ordered_on_june_30_is_paid(run, staff, administrator, clock):
    cure_c(JUNE_30)
    order = release_order(run, JUNE_30)
    clock(at(JUNE_30, 23, 59, 59))

    assert b"is on record" in release(staff, run, order).content
    assert b"Approved" in approve(administrator).content

    shown = page(staff, run)
    assert "$487.94" in shown
    assert "Released" in shown
    clock(at(JULY_1))
    assert "has lapsed" not in page(staff, run)


def test_w6_ordered_on_july_1_is_refused_in_plain_words_and_lapses(run, staff, clock):
    cure_c(JUNE_30)
    order = release_order(run, JULY_1)
    clock(at(JULY_1, 0, 0))

    refused = release(staff, run, order)
    assert (
        "order is dated July 1, 2027, after June 30, 2027; the money lapsed. (C.G.S."
        in refused.content.decode()
    )
    assert not WithheldRelease.objects.exists()

    assert "Money has lapsed and is not on record" in page(staff, run)
    done = staff.post(reverse("payments:withheld_lapses", args=[run.pk]), follow=True)
    assert b"1 line recorded as lapsed" in done.content
    assert WithheldLapse.objects.get().cents == 487_94
    again = staff.post(reverse("payments:withheld_lapses", args=[run.pk]), follow=True)
    assert b"Nothing more has lapsed" in again.content


def test_a_second_before_midnight_nothing_lapses(run, staff, clock):
    clock(at(JUNE_30, 23, 59, 59))

    done = staff.post(reverse("payments:withheld_lapses", args=[run.pk]), follow=True)

    assert b"Nothing more has lapsed" in done.content


def test_release_approved_after_midnight_is_paid_by_the_orders_date(run, staff, administrator, clock):
    cure_c(JUNE_30)
    order = release_order(run, JUNE_30)
    clock(at(JUNE_30, 23, 59, 59))
    release(staff, run, order)
    clock(at(JULY_1, 0, 0))

    assert b"Approved" in approve(administrator).content
    assert "Released" in page(staff, run)


def test_page_says_what_is_missing_and_how_to_mend_it(run, staff):
    shown = page(staff, run)

    assert "Not cured" in shown
    assert "The expenditure report on money received in fiscal year 2025 was not filed" in shown
    assert "ask the State Library for a waiver" in shown
    assert "Record the release" not in shown


def test_page_says_that_a_cured_line_waits_for_the_order(run, staff):
    cure_c(date(2027, 5, 20))

    assert "Every requirement was met by May 20, 2027" in page(staff, run)
    form = staff.get(reverse("payments:withheld_release", args=[run.pk, "C"]))
    assert b"No order of release is on record" in form.content


def test_who_recorded_a_release_is_told_that_another_approves(run, administrator):
    cure_c(date(2027, 5, 20))
    release(administrator, run, release_order(run, date(2027, 5, 21)))
    made = WithheldRelease.objects.get()

    shown = administrator.get(reverse("payments:release_approve", args=[made.pk]))

    assert b"You recorded this release" in shown.content
    assert b"You recorded this release" in approve(administrator).content
    assert WithheldRelease.objects.waiting().exists()


def test_release_is_declined_with_a_reason(run, staff, administrator):
    cure_c(date(2027, 5, 20))
    release(staff, run, release_order(run, date(2027, 5, 21)))
    address = reverse("payments:release_decline", args=[WithheldRelease.objects.get().pk])

    assert b"This field is required" in administrator.post(address, {"reason": ""}).content
    done = administrator.post(address, {"reason": "The order names Bethel"}, follow=True)

    assert b"The order names Bethel" in done.content
    assert b"settled already" in administrator.get(address).content


def test_cutoff_of_the_comptroller_is_recorded_with_its_source(run, staff):
    address = reverse("payments:withheld_cutoff", args=[run.pk])

    assert (
        b"a day of fiscal year 2027"
        in staff.post(address, {"last_day": "2027-07-02", "source": "Memo"}).content
    )
    staff.post(address, {"last_day": "2027-06-18", "source": "Memorandum 2027-3 of May 3, 2027"})

    shown = page(staff, run)
    assert "Friday, June 18, 2027" in shown
    assert "Memorandum 2027-3 of May 3, 2027" in shown
    assert PaymentCutoff.objects.get().recorded_by == staff.user


def test_redistribute_says_that_nothing_is_there_to_release(clock, staff):
    shown = page(staff, w6_run(policy="redistribute"))

    assert "Nothing is there to release" in shown
    assert "Vote 1" in shown


def test_nothing_of_a_void_run_is_released(run, staff, administrator):
    cure_c(date(2027, 5, 20))
    order = release_order(run, date(2027, 5, 21))
    void_run(run=run, reason="a town was left out", by=administrator.user, at=at(date(2027, 6, 1)))

    assert "This run is void" in page(staff, run)
    assert b"Only money withheld in a certified run that is not void is released" in (
        release(staff, run, order).content
    )


def test_auditor_reads_and_changes_nothing(run):
    auditor = make_signed_in_client(Role.AUDITOR)
    cure_c(date(2027, 5, 20))

    assert "Record the release" not in page(auditor, run)
    for name, args in (
        ("withheld_release", [run.pk, "C"]),
        ("withheld_cutoff", [run.pk]),
        ("withheld_lapses", [run.pk]),
    ):
        assert auditor.post(reverse(f"payments:{name}", args=args)).status_code == 403
    assert line_of(run).withheld_cents == 487_94


def test_payments_that_no_order_covers_by_the_last_day_are_said_to_lapse(run, staff, clock):
    addresses = [reverse(f"payments:{name}", args=[run.pk]) for name in ("withheld", "order", "comptroller")]

    def said():
        pages = [staff.get(address).content.decode() for address in addresses]
        return ["$512.07 of this run was not ordered by the last day" in page for page in pages]

    clock(at(JUNE_30, 23, 59, 59))
    assert said() == [False] * 3
    clock(at(JULY_1, 0, 0, 0))
    assert said() == [True] * 3
    late = {"kind": "payment", "number": "2027-12", "dated": "2027-07-01", "step": "look"}
    looked_at = staff.post(reverse("payments:order_record", args=[run.pk]), late).content.decode()
    assert "It is dated after June 30, 2027." in looked_at
    record_order(run=run, number="2027-08", dated=JUNE_30, by=make_user(Role.STATE_STAFF), at=at(JULY_1))
    assert said() == [False] * 3
