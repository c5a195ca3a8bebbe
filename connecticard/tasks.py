"""Work that happens without anybody asking."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def forget_ended_sessions() -> None:
    """Remove sessions that have ended; the database keeps no other trace of who was signed in where."""
    call_command("clearsessions")
