"""REST: what libraries have filed, to be read."""

from datetime import date
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce
from django.http import Http404, StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from connecticard import clock
from connecticard.api_filters import refuse_unknown
from connecticard.api_paging import Paging
from connecticard.api_rendering import API_ROOT, rows
from connecticard.api_views import ListViewSet, OneViewSet, ReadViewSet, etag_of
from connecticard.permissions import Action, libraries_for
from libraries.models import Library
from transactions import services
from transactions.api.filters import (
    FilingParameters,
    FilingPeriodParameters,
    LoanCountParameters,
    ReceiptParameters,
    filing_named,
    period_named,
)
from transactions.api.records import (
    FILING_KEY,
    CadenceRecord,
    FilingExplanationRecord,
    FilingPeriodRecord,
    FilingRecord,
    FindingsRecord,
    LoanCountRecord,
    ReceiptRecord,
    StatementRecord,
)
from transactions.library_filings import cadence_of
from transactions.models import Explanation, Filing, FilingPeriod, FilingReceipt, LoanCount
from transactions.rules.filing_calendar import cadences_to_choose
from transactions.rules.filing_checks import NOT_COUNTED, Tier
from transactions.rules.filing_status import FilingStatus

FILING_EXAMPLE = "CT0012-semiannual-2026-03-01-1"


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
        return period_named(key)


class FilingViewSet(ReadViewSet):
    """Filings of the libraries whose private pages you may see, in every state, in order of their making."""

    resource = "filings"
    serializer_class = FilingRecord
    filterset_class = FilingParameters
    paging = Paging({"pk": int})
    lookup_url_kwarg, key_example = "id", FILING_EXAMPLE

    def get_queryset(self) -> QuerySet[Any]:
        return visible_filings(self.request.user)

    def named(self, key: str) -> Q | None:
        return filing_named(key)


class LoanCountViewSet(ListViewSet):
    """The loan counts of one filing, by home library and month. No row is a blank; 0 says none were lent,
    null that they were not counted. The answer has the ETag of the filing."""

    resource = "loan-counts"
    serializer_class = LoanCountRecord
    filterset_class = LoanCountParameters
    paging = Paging(
        {"home_library__key": str, "month": date},
        may_be_empty=frozenset({"month"}),
        size=2500,
        greatest_size=10_000,
    )
    path_examples = {"filing": FILING_EXAMPLE}
    csv = (
        "All counts without pages, in the columns of the fields; n/c is not counted. A draft by month "
        "takes it back as it is."
    )
    csv_instead = {"loans": Coalesce(Cast("loans", CharField()), Value(str(NOT_COUNTED)))}
    etag = ""

    def list(self, request: Request, **parts: str) -> Response | StreamingHttpResponse:
        """Return one page, or all as CSV, under the ETag that a write names."""
        response = super().list(request, **parts)
        response["ETag"] = self.etag
        return response

    def get_queryset(self) -> QuerySet[Any]:
        key = self.kwargs["filing"]
        condition = filing_named(key)
        visible = visible_filings(self.request.user)
        chosen = visible.filter(condition) if condition is not None else visible.none()
        found, key_of = rows(chosen[:1], record_of_filing(self.request), ("pk",))
        if not found:
            raise Http404(f"There is no filing {key!r} that you may see.")
        self.etag = etag_of(found[0])
        return LoanCount.objects.filter(filing=key_of(0)[0])


class ExplanationViewSet(ListViewSet):
    """Why counts of a filing are right although a check finds them unusual, in the order of their making."""

    resource = "explanations"
    serializer_class = FilingExplanationRecord
    paging = Paging({"pk": int})
    path_examples = {"filing": FILING_EXAMPLE}

    def get_queryset(self) -> QuerySet[Any]:
        return Explanation.objects.filter(filing=filing_seen(self.request, self.kwargs["filing"]))


class FindingsViewSet(OneViewSet):
    """What the checks find in a filing by the rules of today: what must be mended, what must be explained,
    what is worth a look."""

    resource = "findings"
    serializer_class = FindingsRecord
    path_examples = {"filing": FILING_EXAMPLE}

    def list(self, request: Request, filing: str) -> Response:
        """Return what the checks find."""
        refuse_unknown(request.query_params, ())
        return Response(findings_of(filing_seen(request, filing)))


class StatementViewSet(OneViewSet):
    """The words that the certifier of a filing signs, for what it says now (C.G.S. 11-31b)."""

    resource = "statement"
    serializer_class = StatementRecord
    path_examples = {"filing": FILING_EXAMPLE}

    def list(self, request: Request, filing: str) -> Response:
        """Return the statement; of a certified filing the words that were signed."""
        refuse_unknown(request.query_params, ())
        found = filing_seen(request, filing)
        return Response(
            {
                "filing": filing_key(found),
                "form_edition": found.form_edition,
                "statement": found.attestation or services.statement_of(found),
            }
        )


