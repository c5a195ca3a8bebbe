"""Spans of days as a page says them, in the language of the page."""

from django.utils.translation import gettext

from connecticard.templatetags.figures import day, months
from transactions.rules.filing_calendar import Span


def span_in_words(span: Span) -> str:
    """Return whole months by name, any other span by its days: March 2026 to August 2026.

    In English the same as the rules write it.
    """
    of_months = span.months()
    if Span(of_months[0], Span.of_month(of_months[-1]).last_day) == span:
        return months(of_months[0], of_months[-1])
    first, last = day(span.first_day), day(span.last_day)
    return first if first == last else gettext("%(first)s to %(last)s") % {"first": first, "last": last}
