"""The towns that libraries normally serve, as the rules take them, read from residency on record."""

from collections.abc import Collection
from datetime import date, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import Library, Residency
from transactions.rules.reportable_loans import Service, TownsServed


def towns_served(libraries: Collection[int] | None = None) -> TownsServed:
    """Return the towns that libraries served, by library key and town name; of these ids only, where given.

    A library serves the town where it stands while it is open, and each town of its residency rows.

    Source: Regs. Conn. State Agencies § 11-31c-1(c), (f).
    """
    standing = Library.objects.all()
    residencies = Residency.objects.all()
    if libraries is not None:
        standing = standing.filter(pk__in=libraries)
        residencies = residencies.filter(library__in=libraries)
    rows = [
        *standing.values_list("town__name", "key", "open_during"),
        *residencies.values_list("town__name", "library__key", "valid"),
    ]
    return TownsServed(Service(town, key, *_days(days)) for town, key, days in rows)


def _days(days: DateRange) -> tuple[date | None, date | None]:
    return days.lower, days.upper and days.upper - timedelta(days=1)
