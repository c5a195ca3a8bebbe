"""The program through the years: the state, a library, a town; public, each table as CSV too."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.csv_response import csv_response
from connecticard.permissions import Action
from connecticard.published_pages import published_page
from libraries.key_on_record import key_on_record
from libraries.models import Library, Town
from payments.past_years.town_trend import town_trend
from payments.past_years.trend_files import library_rows, payment_rows, state_rows, town_rows
from payments.past_years.trends import library_trend, state_trend
from payments.views.access import allowed


@login_not_required
@require_safe
@published_page
def trend_state(request: HttpRequest) -> HttpResponse:
    """Show loans, appropriation and dollars a loan of the state by fiscal year; public."""
    return render(
        request,
        "payments/trend_state.html",
        {"trend": state_trend(clock.today()), **allowed(request, may_import=Action.IMPORT_HISTORY)},
    )


@login_not_required
@require_safe
@published_page
def trend_state_csv(request: HttpRequest) -> HttpResponse:
    """Give the figures of the state as CSV; public."""
    return csv_response("trends.csv", state_rows(state_trend(clock.today())))


@login_not_required
@require_safe
@published_page
@key_on_record
def trend_library(request: HttpRequest, key: str) -> HttpResponse:
    """Show what a library lent and was paid by fiscal year; public."""
    library = get_object_or_404(Library.objects.select_related("town"), key=key)
    return render(request, "payments/trend_library.html", {"trend": library_trend(library, clock.today())})


@login_not_required
@require_safe
@published_page
@key_on_record
def trend_library_csv(request: HttpRequest, key: str, table: str) -> HttpResponse:
    """Give the loans or the payments of a library as CSV; public."""
    trend = library_trend(get_object_or_404(Library, key=key), clock.today())
    rows = library_rows(trend) if table == "loans" else payment_rows(trend)
    return csv_response(f"{trend.library.key}-{table}.csv", rows)


@login_not_required
@require_safe
@published_page
def trend_town(request: HttpRequest, number: int) -> HttpResponse:
    """Show what the libraries of a town lent and what its cards borrowed elsewhere; public."""
    town = get_object_or_404(Town, number=number)
    return render(request, "payments/trend_town.html", {"trend": town_trend(town, clock.today())})


@login_not_required
@require_safe
@published_page
def trend_town_csv(request: HttpRequest, number: int) -> HttpResponse:
    """Give the figures of a town as CSV; public."""
    town = get_object_or_404(Town, number=number)
    return csv_response(f"town-{town.number}-trend.csv", town_rows(town_trend(town, clock.today())))
