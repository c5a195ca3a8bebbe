"""Messages: kept as written, sent once, tried again only where that cannot make a second copy."""

import smtplib
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from connecticard import delivery, tasks
from connecticard.mail import STRUCK_OUT, About, keep_message, send_again, told
from connecticard.models import AuditEvent, Message, MessageItem, MessageKind, MessageState, Role
from tests.at_once import at_once
from tests.factories import make_library, make_user

pytestmark = pytest.mark.django_db
WAITING, SENT, FAILED = MessageState.WAITING, MessageState.SENT, MessageState.FAILED
UNCERTAIN, WITHDRAWN = MessageState.UNCERTAIN, MessageState.WITHDRAWN


def keep(**said):
    return keep_message(
        **{
            "kind": MessageKind.NOTICE,
            "to": "director@example.org",
            "subject": "A subject",
            "body": "A text.",
            **said,
        }
    )


def kept(message):
    return Message.objects.get(pk=message.pk)


class Server(EmailBackend):
    """A mail server that answers as the test wants: `problem` at which step."""

    at_opening: Exception | None = None
    at_sending: Exception | None = None

    def open(self):
        if self.at_opening:
            raise self.at_opening
        return True

    def send_messages(self, messages):
        if self.at_sending:
            raise self.at_sending
        return super().send_messages(messages)


@pytest.fixture
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    monkeypatch.setattr(Server, "at_opening", None)
    monkeypatch.setattr(Server, "at_sending", None)
    return Server


def test_message_is_kept_and_sent_once_the_transaction_stands(django_capture_on_commit_callbacks):
    library, person = make_library(), make_user()

    with django_capture_on_commit_callbacks(execute=True):
        message = keep(
            person=person, about=[About("Record of loans, due September 8", library=library, matter="loans")]
        )
        assert mail.outbox == []

    [letter] = mail.outbox
    message = kept(message)
    assert (letter.to, letter.subject, letter.body) == (["director@example.org"], "A subject", "A text.\n")
    assert letter.extra_headers["Message-ID"].startswith(f"<message-{message.pk}-")
    assert (message.state, message.failure, message.tries) == (SENT, "", 1)
    assert message.sent_at is not None
    assert [(item.library, item.words, item.matter) for item in message.items.all()] == [
        (library, "Record of loans, due September 8", "loans")
    ]


@pytest.mark.parametrize("secrets", [(), ("https://example.org/once",)])
def test_page_that_wrote_a_message_answers_though_sending_fails_at_once(
    secrets, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def fails(*args, **kwargs):
        raise ConnectionError("the queue cannot be reached")

    monkeypatch.setattr(tasks.send_message, "delay", fails)
    monkeypatch.setattr("connecticard.mail.deliver", fails)

    with django_capture_on_commit_callbacks(execute=True):
        message = keep(body="Open https://example.org/once now.", secrets=secrets)

    assert kept(message).state == WAITING
    assert "the queue cannot be reached" in caplog.text


def test_sending_twice_sends_one_copy():
    message = keep()

    for _ in range(3):
        tasks.send_message(message.pk)
    tasks.send_waiting_messages()

    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_copy(server, monkeypatch):
    monkeypatch.setattr(server, "open", lambda self: time.sleep(0.2) or True)
    message = Message.objects.create(
        kind=MessageKind.NOTICE, to="director@example.org", subject="A", body="B", made_at=timezone.now()
    )

    at_once(*[lambda: delivery.deliver(message.pk)] * 3)

    assert kept(message).state == SENT
    assert len(mail.outbox) == 1


def test_message_claimed_by_another_worker_is_left_alone():
    message = keep()
    Message.objects.filter(pk=message.pk).update(state=MessageState.SENDING, tried_at=timezone.now())

    tasks.send_message(message.pk)
    tasks.send_waiting_messages()

    assert mail.outbox == []
    assert kept(message).state == MessageState.SENDING


def test_message_of_a_killed_worker_is_marked_and_not_sent_again():
    message = keep()
    long_ago = timezone.now() - timedelta(hours=1)
    Message.objects.filter(pk=message.pk).update(state=MessageState.SENDING, tried_at=long_ago)

    tasks.send_waiting_messages()

    assert mail.outbox == []
    assert kept(message).state == UNCERTAIN
    assert "stopped" in kept(message).failure


def test_message_whose_task_was_lost_is_sent_by_the_next_round():
    message = keep()
    Message.objects.filter(pk=message.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))

    tasks.send_waiting_messages()

    assert len(mail.outbox) == 1


