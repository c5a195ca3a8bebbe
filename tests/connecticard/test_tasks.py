from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from connecticard.celery import app
from connecticard.tasks import forget_ended_sessions, send_message
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


def test_ended_sessions_are_forgotten_and_others_stay():
    now = timezone.now()
    for key, days in (("ended", -1), ("lasting", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(days=days))

    forget_ended_sessions()

    assert [session.session_key for session in Session.objects.all()] == ["lasting"]


def test_every_thread_queues_with_the_applications_settings():
    [broker] = at_once(lambda: send_message.app.conf.broker_url)

    assert broker == settings.CELERY_BROKER_URL


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_a_worker_takes_letters_before_what_takes_long():
    letters = app.amqp.router.route({}, "connecticard.tasks.send_message")["queue"].name
    documents = app.amqp.router.route({}, "reports.tasks.make_documents")["queue"].name

    assert sorted(app.amqp.queues.consume_from) == [letters, documents]
    assert app.conf.broker_transport_options["queue_order_strategy"] == "sorted"
