"""The Celery application: work that happens outside a request."""

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")

app = Celery("connecticard")
app.set_default()  # or a thread of the web server may queue tasks with an application of no settings
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _keep_the_log_as_settings_have_it(**kwargs: object) -> None:
    """Celery sets up logs of its own unless somebody listens here."""


setup_logging.connect(_keep_the_log_as_settings_have_it)

# A letter does not wait behind hundreds of documents: a worker looks into its queues in order of name
AT_ONCE, DEFAULT = "at-once", "celery"
app.conf.task_queues = {AT_ONCE: {}, DEFAULT: {}}
app.conf.task_default_queue = DEFAULT
app.conf.task_routes = {"connecticard.tasks.send_message": {"queue": AT_ONCE}}

app.conf.beat_schedule = {
    "open-filing-periods": {
        "task": "transactions.tasks.open_filing_periods",
        "schedule": crontab(hour=0, minute=10),
    },
    "record-lapses": {
        "task": "payments.tasks.record_lapses",
        "schedule": crontab(hour=0, minute=20),
    },
    "harvest-what-is-due": {
        "task": "transactions.tasks.harvest_what_is_due",
        "schedule": crontab(minute="*/10"),
    },
    "forget-ended-sessions": {
        "task": "connecticard.tasks.forget_ended_sessions",
        "schedule": crontab(hour=3, minute=20),
    },
    "forget-kept-answers": {
        "task": "connecticard.tasks.forget_kept_answers",
        "schedule": crontab(minute=40),
    },
    "forget-published-changes": {
        "task": "connecticard.tasks.forget_published_changes",
        "schedule": crontab(hour=0, minute=2),
    },
    "warm-published-pages": {
        "task": "connecticard.tasks.warm_published_pages",
        "schedule": crontab(hour=0, minute=5),
    },
    # When no clock of the year is put forward or back
    "verify-payment-runs": {
        "task": "payments.tasks.verify_payment_runs",
        "schedule": crontab(hour=4, minute=30),
    },
    "send-reminders": {
        "task": "payments.tasks.send_reminders",
        "schedule": crontab(hour=7, minute=30),
    },
    "send-waiting-messages": {
        "task": "connecticard.tasks.send_waiting_messages",
        "schedule": crontab(minute="*/5"),
    },
    "send-waiting-webhooks": {
        "task": "connecticard.tasks.send_waiting_webhooks",
        "schedule": crontab(minute="*/5"),
    },
    "make-forgotten-documents": {
        "task": "reports.tasks.make_forgotten_documents",
        "schedule": crontab(minute="*/10"),
    },
    "make-forgotten-boxes": {
        "task": "reports.tasks.make_forgotten_boxes",
        "schedule": crontab(minute="5-59/10"),
    },
}
