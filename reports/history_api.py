"""REST: the program through the years, every figure with its kind and source."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connecticard import clock
from connecticard.api_filters import ChoiceFilter, Parameters, TextFilter, fiscal_year_filter, refuse_unknown
from connecticard.api_paging import PARAMETERS, Paging
from connecticard.api_rendering import LinkField, Record
from connecticard.api_views import ListViewSet
from libraries.models import Library
from payments.models import Measure
from payments.past_years.history import HistoryFigure, figures
from transactions.models import Provenance

STATE = "state"


class HistoryRecord(Record):
    """What one source says of a past fiscal year. null was not reported, which is not 0; a year without a
    record is not known."""

    subject = serializers.CharField(help_text=f"“{STATE}”, or the key of a library.")
    measure = serializers.ChoiceField(
        choices=[item.value for item in Measure],
        help_text="loans: units lent in the twelve months that the year's payment measures.",
    )
    fiscal_year = serializers.IntegerField()
    value = serializers.IntegerField(allow_null=True, help_text="Units, or cents of money.")
    kind = serializers.ChoiceField(
        choices=[item.value for item in Provenance],
        help_text="published by the State Library, estimated, or filed by libraries and published here. "
        "Do not add up figures of different kinds, nor take a sum of libraries for the state's.",
    )
    source = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    library_url = LinkField("libraries/{}/", "subject", allow_null=True)

    example = {
        "subject": "CT0012",
        "measure": "loans",
        "fiscal_year": 2018,
        "value": 60000,
        "kind": "published",
        "source": "Connecticut State Library, Connecticut’s Public Libraries: A Statistical Profile, FY2018",
        "note": "",
        "library_url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
    }


class HistoryParameters(Parameters):
    subject = TextFilter(
        method="already_chosen",
        help_text=f"“{STATE}”, or the key of a library; every subject where left out.",
    )
    measure = ChoiceFilter(method="already_chosen", words=Measure, help_text="What the figure counts.")
    fiscal_year = fiscal_year_filter(method="already_chosen")
    kind = ChoiceFilter(method="already_chosen", words=Provenance, help_text="Where the figure comes from.")

    def already_chosen(self, queryset: QuerySet[Any], name: str, value: object) -> QuerySet[Any]:
        return queryset  # the figures are gathered from several records, and chosen there


class HistoryViewSet(ListViewSet):
    """Figures of past fiscal years, of the state and of each library, by subject, measure, year and kind.
    Nothing of a year is filed here before its payments are published."""

    resource = "statistics-history"
    serializer_class = HistoryRecord
    filterset_class = HistoryParameters
    paging = Paging({"subject": str, "measure": str, "fiscal_year": int, "kind": str, "source": str})

    def list(self, request: Request, **parts: str) -> Response:
        """Return one page."""
        refuse_unknown(request.query_params, {*PARAMETERS, *self.filterset_class.base_filters})
        chosen = self.parameters.values
        subject = chosen.pop("subject")
        keys = dict(Library.objects.values_list("pk", "key"))
        wanted = [pk for pk, key in keys.items() if key == subject] if subject else None
        link = self.record.fields["library_url"]
        results = [
            _row(figure, keys, link)
            for figure in figures(state=subject in ("", None, STATE), libraries=wanted, today=clock.today())
            if all(value in (None, getattr(figure, name)) for name, value in chosen.items())
        ]
        return Response(self.paging.page_of_rows(request, results))


def _row(figure: HistoryFigure, keys: dict[int, str], link: Any) -> dict[str, Any]:
    key = keys[figure.library_id] if figure.library_id is not None else None
    return {
        "subject": key or STATE,
        "measure": figure.measure.value,
        "fiscal_year": figure.fiscal_year,
        "value": figure.value,
        "kind": figure.kind.value,
        "source": figure.source,
        "note": figure.note,
        "library_url": link.read(key),
    }