def test_server_out_of_reach_is_asked_again_later(server):
    message = keep()
    server.at_opening = ConnectionRefusedError("nobody listens")

    tasks.send_message(message.pk)
    tasks.send_waiting_messages()  # its next try has not come

    assert (kept(message).state, kept(message).tries) == (WAITING, 1)
    assert "nobody listens" in kept(message).failure

    server.at_opening = None
    Message.objects.filter(pk=message.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))
    tasks.send_waiting_messages()

    assert kept(message).state == SENT
    assert len(mail.outbox) == 1


def test_trying_ends_and_says_why(server):
    message = keep()
    server.at_opening = ConnectionRefusedError("nobody listens")

    for _ in range(delivery.TRIES + 2):
        tasks.send_message(message.pk)

    assert (kept(message).state, kept(message).tries) == (FAILED, delivery.TRIES)


@pytest.mark.parametrize(
    ("problem", "state"),
    [
        (smtplib.SMTPRecipientsRefused({"director@example.org": (550, b"no such mailbox")}), FAILED),
        (smtplib.SMTPRecipientsRefused({"director@example.org": (450, b"greylisted")}), WAITING),
        (smtplib.SMTPDataError(554, b"spam"), FAILED),
        (smtplib.SMTPDataError(451, b"try later"), WAITING),
        (TimeoutError("timed out"), UNCERTAIN),
        (smtplib.SMTPServerDisconnected("gone"), UNCERTAIN),
    ],
)
def test_only_what_the_server_did_not_take_is_tried_again(server, problem, state):
    message = keep()
    server.at_sending = problem

    tasks.send_message(message.pk)

    assert kept(message).state == state
    assert kept(message).failure


def test_what_works_once_is_not_kept_and_still_sent(django_capture_on_commit_callbacks):
    link = "https://example.org/account/invitation/secret/"

    with django_capture_on_commit_callbacks(execute=True):
        message = keep(body=f"Open {link} today.", secrets=[link])

    assert link in mail.outbox[0].body
    assert kept(message).body == f"Open {STRUCK_OUT} today.\n"
    assert kept(message).state == SENT


def test_message_whose_secret_is_lost_says_so():
    message = keep(body="Open secret.", secrets=["secret"])

    tasks.send_message(message.pk)

    assert mail.outbox == []
    assert kept(message).state == FAILED
    assert "not kept" in kept(message).failure
    assert not kept(message).may_be_sent_again


def test_what_was_done_meanwhile_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(delivery, "_LOOK_BEFORE_SENDING", {})
    delivery.look_before_sending(MessageKind.NOTICE, lambda message: "It was certified meanwhile.")
    message = keep()

    tasks.send_message(message.pk)

    assert mail.outbox == []
    assert (kept(message).state, kept(message).failure) == (WITHDRAWN, "It was certified meanwhile.")


def test_message_that_cannot_be_looked_at_waits(monkeypatch):
    def fail(message):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(delivery, "_LOOK_BEFORE_SENDING", {})
    delivery.look_before_sending(MessageKind.NOTICE, fail)
    message = keep()

    tasks.send_message(message.pk)

    assert mail.outbox == []
    assert kept(message).state == WAITING


def test_nothing_is_told_twice_under_one_key():
    keep(about=[About("Once", once="a key")])

    assert told(["a key", "another"]) == {"a key"}
    with pytest.raises(IntegrityError), transaction.atomic():
        keep(about=[About("Once more", once="a key")])


@pytest.mark.parametrize(
    "change", [{"body": "Another text."}, {"to": "other@example.org"}, {"subject": "Another"}]
)
def test_written_message_never_changes(change):
    message = keep()

    with pytest.raises(ProgrammingError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**change)


def test_sent_message_and_its_items_stay():
    message = keep(about=[About("A thing")])
    tasks.send_message(message.pk)

    for attempt in (
        lambda: Message.objects.filter(pk=message.pk).update(state=WAITING, sent_at=None),
        lambda: MessageItem.objects.update(words="x"),
        lambda: MessageItem.objects.all().delete(),
        lambda: Message.objects.filter(pk=message.pk)._raw_delete("default"),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            attempt()


def test_person_has_a_failed_message_tried_again(server, django_capture_on_commit_callbacks):
    message, staff = keep(), make_user(Role.STATE_STAFF)
    server.at_sending = TimeoutError("timed out")
    tasks.send_message(message.pk)
    server.at_sending = None

    with django_capture_on_commit_callbacks(execute=True):
        assert send_again(message=message, by=staff)
        assert not send_again(message=message, by=staff)

    assert kept(message).state == SENT
    assert len(mail.outbox) == 1
    assert AuditEvent.objects.get(action="message_sent_again").before["state"] == "uncertain"
