"""Pages of paper: chosen by library, filled in and printed in the browser, public.

`connect-src 'none'` holds even a faulty script to it that what is typed leaves the page on paper alone.
"""

from collections.abc import Callable
from typing import Any

from csp.constants import NONE
from csp.decorators import csp_replace
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.rulebook import Entry
from libraries.models import Library, Town
from transactions.paper.barcodes import barcode_svg
from transactions.paper.forms import CardLayoutForm, CardsForm, LibraryForm, NoticeForm, RoutingForm
from transactions.paper.names import town_beside
from transactions.rules.paper import (
    RULEBOOK,
    card_parts,
    words_for_one_library,
    words_of_return_slip,
)

SLIPS = 4  # quarters of a letter sheet
NOTICE_LINES = 5


def paper_page(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Open a page of paper to anybody, and close every connection that the page itself could open."""
    return login_not_required(require_safe(csp_replace({"connect-src": [NONE]})(view)))


@paper_page
def hub(request: HttpRequest) -> HttpResponse:
    """List the papers; public."""
    return render(request, "transactions/paper_hub.html", {"rules": _rules()})


@paper_page
def card_check(request: HttpRequest) -> HttpResponse:
    """Tell whether a library's own card shows what it must (5(a)(1)); public."""
    form = CardLayoutForm(request.GET if "expiry" in request.GET else None, initial=request.GET.dict())
    parts = card_parts(form.layout(), clock.today()) if form.is_valid() else ()
    return render(
        request,
        "transactions/paper_card_check.html",
        {
            "form": form,
            "parts": parts,
            "verdicts": {part.verdict for part in parts},
            "library": form.cleaned_data["library"] if parts else None,
            "rules": _rules(),
        },
    )


@paper_page
def card(request: HttpRequest) -> HttpResponse:
    """Print the card of a library that issues none of its own (5(a)(2)); public."""
    return _page(request, "transactions/paper_card.html", _asked(CardsForm, request))


@paper_page
def local_card(request: HttpRequest) -> HttpResponse:
    """Print the card of a resident of another town, good in one library only (5(a)(3)); public."""
    about = _asked(CardsForm, request)
    if library := about.get("library"):
        about["words"] = words_for_one_library(library.name, clock.today())
        about["towns"] = Town.objects.exclude(pk=library.town_id).values_list("name", flat=True)
    return _page(request, "transactions/paper_local_card.html", about)


@paper_page
def return_slip(request: HttpRequest) -> HttpResponse:
    """Print the slip that sends an interlibrary loan back where it was borrowed (5(c)(4)); public."""
    about = _asked(LibraryForm, request)
    if library := about.get("library"):
        about |= {
            "words": words_of_return_slip(library.name, clock.today()),
            "each": range(1, SLIPS + 1),
        }
    return _page(request, "transactions/paper_return_slip.html", about)


@paper_page
def notice(request: HttpRequest) -> HttpResponse:
    """Print a notice to a home library about a borrower's account (5(d)(2), 5(e)(5)); public."""
    about = _asked(NoticeForm, request)
    if home := about.get("home"):
        about |= {"home_town": town_beside(home), "lines": range(1, NOTICE_LINES + 1)}
    return _page(request, "transactions/paper_notice.html", about)


@paper_page
def routing_slips(request: HttpRequest) -> HttpResponse:
    """Print routing slips of deliverIT CT, one or a sheet of four; public."""
    form = RoutingForm(request.GET or None)
    slips = form.receivers(SLIPS) if form.is_valid() else []
    return render(
        request,
        "transactions/paper_routing_slips.html",
        {
            "form": form,
            "sender": form.cleaned_data["sender"] if slips else None,
            "slips": [(stop, barcode_svg(stop.code) if stop.code else "") for stop in slips],
            "without_code": sorted({stop.name for stop in slips if not stop.code}),
            "sent_on": f"{clock.today():%m/%d/%Y}",
        },
    )


def _asked(form_class: type[forms.Form], request: HttpRequest) -> dict[str, Any]:
    """Return the form and what it was answered; `town` stands beside the library's name, or is empty."""
    form = form_class(request.GET or None)
    if not form.is_valid():
        return {"form": form}
    library: Library = form.cleaned_data["library"]
    about = {"form": form, "town": town_beside(library)} | form.cleaned_data
    if cards := form.cleaned_data.get("cards"):
        about["each"] = range(1, cards + 1)
    return about


def _page(request: HttpRequest, template: str, about: dict[str, Any]) -> HttpResponse:
    return render(request, template, {"rules": _rules()} | about)


def _rules() -> dict[str, Entry]:
    return RULEBOOK.in_force(clock.today())
