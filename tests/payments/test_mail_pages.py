"""The page Mail with its messages, the days of the reminders, and the contact log."""

from datetime import date, timedelta

import pytest
from django.db import ProgrammingError, transaction
from django.urls import reverse

from connecticard import clock
from connecticard.mail import About, keep_message
from connecticard.models import AuditEvent, Message, MessageKind, Role
from payments.models import ContactLogEntry, ReminderRun, ReminderSchedule
from tests.factories import make_letter, make_library, make_signed_in_client
from tests.page_text import text

pytestmark = pytest.mark.django_db
MAIL, DAYS = reverse("payments:mail"), reverse("payments:reminder_schedule")


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 11, 20)


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


@pytest.fixture
def library():
    made = make_library("Avon")
    make_letter(made)
    return made


def keep(subject, library=None, kind=MessageKind.NOTICE, **said):
    return keep_message(
        kind=kind,
        to="director@example.org",
        subject=subject,
        body="What it <b>says</b>.",
        about=[About(f"About {subject}", library=library)],
        **said,
    )


def test_every_message_is_listed_and_found_by_library_and_kind(staff, library):
    keep("One", library)
    keep("Two", make_library("Bethel"), kind=MessageKind.REMINDER)

    def subjects(**choice):
        return [message.subject for message in staff.get(MAIL, choice).context["page"]]

    assert subjects() == ["Two", "One"]
    assert subjects(q="avon") == subjects(q=library.key) == ["One"]
    assert subjects(kind="reminder") == ["Two"]
    assert subjects(state="waiting", to="DIRECTOR") == ["Two", "One"]
    assert "No message fits." in text(staff.get(MAIL, {"q": "Zanzibar"}))


def test_message_is_shown_as_it_was_written(staff, library):
    message = keep("One", library)

    page = staff.get(reverse("payments:message", args=[message.pk]))

    assert "What it &lt;b&gt;says&lt;/b&gt;." in page.content.decode()
    assert "by the program itself" in text(page)
    assert "Avon : About One" in text(page)


def test_mail_says_that_the_schedule_has_not_run(staff, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"

    page = text(staff.get(MAIL))

    assert "It has never run yet." in page
    assert "messages are put into the folder" in page


def test_mail_says_what_the_schedule_sent(staff):
    now = clock.now()
    ReminderRun.objects.create(on=now.date(), ran_at=now, was_on=True, messages=3, matters=4, to_telephone=1)

    page = text(staff.get(MAIL))

    assert "sent 3 letters about 4 things" in page
    assert "1 went to staff to telephone" in page
    assert "has not run today" not in page


def test_failed_message_is_sent_again_by_a_button(staff, django_capture_on_commit_callbacks):
    message = keep("One")
    Message.objects.filter(pk=message.pk).update(state="failed", failure="refused")
    page = reverse("payments:message", args=[message.pk])

    assert "Send it again" in text(staff.get(page))
    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(reverse("payments:message_send_again", args=[message.pk]), follow=True)

    assert "It is being sent again." in text(answer)
    assert Message.objects.get().state == "sent"
    again = staff.post(reverse("payments:message_send_again", args=[message.pk]), follow=True)
    assert "cannot be sent again" in text(again)


def test_auditor_reads_mail_and_sends_nothing(library):
    auditor, message = make_signed_in_client(Role.AUDITOR), keep("One", library)
    Message.objects.filter(pk=message.pk).update(state="failed", failure="refused")

    assert "Send it again" not in text(auditor.get(reverse("payments:message", args=[message.pk])))
    assert auditor.post(reverse("payments:message_send_again", args=[message.pk])).status_code == 403
    assert "Set the days" not in text(auditor.get(DAYS))
    assert auditor.post(DAYS, {"is_on": "off"}).status_code == 403


def test_staff_set_the_days_on_a_page(staff):
    said = {
        "is_on": "on",
        "days_before": "10, 2",
        "days_after": "",
        "begins_on": "2026-11-20",
        "reason": "Fewer letters",
    }

    bad = staff.post(DAYS, said | {"days_before": "soon"})
    past = staff.post(DAYS, said | {"begins_on": "2026-11-19"})
    answer = staff.post(DAYS, said, follow=True)

    assert "Enter numbers of days" in text(bad)
    assert "Enter today or a later day" in text(past)
    assert "The days of the reminders are set." in text(answer)
    assert "2 and 10" in text(answer)
    assert ReminderSchedule.objects.get().days_before == [10, 2]


# The contact log


def log(client, library, **said):
    return client.post(
        reverse("payments:contact_log", args=[library.key]) + said.pop("query", ""),
        {
            "on": "2026-11-19",
            "how": "telephone",
            "with_whom": "Pat Lee, director",
            "note": "They count again.",
            **said,
        },
        follow=True,
    )


def test_staff_note_a_contact_and_it_is_shown_where_they_work(staff, library):
    answer = log(staff, library)

    assert "The contact with Avon is noted." in text(answer)
    home = text(staff.get(reverse("payments:library_home", args=[library.key])))
    assert "Telephone" not in home
    assert "telephone with Pat Lee, director : They count again." in home.replace("director:", "director :")
    assert "Telephone November 19, 2026" in text(staff.get(reverse("payments:work_list") + "?state=all"))
    assert AuditEvent.objects.get(action="contact_noted").after["with"] == "Pat Lee, director"


def test_page_of_the_log_warns_of_patrons(staff, library):
    assert "Write nothing about patrons" in text(
        staff.get(reverse("payments:contact_log", args=[library.key]))
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"on": "2026-11-21"}, "today or an earlier one"),
        ({"note": "  "}, "This field is required"),
        ({"with_whom": ""}, "This field is required"),
        ({"how": "pigeon"}, "Select a valid choice"),
    ],
)
def test_line_that_makes_no_sense_is_refused(staff, library, said, why):
    assert why in text(log(staff, library, **said))
    assert not ContactLogEntry.objects.exists()


