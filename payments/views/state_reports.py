"""The State Library's side of expenditure reports: who owes one, what was received, waivers."""

from collections import Counter

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from payments import expenditure_services as services
from payments.disbursing.ledger import entered_by_hand
from payments.expenditure_services import ExpenditureRefused
from payments.forms import MoneyReceivedForm, ReportListForm, WaiverForm
from payments.models import ExpenditureReportWaiver, PastPayment
from payments.owing.owed import Owed, reports_owed
from payments.rules.expenditure_reporting import fiscal_year_of, report_due_in
from payments.rules.owing import Progress
from payments.views.access import known_year, library_for, person, posted


@requires(Action.VIEW_WORK_LIST)
@require_safe
def expenditure_report_list(request: HttpRequest, fiscal_year: int | None = None) -> HttpResponse:
    """Show who owes the report due in a fiscal year, who filed and who certified; this year's unless said."""
    today = clock.today()
    this_year = fiscal_year_of(today)
    fiscal_year = this_year if fiscal_year is None else known_year(fiscal_year)
    rows = reports_owed(fiscal_year, today)
    form = ReportListForm(request.GET)
    states = Counter(_state(item) for _, item, _ in rows)
    states["late"] = sum(item is not None and item.is_late for _, item, _ in rows)
    return render(
        request,
        "payments/expenditure_report_list.html",
        {
            "due": report_due_in(fiscal_year),
            "years": list(range(this_year, this_year - 4, -1)),
            "form": form,
            "rows": [row for row in rows if form.is_valid() and _is_chosen(form, *row)],
            "everything": len(rows),
            "counts": [(key, words, states[key]) for key, words in _WORDS if states[key]],
            "proposals": ExpenditureReportWaiver.objects.filter(approved_at=None).select_related(
                "library", "proposed_by"
            ),
        },
    )


_WORDS = [
    ("late", "late"),
    ("missing", "missing"),
    ("due", "due"),
    ("submitted", "submitted, not certified"),
    ("unknown", "money received unknown"),
    ("certified", "certified"),
    ("nothing", "nothing received"),
]


@requires(Action.KEEP_LEDGER)
@require_http_methods(["GET", "HEAD", "POST"])
def money_received(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Record what a library received in a fiscal year."""
    library = library_for(request, key, Action.KEEP_LEDGER)
    known_year(fiscal_year)
    on_record = entered_by_hand(library, fiscal_year)
    known = {}
    if on_record is not None:
        known = {
            "cents": on_record.cents,
            "received_on": on_record.received_on,
            "source": on_record.source,
        }
    form = MoneyReceivedForm(posted(request), initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            services.record_money_received(
                library=library, fiscal_year=fiscal_year, by=person(request), **form.cleaned_data
            )
        except ExpenditureRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"What {library} received in fiscal year {fiscal_year} is on record.")
            return redirect("payments:expenditure_report", key, fiscal_year)
    return render(
        request,
        "payments/money_received.html",
        {
            "library": library,
            "fiscal_year": fiscal_year,
            "form": form,
            "on_record": on_record,
            "by_result": PastPayment.objects.filter(
                library=library, fiscal_year=fiscal_year, batch_line__isnull=False
            ).select_related("batch_line"),
            "due": services.report_on(fiscal_year),
        },
    )


@requires(Action.GRANT_WAIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_propose(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Propose a later day for one library's report."""
    library = library_for(request, key, Action.GRANT_WAIVER)
    known_year(fiscal_year)
    form = WaiverForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.propose_waiver(
                library=library,
                fiscal_year=fiscal_year,
                by=person(request),
                at=clock.now(),
                **form.cleaned_data,
            )
        except ExpenditureRefused as refused:
            form.add_error("until", str(refused))
        else:
            messages.success(request, "The waiver is proposed. It holds once another person approves it.")
            return redirect("payments:expenditure_report", key, fiscal_year)
    return render(
        request,
        "payments/expenditure_waiver_propose.html",
        {"library": library, "due": services.report_on(fiscal_year), "form": form},
    )


@requires(Action.APPROVE_WAIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a waiver that another person proposed, or decline it."""
    waiver = get_object_or_404(
        ExpenditureReportWaiver.objects.select_related("library", "proposed_by", "approved_by"), pk=pk
    )
    if request.method == "POST":
        try:
            if request.POST.get("action") == "approve":
                services.approve_waiver(waiver=waiver, by=person(request), at=clock.now())
                messages.success(request, "Approved. The later day holds from now on.")
            else:
                services.decline_waiver(waiver=waiver, by=person(request))
                messages.success(request, "Declined. The proposal is removed; the audit trail keeps it.")
        except ExpenditureRefused as refused:
            messages.error(request, str(refused))
        return redirect("payments:expenditure_report", waiver.library.key, waiver.fiscal_year)
    return render(
        request,
        "payments/expenditure_waiver_settle.html",
        {
            "waiver": waiver,
            "due": services.report_on(waiver.fiscal_year),
            "is_own": waiver.proposed_by_id == person(request).pk,
        },
    )


def _state(item: Owed | None) -> str:
    return "nothing" if item is None else item.progress.name.lower()


def _is_chosen(form: ReportListForm, library: object, item: Owed | None, received: int | None) -> bool:
    if form.cleaned_data["q"].casefold().strip() not in str(library).casefold():
        return False
    match form.cleaned_data["state"]:
        case "":
            return True
        case "owed":
            return item is not None and item.progress is not Progress.CERTIFIED
        case "late":
            return item is not None and item.is_late
        case state:
            return bool(state == _state(item))
