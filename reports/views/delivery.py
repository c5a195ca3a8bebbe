"""The statewide report of deliverIT CT, public: its page, PDF and files; and what a bin is taken to hold."""

from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.permissions import Action, check, may, requires, signed_in
from connecticard.published_pages import published_page
from payments.owing.delivery_overview import quarters_to_choose
from payments.rules.delivery_owing import quarters_asked_for
from reports.contents.delivery import DeliveryVolume
from reports.csv_files import csv_of_table
from reports.delivery.assumption import AssumptionRefused, assumption_in, set_assumption, shipped_assumption
from reports.delivery.charts import charts_of_delivery
from reports.delivery.period import Period, period_named, periods_of
from reports.delivery.sentences import sentences
from reports.delivery.volume import delivery_volume_of
from reports.delivery.words import period_words, short_words
from reports.documents import pdf_of
from reports.forms import DeliveryAssumptionForm
from reports.models import DeliveryAssumption
from reports.tables import table_of, tables_of
from reports.views.published import CONTENT_TYPES
from reports.xlsx_files import xlsx_of
from transactions.rules.delivery_quarters import Quarter, due_entry


@login_not_required
@require_safe
def delivery_volume_newest(request: HttpRequest) -> HttpResponse:
    """Lead to the report of the period chosen, else of the last quarter that is over; public."""
    today = clock.today()
    if chosen := request.GET.get("period"):
        return redirect("reports:delivery_volume", _period(chosen).name)
    asked = quarters_asked_for(today)
    newest = asked[-1] if asked else Quarter.containing(today)
    return redirect("reports:delivery_volume", newest.name)


@login_not_required
@require_safe
@published_page
def delivery_volume(request: HttpRequest, period: str) -> HttpResponse:
    """Show what deliverIT CT carried in a quarter or a fiscal year, who reported, and estimates; public."""
    today = clock.today()
    wanted, choices = _period(period), periods_of(quarters_to_choose(today))
    report = delivery_volume_of(wanted, today)
    return render(
        request,
        "reports/delivery_volume.html",
        {
            "report": report,
            "period": wanted,
            "words": period_words(wanted),
            "choices": [(one.name, short_words(one)) for one in choices],
            "quarters": [(one, short_words(period_named(one.name))) for one in report.quarters],
            "comparisons": [(one, period_words(period_named(one.name))) for one in report.comparisons],
            "points": sentences(report),
            "charts": charts_of_delivery(report),
            "tables": [table for table in tables_of(report) if table.rows],
            "due_entry": due_entry(wanted.quarters[0]),
            "made_from": report.made_from,
        },
    )


@login_not_required
@require_safe
@published_page
@rate_limit(action="pdf_made_for_anybody", limit_get=True)  # type: ignore[untyped-decorator]
def delivery_volume_pdf(request: HttpRequest, period: str) -> HttpResponse:
    """Give the report as a PDF; public. Who has too many made that are not kept waits."""
    report = _report(period)
    return _file(pdf_of(report), "pdf", report, "inline")


@login_not_required
@require_safe
@published_page
def delivery_volume_csv(request: HttpRequest, period: str, table: str) -> HttpResponse:
    """Give one table of the report as CSV; public."""
    report = _report(period)
    try:
        found = table_of(report, table)
    except KeyError:
        raise Http404("The report has no table of this name.") from None
    return _file(csv_of_table(found), "csv", report, "attachment", f"-{table}")


@login_not_required
@require_safe
@published_page
def delivery_volume_xlsx(request: HttpRequest, period: str) -> HttpResponse:
    """Give all tables of the report as an Excel workbook; public."""
    report = _report(period)
    book = xlsx_of(tables_of(report), title=report.title, made_from=report.made_from)
    return _file(book, "xlsx", report, "attachment")


@requires(Action.VIEW_WORK_LIST)
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_assumption(request: HttpRequest) -> HttpResponse:
    """Show how many items a bin is taken to hold from when, and let staff set another number."""
    today = clock.today()
    quarter = Quarter.containing(today)
    form = None
    if may(request.user, Action.SET_DELIVERY_ASSUMPTION):
        form = DeliveryAssumptionForm(
            request.POST if request.method == "POST" else None,
            quarters=quarters_to_choose(today),
            initial={"quarter": quarter.name},
        )
    if request.method == "POST":
        check(request.user, Action.SET_DELIVERY_ASSUMPTION)
        if form is not None and form.is_valid():
            try:
                set_assumption(
                    quarter=Quarter.named(form.cleaned_data["quarter"]),
                    items_per_bin=form.cleaned_data["items_per_bin"],
                    reason=form.cleaned_data["reason"],
                    by=signed_in(request),
                    at=clock.now(),
                )
            except AssumptionRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, "The number of items in a bin is set; the reports show it.")
                return redirect("reports:delivery_assumption")
    return render(
        request,
        "reports/delivery_assumption.html",
        {
            "form": form,
            "rows": DeliveryAssumption.objects.select_related("set_by"),
            "current": assumption_in(quarter),
            "shipped": shipped_assumption(today),
        },
    )


def _period(name: str) -> Period:
    """Return a period that has begun; else 404."""
    try:
        period = period_named(name)
    except ValueError:
        raise Http404("No such quarter or fiscal year.") from None
    if period.fiscal_year <= 2000 or period.first_day > clock.today():
        raise Http404("Nothing is counted of this period yet.")
    return period


def _report(name: str) -> DeliveryVolume:
    return delivery_volume_of(_period(name), clock.today())


def _file(
    content: bytes, ending: str, report: DeliveryVolume, disposition: str, part: str = ""
) -> HttpResponse:
    name = f"deliverit-volume-{report.name}{part}.{ending}"
    return HttpResponse(
        content,
        content_type=CONTENT_TYPES[ending],
        headers={"Content-Disposition": f'{disposition}; filename="{name}"'},
    )
