"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest

from connecticard import clock


def site(request: HttpRequest) -> dict[str, object]:
    """Name of the program, the day, and whether that day is a demonstration's."""
    return {
        "program_name": settings.PROGRAM_NAME,
        "today": clock.today(),
        "demo_today": settings.DEMO_TODAY,
    }
