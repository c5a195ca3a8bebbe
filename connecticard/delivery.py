"""Handing kept messages to the mail server, each at most once.

A message is claimed in a transaction of its own before the server is asked: whoever comes second, or comes
again after a crash, finds it claimed and leaves it. Only a failure that the server or the network reported
before it took the message is tried again.
"""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from connecticard import clock
from connecticard.models import Message, MessageKind, MessageState

logger = structlog.get_logger(__name__)

TRIED_AGAIN_AFTER = timedelta(minutes=10)  # doubled with each try
TRIES = 7  # about a day
ANSWERS_WITHIN = timedelta(minutes=20)  # longer than a task may take

NoLongerNeeded = Callable[[Message], str]

_LOOK_BEFORE_SENDING: dict[MessageKind, NoLongerNeeded] = {}


def look_before_sending(kind: MessageKind, no_longer_needed: NoLongerNeeded) -> None:
    """Have each message of a kind looked at when it goes out; words say why it need not go, "" that it must.

    An app registers this from `AppConfig.ready`. A message may have waited for its server, and meanwhile
    what it asks for may have been done.
    """
    _LOOK_BEFORE_SENDING[kind] = no_longer_needed


def deliver(pk: int, *, whole_body: str | None = None) -> None:
    """Send a message that waits, and keep how it went; any other state is left as it is.

    `whole_body` is the text with what works once in it, which the kept text does not have. A message that
    failed for now waits for its next try; the log says why each time.
    """
    message = _claim(pk)
    if message is None:
        return
    if look := _LOOK_BEFORE_SENDING.get(MessageKind(message.kind)):
        try:
            why = look(message)
        except Exception as problem:
            logger.exception("message not looked at before sending", message=message.pk)
            _failed(message, f"Whether it is still needed could not be seen: {_said(problem)}", for_now=True)
            return
        if why:
            _settle(message, MessageState.WITHDRAWN, why)
            return
    if message.holds_secret and whole_body is None:
        _settle(message, MessageState.FAILED, "Its link is not kept. Send the invitation or the reset anew.")
        return
    connection = get_connection()
    try:
        connection.open()
    except Exception as problem:
        _failed(message, f"The mail server cannot be reached: {_said(problem)}", for_now=True)
        return
    try:
        _email(message, whole_body or message.body, connection).send()
    except smtplib.SMTPRecipientsRefused as problem:
        code, words = next(iter(problem.recipients.values()))
        _failed(message, f"The server refused the address: {code} {_text(words)}", for_now=code < 500)
    except smtplib.SMTPResponseException as problem:
        answer = f"{problem.smtp_code} {_text(problem.smtp_error)}"
        _failed(message, f"The mail server refused it: {answer}", for_now=problem.smtp_code < 500)
    except Exception as problem:
        _settle(message, MessageState.UNCERTAIN, f"The mail server did not answer: {_said(problem)}")
    else:
        _settle(message, MessageState.SENT)
    finally:
        connection.close()


def messages_to_try() -> list[int]:
    """Return the messages that wait and whose next try has come.

    One that was claimed and never settled is marked: its worker was killed, and whether the server had it
    nobody knows.
    """
    now = timezone.now()
    Message.objects.filter(state=MessageState.SENDING, tried_at__lt=now - ANSWERS_WITHIN).update(
        state=MessageState.UNCERTAIN, failure="The program was stopped while it sent this."
    )
    waiting = Message.objects.filter(state=MessageState.WAITING, next_try_at__lte=now)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _claim(pk: int) -> Message | None:
    waiting = Message.objects.select_for_update(skip_locked=True)
    message = waiting.filter(pk=pk, state=MessageState.WAITING).first()
    if message is not None:
        message.state, message.tried_at, message.failure = MessageState.SENDING, timezone.now(), ""
        message.tries += 1
        message.save(update_fields=["state", "tried_at", "failure", "tries"])
    return message


def _email(message: Message, body: str, connection: BaseEmailBackend) -> EmailMessage:
    """Return the e-mail; its id is the message's own, so that mail programs know a second copy."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return EmailMessage(
        message.subject,
        body,
        settings.DEFAULT_FROM_EMAIL,
        [message.to],
        connection=connection,
        headers={
            "Message-ID": f"<message-{message.pk}-{message.made_at:%Y%m%d%H%M%S}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def _failed(message: Message, why: str, *, for_now: bool) -> None:
    """Have it tried again later, unless the server will not have it or it was tried often enough."""
    logger.warning("message not sent", message=message.pk, why=why)
    if for_now and message.tries < TRIES and not message.holds_secret:
        message.state, message.failure = MessageState.WAITING, why[:500]
        message.next_try_at = timezone.now() + TRIED_AGAIN_AFTER * 2 ** (message.tries - 1)
        message.save(update_fields=["state", "failure", "next_try_at"])
    else:
        _settle(message, MessageState.FAILED, why)


def _settle(message: Message, state: MessageState, why: str = "") -> None:
    message.state, message.failure, message.next_try_at = state, why[:500], None
    message.sent_at = clock.now() if state is MessageState.SENT else None
    message.save(update_fields=["state", "failure", "next_try_at", "sent_at"])


def _said(problem: Exception) -> str:
    return str(problem) or type(problem).__name__


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
