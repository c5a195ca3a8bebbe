"""REST: how libraries spent what they received."""

import re
from collections.abc import Sequence
from typing import Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from connecticard import clock, permissions
from connecticard.api_bodies import JsonBody, a_key, a_list, a_text, an_object, or_null
from connecticard.api_filters import ChoiceFilter, Parameters, YesNoFilter, fiscal_year_filter
from connecticard.api_paging import Paging
from connecticard.api_problems import PROBLEMS, Mistake, Refused
from connecticard.api_rendering import (
    API_ROOT,
    ComposedField,
    LinkField,
    ListOf,
    MomentField,
    Record,
    rows,
)
from connecticard.api_views import ReadViewSet
from connecticard.api_writing import Answer, Write, WritingView, answer_of, conflict, refuse_changed, writes
from connecticard.locks import share_payment_inputs
from connecticard.models import User
from connecticard.permissions import Action, libraries_for
from connecticard.second_factor import SecondFactorRefused, confirm
from libraries.api import library_filter
from libraries.models import Library
from payments import expenditure_services as services
from payments.api_fields import DollarsField
from payments.models import ExpenditureLine, ExpenditureReport
from payments.rules.cents import plain_dollars
from transactions.rules.filing_status import FilingStatus

REPORT_KEY = "{}-{}-{}"
MOST_CATEGORIES = 100
_REPORT = "library__key", "fiscal_year", "version"
_DOLLARS = {
    "type": "string",
    "pattern": r"^(0|[1-9][0-9]{0,9})\.[0-9]{2}$",
    "description": "Dollars with two decimals.",
    "examples": ["8000.00"],
}
A_CODE = {
    "type": "string",
    "pattern": "^[A-Za-z0-9-]{6,20}$",
    "description": "What your authenticator app shows now, or an unused recovery code. Each works once.",
    "examples": ["123456"],
}

# Records


class SpendingRecord(Record):
    """Money spent in one category."""

    category = serializers.CharField()
    amount = DollarsField("cents")
    note = serializers.CharField()


class SpendingField(ListOf):
    """The lines of an expenditure report, from a column of them with cents."""

    def read(self, *values: Any) -> list[Any]:
        return [
            {"category": line["category"], "amount": plain_dollars(line["cents"]), "note": line["note"]}
            for line in super().read(*values)
        ]


class ExpenditureReportRecord(Record):
    """How a library spent the money that it received in a state fiscal year, in one version (2(e), 4(d))."""

    id = ComposedField(REPORT_KEY, *_REPORT, help_text="Library, fiscal year of receipt, version.")
    library = serializers.CharField(source="library.key")
    library_name = serializers.CharField(source="library.name")
    fiscal_year = serializers.IntegerField(help_text="State fiscal year of receipt.")
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=[item.value for item in FilingStatus])
    counts = serializers.BooleanField(
        source="standing", help_text="Certified, and no later certified version replaces it."
    )
    received = DollarsField("received_cents", allow_null=True)
    unspent = DollarsField("unspent_cents", allow_null=True, help_text="Still held for the library.")
    spent = SpendingField(SpendingRecord(), "spending")
    amends_because = serializers.CharField(help_text="Reason for a later version.")
    returned_because = serializers.CharField(help_text="What is to be changed, where it was returned.")
    first_submitted_at = MomentField(allow_null=True)
    submitted_at = MomentField(allow_null=True)
    certified_at = MomentField(allow_null=True)
    superseded_at = MomentField(allow_null=True)
    certificate = serializers.CharField(
        source="attestation", help_text="The words under which it was certified; empty until it is."
    )
    sha256 = serializers.CharField(help_text="Of its content; empty while it is a draft.")
    url = LinkField("expenditure-reports/" + REPORT_KEY + "/", *_REPORT)
    library_url = LinkField("libraries/{}/", "library__key")

    example = {
        "id": "CT0012-2025-1",
        "library": "CT0012",
        "library_name": "Bloomfield Public Library",
        "fiscal_year": 2025,
        "version": 1,
        "status": "certified",
        "counts": True,
        "received": "8107.23",
        "unspent": "107.23",
        "spent": [{"category": "materials", "amount": "8000.00", "note": ""}],
        "amends_because": "",
        "returned_because": "",
        "first_submitted_at": "2026-10-20T11:02:00-04:00",
        "submitted_at": "2026-10-20T11:02:00-04:00",
        "certified_at": "2026-10-21T09:15:00-04:00",
        "superseded_at": None,
        "certificate": "I certify for my library that this report is accurate and complete, and that no part "
        "of the money went back to the general fund of a town.",
        "sha256": "6b1f0d1d3a5f7c0e8d1f2a4b6c8e0f1a3b5d7f9e1c3a5b7d9f0e2c4a6b8d0f1e",
        "url": "https://borrowit.example.org/api/v1/expenditure-reports/CT0012-2025-1/",
        "library_url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
    }


