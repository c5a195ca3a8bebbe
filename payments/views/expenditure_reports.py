"""A library's expenditure report: entered, checked, submitted, certified, and kept in versions."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from connecticard.second_factor import SecondFactorForm
from libraries.models import Library
from payments import expenditure_services as services
from payments.disbursing.ledger import received
from payments.expenditure_services import ExpenditureRefused, NotAccurate
from payments.explaining.time_line import time_line
from payments.forms import ExpenditureForm, ReasonForm
from payments.models import ExpenditureReport, ExpenditureReportWaiver
from payments.owing.outlook import certified_payment
from payments.rules.expenditure_reporting import ReportDue, certificate
from payments.views.access import allowed, known_year, library_for, person, posted
from transactions.rules.filing_status import FilingStatus


@requires(Action.VIEW_LIBRARY)
@require_safe
def expenditure_report(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Show a library's report on one fiscal year, every version of it, and what may be done with it."""
    library = library_for(request, key, Action.VIEW_LIBRARY)
    known_year(fiscal_year)
    versions = list(
        library.expenditure_reports.filter(fiscal_year=fiscal_year)
        .select_related("submitted_by", "certified_by", "created_by")
        .order_by("-version")
    )
    asked = request.GET.get("version", "")
    shown = next((each for each in versions if str(each.version) == asked), next(iter(versions), None))
    today = clock.today()
    due = services.report_on(fiscal_year)
    return render(
        request,
        "payments/expenditure_report.html",
        {
            "library": library,
            "due": due,
            "ended": today > due.covers_last_day,
            **_money(library, due, today),
            "versions": versions,
            "report": shown,
            "is_latest": shown is None or shown is versions[0],
            "standing": next((each for each in versions if each.is_standing), None),
            "lines": _lines(shown) if shown else [],
            "spent_cents": sum(line.cents for line in shown.lines.all()) if shown else 0,
            "status": FilingStatus(shown.status) if shown else None,
            "problems": services.problems(shown, on=today) if shown and shown.is_open else (),
            "waivers": ExpenditureReportWaiver.objects.filter(library=library, fiscal_year=fiscal_year)
            .select_related("proposed_by", "approved_by")
            .order_by("proposed_at"),
            **allowed(
                request,
                library,
                may_enter=Action.ENTER_EXPENDITURE,
                may_certify=Action.CERTIFY_EXPENDITURE,
                may_return=Action.RETURN_EXPENDITURE,
                may_reopen=Action.REOPEN_EXPENDITURE,
                may_keep_ledger=Action.KEEP_LEDGER,
                may_waive=Action.GRANT_WAIVER,
            ),
        },
    )


