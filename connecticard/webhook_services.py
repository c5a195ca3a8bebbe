"""Webhooks that people keep: another program told of what happens, as far as their role lets them see."""

import base64
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connecticard import clock
from connecticard.models import (
    AuditEvent,
    RoleAssignment,
    User,
    WebhookDelivery,
    WebhookState,
    WebhookSubscription,
    WebhookType,
)
from connecticard.outbound import OutboundFailed, refuse_address
from connecticard.permissions import PERMITTED, Action
from connecticard.sealed import seal
from connecticard.services import Refused
from connecticard.webhook_delivery import PURPOSE, SECRET_BEGINS
from connecticard.webhooks import announce_to, send_once_it_stands

FORMER_SECRET_LASTS = timedelta(hours=24)
CHOSEN = [each for each in WebhookType if each is not WebhookType.PING]


def roles_to_choose(user: User) -> QuerySet[RoleAssignment]:
    """Return the roles in which a person may keep webhooks today."""
    held = RoleAssignment.objects.filter(user=user, role__in=PERMITTED[Action.KEEP_WEBHOOKS])
    return (
        held.in_force(clock.today())
        .select_related("library", "consortium", "delivery_site")
        .order_by("role", "pk")
    )


def subscriptions_of(user: Any) -> QuerySet[WebhookSubscription]:
    """Return a person's own webhooks that were not removed."""
    own = WebhookSubscription.objects.filter(role_assignment__user=user, removed_at=None)
    return own.select_related(
        "role_assignment__user",
        "role_assignment__library",
        "role_assignment__consortium",
        "role_assignment__delivery_site",
    )


@transaction.atomic
def add_webhook(
    *, assignment: RoleAssignment, name: str, address: str, events: Iterable[WebhookType], by: User
) -> tuple[WebhookSubscription, str]:
    """Have a program told of events, in one of one's own roles; return it with its secret, shown once.

    Raises PermissionDenied for a role that is not one's own, Refused for an address that cannot be asked.
    """
    if not roles_to_choose(by).filter(pk=assignment.pk).exists():
        raise PermissionDenied(f"You may not {Action.KEEP_WEBHOOKS.value} in this role.")
    try:
        refuse_address(address)
    except OutboundFailed as failed:
        raise Refused(str(failed)) from failed
    secret = _new_secret()
    subscription = WebhookSubscription.objects.create(
        role_assignment=assignment,
        name=name,
        address=address,
        events=sorted(WebhookType(event).value for event in events),
        sealed_secret=seal(secret, purpose=PURPOSE),
        created_at=clock.now(),
    )
    after = {"address": address, "events": subscription.events, "role": assignment.title}
    AuditEvent.record("webhook_added", target=subscription, by=by, after=after)
    return subscription, secret


@transaction.atomic
def rotate_secret(*, subscription: WebhookSubscription, by: User) -> str:
    """Give a webhook a new secret and return it; for a day the former one signs beside it."""
    subscription = _held(subscription, by)
    secret = _new_secret()
    subscription.sealed_former_secret = subscription.sealed_secret
    subscription.former_until = timezone.now() + FORMER_SECRET_LASTS
    subscription.sealed_secret = seal(secret, purpose=PURPOSE)
    subscription.save(update_fields=["sealed_secret", "sealed_former_secret", "former_until"])
    AuditEvent.record("webhook_secret_changed", target=subscription, by=by)
    return secret


@transaction.atomic
def pause_webhook(*, subscription: WebhookSubscription, by: User) -> None:
    """Tell a webhook nothing until it is resumed; what waits is not sent."""
    subscription = _held(subscription, by)
    if subscription.paused_at is None:
        subscription.paused_at, subscription.paused_because = clock.now(), "Paused by hand."
        subscription.save(update_fields=["paused_at", "paused_because"])
        AuditEvent.record("webhook_paused", target=subscription, by=by)


@transaction.atomic
def resume_webhook(*, subscription: WebhookSubscription, by: User) -> None:
    """Tell a webhook of what happens from now on; what it missed can be sent again by hand."""
    subscription = _held(subscription, by)
    if subscription.paused_at is not None:
        subscription.paused_at, subscription.paused_because, subscription.failing_since = None, "", None
        subscription.save(update_fields=["paused_at", "paused_because", "failing_since"])
        AuditEvent.record("webhook_resumed", target=subscription, by=by)


@transaction.atomic
def remove_webhook(*, subscription: WebhookSubscription, by: User) -> None:
    """Tell a webhook nothing any more; its log stays on record, its secrets do not."""
    subscription = _held(subscription, by)
    subscription.removed_at, subscription.sealed_secret = clock.now(), ""
    subscription.sealed_former_secret, subscription.former_until = "", None
    subscription.save()
    AuditEvent.record("webhook_removed", target=subscription, by=by)


@transaction.atomic
def ping_webhook(*, subscription: WebhookSubscription, by: User) -> WebhookDelivery:
    """Send a test; it is tried once. Raises Refused where the webhook is paused."""
    subscription = _held(subscription, by)
    if not subscription.is_active:
        raise Refused("It is paused. Resume it first.")
    return announce_to(subscription, WebhookType.PING, data={"webhook": subscription.name})


@transaction.atomic
def replay_delivery(*, delivery: WebhookDelivery, by: User) -> None:
    """Send a delivery again, by the same identifier, with tries as at first. Raises Refused."""
    subscription = _held(delivery.subscription, by)
    delivery = WebhookDelivery.objects.select_for_update().get(pk=delivery.pk)
    if not subscription.is_active:
        raise Refused("It is paused. Resume it first.")
    if not delivery.may_be_replayed:
        raise Refused("It waits to be sent already.")
    delivery.state, delivery.tries, delivery.next_try_at = WebhookState.WAITING, 0, timezone.now()
    delivery.save(update_fields=["state", "tries", "next_try_at"])
    AuditEvent.record("webhook_replayed", target=subscription, by=by, after={"event": str(delivery.event)})
    send_once_it_stands(delivery.pk)


def _held(subscription: WebhookSubscription, by: User) -> WebhookSubscription:
    """Lock a webhook of one's own; PermissionDenied for any other, and for a role that has ended."""
    held = WebhookSubscription.objects.select_for_update(of=("self",)).filter(
        pk=subscription.pk, role_assignment__in=roles_to_choose(by), removed_at=None
    )
    found = held.select_related("role_assignment__user").first()
    if found is None:
        raise PermissionDenied("Its role has ended, or it is not yours.")
    return found


def _new_secret() -> str:
    return SECRET_BEGINS + base64.b64encode(secrets.token_bytes(32)).decode()
