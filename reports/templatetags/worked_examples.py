"""How the worked examples write spans, days and the words of the rules."""

import re

from django import template
from django.utils.translation import gettext

from connecticard.templatetags.figures import day
from reports.worked_examples import Days
from transactions.rules.filing_calendar import Span
from transactions.spans import span_in_words

register = template.Library()


@register.filter
def span(value: Span) -> str:
    """Write months by name and other spans by their days: March 2026 to August 2026."""
    return span_in_words(value)


@register.filter
def open_days(value: Days) -> str:
    """Write days that may be open at either end; nothing where they are open at both."""
    if value.first_day and value.last_day:
        return gettext("from %(first)s through %(last)s") % {
            "first": day(value.first_day),
            "last": day(value.last_day),
        }
    if value.first_day:
        return gettext("from %(first)s on") % {"first": day(value.first_day)}
    return gettext("through %(last)s") % {"last": day(value.last_day)} if value.last_day else ""


@register.filter
def words(value: str) -> str:
    """Write a name of the program in words: expenditure report missing."""
    return gettext(value.replace("_", " "))


@register.filter
def sentences(value: str) -> list[str]:
    """Return the lines of a story, without the breaks that its file has in the middle of a sentence."""
    return re.sub(r"(?<![.:])\n", " ", value.strip()).split("\n")
