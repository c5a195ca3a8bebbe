"""Work that happens without anybody asking."""

from celery import shared_task

from connecticard import clock
from payments.correcting import withheld_services
from payments.owing import reminders
from payments.proving import proof


@shared_task
def send_reminders() -> int:
    """Send the reminders whose day has come, and return how many; safe to run again."""
    return reminders.run_schedule(today=clock.today()).messages


@shared_task
def record_lapses() -> int:
    """Record what lapsed with the close of the last day, and return how many lines; safe to run again."""
    return withheld_services.record_all_lapses(at=clock.now())


@shared_task
def verify_payment_runs() -> int:
    """Work every certified run out again, and return how many are not the same; safe to run again."""
    return sum(not verification.same for verification in proof.verify_every_run(at=clock.now()))
