"""Reminders: what a letter says, that it goes out once, and that what was done meanwhile is not asked for."""

from datetime import date, datetime, timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, transaction
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.delivery import deliver
from connecticard.models import AuditEvent, Message, MessageKind, Role
from payments.models import PastPayment, ReminderRun, ReminderSchedule
from payments.owing import owed, reminder_schedule, reminders
from payments.owing.reminder_schedule import ScheduleRefused
from payments.tasks import send_reminders
from tests.at_once import at_once
from tests.factories import (
    give_role,
    make_consortium,
    make_filing,
    make_letter,
    make_library,
    make_user,
)
from tests.payments.records import certified

pytestmark = pytest.mark.django_db
DAY_AFTER = date(2026, 9, 9)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = DAY_AFTER


def participant(name, cents=0):
    library = make_library(name)
    make_letter(library)
    PastPayment.objects.create(library=library, fiscal_year=2025, cents=cents, source="ledger")
    return library


@pytest.fixture
def avon():
    return participant("Avon")


@pytest.fixture
def filer(avon):
    return make_user(Role.LIBRARY_FILER, library=avon, name="Fay", email="fay@example.org")


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF, name="Sam", email="sam@example.org")


def letters():
    return list(Message.objects.filter(kind=MessageKind.REMINDER).order_by("pk"))


def run(day, settings):
    settings.DEMO_TODAY = day
    return reminders.run_schedule(today=day)


def submit(library):
    at = datetime(2026, 9, 9, 12, tzinfo=EASTERN)
    return make_filing(
        library,
        status="submitted",
        submitted_at=at,
        submitted_by=make_user(),
        first_submitted_at=at,
        sha256="0" * 64,
    )


def test_letter_says_what_is_missing_when_it_was_due_by_which_rule_and_where_to_mend_it(avon, filer):
    reminders.run_schedule(today=DAY_AFTER)
    [letter] = letters()

    assert letter.subject == "Avon: record of loans, March 2026 to August 2026, due September 8, 2026"
    assert letter.person == filer
    for words in (
        "Record of loans, March 2026 to August 2026",
        "The record of loans has not been begun.",
        "September 8, 2026 (Regs. Conn. State Agencies § 11-31c-2(a))",
        "only under a waiver",
        f"Enter loans: http://127.0.0.1:8000{reverse('transactions:library_filings', args=[avon.key])}",
    ):
        assert words in letter.body
    assert "&" not in letter.body
    [item] = letter.items.all()
    assert (item.library, item.matter) == (avon, "loans/2026-03-01/2026-08-31")


def test_each_stage_is_said_in_its_own_words(avon, filer):
    certifier = make_user(Role.LIBRARY_CERTIFIER, library=avon)
    filing = submit(avon)

    reminders.run_schedule(today=DAY_AFTER)
    [letter] = letters()

    assert letter.person == certifier
    assert "waits for the library's certifier" in letter.body
    assert f"/filings/{filing.pk}/certify/" in letter.body


def test_person_with_several_libraries_gets_one_letter(avon):
    person = make_user(name="Pat")
    bethel = participant("Bethel")
    for library in (avon, bethel):
        give_role(person, Role.LIBRARY_FILER, library=library)
        give_role(person, Role.LIBRARY_CERTIFIER, library=library)

    reminders.run_schedule(today=DAY_AFTER)
    [letter] = letters()

    assert letter.subject == "2 libraries: record of loans, March 2026 to August 2026"
    assert letter.items.count() == 2
    assert letter.body.index("Avon") < letter.body.index("Bethel")


def test_consortium_is_written_to_only_where_the_library_has_no_filer_of_its_own(avon, filer):
    bethel = participant("Bethel")
    consortium = make_user(
        Role.CONSORTIUM_FILER, consortium=make_consortium(members=(avon, bethel)), name="Con"
    )

    reminders.run_schedule(today=DAY_AFTER)

    assert {(letter.person, letter.items.get().library) for letter in letters()} == {
        (filer, avon),
        (consortium, bethel),
    }


def test_schedule_run_twice_sends_nothing_more(avon, filer):
    assert send_reminders() == 1
    assert send_reminders() == 0

    assert len(letters()) == 1
    assert [run.messages for run in ReminderRun.objects.order_by("pk")] == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_schedule_run_twice_at_once_sends_one_letter(avon, filer, staff):
    assert sorted(at_once(send_reminders, send_reminders)) == [0, 1]

    assert len(letters()) == 1
    assert ReminderRun.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_remind_at_once_send_one_letter(avon, filer, staff):
    def remind():
        items = owed.owed_by([avon], DAY_AFTER)
        return len(reminders.remind(items=items, today=DAY_AFTER, by=staff).letters)

    assert sorted(at_once(remind, remind)) == [0, 1]

    assert len(letters()) == 1


def test_each_step_goes_out_once_over_the_weeks(avon, filer, staff, settings):
    sent = {}
    for days in range(-20, 40):
        day = date(2026, 9, 8) + timedelta(days=days)
        if number := run(day, settings).messages:
            sent[day] = number

    # 14 days before is before the period is over: it goes out on the first day after it
    assert sent == {
        date(2026, 9, 1): 1,
        date(2026, 9, 5): 1,
        date(2026, 9, 9): 1,
        date(2026, 9, 15): 1,
        date(2026, 9, 22): 1,
    }
    [handed] = Message.objects.filter(kind=MessageKind.FOR_STAFF)
    assert handed.person == staff
    assert "Please telephone" in handed.body
    assert "Avon: Record of loans, March 2026 to August 2026" in handed.body
    assert ReminderRun.objects.get(on=date(2026, 9, 23)).to_telephone == 1


