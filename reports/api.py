"""REST: what the State Library publishes: use at each library, flows between libraries, documents."""

from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.http import Http404
from rest_framework import serializers

from connecticard.api_filters import ChoiceFilter, NumberFilter, Parameters, YesNoFilter, fiscal_year_filter
from connecticard.api_paging import Paging
from connecticard.api_rendering import ComposedField, GivenField, LinkField, MomentField, Record
from connecticard.api_views import ListViewSet, ReadViewSet
from libraries.api import library_filter
from libraries.models import Library, LibraryName
from payments.api import RUN_KEY
from payments.explaining.flows import pairs
from payments.models import CountedFiling, Payment, PaymentRun
from reports.editions_api import EditionViewSet
from reports.history_api import HistoryViewSet
from reports.models import Document, DocumentKind
from transactions.models import reports_loans

# Records


class UseRecord(Record):
    """Use of the program at one public library in twelve months (3(a)). null is not reported; 0 is none."""

    library = serializers.CharField(source="key")
    library_name = serializers.CharField(source="name_then", help_text="The name at the end of the months.")
    town = serializers.IntegerField(source="town.number")
    town_name = serializers.CharField(source="town.name")
    participating = serializers.BooleanField(help_text="It took part on some day of the twelve months.")
    loans = serializers.IntegerField(source="loans_reported", allow_null=True)
    borrows = serializers.IntegerField(source="borrows_counted", allow_null=True)
    net_plus = serializers.IntegerField(source="net_plus_reported", allow_null=True)
    library_url = LinkField("libraries/{}/", "key")

    example = {
        "library": "CT0012",
        "library_name": "Bloomfield Public Library",
        "town": 11,
        "town_name": "Bloomfield",
        "participating": True,
        "loans": 60000,
        "borrows": 50000,
        "net_plus": 10000,
        "library_url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
    }


class FlowRecord(Record):
    """Units that one library lent on the cards of another in twelve months."""

    lender = serializers.CharField()
    lender_name = serializers.CharField()
    home_library = serializers.CharField()
    home_library_name = serializers.CharField()
    loans = serializers.IntegerField()

    example = {
        "lender": "CT0012",
        "lender_name": "Bloomfield Public Library",
        "home_library": "CT0190",
        "home_library_name": "Windsor Public Library",
        "loans": 9120,
    }


