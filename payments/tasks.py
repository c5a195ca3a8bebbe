"""Work that happens without anybody asking."""

from celery import shared_task

from connecticard import clock
from payments import reminders


@shared_task
def send_reminders() -> int:
    """Send the reminders whose day has come, and return how many; safe to run again."""
    return reminders.run_schedule(today=clock.today()).messages
