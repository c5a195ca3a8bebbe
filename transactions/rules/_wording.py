"""How the filing rules write a day, a month and a span in a sentence, so that all of them write it alike."""

from datetime import date

from transactions.rules.filing_calendar import Span


def written_day(day: date) -> str:
    """Return a day as people write it: March 8, 2027."""
    return f"{day:%B} {day.day}, {day.year}"


def written_month(month: date) -> str:
    """Return the month of a day as people write it: March 2027."""
    return f"{month:%B} {month.year}"


def written_span(span: Span) -> str:
    """Return whole months by name (March 2026 to August 2026), any other span by its days."""
    months = span.months()
    whole = Span(months[0], Span.of_month(months[-1]).last_day) == span
    first, last = (
        (written_month(months[0]), written_month(months[-1]))
        if whole
        else (written_day(span.first_day), written_day(span.last_day))
    )
    return first if first == last else f"{first} to {last}"
