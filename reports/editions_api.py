"""REST: editions of the annual reports, what changed in each, their documents and their box."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connecticard.api_filters import Parameters, fiscal_year_filter
from connecticard.api_paging import Paging
from connecticard.api_rendering import (
    API_ROOT,
    ComposedField,
    Computed,
    GivenField,
    LinkField,
    ListOf,
    MomentField,
    Record,
)
from connecticard.api_views import ReadViewSet
from payments.api import RUN_KEY
from payments.rules.payment_run_status import PaymentRunStatus
from reports.models import Edition, EditionDocument
from reports.models.document import ANNUAL, DocumentKind
from reports.rules.edition_status import EditionStatus, status_of
from reports.stored_contents import contents_of

EDITION_KEY = "{}-{}"
_EDITION = "fiscal_year", "number"


# Fields


class StatusField(Computed, serializers.ChoiceField):
    """Where an edition stands, by the times of its steps."""

    columns = ("reviewed_at", "certified_at", "published_at")

    def __init__(self) -> None:
        super().__init__(choices=[status.value for status in EditionStatus])

    def read(self, *values: Any) -> str:
        reviewed, certified, published = (value is not None for value in values)
        return status_of(reviewed=reviewed, certified=certified, published=published).value


class WithdrawnField(Computed, serializers.BooleanField):
    """Whether the run whose figures an edition has was voided since."""

    columns = ("run__status",)

    def read(self, *values: Any) -> bool:
        return bool(values[0] == PaymentRunStatus.VOID)


# Records


class EditionReportRecord(Record):
    """One of the three annual reports of an edition."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in ANNUAL])
    document = serializers.IntegerField(help_text="Its id among the documents.")
    page_url = serializers.URLField(help_text="Its page, which never changes.")
    document_url = serializers.URLField()


class ChangedFigureRecord(Record):
    """A figure that stands otherwise than in the edition before, as both write it."""

    report = serializers.ChoiceField(choices=[kind.value for kind in ANNUAL])
    line = serializers.CharField(help_text="The line in which it stands, such as a library.")
    figure = serializers.CharField(help_text="The heading of its column.")
    before = serializers.CharField()
    now = serializers.CharField()


class ReportsField(ListOf):
    """The annual reports of an edition, from their kinds and ids, each with its addresses."""

    def __init__(self) -> None:
        super().__init__(EditionReportRecord(), "reports_made")
        self.columns = (*_EDITION, "reports_made")

    def read(self, *values: Any) -> list[Any]:
        fiscal_year, number, reports = values
        root: str = self.context["root"]
        site = root.removesuffix(API_ROOT)
        order = [kind.value for kind in ANNUAL]
        return [
            {
                "kind": report["kind"],
                "document": report["id"],
                "page_url": f"{site}/reports/{fiscal_year}/edition-{number}/"
                f"{quote(DocumentKind(report['kind']).slug)}/",
                "document_url": f"{root}documents/{report['id']}/",
            }
            for report in sorted(reports, key=lambda report: order.index(report["kind"]))
        ]