class ReceiptViewSet(ReadViewSet):
    """Receipts and certificates of the libraries whose private pages you may see, the first first."""

    resource = "receipts"
    serializer_class = ReceiptRecord
    filterset_class = ReceiptParameters
    paging = Paging({"pk": int})
    lookup_url_kwarg, key_example = "number", "CT0012-202603-202608-1-S1-7KQ4X"

    def get_queryset(self) -> QuerySet[Any]:
        return FilingReceipt.objects.filter(library__in=_seen(self.request.user))


class CadenceViewSet(OneViewSet):
    """How often a library files, and what it may choose (2(a)). A choice holds from a 1 March or
    1 September on."""

    resource = "cadence"
    serializer_class = CadenceRecord
    path_examples = {"library": "CT0012"}

    def list(self, request: Request, library: str) -> Response:
        """Return how often the library files."""
        refuse_unknown(request.query_params, ())
        return Response(cadence_row(library_seen(request, library)))


# What is shown


def visible_filings(user: Any, action: Action = Action.VIEW_LIBRARY) -> QuerySet[Any]:
    """Return the filings of libraries for which a person may do something, as their record reads them."""
    return as_recorded(Filing.objects.filter(library__in=_seen(user, action)))


def as_recorded(filings: QuerySet[Any]) -> QuerySet[Any]:
    """Return filings with what their record reads beside their columns."""
    standing = Q(status=FilingStatus.CERTIFIED, superseded_at__isnull=True)
    annotated: QuerySet[Any] = filings.annotate(standing=standing)
    return annotated


def record_of_filing(request: Request) -> FilingRecord:
    """Return what a filing looks like, with links to this host."""
    return FilingRecord(context={"root": request.build_absolute_uri(API_ROOT)})


def filing_row(request: Request, pk: int) -> dict[str, Any]:
    """Return a filing as its address answers it."""
    return rows(as_recorded(Filing.objects.filter(pk=pk)), record_of_filing(request))[0][0]


def filing_key(filing: Filing) -> str:
    """Return the key by which addresses name a filing."""
    period = filing.period
    return FILING_KEY.format(filing.library.key, period.cadence, period.first_day, filing.version)


def filing_seen(request: Request, key: str) -> Filing:
    """Return the filing that a key names, with library and period; Http404 where this person sees none."""
    condition = filing_named(key)
    filings = visible_filings(request.user).select_related("library", "period")
    found: Filing | None = filings.filter(condition).first() if condition is not None else None
    if found is None:
        raise Http404(f"There is no filing {key!r} that you may see.")
    return found


def library_seen(request: Request, key: str) -> Library:
    """Return the library of a key; Http404 where this person may not see its private pages."""
    found: Library | None = (
        libraries_for(request.user, Action.VIEW_LIBRARY).filter(key=key).first() if "\0" not in key else None
    )
    if found is None:
        raise Http404(f"There is no library {key!r} whose filings you may see.")
    return found


def findings_of(filing: Filing) -> dict[str, Any]:
    """Return what the checks find in a filing, as it is answered."""
    found = services.findings(filing, today=clock.today())
    keys = dict(Library.objects.values_list("pk", "key"))
    return {
        "filing": filing_key(filing),
        "may_be_submitted": not any(finding.stops for finding in found),
        "findings": [
            {
                "check": finding.check,
                "weight": finding.tier.value,
                "stops": finding.stops,
                "home_library": keys.get(finding.home_library) if finding.home_library else None,
                "month": finding.month,
                "value": finding.value,
                "message": finding.message,
                "cure": CURES[finding.tier],
                "citation": finding.citation,
                "explanation": _explanation(finding.explanation, keys) if finding.explanation else None,
            }
            for finding in found
        ],
    }


CURES = {
    Tier.MUST_MEND: "Correct the counts; the filing cannot be submitted as it is.",
    Tier.MUST_EXPLAIN: "Correct the count, or give a reason for it by a POST to explanations.",
    Tier.WORTH_A_LOOK: "Look whether it is right. Nothing is asked of you.",
}


def _explanation(explanation: Explanation, keys: dict[int, str]) -> dict[str, Any]:
    home = explanation.home_library_id
    return {
        "id": explanation.pk,
        "check": explanation.check_name,
        "home_library": keys.get(home) if home else None,
        "month": explanation.month,
        "question": explanation.question,
        "value": explanation.value,
        "reason": explanation.reason,
        "text": explanation.text,
        "at": explanation.at.astimezone(clock.EASTERN),
    }


def cadence_row(library: Library) -> dict[str, Any]:
    """Return how often a library files, as it is answered."""
    today = clock.today()
    to_come = services.choice_to_come(library, today)
    holds_from = services.day_of_effect(library, today)
    return {
        "library": library.key,
        "cadence": cadence_of(library, today).value,
        "to_come": {"cadence": to_come.cadence, "first_day": to_come.valid.lower} if to_come else None,
        "holds_from": holds_from,
        "choices": [cadence.value for cadence in cadences_to_choose(holds_from)],
    }


def _seen(user: Any, action: Action = Action.VIEW_LIBRARY) -> QuerySet[Any]:
    libraries: QuerySet[Any] = libraries_for(user, action).values("pk")
    return libraries
