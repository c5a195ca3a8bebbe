"""Sites of deliverIT CT that owe their counts: the overview, letters to their people, and the contact log."""

from datetime import UTC, date, datetime

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse

from connecticard.delivery import deliver
from connecticard.models import Message, MessageKind, Role
from payments.models import ContactHow, ContactLogEntry
from payments.owing import reminders
from payments.owing.contacts import last_contacts, log_contact
from payments.rules.delivery_owing import quarters_asked_for
from tests.factories import (
    make_delivery_report,
    make_delivery_site,
    make_library,
    make_signed_in_client,
    make_user,
)
from transactions.rules.delivery_quarters import Quarter

pytestmark = pytest.mark.django_db
QUARTER = Quarter(date(2026, 7, 1))
DAY_AFTER = date(2026, 10, 16)
AT = datetime(2026, 10, 10, 14, tzinfo=UTC)
WHOLE = {"bins_in": 4, "items_in": 10, "bins_out": 3, "items_out": 20}


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = DAY_AFTER


@pytest.fixture
def college():
    return make_delivery_site("Demonstration College")


@pytest.fixture
def reporter(college):
    return make_user(Role.DELIVERY_REPORTER, delivery_site=college, email="dee@example.org", name="Dee")


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF, email="sam@example.org")


def letters():
    return Message.objects.filter(kind=MessageKind.REMINDER).order_by("pk")


def submit(site, by, months=None):
    counts = dict.fromkeys(QUARTER.months) | dict.fromkeys(
        QUARTER.months[: months or len(QUARTER.months)], WHOLE
    )
    return make_delivery_report(
        site, QUARTER.first_day, {month: one for month, one in counts.items() if one}, at=AT, by=by
    )


def test_quarters_are_asked_for_once_over_and_for_a_year():
    assert quarters_asked_for(date(2026, 9, 30)) == ()
    assert quarters_asked_for(date(2026, 10, 1)) == (QUARTER,)
    assert quarters_asked_for(date(2027, 10, 15))[0] == QUARTER
    assert quarters_asked_for(date(2027, 10, 16))[0] == QUARTER.following


def test_the_schedule_writes_once_to_the_people_of_a_college(college, reporter):
    reminders.run_schedule(today=DAY_AFTER)
    reminders.run_schedule(today=DAY_AFTER)

    (letter,) = letters()
    assert letter.to == "dee@example.org"
    assert "July to September 2026" in letter.subject
    assert f"/deliverit/sites/{college.key}/2026-07/enter/" in letter.body
    (item,) = letter.items.all()
    assert (item.library, item.matter) == (None, f"delivery/{college.key}/2026-07")


def test_what_was_submitted_is_not_asked_for_and_a_partial_report_neither(college, reporter):
    submit(college, reporter, months=2)

    reminders.run_schedule(today=DAY_AFTER)

    assert not letters().exists()


def test_a_letter_that_waits_goes_out_only_while_it_is_owed(college, reporter):
    reminders.run_schedule(today=DAY_AFTER)
    (letter,) = letters()
    submit(college, reporter)

    deliver(letter.pk)

    letter.refresh_from_db()
    assert letter.state == "withdrawn"
    assert not mail.outbox


def test_the_filer_of_a_library_is_asked_for_its_site(staff):
    library = make_library("Avon")
    make_delivery_site(library=library)
    make_user(Role.LIBRARY_FILER, library=library, email="fay@example.org")

    reminders.run_schedule(today=DAY_AFTER)

    assert [letter.to for letter in letters()] == ["fay@example.org"]
    assert letters().get().items.get().library == library


def test_the_overview_shows_late_partial_and_missing_and_reminds(college, reporter, staff):
    whole, late, partial = (make_delivery_site(library=make_library(name)) for name in ("Avon", "Ely", "Ola"))
    submit(whole, reporter)
    submit(partial, reporter, months=2)
    make_delivery_report(
        late,
        QUARTER.first_day,
        dict.fromkeys(QUARTER.months, WHOLE),
        at=datetime(2026, 10, 16, 14, tzinfo=UTC),
        by=reporter,
    )
    client = make_signed_in_client(user=staff)

    page = client.get(reverse("payments:delivery_overview") + "?state=all").content.decode()

    assert "Submitted late" in page
    assert "Without September 2026" in page
    assert "Missing" in page
    rows = client.get(reverse("payments:delivery_overview_csv") + "?state=missing").content.decode()
    assert rows.count("\r\n") == 2
    assert college.key in rows
    assert client.get(reverse("payments:delivery_overview_xlsx")).status_code == 200
    remind = reverse("payments:delivery_remind") + "?quarter=2026-07"
    shown = client.get(remind)
    client.post(remind, {"digest": shown.context["plan"].digest})
    assert [letter.to for letter in letters()] == ["dee@example.org"]


def test_an_auditor_sees_the_overview_and_reminds_nobody(college):
    client = make_signed_in_client(Role.AUDITOR)

    assert client.get(reverse("payments:delivery_overview")).status_code == 200
    assert client.get(reverse("payments:delivery_remind")).status_code == 403


def test_a_college_has_a_contact_log_and_a_library_has_one(college, staff):
    library = make_library("Avon")
    of_library = make_delivery_site(library=library)
    client = make_signed_in_client(user=staff)
    said = {"on": "2026-10-16", "how": "telephone", "with_whom": "The librarian", "note": "Will report."}

    client.post(reverse("payments:delivery_contact_log", args=[college.key]), said)
    log_contact(
        whose=of_library,
        on=DAY_AFTER,
        how=ContactHow.EMAIL,
        with_whom="A",
        note="B",
        by=staff,
        at=AT.replace(day=17),
    )

    assert ContactLogEntry.objects.get(delivery_site=college).whose == college
    assert ContactLogEntry.objects.get(library=library)
    assert set(last_contacts([college, of_library])) == {college.key, library.key}
    moved = client.get(reverse("payments:delivery_contact_log", args=[of_library.key]))
    assert moved.url == reverse("payments:contact_log", args=[library.key])


def test_a_contact_is_with_a_library_or_a_site(college, staff):
    with pytest.raises(IntegrityError, match="contact_is_with_a_library_or_a_site"), transaction.atomic():
        ContactLogEntry.objects.create(
            library=make_library(),
            delivery_site=college,
            on=DAY_AFTER,
            how=ContactHow.EMAIL,
            with_whom="A",
            note="B",
            by=staff,
            at=AT,
        )
