from datetime import datetime
from enum import StrEnum

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from connecticard.models.role_assignment import RoleAssignment
from connecticard.models.user import User


class WebhookType(StrEnum):
    """What other programs can be told of."""

    FILING_CERTIFIED = "filing.certified"
    EDITION_PUBLISHED = "edition.published"
    PAYMENT_PAID = "payment.paid"
    PAYMENT_RETURNED = "payment.returned"
    PING = "ping"

    @property
    def label(self) -> str:
        """What has happened, in words for people."""
        return {
            WebhookType.FILING_CERTIFIED: "A filing was certified, of a library that you may see",
            WebhookType.EDITION_PUBLISHED: "An edition of the annual reports was published",
            WebhookType.PAYMENT_PAID: "A payment was made, to a library that you may see",
            WebhookType.PAYMENT_RETURNED: "A payment came back, of a library that you may see",
            WebhookType.PING: "A test that somebody asked for",
        }[self]


class WebhookSubscription(models.Model):
    """Another program is told at its address of what happens, as far as a person's role lets it be seen.

    Secrets are kept sealed (connecticard.sealed): this one, and until `former_until` the one before it, so
    that a receiver can change over. `failing_since` is when the first of an unbroken row of tries failed.
    """

    role_assignment = models.ForeignKey(
        RoleAssignment, on_delete=models.PROTECT, related_name="webhook_subscriptions"
    )
    name = models.CharField(max_length=80)
    address = models.CharField(max_length=400)
    events = ArrayField(models.CharField(max_length=40))
    sealed_secret = models.TextField()
    sealed_former_secret = models.TextField(blank=True)
    former_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_because = models.CharField(max_length=250, blank=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(name="webhook_has_an_event", condition=~Q(events=[])),
            models.CheckConstraint(
                name="webhook_pause_says_why",
                condition=Q(paused_at__isnull=True, paused_because="")
                | Q(paused_at__isnull=False) & ~Q(paused_because=""),
            ),
            models.CheckConstraint(
                name="webhook_former_secret_ends",
                condition=Q(sealed_former_secret="", former_until__isnull=True)
                | ~Q(sealed_former_secret="") & Q(former_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def user(self) -> User:
        """Whose role it has."""
        return self.role_assignment.user

    @property
    def is_active(self) -> bool:
        """Whether it is told."""
        return self.paused_at is None and self.removed_at is None


class WebhookEvent(models.Model):
    """Something that happened, as other programs are told of it. Never changed.

    `library` is whose it is; none for what is published for all. `path` is where the API tells more.
    """

    name = models.CharField("identifier of the message", max_length=40, unique=True)
    type = models.CharField(max_length=40, choices=[(item.value, item.label) for item in WebhookType])
    happened_at = models.DateTimeField()
    library = models.ForeignKey("libraries.Library", on_delete=models.PROTECT, null=True, related_name="+")
    data = models.JSONField()
    path = models.CharField(max_length=250)

    class Meta:
        ordering = ["-pk"]
        triggers = [
            pgtrigger.Protect(name="webhook_event_stays", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.name}"


class WebhookState(StrEnum):
    """How far a delivery has come. WITHDRAWN: the subscription ended, or may not see it any more."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The state in words for people."""
        return {
            WebhookState.WAITING: "Waiting",
            WebhookState.DELIVERED: "Delivered",
            WebhookState.FAILED: "Not delivered",
            WebhookState.WITHDRAWN: "Not sent",
        }[self]


class WebhookDelivery(models.Model):
    """One event on its way to one subscription. `next_try_at` is set while it waits."""

    event = models.ForeignKey(WebhookEvent, on_delete=models.PROTECT, related_name="deliveries")
    subscription = models.ForeignKey(
        WebhookSubscription, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    state = models.CharField(
        max_length=10,
        choices=[(item.value, item.label) for item in WebhookState],
        default=WebhookState.WAITING,
    )
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField("since when a worker sends it", null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["subscription", "-id"], name="webhook_delivery_latest"),
            models.Index(
                fields=["next_try_at"],
                name="webhook_delivery_to_try",
                condition=Q(state=WebhookState.WAITING),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "subscription"], name="one_delivery_of_an_event_to_a_webhook"
            ),
            models.CheckConstraint(
                name="webhook_delivery_waits_for_a_time",
                condition=Q(state=WebhookState.WAITING, next_try_at__isnull=False)
                | ~Q(state=WebhookState.WAITING) & Q(next_try_at__isnull=True),
            ),
        ]
        triggers = [pgtrigger.Protect(name="webhook_delivery_is_kept", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.event} to {self.subscription}"

    @property
    def state_label(self) -> str:
        """The state in words."""
        return WebhookState(self.state).label

    def is_claimed(self, now: datetime) -> bool:
        """Whether a worker is sending it; one that was killed holds it no longer than the next try."""
        return self.claimed_at is not None and (self.next_try_at is None or now < self.next_try_at)

    @property
    def may_be_replayed(self) -> bool:
        """Whether a person may have it sent again."""
        return self.state != WebhookState.WAITING


class WebhookAttempt(models.Model):
    """One try of a delivery, and what came of it; `status` is the answer's, none where none came."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    words = models.CharField(max_length=500)

    class Meta:
        ordering = ["-pk"]
        triggers = [
            pgtrigger.Protect(name="webhook_attempt_stays", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.words
