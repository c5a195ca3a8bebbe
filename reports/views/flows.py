"""The flows between towns and between libraries, of a published fiscal year; public, as CSV too."""

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from connecticard.csv_response import csv_response
from connecticard.published_pages import published_page
from libraries.models import Library, Residency, Town
from payments.explaining.explanation import estimate_of
from payments.models import PaymentRun
from reports.forms import FlowForm
from reports.places.flow_files import balance_rows, flow_rows
from reports.places.flows import (
    Grain,
    Place,
    address,
    counts_of,
    place_of_library,
    place_of_town,
    published_run,
    year_of_flows,
)
from reports.places.maps import map_of_state
from reports.places.place_year import year_of_place
from transactions.spans import span_in_words

GREATEST, ENDS = 25, 10


@login_not_required
@require_safe
@published_page(asks={"year", "town"})
def town_flows(request: HttpRequest) -> HttpResponse:
    """Show where residents of each town borrow, by town; public."""
    return _page(request, Grain.TOWN)


@login_not_required
@require_safe
@published_page(asks={"year", "library"})
def library_flows(request: HttpRequest) -> HttpResponse:
    """Show at which libraries the cards of each library are used; public."""
    return _page(request, Grain.LIBRARY)


@login_not_required
@require_safe
@published_page(asks={"year"})
def flows_csv(request: HttpRequest, grain: Grain, table: str) -> HttpResponse:
    """Give the flows of a year, or what each place lent and borrowed, as CSV; public."""
    form = FlowForm(request.GET, of=grain.value)
    run = _run(form) if form.is_valid() else None
    if run is None:
        raise Http404("No payments of this year are published, or the place is unknown.")
    of = _chosen(form, grain)
    name = f"{grain.value}-{table}-FY{run.fiscal_year}" + (f"-{of.key}" if of else "")
    year = year_of_flows(run, grain, counts_of(grain, of.key) if of and table == "flows" else None)
    return csv_response(f"{name}.csv", flow_rows(year, of) if table == "flows" else balance_rows(year))


def _page(request: HttpRequest, grain: Grain) -> HttpResponse:
    form = FlowForm(request.GET, of=grain.value)
    is_valid = form.is_valid()
    run = _run(form) if is_valid else published_run()
    place = _chosen(form, grain) if is_valid else None
    context: dict[str, Any] = {
        "grain": grain.value,
        "form": form
        if form.is_bound and not is_valid
        else FlowForm(initial=_initial(run, grain, place), of=grain.value),
        "run": run,
        "place": place,
    }
    if run is not None:
        context |= _of_the_year(run, grain, place)
    return render(request, "reports/flows.html", context, status=200 if is_valid else 404)


def _of_the_year(run: PaymentRun, grain: Grain, place: Place | None) -> dict[str, Any]:
    url = partial(_town_address, run)
    found: dict[str, Any] = {
        "measured": span_in_words(run.measured),
        "estimate_note": estimate_of(run.counted_filings.values("filing")) if run.estimated else "",
        "state_address": address(grain, run),
        "row_address": f"?year={run.fiscal_year}&{grain.value}=",  # as short as can be: it is in every row
    }
    if place is not None:
        homes = Residency.objects.homes(run.measured.last_day).filter(town__number=place.town_number)
        return found | {"of_place": year_of_place(run, grain, place, url=url), "homes": homes}
    year = year_of_flows(run, grain)
    return found | {
        "year": year,
        "map": map_of_state(year, url=url),
        "pairs_label": gettext("pairs of towns with loans")
        if grain is Grain.TOWN
        else gettext("pairs of libraries with loans"),
        "greatest": year.flows[:GREATEST],
        "one_kind": year.one_kind,
        "net_lenders": year.net_lenders(ENDS),
        "net_borrowers": year.net_borrowers(ENDS),
    }


def _town_address(run: PaymentRun, number: int) -> str:
    return f"{address(Grain.TOWN, run)}&town={number}"


def _run(form: FlowForm) -> PaymentRun | None:
    return published_run(form.cleaned_data["year"])


def _chosen(form: FlowForm, grain: Grain) -> Place | None:
    chosen: Town | Library | None = form.cleaned_data[grain.value]
    if chosen is None:
        return None
    return place_of_town(chosen) if isinstance(chosen, Town) else place_of_library(chosen)


def _initial(run: PaymentRun | None, grain: Grain, place: Place | None) -> dict[str, object]:
    if run is None:
        return {}
    return {"year": run.fiscal_year, grain.value: place.key if place else None}
