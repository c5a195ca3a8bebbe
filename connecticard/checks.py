"""Checks that Django makes before it starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from connecticard.demo_people import refuse_to_start_with_demo_people


@register(Tags.database)
def no_demo_people_in_production(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """People of a demonstration have passwords in a file; production must not hold them."""
    if not databases:
        return []
    try:
        refuse_to_start_with_demo_people()
    except ImproperlyConfigured as problem:
        return [Error(str(problem), id="connecticard.E001")]
    return []
