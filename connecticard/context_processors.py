"""What every page knows."""

from functools import partial

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from connecticard import clock, languages, navigation


def site(request: HttpRequest) -> dict[str, object]:
    """Name and address of the site, the day, the language, and where this person may go."""
    return {
        "program_name": settings.PROGRAM_NAME,
        "site_url": settings.SITE_URL,
        "today": clock.today(),
        "demo_today": settings.DEMO_TODAY,
        "language": translation.get_language(),
        "language_versions": partial(languages.versions, request),
        "navigation": partial(navigation.rows, request),  # called by a page that shows it, not a fragment
    }