def test_day_without_the_program_loses_no_step(avon, filer, settings):
    assert run(date(2026, 9, 11), settings).messages == 1
    assert run(date(2026, 9, 12), settings).messages == 0


def test_reminder_by_hand_stands_for_the_step_of_the_day(avon, filer, staff):
    items = owed.owed_by([avon], DAY_AFTER)

    reminders.remind(items=items, today=DAY_AFTER, by=staff)
    later = reminders.run_schedule(today=DAY_AFTER)

    assert later.messages == 0
    assert len(letters()) == 1
    assert letters()[0].body.startswith("Dear ")
    assert "Sam of the State Library sent it, and answers at " in letters()[0].body


def test_staff_are_told_once_of_what_nobody_can_be_reminded_of(avon, staff):
    first, second = (reminders.run_schedule(today=DAY_AFTER) for _ in range(2))

    assert (first.nobody, second.nobody) == (1, 0)
    [message] = Message.objects.all()
    assert message.person == staff
    assert "Nobody could be reminded" in message.body


def test_what_was_done_before_the_letter_went_out_is_not_asked_for(avon, filer):
    reminders.run_schedule(today=DAY_AFTER)
    certified(avon, {})
    [letter] = letters()

    deliver(letter.pk)

    letter.refresh_from_db()
    assert mail.outbox == []
    assert letter.state == "withdrawn"
    assert "was done" in letter.failure


def test_of_several_things_those_still_owed_go_out_in_a_letter_of_their_own(avon):
    bethel = participant("Bethel")
    person = make_user()
    for library in (avon, bethel):
        give_role(person, Role.LIBRARY_FILER, library=library)
    reminders.run_schedule(today=DAY_AFTER)
    certified(bethel, {})

    for letter in letters():
        deliver(letter.pk)
    for letter in letters():
        deliver(letter.pk)

    [sent] = mail.outbox
    assert "Avon" in sent.body
    assert "Bethel" not in sent.body
    assert [letter.state for letter in letters()] == ["withdrawn", "sent"]
    assert reminders.run_schedule(today=DAY_AFTER).messages == 0


def test_letter_that_waited_until_somebody_else_has_the_turn_is_withdrawn(avon, filer):
    reminders.run_schedule(today=DAY_AFTER)
    submit(avon)
    [letter] = letters()

    deliver(letter.pk)

    assert mail.outbox == []
    assert Message.objects.get(pk=letter.pk).state == "withdrawn"


def test_nobody_is_reminded_while_it_is_unknown_what_was_received(settings):
    library = make_library("Canton")
    make_letter(library)
    make_user(Role.LIBRARY_CERTIFIER, library=library)
    certified(library, {})

    assert run(date(2026, 11, 2), settings).messages == 0


def test_report_names_the_day_that_practice_asks_for(settings):
    library = participant("Darien", cents=1_000)
    certified(library, {})
    make_user(Role.LIBRARY_CERTIFIER, library=library)

    assert run(date(2026, 10, 17), settings).messages == 1  # 14 days before October 31
    assert "asks for it by October 31, 2026; by law it is due November 1, 2026" in letters()[0].body
    assert run(date(2026, 11, 1), settings).messages == 0
    assert run(date(2026, 11, 2), settings).messages == 1


# The days


def set_days(by, **said):
    return reminder_schedule.set_schedule(
        **{
            "is_on": True,
            "days_before": [5],
            "days_after": [2],
            "begins_on": DAY_AFTER,
            "reason": "Too many letters",
            "by": by,
            "today": DAY_AFTER,
            **said,
        }
    )


def test_staff_set_the_days_and_it_is_on_record(avon, filer, staff, settings):
    row = set_days(staff)

    assert run(DAY_AFTER, settings).messages == 0
    assert run(date(2026, 9, 10), settings).messages == 1
    assert AuditEvent.objects.get(action="reminders_set").after["days_before"] == [5]
    for change in (
        lambda: ReminderSchedule.objects.update(is_on=False),
        row.delete,
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()


def test_switched_off_sends_nothing_and_says_so(avon, filer, staff):
    set_days(staff, is_on=False)

    found = reminders.run_schedule(today=DAY_AFTER)

    assert (found.messages, found.was_on) == (0, False)
    assert not Message.objects.exists()


def test_days_of_a_later_day_hold_from_then_on(avon, filer, staff):
    set_days(staff, begins_on=date(2026, 10, 1), is_on=False)

    assert reminder_schedule.schedule_on(DAY_AFTER) is not None
    assert reminder_schedule.schedule_on(date(2026, 10, 1)) is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"begins_on": date(2026, 9, 8)}, "today or a later day"),
        ({"reason": " "}, "why the days change"),
        ({"days_after": [0]}, "from 1 to 365"),
        ({"days_after": [3, 3]}, "different numbers"),
        ({"days_before": [], "days_after": []}, "at least one day"),
    ],
)
def test_days_that_make_no_sense_are_refused(staff, said, why):
    with pytest.raises(ScheduleRefused, match=why):
        set_days(staff, **said)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.LIBRARY_FILER])
def test_only_staff_remind_and_set_the_days(role, avon):
    person = make_user(role, library=avon if role is Role.LIBRARY_FILER else None)

    with pytest.raises(PermissionDenied):
        set_days(person)
    with pytest.raises(PermissionDenied):
        reminders.remind(items=owed.owed_by([avon], DAY_AFTER), today=DAY_AFTER, by=person)
