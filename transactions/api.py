"""REST: what libraries file."""

import re
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from rest_framework import serializers

from connecticard.api_filters import (
    ChoiceFilter,
    DayFilter,
    Parameters,
    TextFilter,
    YesNoFilter,
    fiscal_year_filter,
)
from connecticard.api_paging import Paging
from connecticard.api_rendering import ComposedField, LastDayField, LinkField, MomentField, Record
from connecticard.api_views import ListViewSet, ReadViewSet
from connecticard.permissions import Action, libraries_for
from libraries.api import library_filter
from transactions.models import Filing, FilingBasis, FilingPeriod, LoanCount, Provenance
from transactions.rules.filing_calendar import Cadence, measurement_period
from transactions.rules.filing_status import FilingStatus

PERIOD_KEY = "{}-{}"
_PERIOD = "period__cadence", "period__first_day"
FILING_KEY = "{}-{}-{}-{}"
_FILING = "library__key", *_PERIOD, "version"

# Records


class FilingPeriodRecord(Record):
    """A stretch of months for which libraries of one cadence file, with its dates (2(a))."""

    id = ComposedField(PERIOD_KEY, "cadence", "first_day", help_text="Cadence and first day.")
    cadence = serializers.ChoiceField(choices=[item.value for item in Cadence])
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    opens_on = serializers.DateField(help_text="First day on which counts may be entered.")
    law_due_on = serializers.DateField(
        help_text="Last day on time by the law, to 23:59:59 Eastern; payment is judged by it."
    )
    due_on = serializers.DateField(help_text="Day by which libraries are asked to file.")
    accepted_until = serializers.DateField(help_text="Last day on which a late filing is accepted.")
    closes_on = serializers.DateField(help_text="Last day on which anything may be entered.")
    url = LinkField("filing-periods/" + PERIOD_KEY + "/", "cadence", "first_day")

    example = {
        "id": "semiannual-2026-03-01",
        "cadence": "semiannual",
        "first_day": "2026-03-01",
        "last_day": "2026-08-31",
        "opens_on": "2026-03-01",
        "law_due_on": "2026-09-08",
        "due_on": "2026-09-08",
        "accepted_until": "2027-03-31",
        "closes_on": "2027-06-30",
        "url": "https://borrowit.example.org/api/v1/filing-periods/semiannual-2026-03-01/",
    }


class FilingRecord(Record):
    """A library's record of the units it lent in one filing period, in one version (2(a))."""

    id = ComposedField(FILING_KEY, *_FILING, help_text="Library, cadence, first day of the period, version.")
    library = serializers.CharField(source="library.key")
    library_name = serializers.CharField(source="library.name")
    period = ComposedField(PERIOD_KEY, *_PERIOD)
    first_day = serializers.DateField(source="covers__startswith", help_text="Of the days that it speaks of.")
    last_day = LastDayField("covers")
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=[item.value for item in FilingStatus])
    counts = serializers.BooleanField(
        source="standing", help_text="Certified, and no later certified version replaces it."
    )
    basis = serializers.ChoiceField(choices=[item.value for item in FilingBasis])
    nothing_lent = serializers.BooleanField(help_text="Said for the whole filing: a zero return.")
    provenance = serializers.ChoiceField(choices=[item.value for item in Provenance])
    provenance_note = serializers.CharField()
    form_edition = serializers.CharField()
    amends_because = serializers.CharField(help_text="Reason for a later version.")
    returned_because = serializers.CharField()
    first_submitted_at = MomentField(allow_null=True)
    submitted_at = MomentField(allow_null=True)
    certified_at = MomentField(allow_null=True)
    superseded_at = MomentField(allow_null=True)
    sha256 = serializers.CharField(help_text="Of its content; empty while it is a draft.")
    url = LinkField("filings/" + FILING_KEY + "/", *_FILING)
    loan_counts_url = LinkField("filings/" + FILING_KEY + "/loan-counts/", *_FILING)
    library_url = LinkField("libraries/{}/", "library__key")
    period_url = LinkField("filing-periods/" + PERIOD_KEY + "/", *_PERIOD)

    example = {
        "id": "CT0012-semiannual-2026-03-01-1",
        "library": "CT0012",
        "library_name": "Bloomfield Public Library",
        "period": "semiannual-2026-03-01",
        "first_day": "2026-03-01",
        "last_day": "2026-08-31",
        "version": 1,
        "status": "certified",
        "counts": True,
        "basis": "by_month",
        "nothing_lent": False,
        "provenance": "filed",
        "provenance_note": "",
        "form_edition": "2026-03",
        "amends_because": "",
        "returned_because": "",
        "first_submitted_at": "2026-09-04T10:12:31-04:00",
        "submitted_at": "2026-09-04T10:12:31-04:00",
        "certified_at": "2026-09-07T16:40:02-04:00",
        "superseded_at": None,
        "sha256": "6b1f0d1d3a5f7c0e8d1f2a4b6c8e0f1a3b5d7f9e1c3a5b7d9f0e2c4a6b8d0f1e",
        "url": "https://borrowit.example.org/api/v1/filings/CT0012-semiannual-2026-03-01-1/",
        "loan_counts_url": "https://borrowit.example.org/api/v1/filings/CT0012-semiannual-2026-03-01-1/loan-counts/",
        "library_url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
        "period_url": "https://borrowit.example.org/api/v1/filing-periods/semiannual-2026-03-01/",
    }


