"""The page on which a library's own people say what the desk should know of it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from connecticard import clock
from connecticard.permissions import Action, may, requires, signed_in
from libraries import desk_services
from libraries.forms import ContactForm, FinesForm
from libraries.models import Library, LibraryContact
from libraries.refused import RosterChangeRefused

_CONTACT = ("phone", "hours", "web_site")


@requires(Action.KEEP_DESK_DETAILS)
@require_http_methods(["GET", "HEAD", "POST"])
def desk_details(request: HttpRequest, key: str) -> HttpResponse:
    """Say how a library is reached, and what it asks for late items."""
    library = get_object_or_404(Library, key=key)
    if not may(request.user, Action.KEEP_DESK_DETAILS, library):
        raise PermissionDenied(f"You may not change the details of {library}.")
    contact = LibraryContact.objects.filter(library=library).first()
    fines = library.fines.in_force(clock.today()).first()
    what = request.POST.get("what", "")
    contact_form = ContactForm(
        request.POST if what == "contact" else None,
        initial={name: getattr(contact, name) for name in _CONTACT} if contact else None,
    )
    fines_form = FinesForm(
        request.POST if what == "fines" else None,
        initial={"from_day": clock.today()}
        | (
            {
                "cents_a_day": fines.cents_a_day,
                "grace_days": fines.grace_days,
                "charges_grace_days": fines.charges_grace_days,
                "most_cents": fines.most_cents,
            }
            if fines
            else {}
        ),
    )
    if done := _change(request, library, what, contact_form, fines_form):
        messages.success(request, done)
        return redirect("libraries:desk_details", library.key)
    return render(
        request,
        "libraries/desk_details.html",
        {
            "library": library,
            "contact": contact,
            "fines": fines,
            "history": library.fines.order_by("-valid"),
            "contact_form": contact_form,
            "fines_form": fines_form,
        },
    )


def _change(
    request: HttpRequest, library: Library, what: str, contact_form: ContactForm, fines_form: FinesForm
) -> str:
    """Do what was asked and return what was done; empty where a form must be shown."""
    by = signed_in(request)
    if what == "contact" and contact_form.is_valid():
        try:
            desk_services.say_how_reached(library=library, by=by, **contact_form.cleaned_data)
        except RosterChangeRefused as refusal:
            contact_form.add_error(None, str(refusal))
            return ""
        return f"It is on record how {library} is reached, as of today."
    if what == "fines" and fines_form.is_valid():
        try:
            desk_services.set_fines(library=library, by=by, **fines_form.cleaned_data)
        except RosterChangeRefused as refusal:
            fines_form.add_error(None, str(refusal))
            return ""
        return f"The fines of {library} are on record. The desk page fills them in."
    if what == "forget":
        desk_services.forget_fines(library=library, by=by)
        return f"The fines of {library} are not on record from today on: the desk types them."
    return ""