class EditionRecord(Record):
    """One issue of a fiscal year's three annual reports (3(a) to (c))."""

    id = ComposedField(EDITION_KEY, *_EDITION)
    fiscal_year = serializers.IntegerField()
    number = serializers.IntegerField(help_text="Counts on within the fiscal year.")
    status = StatusField()
    withdrawn = WithdrawnField(help_text="The run whose figures it has was voided since.")
    reason = serializers.CharField(help_text="Why there is this edition; empty for the first.")
    correction = serializers.IntegerField(
        source="correction.number",
        allow_null=True,
        help_text="Number of the correction statement that it follows.",
    )
    payment_run = ComposedField(RUN_KEY, "run__fiscal_year", "run__number")
    certified_at = MomentField(allow_null=True)
    published_at = MomentField(allow_null=True)
    reports = ReportsField()
    box_sha256 = GivenField("box__sha256", help_text="Of the box; null until it is made.")
    url = LinkField("editions/" + EDITION_KEY + "/", *_EDITION)
    year_url = LinkField("/reports/{}/", "fiscal_year", help_text="The page of the year's editions.")
    box_url = LinkField(
        "/reports/{}/edition-{}/box.zip",
        *_EDITION,
        file="box__file",
        allow_null=True,
        help_text="All of it in one ZIP; null until it is made.",
    )
    payment_run_url = LinkField("payment-runs/" + RUN_KEY + "/", "run__fiscal_year", "run__number")

    example = {
        "id": "2018-1",
        "fiscal_year": 2018,
        "number": 1,
        "status": "published",
        "withdrawn": False,
        "reason": "",
        "correction": None,
        "payment_run": "2018-1",
        "certified_at": "2026-11-24T09:30:00-05:00",
        "published_at": "2026-11-24T10:00:00-05:00",
        "reports": [
            {
                "kind": "use_report",
                "document": 207,
                "page_url": "https://borrowit.example.org/reports/2018/edition-1/use-report/",
                "document_url": "https://borrowit.example.org/api/v1/documents/207/",
            }
        ],
        "box_sha256": "4d1e0f2a3b5c6d8e9f7a1b2c4d6e8f0a1b3c5d7e9f2a4b6c8d0e1f3a5b7c9d0e",
        "url": "https://borrowit.example.org/api/v1/editions/2018-1/",
        "year_url": "https://borrowit.example.org/reports/2018/",
        "box_url": "https://borrowit.example.org/reports/2018/edition-1/box.zip",
        "payment_run_url": "https://borrowit.example.org/api/v1/payment-runs/2018-1/",
    }


class EditionDetail(EditionRecord):
    """An edition with every figure that it changed."""

    changed = ChangedFigureRecord(many=True)

    example = {
        **EditionRecord.example,
        "changed": [],
    }


# Route


class EditionParameters(Parameters):
    fiscal_year = fiscal_year_filter()


class EditionViewSet(ReadViewSet):
    """Published editions of the annual reports, and drafts for who may see unpublished runs, by fiscal year
    and number. An edition by itself also says each figure that it changed."""

    resource = "editions"
    serializer_class = EditionRecord
    detail_class = EditionDetail
    filterset_class = EditionParameters
    paging = Paging({"fiscal_year": int, "number": int}, descending=True)
    lookup_url_kwarg, key_example = "id", "2018-1"

    def get_queryset(self) -> QuerySet[Any]:
        reports = EditionDocument.objects.filter(edition=OuterRef("pk")).order_by("pk")
        made = ArraySubquery(reports.values(made=JSONObject(kind=F("kind"), id=F("document_id"))))
        found: QuerySet[Any] = Edition.objects.visible_to(self.request.user).annotate(reports_made=made)
        return found

    def retrieve(self, request: Request, **parts: str) -> Response:
        """Return one edition with what it changed."""
        found = super().retrieve(request, **parts)
        found.data["changed"] = list(_changed(found.data["fiscal_year"], found.data["number"]))
        return found

    def named(self, key: str) -> Q | None:
        found = re.fullmatch(r"([0-9]{4})-([1-9][0-9]{0,3})", key)
        return Q(fiscal_year=int(found[1]), number=int(found[2])) if found else None


def _changed(fiscal_year: int, number: int) -> Iterator[dict[str, str]]:
    """Yield every figure that stands otherwise than in the edition before, as the reports say."""
    if number == 1:
        return
    reports = EditionDocument.objects.filter(edition__fiscal_year=fiscal_year, edition__number=number)
    for report in reports.select_related("document").order_by("pk"):
        changes = contents_of(report.document).changes
        for figure in changes.figures if changes else ():
            yield {
                "report": report.kind,
                "line": figure.line,
                "figure": figure.figure,
                "before": figure.before,
                "now": figure.now,
            }
