"""Webhooks: who is told what, signed, tried again, sent again by hand; and who keeps them."""

import importlib.util
import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from connecticard import outbound, sealed, tasks, webhook_delivery, webhook_services
from connecticard.models import (
    AuditEvent,
    Message,
    Role,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEvent,
    WebhookSubscription,
    WebhookType,
)
from connecticard.webhooks import announce
from tests.factories import current_code, make_consortium, make_library, make_signed_in_client, make_user
from tests.page_text import text
from transactions.services.notices import tell_programs

pytestmark = pytest.mark.django_db

EXAMPLE = Path(__file__).parents[2] / "docs" / "verify_webhook.py"
ADDRESS = "https://dashboard.example.org/hooks"


@pytest.fixture
def heard(monkeypatch):
    """What a receiver hears, in order; it answers as `answers` says, 204 at the end."""

    class Heard(list):
        answers: list = []

    received = Heard()

    def request(method, address, *, headers, body, **limits):
        received.append((headers, body))
        answer = received.answers.pop(0) if received.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return outbound.Answer(address, answer, {}, b"")

    monkeypatch.setattr(outbound, "request", request)
    monkeypatch.setattr(tasks.send_webhook, "delay", tasks.send_webhook)
    return received


def subscribe(user, events=(WebhookType.FILING_CERTIFIED, WebhookType.EDITION_PUBLISHED)):
    return webhook_services.add_webhook(
        assignment=user.role_assignments.first(), name="Dashboard", address=ADDRESS, events=events, by=user
    )


@pytest.fixture
def library():
    return make_library()


@pytest.fixture
def filer(library):
    return make_user(Role.LIBRARY_FILER, library=library)


@pytest.fixture
def webhook(filer):
    return subscribe(filer)[0]


def certified(library):
    return announce(
        WebhookType.FILING_CERTIFIED,
        library=library,
        data={"library": library.key},
        path=f"/api/v1/filings/{library.key}-semiannual-2026-03-01-1/",
    )


