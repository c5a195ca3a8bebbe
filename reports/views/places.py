"""The page of each library and of each town: who it is, and what it lent, borrowed and was paid; public."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.permissions import Action, may
from connecticard.published_pages import published_page
from libraries.key_on_record import key_on_record
from libraries.models import DeliveryCode, Library, Residency, Town
from payments.explaining.payment_explained import ExplainedRun
from payments.models import Payment, PaymentRun
from payments.past_years.town_trend import town_trend
from payments.past_years.trends import library_trend
from reports.models import Document, DocumentKind
from reports.places.flows import Grain, address, place_of_library, place_of_town, published_run
from reports.places.place_year import neighboring_libraries, neighboring_towns, year_of_place

STATEMENTS = 3


@login_not_required
@require_safe
@published_page
@key_on_record
def library_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one library: whom it serves, what it lent, borrowed and was paid, its neighbors; public."""
    today = clock.today()
    library = get_object_or_404(
        Library.objects.with_participation(today).select_related("town", "contact"), key=key
    )
    run = published_run()
    place = place_of_library(library)
    year = year_of_place(run, Grain.LIBRARY, place, url=_town_page) if run else None
    statements = Document.objects.published().filter(kind=DocumentKind.PAYMENT_STATEMENT, library=library)
    return render(
        request,
        "reports/library_page.html",
        {
            "library": library,
            "is_open": today in library.open_during,
            "delivery_code": DeliveryCode.objects.in_force(today).filter(site__library=library).first(),
            "letters": library.letters.order_by("-valid"),
            "residencies": library.residencies.select_related("town").order_by("-valid", "town__name"),
            "served_today": library.towns_served(today),
            "memberships": library.consortium_memberships.select_related("consortium").order_by("valid"),
            "former_names": library.former_names.order_by("-valid"),
            "succession": getattr(library, "succession", None),
            "predecessions": library.predecessions.select_related("predecessor").order_by("on"),
            "year": year,
            "all_flows": address(Grain.LIBRARY, run, place) if run else "",
            "neighbors": neighboring_libraries(library, year),
            "trend": library_trend(library, today),
            "statements": sorted(statements.newest(), key=lambda one: -one.run.fiscal_year)[:STATEMENTS],
            "may_change": may(request.user, Action.MANAGE_ROSTER),
            "may_keep_details": may(request.user, Action.KEEP_DESK_DETAILS, library),
            **(_payment(run, library) if run else {}),
        },
    )


@login_not_required
@require_safe
@published_page
def town_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show one town: its home libraries, where residents borrow, and who borrows there; public."""
    today = clock.today()
    town = get_object_or_404(Town, number=number)
    homes = list(Residency.objects.homes(today).filter(town=town))
    others = town.residencies.exclude(pk__in=[home.pk for home in homes])
    run = published_run()
    place = place_of_town(town)
    year = year_of_place(run, Grain.TOWN, place, url=_town_page) if run else None
    return render(
        request,
        "reports/town_page.html",
        {
            "town": town,
            "homes": homes,
            "has_own_library": any(home.library.town_id == town.pk for home in homes),
            "others": others.select_related("library").order_by("-valid"),
            "year": year,
            "all_flows": address(Grain.TOWN, run, place) if run else "",
            "neighbors": neighboring_towns(town, year),
            "trend": town_trend(town, today),
            "may_change": may(request.user, Action.MANAGE_ROSTER),
        },
    )


def _town_page(number: int) -> str:
    return reverse("reports:town_page", args=[number])


def _payment(run: PaymentRun, library: Library) -> dict[str, Any]:
    """Return a library's payment of a run, and what it came from; nothing where it has no line."""
    payment = Payment.objects.filter(run=run, library=library).first()
    if payment is None:
        return {}
    explained = ExplainedRun(run, of=[library.key]).explain(payment)
    return {
        "payment": explained.payment,
        "explained": explained,
        "transactions": explained.transactions.division,
        "net_plus": explained.net_plus.division,
    }
