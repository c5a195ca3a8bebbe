"""Work that happens without anybody asking."""

from celery import shared_task

from connecticard import clock
from connecticard.models import User
from transactions import services
from transactions.harvest import harvester


@shared_task
def open_filing_periods() -> int:
    """Open the filing periods whose day has come, and return how many; safe to run again."""
    return len(services.open_filing_periods(on=clock.today()))


@shared_task
def harvest_source(pk: int, by: int | None = None) -> None:
    """Harvest one source; one that is being harvested, or need not be yet, is left alone."""
    harvester.harvest(pk, by=None if by is None else User.objects.get(pk=by))


@shared_task
def harvest_what_is_due() -> None:
    """Have each source whose time has come harvested in a task of its own, so that none waits for another."""
    for pk in harvester.sources_due():
        harvest_source.delay(pk)
