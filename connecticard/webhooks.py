"""Telling other programs what happened: noted in the transaction in which it happens, sent once it stands.

`announce` is called by the service that does it. `webhook_delivery` sends, `webhook_services` keeps who is
told.
"""

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from connecticard import clock
from connecticard.models import WebhookDelivery, WebhookEvent, WebhookSubscription, WebhookType
from connecticard.tasks import send_webhook
from connecticard.webhook_delivery import TRIED_AGAIN_AFTER, may_see


@transaction.atomic
def announce(type: WebhookType, *, data: dict[str, Any], path: str, library: Any = None) -> WebhookEvent:
    """Tell each subscription of an event that may see it; `library` None is published for all.

    `data` is small: keys and days by which the receiver knows what it is about. `path` is the address of the
    API below this site that tells the rest, to who may read it.
    """
    event = _event(type, data, path, library)
    subscriptions = WebhookSubscription.objects.filter(
        events__contains=[type.value], paused_at=None, removed_at=None
    ).select_related("role_assignment__user")
    for subscription in subscriptions:
        if may_see(subscription, event):
            _queue(event, subscription)
    return event


def announce_to(
    subscription: WebhookSubscription, type: WebhookType, *, data: dict[str, Any]
) -> WebhookDelivery:
    """Tell one subscription alone; part of the transaction of a service."""
    return _queue(_event(type, data, "", None), subscription)


def send_once_it_stands(pk: int) -> None:
    """Tell the worker of a delivery once the transaction stands; else the next round finds it."""
    transaction.on_commit(lambda: send_webhook.delay(pk), robust=True)


def _event(type: WebhookType, data: dict[str, Any], path: str, library: Any) -> WebhookEvent:
    return WebhookEvent.objects.create(
        name=f"msg_{uuid4().hex}",
        type=type,
        happened_at=clock.now(),
        library=library,
        data=data,
        path=path,
    )


def _queue(event: WebhookEvent, subscription: WebhookSubscription) -> WebhookDelivery:
    delivery = WebhookDelivery.objects.create(
        event=event, subscription=subscription, next_try_at=timezone.now() + TRIED_AGAIN_AFTER[0]
    )
    send_once_it_stands(delivery.pk)
    return delivery
