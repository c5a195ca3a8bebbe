"""The State Library's overview of a quarter of deliverIT CT, its files, and reminders sent from it."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.csv_response import csv_response
from connecticard.permissions import Action, may, requires
from payments.forms import DeliveryOverviewForm
from payments.owing import delivery_overview as listing
from payments.owing.delivery_overview import COLUMNS, DeliveryOverview, Row
from payments.owing.work_list import counts
from payments.rules.delivery_owing import quarters_asked_for
from payments.views.list_files import xlsx_response
from payments.views.work_list import remind_by_hand
from transactions.rules.delivery_quarters import Quarter, due_entry

ON_A_PAGE = 100
_CHOICE = ("quarter", "q", "state", "kind", "route")


@requires(Action.VIEW_WORK_LIST)
@require_safe
def delivery_overview(request: HttpRequest) -> HttpResponse:
    """Show how the report of every site stands in a quarter, the last one that is over unless asked."""
    today = clock.today()
    form, overview, fitting, shown = _chosen(request.GET)
    return render(
        request,
        "payments/delivery_overview.html",
        {
            "form": form,
            "quarter": overview.quarter,
            "is_over": today > overview.quarter.last_day,
            "due_entry": due_entry(overview.quarter),
            "sites": len(overview.rows),
            "counts": counts(fitting, listing.STATES),
            "page": Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page")),
            "choice": _choice(request.GET),
            "can_be_asked": sum(row.item.can_be_asked_for for row in shown),
            "may_remind": may(request.user, Action.REMIND),
        },
    )


@requires(Action.VIEW_WORK_LIST)
@require_safe
def delivery_overview_csv(request: HttpRequest) -> HttpResponse:
    """Give the overview as it is filtered as a CSV file."""
    _, overview, _, shown = _chosen(request.GET)
    return csv_response(_file_name(overview, "csv"), [COLUMNS, *listing.exported(shown)])


@requires(Action.VIEW_WORK_LIST)
@require_safe
def delivery_overview_xlsx(request: HttpRequest) -> HttpResponse:
    """Give the overview as it is filtered as an Excel file."""
    _, overview, _, shown = _chosen(request.GET)
    return xlsx_response(
        _file_name(overview, "xlsx"), COLUMNS, listing.exported(shown), sheet=overview.quarter.name
    )


@requires(Action.REMIND)
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_remind(request: HttpRequest) -> HttpResponse:
    """Show every reminder that the filtered overview would send, word for word; then send them."""
    _, _, _, shown = _chosen(request.GET)
    list_url = f"{reverse('payments:delivery_overview')}?{_choice(request.GET).urlencode()}"
    items = [row.item for row in shown]
    return remind_by_hand(
        request, items, clock.today(), list_url=list_url, list_label="deliverIT CT: who reported"
    )


def _chosen(query: QueryDict) -> tuple[DeliveryOverviewForm, DeliveryOverview, list[Row], list[Row]]:
    """Return the form, the quarter's overview, its rows that fit, and those of them in the state."""
    today = clock.today()
    quarters = listing.quarters_to_choose(today)
    form = DeliveryOverviewForm(query, quarters=quarters)
    is_valid = form.is_valid()
    named = form.cleaned_data.get("quarter")
    overview = DeliveryOverview(Quarter.named(named) if named else _latest(quarters), today)
    form.choose_routes(overview.routes)
    if not is_valid:
        return form, overview, [], []
    asked: dict[str, Any] = {name: form.cleaned_data[name] for name in ("q", "kind", "route")}
    fitting = overview.fitting(**asked)
    return form, overview, fitting, listing.in_state(fitting, form.cleaned_data["state"])


def _latest(quarters: list[Quarter]) -> Quarter:
    """Return the last quarter that is asked for; the one under way where none is yet."""
    return next(iter(reversed(quarters_asked_for(clock.today()))), quarters[0])


def _choice(query: QueryDict) -> QueryDict:
    """Return the part of an address that says what is listed."""
    choice = QueryDict(mutable=True)
    for name in _CHOICE:
        if value := query.get(name):
            choice[name] = value
    return choice


def _file_name(overview: DeliveryOverview, extension: str) -> str:
    return f"deliverit-who-reported-{overview.quarter.name}.{extension}"