class DocumentRecord(Record):
    """A document made from a payment run or for its fiscal year, with the hash of each of its files."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in DocumentKind])
    title = serializers.CharField()
    payment_run = ComposedField(RUN_KEY, "run__fiscal_year", "run__number")
    library = serializers.CharField(source="library.key", allow_null=True)
    certified = serializers.BooleanField(help_text="It was made when its run was certified.")
    data_sha256 = serializers.CharField(help_text="Of the data shown.")
    pdf_sha256 = serializers.CharField()
    csv_sha256 = serializers.CharField()
    xlsx_sha256 = GivenField("xlsx_sha256", help_text="Null where there is no workbook.")
    json_sha256 = GivenField("json_sha256", help_text="Null where there is no JSON.")
    made_at = MomentField()
    url = LinkField("documents/{}/", "id")
    pdf_url = LinkField("/documents/{}.pdf", "id", help_text="To be fetched without a token once published.")
    csv_url = LinkField("/documents/{}.csv", "id", help_text="To be fetched without a token once published.")
    xlsx_url = LinkField(
        "/documents/{}.xlsx", "id", file="xlsx", allow_null=True, help_text="Null where there is no workbook."
    )
    json_url = LinkField(
        "/documents/{}.json",
        "id",
        file="json",
        allow_null=True,
        help_text="Null where there is none.",
    )
    payment_run_url = LinkField("payment-runs/" + RUN_KEY + "/", "run__fiscal_year", "run__number")
    library_url = LinkField("libraries/{}/", "library__key", allow_null=True)

    example = {
        "id": 12,
        "kind": "payment_statement",
        "title": "Payment statement FY2018: Bloomfield Public Library",
        "payment_run": "2018-1",
        "library": "CT0012",
        "certified": True,
        "data_sha256": "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "pdf_sha256": "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "csv_sha256": "5f0c9e4b7a1d3c2e6f8a0b1c4d7e9f2a3b5c6d8e0f1a2b4c5d7e8f9a0b1c3d5e",
        "xlsx_sha256": None,
        "json_sha256": None,
        "made_at": "2026-11-20T10:06:40-05:00",
        "url": "https://borrowit.example.org/api/v1/documents/12/",
        "pdf_url": "https://borrowit.example.org/documents/12.pdf",
        "csv_url": "https://borrowit.example.org/documents/12.csv",
        "xlsx_url": None,
        "json_url": None,
        "payment_run_url": "https://borrowit.example.org/api/v1/payment-runs/2018-1/",
        "library_url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
    }


# Parameters


class StatisticsParameters(Parameters):
    fiscal_year = fiscal_year_filter(
        method="already_chosen",
        required=True,
        help_text="State fiscal year whose payment measures the twelve months; its run must be published.",
    )

    def already_chosen(self, queryset: QuerySet[Any], name: str, value: int) -> QuerySet[Any]:
        return queryset  # the rows begin with the year's run


class UseParameters(StatisticsParameters):
    library = library_filter("key")
    town = NumberFilter("town__number", help_text="State number of a town.", least=1, greatest=999)
    participating = YesNoFilter("participating", help_text="Whether it took part.")


class FlowParameters(StatisticsParameters):
    lender = library_filter("lender", "Key of the library that lent.")
    home_library = library_filter("home_library", "Key of the library that issued the cards.")


class DocumentParameters(Parameters):
    fiscal_year = fiscal_year_filter(field_name="run__fiscal_year")
    kind = ChoiceFilter("kind", words=DocumentKind, help_text="What the document is.")
    library = library_filter("library__key")


# Routes


class StatisticsViewSet(ListViewSet):
    """Figures of a published payment run."""

    def published_run(self) -> PaymentRun:
        """Return the published run of the fiscal year asked for; Http404 where there is none."""
        year = self.parameters.values["fiscal_year"]
        run = PaymentRun.objects.published().filter(fiscal_year=year).first()
        if run is None:
            raise Http404(f"No payment run of fiscal year {year} is published.")
        return run


class UseViewSet(StatisticsViewSet):
    """Use at each public library of the state, participating or not, in the twelve months of a published
    payment run (3(a)), by key."""

    resource = "statistics-use"
    serializer_class = UseRecord
    filterset_class = UseParameters
    paging = Paging({"key": str})

    def get_queryset(self) -> QuerySet[Any]:
        run = self.published_run()
        measured = run.measured
        payment = Payment.objects.filter(run=run, library=OuterRef("pk"))
        counted = CountedFiling.objects.filter(run=run, filing__library=OuterRef("pk"))
        reporting = Exists(counted.filter(reports_loans("filing")))
        former = LibraryName.objects.filter(library=OuterRef("pk"), valid__contains=measured.last_day)
        return Library.objects.open_between(measured.first_day, measured.last_day).annotate(
            name_then=Coalesce(Subquery(former.values("name")[:1]), F("name")),
            participating=Exists(payment),
            loans_reported=Case(When(reporting, then=Subquery(payment.values("loans")))),
            borrows_counted=Subquery(payment.values("borrows")),
            net_plus_reported=Case(When(reporting, then=Subquery(payment.values("net_plus")))),
        )


class FlowViewSet(StatisticsViewSet):
    """What each library lent on the cards of each other library, in the twelve months of a published payment
    run, by lender and home library. Pairs without loans are left out."""

    resource = "statistics-flows"
    serializer_class = FlowRecord
    filterset_class = FlowParameters
    paging = Paging({"lender": str, "home_library": str}, size=1000, greatest_size=10_000)
    csv = "All pairs without pages, in the columns of the fields."

    def get_queryset(self) -> QuerySet[Any]:
        of = "filing__loan_counts__"
        return (
            pairs(self.published_run(), Q(**{f"{of}loans__gt": 0}))
            .values(
                lender=F("filing__library__key"),
                lender_name=F("filing__library__name"),
                home_library=F(f"{of}home_library__key"),
                home_library_name=F(f"{of}home_library__name"),
            )
            .annotate(loans=Sum(f"{of}loans"))
        )


class DocumentViewSet(ReadViewSet):
    """Documents made from published payment runs, and from the others for who may see unpublished runs."""

    resource = "documents"
    serializer_class = DocumentRecord
    filterset_class = DocumentParameters
    paging = Paging({"pk": int})
    lookup_url_kwarg, key_example = "id", "12"

    def get_queryset(self) -> QuerySet[Any]:
        return Document.objects.visible_to(self.request.user)

    def named(self, key: str) -> Q | None:
        return Q(pk=int(key)) if key.isascii() and key.isdecimal() and len(key) <= 18 else None


ROUTES = [
    ("editions", EditionViewSet),
    ("documents", DocumentViewSet),
    ("statistics/use", UseViewSet),
    ("statistics/flows", FlowViewSet),
    ("statistics/history", HistoryViewSet),
]
