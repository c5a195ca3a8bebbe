"""Messages by e-mail: written, kept and sent, in this order.

`send_letter` writes one from templates/emails/<name>.txt, whose first line is the subject; `keep_message`
takes a text that is written already. Both keep the message in the transaction under way and have the worker
send it once the transaction stands; `delivery` says what happens then. A mail server that fails undoes
nothing: the page Mail shows it.

What a message is about is told with `About`, one for each thing. Give a thing its `once` key where it must
not be told twice: keeping a second item with that key raises IntegrityError, so ask `told` first, in a
transaction that only one can be in.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from connecticard import clock
from connecticard.delivery import TRIED_AGAIN_AFTER, deliver
from connecticard.models import AuditEvent, Message, MessageItem, MessageKind, MessageState, User
from connecticard.tasks import send_message

STRUCK_OUT = "[a link that works once; it is not kept]"


@dataclass(frozen=True)
class About:
    """One thing that a message is about: the words for it, whose it is, its name for programs, its key.

    `library` is a libraries.Library. `once`: see MessageItem.
    """

    words: str
    library: Any = None
    matter: str = ""
    once: str = ""


def send_letter(
    name: str,
    *,
    to: str,
    kind: MessageKind = MessageKind.ACCOUNT,
    person: User | None = None,
    about: Sequence[About] = (),
    by: User | None = None,
    secrets: Collection[str] = (),
    **words: Any,
) -> Message:
    """Write a letter from its template with these words, keep it, and send it once the transaction stands.

    `secrets` are texts that must not be kept, such as a link that works once. A letter with one is sent while
    somebody waits, because no worker could be told what it says.
    """
    text = render_to_string(
        f"emails/{name}.txt",
        {"program_name": settings.PROGRAM_NAME, "site_url": settings.SITE_URL, **words},
    )
    subject, _, body = text.strip().partition("\n")
    return keep_message(
        kind=kind,
        to=to,
        subject=subject,
        body=body,
        person=person,
        about=about,
        by=by,
        secrets=secrets,
    )


@transaction.atomic
def keep_message(
    *,
    kind: MessageKind,
    to: str,
    subject: str,
    body: str,
    person: User | None = None,
    about: Sequence[About] = (),
    by: User | None = None,
    secrets: Collection[str] = (),
) -> Message:
    """Keep a message as written, and send it once the transaction stands. `by` None: the program itself."""
    whole = body.strip() + "\n"
    kept = whole
    for secret in secrets:
        kept = kept.replace(secret, STRUCK_OUT)
    message = Message.objects.create(
        kind=kind,
        to=to,
        person=person,
        subject=" ".join(subject.split())[:250],
        body=kept,
        holds_secret=kept != whole,
        made_at=clock.now(),
        made_by=by,
        next_try_at=timezone.now() + TRIED_AGAIN_AFTER,
    )
    MessageItem.objects.bulk_create(
        MessageItem(
            message=message,
            library=item.library,
            words=item.words,
            matter=item.matter,
            once=item.once,
        )
        for item in about
    )
    if message.holds_secret:
        transaction.on_commit(lambda: deliver(message.pk, whole_body=whole), robust=True)
    else:
        _send_by_the_worker(message)
    return message


def _send_by_the_worker(message: Message) -> None:
    """Tell the worker once the transaction stands; where it cannot be told, the next round sends it."""
    # Not a partial: Django logs the name of what failed, and a partial has none
    transaction.on_commit(lambda: send_message.delay(message.pk), robust=True)


def told(keys: Iterable[str]) -> set[str]:
    """Return those of these `once` keys that a message was kept with."""
    wanted = {key for key in keys if key}
    return set(MessageItem.objects.filter(once__in=wanted).values_list("once", flat=True))


@transaction.atomic
def send_again(*, message: Message, by: User) -> bool:
    """Have a message tried again that did not go out, or of which nobody knows; return whether it will be."""
    message = Message.objects.select_for_update().get(pk=message.pk)
    if not message.may_be_sent_again:
        return False
    before = {"state": message.state, "why": message.failure}
    message.state, message.failure, message.tries = MessageState.WAITING, "", 0
    message.next_try_at = timezone.now() + TRIED_AGAIN_AFTER
    message.save(update_fields=["state", "failure", "tries", "next_try_at"])
    AuditEvent.record("message_sent_again", target=message, by=by, before=before)
    _send_by_the_worker(message)
    return True