def verify():
    spec = importlib.util.spec_from_file_location("verify_webhook", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.is_genuine


def test_a_message_is_signed_and_the_published_example_verifies_it(
    filer, library, heard, django_capture_on_commit_callbacks, settings
):
    _, secret = subscribe(filer)

    with django_capture_on_commit_callbacks(execute=True):
        event = certified(library)

    [(headers, body)] = heard
    is_genuine = verify()
    assert is_genuine(secret, headers, body)
    assert not is_genuine(secret, headers, body + b" ")
    assert not is_genuine(secret, headers, body, now=time.time() + 301)
    assert headers["webhook-id"] == event.name
    assert json.loads(body) == {
        "type": "filing.certified",
        "timestamp": json.loads(body)["timestamp"],
        "data": {"library": library.key, "href": settings.SITE_URL + event.path},
    }
    assert WebhookDelivery.objects.get().state == "delivered"


def test_the_example_is_the_one_of_the_standard():
    """The key, message and signature that Standard Webhooks gives to test by."""
    signed = webhook_delivery.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_nothing_is_told_where_the_transaction_does_not_stand(webhook, library, heard):
    with transaction.atomic():
        certified(library)
        transaction.set_rollback(True)

    assert (heard, WebhookEvent.objects.exists()) == ([], False)


def test_each_role_is_told_of_what_it_may_see_alone(library):
    other = make_library()
    consortium = make_consortium(members=(library,))
    for user in (
        make_user(Role.LIBRARY_FILER, library=library),
        make_user(Role.LIBRARY_FILER, library=other),
        make_user(Role.CONSORTIUM_FILER, consortium=consortium),
        make_user(Role.STATE_STAFF),
    ):
        subscribe(user)

    certified(library)
    announce(WebhookType.EDITION_PUBLISHED, data={"fiscal_year": 2018, "edition": 1}, path="/")
    announce(WebhookType.PAYMENT_PAID, data={}, path="/", library=library)

    told = WebhookDelivery.objects.values_list("event__type", "subscription__role_assignment__role")
    assert sorted(told) == sorted(
        [
            ("filing.certified", "library_filer"),
            ("filing.certified", "consortium_filer"),
            ("filing.certified", "state_library_staff"),
            ("edition.published", "library_filer"),
            ("edition.published", "library_filer"),
            ("edition.published", "consortium_filer"),
            ("edition.published", "state_library_staff"),
        ]
    )


def test_a_role_that_ended_meanwhile_is_told_nothing(webhook, library, heard):
    certified(library)
    webhook.role_assignment.ended_at = timezone.now() - timedelta(days=1)
    webhook.role_assignment.save()

    webhook_delivery.deliver(WebhookDelivery.objects.get().pk)

    assert (heard, WebhookDelivery.objects.get().state) == ([], "withdrawn")


def test_a_failure_is_tried_again_later_each_time_with_one_identifier(webhook, library, heard):
    heard.answers = [500, outbound.OutboundFailed(outbound.Reason.TIME, "It took too long."), 302, 204]
    certified(library)
    delivery = WebhookDelivery.objects.get()
    waits = []
    for _ in range(4):
        webhook_delivery.deliver(delivery.pk)
        delivery.refresh_from_db()
        if delivery.next_try_at:
            waits.append(round((delivery.next_try_at - timezone.now()).total_seconds() / 60))

    assert waits == [5, 15, 60]
    assert (delivery.state, delivery.tries) == ("delivered", 4)
    assert len({headers["webhook-id"] for headers, _ in heard}) == 1
    assert [attempt.words for attempt in delivery.attempts.order_by("pk")] == [
        "Answered with the status 500.",
        "It took too long.",
        "Answered with the status 302.",
        "Answered with the status 204.",
    ]


def test_a_delivery_that_a_worker_sends_is_not_sent_by_another(webhook, library, heard, monkeypatch):
    certified(library)
    pk = WebhookDelivery.objects.get().pk
    monkeypatch.setattr(outbound, "request", lambda *args, **kwargs: webhook_delivery.deliver(pk) or 1 / 0)

    with pytest.raises(ZeroDivisionError):
        webhook_delivery.deliver(pk)

    assert WebhookDelivery.objects.get().tries == 1
    WebhookDelivery.objects.update(next_try_at=timezone.now())
    assert webhook_delivery.deliveries_to_try() == [pk]


def test_after_a_day_it_is_given_up_and_after_three_the_webhook_is_paused(webhook, library, heard):
    tries = len(webhook_delivery.TRIED_AGAIN_AFTER) + 1
    heard.answers = [500] * 2 * tries
    certified(library)
    delivery = WebhookDelivery.objects.get()
    for _ in range(tries):
        webhook_delivery.deliver(delivery.pk)
    delivery.refresh_from_db()
    webhook.refresh_from_db()
    assert (delivery.state, delivery.tries, webhook.paused_at) == ("failed", tries, None)
    WebhookSubscription.objects.update(failing_since=timezone.now() - timedelta(days=4))

    certified(library)
    for _ in range(tries):
        webhook_delivery.deliver(WebhookDelivery.objects.first().pk)

    webhook.refresh_from_db()
    assert webhook.paused_because == "Nothing could be delivered for 3 days."
    letter = Message.objects.get()
    assert (letter.to, letter.subject) == (webhook.user.email, "The webhook “Dashboard” is paused")
    certified(library)
    assert WebhookDelivery.objects.count() == 2


def test_a_receiver_that_is_gone_ends_it(webhook, library, heard):
    heard.answers = [410]
    certified(library)

    webhook_delivery.deliver(WebhookDelivery.objects.get().pk)

    webhook.refresh_from_db()
    assert "status 410" in webhook.paused_because


def test_what_failed_is_sent_again_by_hand(
    webhook, filer, library, heard, django_capture_on_commit_callbacks
):
    certified(library)
    WebhookDelivery.objects.update(state="failed", next_try_at=None, tries=7)

    with django_capture_on_commit_callbacks(execute=True):
        webhook_services.replay_delivery(delivery=WebhookDelivery.objects.get(), by=filer)

    delivery = WebhookDelivery.objects.get()
    assert (len(heard), delivery.state, delivery.tries) == (1, "delivered", 1)
    assert AuditEvent.objects.filter(action="webhook_replayed").exists()


def test_while_a_secret_is_changed_over_both_sign(filer, library, heard):
    webhook, former = subscribe(filer)
    secret = webhook_services.rotate_secret(subscription=webhook, by=filer)
    is_genuine = verify()

    certified(library)
    webhook_delivery.deliver(WebhookDelivery.objects.get().pk)
    WebhookSubscription.objects.update(former_until=timezone.now())
    certified(library)
    webhook_delivery.deliver(WebhookDelivery.objects.first().pk)

    told = [[is_genuine(each, *message) for each in (former, secret)] for message in heard]
    assert told == [[True, True], [False, True]]


def test_a_message_reaches_a_server_on_a_socket(filer, library, settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    received = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            """Keep no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    _, secret = subscribe(filer)
    WebhookSubscription.objects.update(address=f"http://127.0.0.1:{server.server_address[1]}/")

    certified(library)
    webhook_delivery.deliver(WebhookDelivery.objects.get().pk)
    server.shutdown()
    server.server_close()

    assert verify()(secret, *received[0])
    assert WebhookAttempt.objects.get().status == 204


def test_a_private_address_is_not_told(webhook, library, filer):
    with pytest.raises(webhook_services.Refused, match="private network"):
        webhook_services.add_webhook(
            assignment=filer.role_assignments.get(),
            name="x",
            address="https://169.254.169.254/",
            events=[WebhookType.FILING_CERTIFIED],
            by=filer,
        )
    WebhookSubscription.objects.update(address="https://10.0.0.1/")
    certified(library)

    webhook_delivery.deliver(WebhookDelivery.objects.get().pk)

    assert "private network" in WebhookAttempt.objects.get().words


def test_a_person_adds_a_webhook_and_sees_its_secret_once(library, settings, heard):
    client = make_signed_in_client(Role.LIBRARY_FILER, library)
    client.post("/account/2fa/reauthenticate/", {"code": current_code(client.user)})
    settings.PRODUCTION = True

    made = client.post(
        "/account/webhooks/new/",
        {
            "name": "Dashboard",
            "address": ADDRESS,
            "role": client.user.role_assignments.get().pk,
            "events": ["filing.certified"],
        },
    )

    webhook = WebhookSubscription.objects.get()
    secret = sealed.unseal(webhook.sealed_secret, purpose=webhook_delivery.PURPOSE)
    assert secret in made.content.decode()
    assert secret not in webhook.sealed_secret
    assert secret not in client.get(f"/account/webhooks/{webhook.pk}/").content.decode()
    assert secret not in str(list(AuditEvent.objects.values_list("after", flat=True)))


def test_a_secret_that_cannot_be_opened_is_told_and_tried_no_longer_than_any_other(
    webhook, library, settings
):
    certified(library)
    settings.PRODUCTION = True  # what was kept before it is not sealed
    delivery = WebhookDelivery.objects.get()

    webhook_delivery.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.tries, delivery.claimed_at) == (1, None)
    assert "Make a new secret" in delivery.attempts.get().words


def test_a_new_secret_takes_the_second_factor(library):
    client = make_signed_in_client(Role.LIBRARY_FILER, library)
    webhook, former = subscribe(client.user)
    address = f"/account/webhooks/{webhook.pk}/secret/"

    asked = client.post(address)
    unchanged = WebhookSubscription.objects.get().sealed_secret
    shown = client.post(asked.url, {"code": current_code(client.user)}).content.decode()

    assert asked.url.startswith("/account/2fa/reauthenticate/")
    assert unchanged == former
    assert former not in shown
    assert WebhookSubscription.objects.get().sealed_secret in shown


def test_the_page_shows_deliveries_tests_pauses_and_removes(
    library, heard, django_capture_on_commit_callbacks
):
    client = make_signed_in_client(Role.LIBRARY_FILER, library)
    webhook, _ = subscribe(client.user)
    own = f"/account/webhooks/{webhook.pk}/"

    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{own}test/")
    delivery = WebhookDelivery.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{own}deliveries/{delivery.pk}/again/")
    shown = text(client.get(own))
    paused = text(client.post(f"{own}pause/", follow=True))
    refused = text(client.post(f"{own}deliveries/{delivery.pk}/again/", follow=True))
    resumed = text(client.post(f"{own}pause/", {"resume": "1"}, follow=True))
    removed = text(client.post(f"{own}remove/", follow=True))

    assert len(heard) == 2
    assert shown.count("Answered with the status 204.") == 2
    assert "Paused by hand." in paused
    assert "Resume it first." in refused
    assert "It is told of what happens from now on." in resumed
    assert "You have no webhook." in removed
    assert client.get(own).status_code == 404
    assert WebhookSubscription.objects.get().sealed_secret == ""


def test_nobody_keeps_the_webhook_of_another_person(webhook, library):
    other = make_user(Role.LIBRARY_FILER, library=library)

    with pytest.raises(PermissionDenied):
        webhook_services.rotate_secret(subscription=webhook, by=other)
    with pytest.raises(PermissionDenied):
        webhook_services.add_webhook(
            assignment=webhook.role_assignment, name="x", address=ADDRESS, events=["ping"], by=other
        )


def test_what_was_sent_stays_on_record(webhook, library, heard):
    certified(library)
    webhook_delivery.deliver(WebhookDelivery.objects.get().pk)

    for change in (
        lambda: WebhookEvent.objects.update(path="/"),
        lambda: WebhookAttempt.objects.update(words="x"),
        lambda: WebhookDelivery.objects.all().delete(),
        lambda: WebhookAttempt.objects.all().delete(),
    ):
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("webhook_has_an_event", {"events": []}),
        ("webhook_pause_says_why", {"paused_at": "2026-09-01T12:00Z"}),
        ("webhook_former_secret_ends", {"sealed_former_secret": "x"}),
    ],
)
def test_a_webhook_holds_together(webhook, name, change):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        WebhookSubscription.objects.update(**change)


def test_a_delivery_waits_for_a_time_and_is_one(webhook, library):
    event = certified(library)

    with pytest.raises(IntegrityError, match="webhook_delivery_waits_for_a_time"), transaction.atomic():
        WebhookDelivery.objects.update(next_try_at=None)
    with pytest.raises(IntegrityError, match="one_delivery_of_an_event_to_a_webhook"), transaction.atomic():
        WebhookDelivery.objects.create(event=event, subscription=webhook, next_try_at=timezone.now())


def test_everybody_reads_how_webhooks_are_verified(client):
    page = client.get("/api/webhooks/").content.decode()

    assert "edition.published" in page
    assert "hmac.compare_digest(expected, one)" in page


def test_each_link_leads_to_what_it_is_about(world):
    client = make_signed_in_client(Role.STATE_STAFF)

    tell_programs(world.draft)

    run = world.certified_run
    for path in (
        WebhookEvent.objects.get().path,
        f"/api/v1/payment-runs/{run.fiscal_year}-{run.number}/payments/",
        f"/api/v1/editions/{run.fiscal_year}-1/",
    ):
        assert client.get(path).status_code == 200, path
