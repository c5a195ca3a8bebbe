"""Where people of libraries begin: what their library files, period by period."""

from typing import cast

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, libraries_for, requires
from libraries.forms import LibrarySearchForm
from transactions import services
from transactions.library_filings import cadence_of, periods_of_library
from transactions.models import Filing, FilingBasis
from transactions.services import FilingRefused
from transactions.views.reach import library_of


@requires(Action.VIEW_LIBRARY)
@require_safe
def filing_list(request: HttpRequest) -> HttpResponse:
    """List the libraries whose filings this person sees; who has one library goes there at once."""
    libraries = libraries_for(request.user, Action.VIEW_LIBRARY).select_related("town")
    if len(libraries[:2]) == 1:
        return redirect("transactions:library_filings", libraries[0].key)
    form = LibrarySearchForm(request.GET)
    latest = Filing.objects.filter(library=OuterRef("pk")).order_by("-period__last_day", "-version")
    listed = libraries.filter(pk__in=form.libraries()).annotate(
        latest_filing=Subquery(latest.values("pk")[:1])
    )
    listed = list(listed.order_by("name"))
    filings = Filing.objects.select_related("period").in_bulk([library.latest_filing for library in listed])
    rows = [(library, filings.get(library.latest_filing)) for library in listed]
    return render(
        request,
        "transactions/filing_list.html",
        {"form": form, "rows": rows},
    )


@requires(Action.VIEW_LIBRARY)
@require_safe
def library_filings(request: HttpRequest, key: str) -> HttpResponse:
    """List what a library owes and has filed, with due dates and the next step of each."""
    library = library_of(request, key)
    today = clock.today()

    def may(action: Action) -> bool:
        return libraries_for(request.user, action).filter(pk=library.pk).exists()

    return render(
        request,
        "transactions/library_filings.html",
        {
            "library": library,
            "periods": periods_of_library(library, today),
            "participates": library.letters.filter(valid__contains=today).exists(),
            "cadence": cadence_of(library, today),
            "to_come": services.choice_to_come(library, today),
            "may_enter": may(Action.ENTER_COUNTS),
            "may_certify": may(Action.CERTIFY_FILING),
            "may_name_deputies": may(Action.NAME_DEPUTY),
            "may_choose_cadence": may(Action.CHOOSE_CADENCE),
            "may_grant_waiver": may(Action.GRANT_WAIVER),
        },
    )


@requires(Action.ENTER_COUNTS)
@require_POST
def filing_begin(request: HttpRequest, key: str) -> HttpResponse:
    """Begin a filing of one period, and go to its grid."""
    library = library_of(request, key, Action.ENTER_COUNTS)
    begun = request.POST.get("cadence", ""), request.POST.get("first_day", "")
    periods = {
        (period.dates.cadence.value, period.dates.span.first_day.isoformat()): period
        for period in periods_of_library(library, clock.today())
    }
    period = periods.get(begun)
    if period is None or period.record is None:
        messages.error(request, "This period is not open for entry. Choose one from the list.")
        return redirect("transactions:library_filings", library.key)
    try:
        filing = services.start_filing(
            library=library,
            period=period.record,
            basis=FilingBasis.BY_MONTH,
            by=cast(User, request.user),
            at=clock.now(),
        )
    except FilingRefused as refused:
        messages.error(request, str(refused))
        return redirect("transactions:library_filings", library.key)
    return redirect("transactions:filing_entry", filing.pk)
