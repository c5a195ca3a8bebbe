from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.constraints import ChangedWhile


class MessageKind(StrEnum):
    """What a message is for."""

    REMINDER = "reminder"
    NOTICE = "notice"
    FOR_STAFF = "for_staff"
    INVITATION = "invitation"
    ACCOUNT = "account"

    @property
    def label(self) -> str:
        """The kind in words for people."""
        return {
            MessageKind.REMINDER: "Reminder",
            MessageKind.NOTICE: "Notice",
            MessageKind.FOR_STAFF: "For State Library staff",
            MessageKind.INVITATION: "Invitation",
            MessageKind.ACCOUNT: "About an account",
        }[self]


class MessageState(StrEnum):
    """How far a message has come. It is handed to the mail server at most once for each time it is sent.

    UNCERTAIN: the server was asked and no answer came, so that it may have been delivered; nobody but a
    person sends it again. WITHDRAWN: what it was about was done before it went out.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The state in words for people."""
        return {
            MessageState.WAITING: "Waiting to be sent",
            MessageState.SENDING: "Being sent",
            MessageState.SENT: "Sent",
            MessageState.FAILED: "Not sent",
            MessageState.UNCERTAIN: "Not known whether it arrived",
            MessageState.WITHDRAWN: "Not sent, no longer needed",
        }[self]


_WITH_A_REASON = [MessageState.FAILED, MessageState.UNCERTAIN, MessageState.WITHDRAWN]
_SETTLED = pgtrigger.Q(old__state__in=[MessageState.SENT.value, MessageState.WITHDRAWN.value])


class Message(models.Model):
    """An e-mail of the program, kept as it was written; only how its sending went is ever added.

    What works once, such as the link of an invitation, is struck out of the kept text (`holds_secret`), so
    that such a message cannot be sent again from here. `made_by` None: the schedule or the program itself.
    """

    kind = models.CharField(max_length=12, choices=[(item.value, item.label) for item in MessageKind])
    to = models.EmailField("e-mail address")
    person = models.ForeignKey(
        "connecticard.User", on_delete=models.PROTECT, null=True, related_name="messages"
    )
    subject = models.CharField(max_length=250)
    body = models.TextField()
    holds_secret = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey("connecticard.User", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(
        max_length=12,
        choices=[(item.value, item.label) for item in MessageState],
        default=MessageState.WAITING,
    )
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField("when it is tried again unless it is sent by then", null=True)
    sent_at = models.DateTimeField(null=True)
    failure = models.CharField("why it was not sent", max_length=500, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [
            models.Index(fields=["-made_at", "-id"], name="message_latest"),
            models.Index(
                fields=["next_try_at"],
                name="message_to_send",
                condition=Q(state__in=[MessageState.WAITING, MessageState.SENDING]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="message_sent_says_when",
                condition=Q(state=MessageState.SENT, sent_at__isnull=False)
                | ~Q(state=MessageState.SENT) & Q(sent_at__isnull=True),
            ),
            models.CheckConstraint(
                name="message_not_sent_says_why",
                condition=~Q(state__in=_WITH_A_REASON) | ~Q(failure=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="message_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="message_stays_as_written",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "kind",
                    "to",
                    "person",
                    "subject",
                    "body",
                    "holds_secret",
                    "made_at",
                    "made_by",
                ),
            ),
            pgtrigger.Protect(
                name="settled_message_stays", operation=pgtrigger.Update, condition=ChangedWhile(_SETTLED)
            ),
        ]

    def __str__(self) -> str:
        return f"“{self.subject}” to {self.to}"

    @property
    def kind_label(self) -> str:
        """The kind in words for people."""
        return MessageKind(self.kind).label

    @property
    def state_label(self) -> str:
        """The state in words for people."""
        return MessageState(self.state).label

    @property
    def may_be_sent_again(self) -> bool:
        """Whether a person may have it tried again: it did not go out, or nobody knows, and it is whole."""
        return self.state in (MessageState.FAILED, MessageState.UNCERTAIN) and not self.holds_secret


class MessageItem(models.Model):
    """One thing that a message is about, as text: a filing that a library owes, for instance.

    `matter` names the thing for programs, such as "loans/2026-09-01/2027-02-28". `once` is a key that no two
    items share: what has one is told at most once, whoever runs how often.
    """

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="items")
    library = models.ForeignKey(
        "libraries.Library", on_delete=models.PROTECT, null=True, related_name="message_items"
    )
    words = models.TextField()
    matter = models.CharField(max_length=120, blank=True)
    once = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["library", "matter"], name="message_item_matter")]
        constraints = [
            models.UniqueConstraint(fields=["once"], name="message_item_is_told_once", condition=~Q(once="")),
        ]
        triggers = [
            pgtrigger.Protect(name="message_item_stays", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.words
