"""The Celery application: work that happens outside a request."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")

app = Celery("connecticard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "open-filing-periods": {
        "task": "transactions.tasks.open_filing_periods",
        "schedule": crontab(hour=0, minute=10),
    },
    "make-forgotten-documents": {
        "task": "reports.tasks.make_forgotten_documents",
        "schedule": crontab(minute="*/10"),
    },
}