DRAFT = ExpenditureReportRecord.example | {
    "status": "draft",
    "counts": False,
    "first_submitted_at": None,
    "submitted_at": None,
    "certified_at": None,
    "certificate": "",
    "sha256": "",
}
_SUBMITTED = {
    name: ExpenditureReportRecord.example[name] for name in ("first_submitted_at", "submitted_at", "sha256")
}


# Parameters


class ExpenditureReportParameters(Parameters):
    library = library_filter("library__key")
    fiscal_year = fiscal_year_filter(field_name="fiscal_year", help_text="State fiscal year of receipt.")
    status = ChoiceFilter("status", words=FilingStatus, help_text="Where the version stands.")
    counts = YesNoFilter("standing", help_text="Certified, and no later certified version replaces it.")


# Routes


class ExpenditureReports(WritingView):
    """What every route of expenditure reports has in common."""

    def get_queryset(self) -> QuerySet[Any]:
        libraries = libraries_for(self.request.user, Action.VIEW_LIBRARY).values("pk")
        lines = ExpenditureLine.objects.filter(report=OuterRef("pk")).order_by("pk")
        columns = ("category", "cents", "note")
        return ExpenditureReport.objects.filter(library__in=libraries).annotate(
            standing=Q(status=FilingStatus.CERTIFIED, superseded_at__isnull=True),
            spending=ArraySubquery(lines.values(row=JSONObject(**{name: F(name) for name in columns}))),
        )

    def as_read(self, request: Request, key: str) -> ExpenditureReport:
        """Return the report under a key, held, where it is as If-Match says; Http404 where there is none."""
        share_payment_inputs()  # before the report's row, as the services do
        condition = report_named(key)
        reports = ExpenditureReport.objects.select_for_update(of=("self",))
        visible = self.get_queryset().filter(condition or Q(pk__in=()))
        report = reports.filter(pk__in=visible.values("pk")).first()
        if report is None:
            raise Http404(f"There is no expenditure report {key!r} that you may see.")
        refuse_changed(request, self.row(report))
        return report

    def row(self, report: ExpenditureReport) -> dict[str, Any]:
        return rows(self.get_queryset().filter(pk=report.pk), self.report_record)[0][0]

    def shown(self, report: ExpenditureReport, *, new: bool = False) -> Answer:
        row = self.row(report)
        return answer_of(self.report_record, row, location=row["url"] if new else "")

    @property
    def report_record(self) -> Record:
        return ExpenditureReportRecord(context={"root": self.request.build_absolute_uri(API_ROOT)})

    def refusal_of(self, error: Exception) -> Refused | None:
        if isinstance(error, services.NotAccurate):
            return _not_accurate(error)
        return conflict(str(error)) if isinstance(error, services.ExpenditureRefused) else None