@requires(Action.ENTER_EXPENDITURE)
@require_http_methods(["GET", "HEAD", "POST"])
def expenditure_enter(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Enter a report, save it as it stands, or submit it; what was typed stays on the page."""
    library = library_for(request, key, Action.ENTER_EXPENDITURE)
    known_year(fiscal_year)
    report = _open_report(library, fiscal_year)
    why_not = "" if report else services.why_not_start(library, fiscal_year, on=clock.today())
    if why_not or (report and not report.may_be_edited):
        if why_not:
            messages.error(request, why_not)
        return redirect("payments:expenditure_report", key, fiscal_year)
    form = _form(request, library, fiscal_year, report)
    if request.method == "POST" and form.is_valid():
        try:
            report = _save(request, library, fiscal_year, form)
            if request.POST.get("action") != "submit":
                messages.success(request, "Saved as a draft. Submit it when it is whole.")
                return redirect("payments:expenditure_enter", key, fiscal_year)
            services.submit_report(report=report, by=person(request), at=clock.now())
            messages.success(request, "Submitted. It counts once it is certified.")
            return redirect("payments:expenditure_report", key, fiscal_year)
        except NotAccurate as refused:
            messages.warning(request, "The draft is saved. It is not submitted yet: mend what is marked.")
            form.show(refused.problems)
        except ExpenditureRefused as refused:
            form.add_error(None, str(refused))
    form.fields["unspent"].required = True  # only a draft may do without it
    return render(
        request,
        "payments/expenditure_enter.html",
        {
            "library": library,
            "report": report,
            "form": form,
            "due": services.report_on(fiscal_year),
            **_money(library, services.report_on(fiscal_year), clock.today()),
            **_sum(library, fiscal_year, report, form),
        },
    )


@requires(Action.ENTER_EXPENDITURE)
@require_POST
def expenditure_sum(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Add up what is typed so far; stores nothing."""
    library = library_for(request, key, Action.ENTER_EXPENDITURE)
    known_year(fiscal_year)
    report = _open_report(library, fiscal_year)
    form = _form(request, library, fiscal_year, report)
    form.is_valid()
    return render(request, "payments/_expenditure_sum.html", _sum(library, fiscal_year, report, form))


@requires(Action.CERTIFY_EXPENDITURE)
@require_http_methods(["GET", "HEAD", "POST"])
def expenditure_certify(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Certify a submitted report under the certificate, with the second factor."""
    library = library_for(request, key, Action.CERTIFY_EXPENDITURE)
    known_year(fiscal_year)
    report = _latest(library, fiscal_year)
    form = SecondFactorForm(posted(request), request=request)
    if report.status != FilingStatus.SUBMITTED:
        messages.error(request, "There is no submitted report to certify.")
        return redirect("payments:expenditure_report", key, fiscal_year)
    if request.method == "POST" and form.is_valid():
        try:
            services.certify_report(report=report, by=person(request), at=clock.now())
        except ExpenditureRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "Certified. The report is filed with the State Library.")
        return redirect("payments:expenditure_report", key, fiscal_year)
    return render(
        request,
        "payments/expenditure_certify.html",
        {
            "library": library,
            "report": report,
            "due": services.report_on(fiscal_year),
            "lines": _lines(report),
            "spent_cents": sum(line.cents for line in report.lines.all()),
            "problems": services.problems(report, on=clock.today()),
            "certificate": certificate(clock.today()),
            "form": form,
        },
    )


@requires(Action.RETURN_EXPENDITURE)
@require_http_methods(["GET", "HEAD", "POST"])
def expenditure_return(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Return a submitted report to be changed."""
    library = library_for(request, key, Action.RETURN_EXPENDITURE)
    known_year(fiscal_year)
    report, form = _latest(library, fiscal_year), ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.return_report(report=report, by=person(request), **form.cleaned_data)
        except ExpenditureRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "Returned. The library can change the report and submit it again.")
        return redirect("payments:expenditure_report", key, fiscal_year)
    return _reason(
        request,
        report,
        form,
        title="Return the expenditure report",
        text="The report becomes a draft again, and the library sees your reason beside it.",
        button="Return it",
    )


@requires(Action.REOPEN_EXPENDITURE)
@require_http_methods(["GET", "HEAD", "POST"])
def expenditure_reopen(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Begin a new version of a certified report."""
    library = library_for(request, key, Action.REOPEN_EXPENDITURE)
    known_year(fiscal_year)
    report, form = _latest(library, fiscal_year), ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.reopen_report(report=report, by=person(request), at=clock.now(), **form.cleaned_data)
        except ExpenditureRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(
                request, "A new version is begun. The certified one counts until the new one is certified."
            )
        return redirect("payments:expenditure_report", key, fiscal_year)
    return _reason(
        request,
        report,
        form,
        title="Reopen the expenditure report",
        text="A new version begins with the figures of this one. What is certified stays on record and "
        "counts until the new version is certified; the day of filing stays that of the first version.",
        button="Begin a new version",
    )


@requires(Action.REOPEN_EXPENDITURE)
@require_POST
def expenditure_discard(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Undo a reopening."""
    library = library_for(request, key, Action.REOPEN_EXPENDITURE)
    known_year(fiscal_year)
    try:
        services.discard_version(report=_latest(library, fiscal_year), by=person(request))
    except ExpenditureRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The new version is taken back. The certified one stands.")
    return redirect("payments:expenditure_report", key, fiscal_year)


def _money(library: Library, due: ReportDue, today: date) -> dict[str, object]:
    """Return what is on record of the money that a report explains, and its time line."""
    ledger = received(library, due.covers_fiscal_year)
    return {
        "ledger": ledger,
        "in_ledger": ledger and ledger.cents,
        "explained": certified_payment(library, due.covers_fiscal_year),
        "time_line": time_line(due, received=ledger, today=today),
    }


def _latest(library: Library, fiscal_year: int) -> ExpenditureReport:
    versions = ExpenditureReport.objects.filter(library=library, fiscal_year=fiscal_year)
    latest = versions.select_related("library", "submitted_by").order_by("-version")[:1]
    return get_object_or_404(latest)


def _open_report(library: Library, fiscal_year: int) -> ExpenditureReport | None:
    return (
        library.expenditure_reports.filter(fiscal_year=fiscal_year)
        .exclude(status=FilingStatus.CERTIFIED)
        .first()
    )


def _form(
    request: HttpRequest, library: Library, fiscal_year: int, report: ExpenditureReport | None
) -> ExpenditureForm:
    explained = certified_payment(library, fiscal_year)
    return ExpenditureForm(
        posted(request),
        categories=services.category_names(clock.today()),
        report=report,
        in_ledger=services.received_by(library, fiscal_year) is not None,
        paid_cents=explained.payment_cents if explained else None,
        year_before=library.expenditure_reports.standing().filter(fiscal_year=fiscal_year - 1).first(),
    )


def _save(
    request: HttpRequest, library: Library, fiscal_year: int, form: ExpenditureForm
) -> ExpenditureReport:
    by = person(request)
    return services.save_report(
        report=services.start_report(library=library, fiscal_year=fiscal_year, by=by, at=clock.now()),
        spent_cents=form.spent(),
        unspent_cents=form.cleaned_data["unspent"],
        received_cents=form.cleaned_data.get("received"),
        notes={"other": form.cleaned_data.get("note_other", "")},
        by=by,
    )


def _sum(
    library: Library, fiscal_year: int, report: ExpenditureReport | None, form: ExpenditureForm
) -> dict[str, int | None]:
    """Return what is spent, unspent and left to be told: as typed where something was, else as saved."""
    if form.is_bound:
        spent = sum(form.spent().values())
        unspent, told = form.cleaned_data.get("unspent"), form.cleaned_data.get("received")
    else:
        spent = sum(line.cents for line in report.lines.all()) if report else 0
        unspent, told = form.initial.get("unspent"), form.initial.get("received")
    in_ledger = services.received_by(library, fiscal_year)
    received = told if in_ledger is None else in_ledger
    left = None if received is None else received - spent - (unspent or 0)
    return {
        "received_cents": received,
        "spent_cents": spent,
        "unspent_cents": unspent,
        "missing_cents": left if left and left > 0 else None,
        "too_much_cents": -left if left and left < 0 else None,
    }


def _lines(report: ExpenditureReport) -> list[tuple[str, int | None, str]]:
    """Return name, cents and note of each category of the form, in its order; None where left blank."""
    made_on = report.certified_at or report.submitted_at or report.created_at
    entered = {line.category: line for line in report.lines.all()}
    names = services.category_names(made_on.date())
    return [
        (name, entered[code].cents, entered[code].note) if code in entered else (name, None, "")
        for code, name in names.items()
    ]


def _reason(
    request: HttpRequest, report: ExpenditureReport, form: ReasonForm, *, title: str, text: str, button: str
) -> HttpResponse:
    return render(
        request,
        "payments/expenditure_reason.html",
        {
            "library": report.library,
            "report": report,
            "due": services.report_on(report.fiscal_year),
            "form": form,
            "heading": title,
            "text": text,
            "button": button,
        },
    )
