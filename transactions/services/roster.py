"""The roster as the rules of filing read it: days open, letters, cadences, names."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import LetterOfAgreement, Library, LibrarySuccession
from transactions.models import ReportingCadence
from transactions.rules.filing_calendar import Cadence, DatedCadence, Span
from transactions.rules.filing_coverage import Days, days_covered


def days_of(valid: DateRange) -> Days:
    """Return a range of the database as its first and last day, both included."""
    return valid.lower, valid.upper and valid.upper - timedelta(days=1)


def range_of(span: Span) -> DateRange:
    """Return a span as a range of the database."""
    return DateRange(span.first_day, span.last_day + timedelta(days=1))


def letters_of(libraries: Iterable[Library]) -> dict[int, list[Days]]:
    """Return the days on which a letter of agreement is on file, by the id of the library."""
    found: dict[int, list[Days]] = {library.pk: [] for library in libraries}
    for letter in LetterOfAgreement.objects.filter(library__in=found):
        found[letter.library_id].append(days_of(letter.valid))
    return found


def covers(library: Library, period: Span) -> Span | None:
    """Return the days of a period for which the library owes a filing; None where there are none."""
    return days_covered(period, days_of(library.open_during), letters_of([library])[library.pk])


def cadences_of(libraries: Iterable[Library]) -> dict[int, list[DatedCadence]]:
    """Return the cadences on record, in order, by the id of the library."""
    found: dict[int, list[DatedCadence]] = {library.pk: [] for library in libraries}
    for row in ReportingCadence.objects.filter(library__in=found).order_by("valid"):
        first_day, last_day = days_of(row.valid)
        found[row.library_id].append((Cadence(row.cadence), first_day, last_day))
    return found


def library_names() -> dict[str, str]:
    """Return the name of each library by its key."""
    return dict(Library.objects.values_list("key", "name"))


def names_with_keys() -> dict[str, str]:
    """Return the name and key of each library by its key, for people who work with keys."""
    return {key: f"{name} ({key})" for key, name in library_names().items()}


def successors() -> dict[str, str]:
    """Return the key of the library that succeeded another, by the key of the closed one."""
    return dict(LibrarySuccession.objects.values_list("predecessor__key", "successor__key"))
