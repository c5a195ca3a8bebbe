"""How the payment rules write a date in a sentence, so that all of them write it alike."""

from datetime import date


def written(day: date) -> str:
    """Return a day as people write it: March 8, 2027."""
    return f"{day:%B} {day.day}, {day.year}"


def written_period(first_day: date, last_day: date) -> str:
    """Return a period as people write it: March 1, 2026 to August 31, 2026."""
    return f"{written(first_day)} to {written(last_day)}"