class ExpenditureReportViewSet(ExpenditureReports, ReadViewSet):
    """Expenditure reports of the libraries whose private pages you may see, in order of their making."""

    resource = "expenditure-reports"
    serializer_class = ExpenditureReportRecord
    filterset_class = ExpenditureReportParameters
    paging = Paging({"pk": int})
    lookup_url_kwarg, key_example = "id", "CT0012-2025-1"

    def named(self, key: str) -> Q | None:
        return report_named(key)

    @writes(
        Write(
            "start-expenditure-report",
            "Begin an expenditure report",
            body=JsonBody(
                an_object(
                    {
                        "library": a_key("Key of the library.", example="CT0012"),
                        "fiscal_year": {
                            "type": "integer",
                            "minimum": 1990,
                            "maximum": 2999,
                            "description": "State fiscal year in which the money was received.",
                        },
                    }
                ),
                {"library": "CT0012", "fiscal_year": 2025},
            ),
            answers=ExpenditureReportRecord,
            example=DRAFT,
            status=201,
            says="The draft, with what the ledger says was received.",
            refusals={409: "It is begun or certified already, the year has not ended, or nothing is owed."},
        )
    )
    def create(self, request: Request, *, body: Any) -> Answer:
        """Begin the report on the money that a library received in a state fiscal year (2(e))."""
        by, year = cast(User, request.user), body["fiscal_year"]
        library = libraries_for(by, Action.ENTER_EXPENDITURE).filter(key=body["library"]).first()
        if library is None:
            raise Http404(f"There is no library {body['library']!r} for which you may enter a report.")
        Library.objects.select_for_update(of=("self",)).get(pk=library.pk)
        if library.expenditure_reports.filter(fiscal_year=year).exists():
            latest = library.expenditure_reports.filter(fiscal_year=year).order_by("-version")[0]
            detail = f"The report on fiscal year {year} is on record: {self.row(latest)['id']}."
            raise conflict(detail, "Go on with it; where it is certified, reopen it with a reason.")
        return self.shown(
            services.start_report(library=library, fiscal_year=year, by=by, at=clock.now()), new=True
        )

    @writes(
        Write(
            "save-expenditure-report",
            "Save an expenditure report",
            body=JsonBody(
                an_object(
                    {
                        "spent": a_list(
                            an_object(
                                {
                                    "category": a_key(
                                        "Code of a category of the form; a wrong one is answered with all.",
                                        example="materials",
                                    ),
                                    "amount": _DOLLARS,
                                    "note": a_text("What the money went to.", most=250, may_be_empty=True),
                                },
                                optional=["note"],
                            ),
                            most=MOST_CATEGORIES,
                            description="A line for each category in which money was spent.",
                        ),
                        "unspent": or_null(_DOLLARS | {"description": "Still held for the library."}),
                        "received": or_null(
                            _DOLLARS
                            | {"description": "Counts only where the ledger does not say what was received."}
                        ),
                    },
                    optional=["received"],
                ),
                {
                    "spent": [{"category": "materials", "amount": "8000.00", "note": "large-print books"}],
                    "unspent": "107.23",
                },
            ),
            answers=ExpenditureReportRecord,
            example=DRAFT,
            if_match=True,
            refusals={
                409: "It is submitted or certified.",
                422: "A category is not on the form or there twice, or the Idempotency-Key was used before.",
            },
        )
    )
    def update(self, request: Request, id: str, *, body: Any) -> Answer:
        """Save a draft as it stands, in place of what it held; it need not add up until it is submitted."""
        report = self.as_read(request, id)
        _refuse_categories([line["category"] for line in body["spent"]])
        services.save_report(
            report=report,
            spent_cents={line["category"]: _cents(line["amount"]) for line in body["spent"]},
            unspent_cents=_cents(body["unspent"]),
            received_cents=_cents(body.get("received")),
            notes={line["category"]: line.get("note", "") for line in body["spent"]},
            by=cast(User, request.user),
        )
        return self.shown(report)

    @writes(
        Write(
            "discard-expenditure-report",
            "Take a later version back",
            status=204,
            says="It is gone, and the certified version stands.",
            if_match=True,
            refusals={409: "It is the first version, or it is certified."},
        )
    )
    def destroy(self, request: Request, id: str, *, body: None) -> Answer:
        """Undo a reopening: remove a later version that was never certified."""
        services.discard_version(report=self.as_read(request, id), by=cast(User, request.user))
        return Answer()


class Step(ExpenditureReports, GenericViewSet):
    """A step that a report takes."""

    path_examples = {"report": "CT0012-2025-1"}


class SubmitReport(Step):
    resource = "submit-expenditure-report"

    @writes(
        Write(
            "submit-expenditure-report",
            "Submit an expenditure report",
            answers=ExpenditureReportRecord,
            example={**DRAFT, "status": "submitted", **_SUBMITTED},
            says="The receipt: the report with the moment of submission and the SHA-256 of its content.",
            if_match=True,
            refusals={
                409: "It is submitted or certified already.",
                422: "It does not add up to the money received; errors name each field.",
            },
        )
    )
    def create(self, request: Request, report: str, *, body: None) -> Answer:
        """Submit a report for certification: spent and unspent must add up to what was received (2(e))."""
        found = self.as_read(request, report)
        return self.shown(services.submit_report(report=found, by=cast(User, request.user), at=clock.now()))


