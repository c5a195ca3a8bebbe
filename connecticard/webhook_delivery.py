"""Sending webhooks: signed in the manner of Standard Webhooks, tried again for about a day.

A delivery is claimed in a transaction of its own, by putting its next try off, before the receiver is asked;
one whose worker was killed is tried again then. So a receiver may hear of one event twice, by the same
webhook-id, and never by two.
"""

import base64
import hashlib
import hmac
import time
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from connecticard import clock, outbound, permissions
from connecticard.models import (
    AuditEvent,
    Message,
    MessageKind,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEvent,
    WebhookState,
    WebhookSubscription,
    WebhookType,
)
from connecticard.outbound import Limits, OutboundFailed
from connecticard.permissions import PERMITTED, Action
from connecticard.sealed import unseal

logger = structlog.get_logger(__name__)

PURPOSE = "webhook secret"
SECRET_BEGINS = "whsec_"  # noqa: S105 - how each begins, as Standard Webhooks has it
LIMITS = Limits(seconds=15, redirects=0)
TRIED_AGAIN_AFTER = [
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=14),
]
"""After the first try, the second ...: seven tries in about a day."""
ENDED_AFTER = timedelta(days=3)
_GONE = 410


def may_see(subscription: WebhookSubscription, event: WebhookEvent) -> bool:
    """Whether a subscription's role, as it is today, lets its person see what an event is about."""
    held, today = subscription.role_assignment, clock.today()
    if not (held.user.is_active and held.is_in_force(today)):
        return False
    if held.role not in PERMITTED[Action.KEEP_WEBHOOKS]:
        return False
    if event.library_id is None:
        return True
    if held.role not in PERMITTED[Action.VIEW_LIBRARY]:
        return False
    return permissions.libraries_of([held], today).filter(pk=event.library_id).exists()


def body_of(event: WebhookEvent) -> bytes:
    """Return what is sent of an event: the same bytes at each try."""
    message: dict[str, Any] = {
        "type": event.type,
        "timestamp": event.happened_at.astimezone(clock.EASTERN).isoformat(timespec="seconds"),
        "data": {**event.data, "href": settings.SITE_URL + event.path if event.path else None},
    }
    return orjson.dumps(message)


def signature(secret: str, name: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256 over id, time and body, in Base64, after its version."""
    key = base64.b64decode(secret.removeprefix(SECRET_BEGINS))
    signed = hmac.new(key, f"{name}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def deliveries_to_try() -> list[int]:
    """Return the deliveries that wait and whose next try has come."""
    waiting = WebhookDelivery.objects.filter(state=WebhookState.WAITING, next_try_at__lte=timezone.now())
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def deliver(pk: int) -> None:
    """Send a delivery that waits, and keep how it went; any other is left as it is."""
    delivery = _claim(pk)
    if delivery is None:
        return
    subscription, event = delivery.subscription, delivery.event
    if not subscription.is_active or not may_see(subscription, event):
        _settle(delivery, WebhookState.WITHDRAWN)
        return
    began, status = time.monotonic(), None
    try:
        answer = outbound.request(
            "POST",
            subscription.address,
            headers=headers_of(subscription, event, int(time.time())),
            body=body_of(event),
            accepts=None,
            limits=LIMITS,
        )
        status, words = answer.status, f"Answered with the status {answer.status}."
    except OutboundFailed as failed:
        words = str(failed)
    except InvalidToken:
        words = "Its secret was sealed with a key that is gone. Make a new secret, and tell the receiver."
    _keep(delivery, status, words, round((time.monotonic() - began) * 1000))


def headers_of(subscription: WebhookSubscription, event: WebhookEvent, timestamp: int) -> dict[str, str]:
    """Return the headers of a message; while a secret is changed over, both sign."""
    secrets = [unseal(subscription.sealed_secret, purpose=PURPOSE)]
    if subscription.former_until and subscription.former_until > timezone.now():
        secrets.append(unseal(subscription.sealed_former_secret, purpose=PURPOSE))
    body = body_of(event)
    return {
        "Content-Type": "application/json",
        "webhook-id": event.name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, event.name, timestamp, body) for secret in secrets),
    }


@transaction.atomic
def _claim(pk: int) -> WebhookDelivery | None:
    waiting = WebhookDelivery.objects.select_for_update(of=("self",), skip_locked=True)
    delivery = (
        waiting.select_related("event", "subscription__role_assignment__user")
        .filter(pk=pk, state=WebhookState.WAITING)
        .first()
    )
    if delivery is None or delivery.is_claimed(timezone.now()):
        return None
    delivery.tries += 1
    delivery.next_try_at = _next_try(delivery.tries)
    delivery.claimed_at = timezone.now()
    delivery.save(update_fields=["tries", "next_try_at", "claimed_at"])
    return delivery


def _next_try(tries: int) -> datetime:
    return timezone.now() + TRIED_AGAIN_AFTER[min(tries, len(TRIED_AGAIN_AFTER)) - 1]


@transaction.atomic
def _keep(delivery: WebhookDelivery, status: int | None, words: str, milliseconds: int) -> None:
    subscription = WebhookSubscription.objects.select_for_update().get(pk=delivery.subscription_id)
    WebhookAttempt.objects.create(
        delivery=delivery, at=clock.now(), milliseconds=milliseconds, status=status, words=words[:500]
    )
    now = timezone.now()
    if status is not None and 200 <= status < 300:
        _settle(delivery, WebhookState.DELIVERED)
        subscription.failing_since = None
        subscription.save(update_fields=["failing_since"])
        return
    subscription.failing_since = subscription.failing_since or now
    subscription.save(update_fields=["failing_since"])
    is_last = delivery.tries > len(TRIED_AGAIN_AFTER) or delivery.event.type == WebhookType.PING
    if is_last or status == _GONE:
        _settle(delivery, WebhookState.FAILED)
    else:
        delivery.claimed_at = None
        delivery.save(update_fields=["claimed_at"])
    if status == _GONE:
        _end(subscription, "The receiver says that it is gone (status 410).")
    elif is_last and now - subscription.failing_since > ENDED_AFTER:
        _end(subscription, f"Nothing could be delivered for {ENDED_AFTER.days} days.")


def _settle(delivery: WebhookDelivery, state: WebhookState) -> None:
    delivery.state, delivery.next_try_at, delivery.claimed_at = state, None, None
    delivery.save(update_fields=["state", "next_try_at", "claimed_at"])


def _end(subscription: WebhookSubscription, why: str) -> None:
    """Pause a subscription that nobody hears, and write to its person.

    The letter is kept here and not by `mail`, whose tasks stand beside those that send webhooks; the next
    round sends it.
    """
    if not subscription.is_active:
        return
    subscription.paused_at, subscription.paused_because = clock.now(), why
    subscription.save(update_fields=["paused_at", "paused_because"])
    AuditEvent.record("webhook_paused", target=subscription, by=None, after={"because": why})
    text = render_to_string(
        "emails/webhook_paused.txt",
        {
            "program_name": settings.PROGRAM_NAME,
            "site_url": settings.SITE_URL,
            "subscription": subscription,
            "why": why,
        },
    )
    subject, _, body = text.strip().partition("\n")
    Message.objects.create(
        kind=MessageKind.ACCOUNT,
        to=subscription.user.email,
        person=subscription.user,
        subject=" ".join(subject.split())[:250],
        body=body.strip() + "\n",
        made_at=clock.now(),
        next_try_at=timezone.now(),
    )
