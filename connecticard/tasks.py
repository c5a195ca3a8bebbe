"""Work that happens without anybody asking, or after the page has answered."""

import io
from typing import Any
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults

from celery import shared_task
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from connecticard import delivery, kept_answers, webhook_delivery
from connecticard.models import PublishedChange

READ_MOST = (
    "reports:home",
    "reports:finder",
    "reports:key_dates",
    "payments:trend_state",
    "reports:flows",
    "reports:library_flows",
    "payments:what_if",
    "reports:report_list",
    "reports:rulebook",
    "libraries:library_list",
    "libraries:town_list",
)
"""The pages that the worker makes anew before anybody asks."""


@shared_task
def forget_ended_sessions() -> None:
    """Remove sessions that have ended; the database keeps no other trace of who was signed in where."""
    call_command("clearsessions")


@shared_task
def forget_kept_answers() -> None:
    """Remove answers of the REST interface that are kept no longer."""
    kept_answers.forget_expired()


@shared_task
def send_message(pk: int) -> None:
    """Hand one message to the mail server; one that was sent, or is being sent, is left alone."""
    delivery.deliver(pk)


@shared_task
def send_waiting_messages() -> None:
    """Send what could not be sent before, or whose task was lost."""
    for pk in delivery.messages_to_try():
        send_message.delay(pk)


@shared_task
def warm_published_pages() -> None:
    """Ask for the pages that are read most, so that they are kept ready for who comes next."""
    site = WSGIHandler()
    for name in READ_MOST:
        _ask(site, reverse(name))


@shared_task
def forget_published_changes() -> None:
    """Remove the traces by which public pages knew that something changed; the newest is enough."""
    with transaction.atomic():
        PublishedChange.forget_older()


def _ask(site: WSGIHandler, address: str) -> None:
    """Ask the site for an address as a browser does that nobody signed in with, without a network."""
    named = urlsplit(settings.SITE_URL)
    environ: dict[str, Any] = {
        "PATH_INFO": address,
        "HTTP_HOST": named.netloc,
        "HTTP_X_FORWARDED_PROTO": named.scheme,
        "wsgi.url_scheme": named.scheme,
        "wsgi.input": io.BytesIO(),
    }
    setup_testing_defaults(environ)
    site.get_response(WSGIRequest(environ))  # without its signals, which end the worker's own connection


@shared_task
def send_webhook(pk: int) -> None:
    """Tell one receiver of one event; a delivery that is settled, or is being sent, is left alone."""
    webhook_delivery.deliver(pk)


@shared_task
def send_waiting_webhooks() -> None:
    """Send what could not be delivered before, or whose task was lost."""
    for pk in webhook_delivery.deliveries_to_try():
        send_webhook.delay(pk)
