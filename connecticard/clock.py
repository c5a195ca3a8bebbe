"""What day it is in Connecticut.

A demonstration may fix the day with DEMO_TODAY; every page then says so, and production refuses it.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

EASTERN = ZoneInfo("America/New_York")


def now() -> datetime:
    """Return the moment, in Eastern time; on the demonstration's day where one is set."""
    moment = timezone.now().astimezone(EASTERN)
    if settings.DEMO_TODAY is None:
        return moment
    return datetime.combine(settings.DEMO_TODAY, moment.timetz())


def today() -> date:
    """Return the day by Eastern time."""
    return now().date()