class LoanCountRecord(Record):
    """Units lent on the cards of one home library in one month, or in the whole period."""

    home_library = serializers.CharField(source="home_library.key")
    month = serializers.DateField(allow_null=True, help_text="Its first day; null for a period total.")
    loans = serializers.IntegerField(
        allow_null=True, help_text="Null where the library says that it has no count."
    )

    example = {"home_library": "CT0001", "month": "2026-03-01", "loans": 412}


# Parameters


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


# Routes


class FilingPeriodViewSet(ReadViewSet):
    """Filing periods with their dates, the first first."""

    resource = "filing-periods"
    serializer_class = FilingPeriodRecord
    filterset_class = FilingPeriodParameters
    paging = Paging({"first_day": date, "cadence": str})
    lookup_url_kwarg, key_example = "id", "semiannual-2026-03-01"

    def get_queryset(self) -> QuerySet[Any]:
        return FilingPeriod.objects.all()

    def named(self, key: str) -> Q | None:
        found = re.fullmatch(r"([a-z]+)-([0-9]{4}-[0-9]{2}-[0-9]{2})", key)
        first_day = found and _day(found[2])
        return Q(cadence=found[1], first_day=first_day) if found and first_day else None


class FilingViewSet(ReadViewSet):
    """Filings of the libraries whose private pages you may see, in every state, in order of their making."""

    resource = "filings"
    serializer_class = FilingRecord
    filterset_class = FilingParameters
    paging = Paging({"pk": int})
    lookup_url_kwarg, key_example = "id", "CT0012-semiannual-2026-03-01-1"

    def get_queryset(self) -> QuerySet[Any]:
        return _visible_filings(self.request.user)

    def named(self, key: str) -> Q | None:
        return _filing_named(key)


class LoanCountViewSet(ListViewSet):
    """The loan counts of one filing, by home library and month. No row is a blank; 0 says none were lent,
    null that they were not counted."""

    resource = "loan-counts"
    serializer_class = LoanCountRecord
    filterset_class = LoanCountParameters
    paging = Paging(
        {"home_library__key": str, "month": date},
        may_be_empty=frozenset({"month"}),
        size=2500,
        greatest_size=10_000,
    )
    path_examples = {"filing": "CT0012-semiannual-2026-03-01-1"}

    def get_queryset(self) -> QuerySet[Any]:
        key = self.kwargs["filing"]
        condition = _filing_named(key)
        filing = _visible_filings(self.request.user).filter(condition).first() if condition else None
        if filing is None:
            raise Http404(f"There is no filing {key!r} that you may see.")
        return LoanCount.objects.filter(filing=filing)


def _visible_filings(user: Any) -> QuerySet[Any]:
    libraries = libraries_for(user, Action.VIEW_LIBRARY).values("pk")
    return Filing.objects.filter(library__in=libraries).annotate(
        standing=Q(status=FilingStatus.CERTIFIED, superseded_at__isnull=True)
    )


def _filing_named(key: str) -> Q | None:
    found = re.fullmatch(r"([^\0]+)-([a-z]+)-([0-9]{4}-[0-9]{2}-[0-9]{2})-([1-9][0-9]{0,3})", key)
    first_day = found and _day(found[3])
    if not found or not first_day:
        return None
    return Q(
        library__key=found[1], period__cadence=found[2], period__first_day=first_day, version=int(found[4])
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


ROUTES = [
    ("filing-periods", FilingPeriodViewSet),
    ("filings", FilingViewSet),
    ("filings/<str:filing>/loan-counts", LoanCountViewSet),
]
