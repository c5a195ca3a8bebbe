"""The advocacy sheet of a library: a page and a PDF of one page; public."""

from typing import Any

from allauth.decorators import rate_limit
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from connecticard.published_pages import published_page
from libraries.key_on_record import key_on_record
from libraries.models import Library
from reports.charts import charts_of
from reports.contents.advocacy import (
    AVERAGE_PAYMENT_CENTS,
    COST_CENTS,
    HIGHLIGHTS,
    HIGHLIGHTS_URL,
    PRICE_CENTS,
    AdvocacySheet,
)
from reports.documents import pdf_of
from reports.forms import AdvocacyForm
from reports.places.advocacy import advocacy_sheet, sheet_query
from reports.places.flows import published_run
from reports.views.published import CONTENT_TYPES


@login_not_required
@require_safe
@published_page(asks={"year"})
@key_on_record
def advocacy(request: HttpRequest, key: str) -> HttpResponse:
    """Show what the program is worth to a library's residents, under stated assumptions; public."""
    library = get_object_or_404(Library.objects.select_related("town"), key=key)
    form = AdvocacyForm(request.GET)
    context: dict[str, Any] = {
        "library": library,
        "form": form,
        "price_cents": PRICE_CENTS,
        "cost_cents": COST_CENTS,
        "average_cents": AVERAGE_PAYMENT_CENTS,
        "highlights": HIGHLIGHTS,
        "highlights_url": HIGHLIGHTS_URL,
    }
    if sheet := _sheet(library, form):
        query = sheet_query(sheet.fiscal_year, sheet.price_cents, sheet.cost_cents)
        context |= {
            "sheet": sheet,
            "query": query,
            "charts": charts_of(sheet),
            "form": AdvocacyForm(_entered(sheet)) if form.is_valid() else form,
        }
    return render(request, "reports/advocacy.html", context, status=200 if form.is_valid() else 404)


@login_not_required
@require_safe
@published_page(asks={"year"})
@rate_limit(action="pdf_made_for_anybody", limit_get=True)  # type: ignore[untyped-decorator]
@key_on_record
def advocacy_pdf(request: HttpRequest, key: str) -> HttpResponse:
    """Make the sheet as a PDF of one page, under the assumptions asked for; public.

    One that is kept is given to everybody; who has too many others made waits.
    """
    library = get_object_or_404(Library.objects.select_related("town"), key=key)
    form = AdvocacyForm(request.GET)
    sheet = _sheet(library, form) if form.is_valid() else None
    if sheet is None:
        raise Http404("No payments of this year are published, or an assumption is not an amount.")
    return HttpResponse(
        pdf_of(sheet),
        content_type=CONTENT_TYPES["pdf"],
        headers={
            "Content-Disposition": f'inline; filename="borrowit-{library.key}-FY{sheet.fiscal_year}.pdf"'
        },
    )


def _sheet(library: Library, form: AdvocacyForm) -> AdvocacySheet | None:
    """Return the sheet asked for, with the published assumptions where the form is not in order."""
    if not form.is_valid():
        run = published_run()
        return advocacy_sheet(library, run) if run else None
    run = published_run(form.cleaned_data["year"])
    if run is None:
        return None
    return advocacy_sheet(
        library,
        run,
        price_cents=form.cents("price", PRICE_CENTS),
        cost_cents=form.cents("cost", COST_CENTS),
    )


def _entered(sheet: AdvocacySheet) -> dict[str, object]:
    return {
        "year": sheet.fiscal_year,
        "price": f"{sheet.price_cents // 100}.{sheet.price_cents % 100:02}",
        "cost": f"{sheet.cost_cents // 100}.{sheet.cost_cents % 100:02}",
    }
