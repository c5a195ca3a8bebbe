"""Deputy certifiers of a library: who stands in for the director, from which day to which."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from connecticard import clock, services
from connecticard.forms import DeputyForm, EndRoleForm
from connecticard.models import Invitation, Role, RoleAssignment
from connecticard.permissions import Action, libraries_for, requires, signed_in

PAST_ONES_SHOWN = 10


def _library_of(request: HttpRequest, key: str) -> Any:
    """Return a library for which this person names deputies; 404 for every other."""
    return get_object_or_404(libraries_for(request.user, Action.NAME_DEPUTY), key=key)


def _deputies_of(library: Any) -> Any:
    return RoleAssignment.objects.filter(library=library, role=Role.DEPUTY_CERTIFIER).select_related(
        "user", "library"
    )


@requires(Action.NAME_DEPUTY)
@require_http_methods(["GET", "HEAD", "POST"])
def deputies(request: HttpRequest, key: str) -> HttpResponse:
    """List the deputies of a library, and name one."""
    library = _library_of(request, key)
    form = DeputyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            named = services.name_deputy(library=library, by=signed_in(request), **form.cleaned_data)
        except services.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _what_happens(named))
            return redirect("connecticard:deputies", key=key)
    today = clock.today()
    held = list(_deputies_of(library).order_by("valid", "pk"))
    now_or_later = [each for each in held if not each.has_ended(today)]
    return render(
        request,
        "connecticard/deputies.html",
        {
            "library": library,
            "form": form,
            "deputies": [(each, each.is_in_force(today)) for each in now_or_later],
            "past": [each for each in held if each.has_ended(today)][: -PAST_ONES_SHOWN - 1 : -1],
            "invitations": Invitation.objects.open().filter(library=library, role=Role.DEPUTY_CERTIFIER),
            "now": clock.now(),
            "people": _people_of(library, today),
        },
    )


def _what_happens(named: RoleAssignment | Invitation) -> str:
    if isinstance(named, Invitation):
        return (
            f"{named.email} is invited. The link in the e-mail works for 7 days; "
            "the person certifies once it is taken up, on the days that you chose."
        )
    return f"{named.user} is deputy certifier on the days that you chose, and was told by e-mail."


def _people_of(library: Any, on: Any) -> list[Any]:
    """Return the people who work for a library and could stand in without an invitation."""
    held = RoleAssignment.objects.filter(library=library).in_force(on).select_related("user")
    certifiers = {each.user for each in held if each.role == Role.LIBRARY_CERTIFIER}
    return sorted({each.user for each in held} - certifiers, key=str)


@requires(Action.NAME_DEPUTY)
@require_http_methods(["GET", "HEAD", "POST"])
def deputy_end(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """End a deputy's days early, now or after a day to come."""
    library = _library_of(request, key)
    assignment = get_object_or_404(_deputies_of(library), pk=pk)
    if assignment.has_ended(clock.today()):
        messages.info(request, f"{assignment.user} is not deputy any more: nothing had to be ended.")
        return redirect("connecticard:deputies", key=key)
    form = EndRoleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.end_role(assignment=assignment, by=signed_in(request), **form.cleaned_data)
        except services.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"The end of {assignment.user} as deputy is recorded.")
            return redirect("connecticard:deputies", key=key)
    return render(
        request,
        "connecticard/deputy_end.html",
        {"library": library, "assignment": assignment, "form": form},
    )


@requires(Action.NAME_DEPUTY)
@require_POST
def deputy_invitation_revoke(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """Take the invitation of a deputy back."""
    library = _library_of(request, key)
    invitation = Invitation.objects.filter(library=library, role=Role.DEPUTY_CERTIFIER, pk=pk).first()
    if invitation is None:
        raise Http404("There is no such invitation for this library.")
    try:
        services.revoke_invitation(invitation=invitation, by=signed_in(request))
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"The invitation of {invitation.email} is taken back.")
    return redirect("connecticard:deputies", key=key)
