"""How the worked examples write spans, days and the words of the rules."""

import re

from django import template

from reports.worked_examples import Days
from transactions.rules._wording import written_day, written_span
from transactions.rules.filing_calendar import Span

register = template.Library()


@register.filter
def span(value: Span) -> str:
    """Write months by name and other spans by their days: March 2026 to August 2026."""
    return written_span(value)


@register.filter
def open_days(value: Days) -> str:
    """Write days that may be open at either end; nothing where they are open at both."""
    if value.first_day and value.last_day:
        return f"from {written_day(value.first_day)} through {written_day(value.last_day)}"
    if value.first_day:
        return f"from {written_day(value.first_day)} on"
    return f"through {written_day(value.last_day)}" if value.last_day else ""


@register.filter
def words(value: str) -> str:
    """Write a name of the program in words: expenditure report missing."""
    return value.replace("_", " ")


@register.filter
def sentences(value: str) -> list[str]:
    """Return the lines of a story, without the breaks that its file has in the middle of a sentence."""
    return re.sub(r"(?<![.:])\n", " ", value.strip()).split("\n")
