"""Which filings and counts a request asks for: query parameters, and the keys in addresses."""

import re
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from connecticard.api_filters import (
    ChoiceFilter,
    DayFilter,
    Parameters,
    TextFilter,
    YesNoFilter,
    fiscal_year_filter,
)
from libraries.api import library_filter
from transactions.rules.filing_calendar import Cadence, measurement_period
from transactions.rules.filing_status import FilingStatus
from transactions.rules.receipt_numbers import ReceiptKind


class FilingPeriodParameters(Parameters):
    cadence = ChoiceFilter("cadence", words=Cadence, help_text="How often is filed.")
    fiscal_year = fiscal_year_filter(
        method="measured_for", help_text="Periods measured for the payment of this state fiscal year."
    )
    on = DayFilter(method="holding", help_text="Periods that this day falls in.")

    def measured_for(self, queryset: QuerySet[Any], name: str, value: int) -> QuerySet[Any]:
        span = measurement_period(value)
        return queryset.filter(first_day__gte=span.first_day, last_day__lte=span.last_day)

    def holding(self, queryset: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return queryset.filter(first_day__lte=value, last_day__gte=value)


class FilingParameters(Parameters):
    library = library_filter("library__key")
    fiscal_year = fiscal_year_filter(
        method="measured_for", help_text="Filings measured for the payment of this state fiscal year."
    )
    cadence = ChoiceFilter("period__cadence", words=Cadence, help_text="How often is filed.")
    status = ChoiceFilter("status", words=FilingStatus, help_text="Where the version stands.")
    counts = YesNoFilter("standing", help_text="Certified, and no later certified version replaces it.")

    def measured_for(self, queryset: QuerySet[Any], name: str, value: int) -> QuerySet[Any]:
        span = measurement_period(value)
        return queryset.filter(period__first_day__gte=span.first_day, period__last_day__lte=span.last_day)


class LoanCountParameters(Parameters):
    home_library = TextFilter("home_library__key", help_text="Key of the home library that issued the cards.")
    month = DayFilter("month", help_text="First day of a month.")


class ReceiptParameters(Parameters):
    library = library_filter("library__key")
    kind = ChoiceFilter("kind", words=ReceiptKind, help_text="Of a submission or a certificate.")
    filing = TextFilter(method="of_filing", help_text="Id of the filing that it was given for.")

    def of_filing(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        condition = filing_named(value)
        return queryset.filter(condition) if condition is not None else queryset.none()


# Keys


def period_named(key: str) -> Q | None:
    """Return the condition for the filing period that a key names; None where none can have it."""
    found = re.fullmatch(r"([a-z]+)-([0-9]{4}-[0-9]{2}-[0-9]{2})", key)
    first_day = found and day_of(found[2])
    return Q(cadence=found[1], first_day=first_day) if found and first_day else None


def filing_named(key: str) -> Q | None:
    """Return the condition for the version of a filing that a key names; None where none can have it."""
    found = re.fullmatch(r"([^\0]+)-([a-z]+)-([0-9]{4}-[0-9]{2}-[0-9]{2})-([1-9][0-9]{0,3})", key)
    first_day = found and day_of(found[3])
    if not found or not first_day:
        return None
    return Q(
        library__key=found[1], period__cadence=found[2], period__first_day=first_day, version=int(found[4])
    )


def day_of(text: str) -> date | None:
    """Return a day as addresses write it; None where there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