def test_correction_is_a_new_line(staff, library):
    log(staff, library)
    first = ContactLogEntry.objects.get()

    page = log(staff, library, query=f"?corrects={first.pk}", note="They sent it yesterday.")

    assert "Corrects the line of November 19, 2026" in text(page)
    assert "Corrected by a later line." in text(page)
    assert ContactLogEntry.objects.count() == 2
    for change in (
        lambda: ContactLogEntry.objects.update(note="x"),
        ContactLogEntry.objects.latest("pk").delete,
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()


def test_line_of_another_library_cannot_be_corrected(staff, library):
    log(staff, library)
    other = make_library("Bethel")
    address = reverse("payments:contact_log", args=[other.key])

    for wanted in (ContactLogEntry.objects.get().pk, "x", "9" * 30):
        assert staff.get(f"{address}?corrects={wanted}").status_code == 404


@pytest.mark.parametrize("role", [Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER])
def test_library_does_not_see_the_log(role, library, staff):
    log(staff, library)
    client = make_signed_in_client(role, library)

    assert client.get(reverse("payments:contact_log", args=[library.key])).status_code == 403
    home = text(client.get(reverse("payments:library_home", args=[library.key])))
    assert "They count again" not in home
    assert "For State Library staff" not in home


def test_auditor_reads_the_log_and_adds_nothing(library, staff):
    log(staff, library)
    auditor = make_signed_in_client(Role.AUDITOR)

    assert "They count again." in text(auditor.get(reverse("payments:contact_log", args=[library.key])))
    assert log(auditor, library).status_code == 403
    assert ContactLogEntry.objects.count() == 1


def test_overdue_schedule_is_seen(staff, settings, monkeypatch):
    settings.DEMO_TODAY = None
    late = clock.now().replace(hour=9)
    monkeypatch.setattr(clock, "now", lambda: late)
    yesterday = late - timedelta(days=1)
    ReminderRun.objects.create(on=yesterday.date(), ran_at=yesterday, was_on=True)

    assert "The schedule has not run today" in text(staff.get(MAIL))
