"""Work that happens without anybody asking, or after the page has answered."""

from celery import shared_task
from django.core.management import call_command

from connecticard import delivery, kept_answers


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
