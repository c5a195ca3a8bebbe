"""The contact log of a library: what staff and the library said to each other."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connecticard import clock
from connecticard.permissions import Action, check, may, requires
from libraries.models import DeliverySite, Library
from payments.forms import ContactForm
from payments.models import ContactHow, ContactLogEntry
from payments.owing import contacts
from payments.owing.contacts import ContactRefused
from payments.views.access import library_for, person, posted


@requires(Action.VIEW_WORK_LIST)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_log(request: HttpRequest, key: str) -> HttpResponse:
    """Show a library's contact log to the State Library, and let staff add a line or correct one."""
    library = library_for(request, key, Action.VIEW_WORK_LIST)
    list_url = reverse("payments:work_list")
    home_url = reverse("payments:library_home", args=[key])
    return _log_of(request, library, ["What libraries owe", list_url, library.name, home_url])


@requires(Action.VIEW_WORK_LIST)
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_contact_log(request: HttpRequest, key: str) -> HttpResponse:
    """Show the contact log of a site of deliverIT CT; a public library's is the library's own."""
    site = get_object_or_404(DeliverySite.objects.select_related("library"), key=key)
    if site.library is not None:
        return redirect("payments:contact_log", site.library.key)
    list_url = reverse("payments:delivery_overview")
    return _log_of(request, site, ["deliverIT CT: who reported", list_url])


def _log_of(request: HttpRequest, whose: Library | DeliverySite, trail: list[str]) -> HttpResponse:
    """Answer for the log of a library or of a site that is none; `trail` are the links above it."""
    may_log = may(request.user, Action.LOG_CONTACT)
    entries = contacts.entries_of(whose)
    corrects = _corrected(request, entries) if may_log else None
    first: dict[str, Any] = {"on": clock.today()}
    if corrects is not None:
        first = {name: getattr(corrects, name) for name in ("on", "how", "with_whom", "note")}
    form = ContactForm(posted(request), initial=first) if may_log else None
    if request.method == "POST":
        check(request.user, Action.LOG_CONTACT)
        if form is not None and form.is_valid():
            said = form.cleaned_data
            try:
                contacts.log_contact(
                    whose=whose,
                    on=said["on"],
                    how=ContactHow(said["how"]),
                    with_whom=said["with_whom"],
                    note=said["note"],
                    corrects=corrects,
                    by=person(request),
                    at=clock.now(),
                )
            except ContactRefused as refused:
                form.add_error("on", str(refused))
            else:
                messages.success(request, f"The contact with {whose} is noted.")
                return redirect(request.path)
    return render(
        request,
        "payments/contact_log.html",
        {
            "whose": whose,
            "trail": trail,
            "form": form,
            "corrects": corrects,
            "entries": entries.select_related("by", "corrects").prefetch_related("corrections"),
        },
    )


def _corrected(request: HttpRequest, entries: QuerySet[ContactLogEntry]) -> ContactLogEntry | None:
    """Return the line that is being corrected, None where a new one is written; 404 for no such line."""
    wanted = request.GET.get("corrects", "")
    if not wanted:
        return None
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
        raise Http404("No such line in the contact log.")
    return get_object_or_404(entries, pk=int(wanted))
