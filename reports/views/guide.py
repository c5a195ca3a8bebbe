"""Public pages that lead people: key dates, the finder of libraries, downloads and the feed."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.published_pages import published_page
from libraries.models import Town
from reports.downloads import years_of_files
from reports.feed import atom_feed
from reports.finder import find
from reports.forms import FindForm
from reports.key_dates import calendar_of, key_dates


@login_not_required
@require_safe
@published_page
def key_dates_page(request: HttpRequest) -> HttpResponse:
    """Show what falls due within a year, and what happens in each season; public."""
    return render(request, "reports/key_dates.html", {"dates": key_dates(clock.today())})


@login_not_required
@require_safe
@published_page
def key_dates_calendar(request: HttpRequest) -> HttpResponse:
    """Give the same days as a file for a calendar; public."""
    today = clock.today()
    return HttpResponse(
        calendar_of(key_dates(today), site=settings.SITE_URL, made_on=today),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="borrowit-key-dates.ics"'},
    )


@login_not_required
@require_safe
@published_page
def finder(request: HttpRequest) -> HttpResponse:
    """Find the home library of a town or village, and where else its card is good; public."""
    form = FindForm(request.GET or None)
    form.fields["q"].widget.attrs["list"] = "towns"
    asked = form.cleaned_data["q"] if form.is_valid() else ""
    return render(
        request,
        "reports/finder.html",
        {
            "form": form,
            "asked": asked,
            "found": find(asked, clock.today()) if asked else None,
            "towns": list(Town.objects.values_list("name", flat=True)),
        },
    )


@login_not_required
@require_safe
@published_page
def downloads(request: HttpRequest) -> HttpResponse:
    """List every published file, under which terms, and how to compute it again; public."""
    return render(request, "reports/downloads.html", {"years": years_of_files()})


@login_not_required
@require_safe
@published_page
def feed(request: HttpRequest) -> HttpResponse:
    """Give what was published and what changed as an Atom feed; public."""
    return HttpResponse(atom_feed(), content_type="application/atom+xml; charset=utf-8")
