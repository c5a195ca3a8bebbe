"""Work that happens without anybody asking."""

from celery import shared_task

from connecticard import clock
from transactions import services


@shared_task
def open_filing_periods() -> int:
    """Open the filing periods whose day has come, and return how many; safe to run again."""
    return len(services.open_filing_periods(on=clock.today()))