class CertifyReport(Step):
    resource = "certify-expenditure-report"

    @writes(
        Write(
            "certify-expenditure-report",
            "Certify an expenditure report",
            body=JsonBody(an_object({"code": A_CODE}), {"code": "123456"}),
            answers=ExpenditureReportRecord,
            says="The certificate: the report with the words certified, the moment and the SHA-256.",
            if_match=True,
            refusals={
                403: "The code is wrong or used up, or your role or scopes do not permit this.",
                409: "It is not submitted.",
                422: "It no longer adds up to the money received; errors name each field.",
            },
        )
    )
    def create(self, request: Request, report: str, *, body: Any) -> Answer | Refused:
        """Certify a submitted report in your name, under the certificate of the day. The token's person shows
        the second factor: the code that the authenticator app shows now."""
        found = self.as_read(request, report)
        by = cast(User, request.user)
        permissions.check(by, Action.CERTIFY_EXPENDITURE, found.library)
        try:
            confirm(request, body["code"])
        except SecondFactorRefused as refused:
            cure = PROBLEMS["second_factor_refused"][1]
            raise Refused([Mistake("second_factor_refused", "/code", str(refused), cure)], 403) from None
        try:
            certified = services.certify_report(report=found, by=by, at=clock.now())
        except services.ExpenditureRefused as refused:
            return self.refusal_of(refused) or conflict(str(refused))  # the code is used up
        return self.shown(certified)


class ReturnReport(Step):
    resource = "return-expenditure-report"

    @writes(
        Write(
            "return-expenditure-report",
            "Return an expenditure report",
            body=JsonBody(
                an_object({"reason": a_text("What is to be changed.")}),
                {"reason": "The periodicals are missing."},
            ),
            answers=ExpenditureReportRecord,
            example={**DRAFT, "status": "returned", "returned_because": "The periodicals are missing."},
            if_match=True,
            refusals={409: "It is not submitted."},
        )
    )
    def create(self, request: Request, report: str, *, body: Any) -> Answer:
        """Return a submitted report to be changed."""
        found = self.as_read(request, report)
        return self.shown(
            services.return_report(report=found, reason=body["reason"], by=cast(User, request.user))
        )


class ReopenReport(Step):
    resource = "reopen-expenditure-report"

    @writes(
        Write(
            "reopen-expenditure-report",
            "Reopen an expenditure report",
            body=JsonBody(
                an_object({"reason": a_text("Why the report is changed.")}),
                {"reason": "An invoice of June came in August."},
            ),
            answers=ExpenditureReportRecord,
            example={**DRAFT, "version": 2, "amends_because": "An invoice of June came in August."},
            status=201,
            says="The new version, a draft with the figures of the one that stands.",
            if_match=True,
            refusals={409: "It is not certified, or a newer version is on record."},
        )
    )
    def create(self, request: Request, report: str, *, body: Any) -> Answer:
        """Begin a new version of a certified report; the old one counts until the new one is certified."""
        found = self.as_read(request, report)
        return self.shown(
            services.reopen_report(
                report=found, reason=body["reason"], by=cast(User, request.user), at=clock.now()
            ),
            new=True,
        )


def report_named(key: str) -> Q | None:
    """Return the condition for the report with a key such as CT0012-2025-1; None where it is none."""
    found = re.fullmatch(r"([^\0]+)-([0-9]{4})-([1-9][0-9]{0,3})", key)
    return found and Q(library__key=found[1], fiscal_year=int(found[2]), version=int(found[3]))


def _refuse_categories(codes: Sequence[str]) -> None:
    """Raise Refused where a category is not on the form of today, or is there twice."""
    offered = services.category_names(clock.today())
    mistakes = []
    for place, code in enumerate(codes):
        field = f"/spent/{place}/category"
        if code not in offered:
            cure = f"Give one of {', '.join(offered)}."
            mistakes.append(Mistake("not_on_record", field, f"The form has no category {code!r}.", cure))
        elif code in codes[:place]:
            detail = f"The category {code!r} is there twice."
            mistakes.append(Mistake("not_accepted", field, detail, "Put its money on one line."))
    if mistakes:
        raise Refused(mistakes, 422)


def _cents(amount: str | None) -> Any:
    """Return dollars with two decimals in cents; None for None."""
    return None if amount is None else int(amount.replace(".", ""))


def _not_accurate(error: services.NotAccurate) -> Refused:
    places = {"received": "/received", "unspent": "/unspent", "total": None}
    return Refused(
        [
            Mistake(
                "not_accepted",
                places.get(problem.field, "/spent"),
                problem.message,
                "Save the report with right amounts, then submit it.",
            )
            for problem in error.problems
        ],
        422,
    )


_KEY = "expenditure-reports/<str:report>"
ROUTES = [
    ("expenditure-reports", ExpenditureReportViewSet),
    (f"{_KEY}/submit", SubmitReport),
    (f"{_KEY}/certify", CertifyReport),
    (f"{_KEY}/return", ReturnReport),
    (f"{_KEY}/reopen", ReopenReport),
]
