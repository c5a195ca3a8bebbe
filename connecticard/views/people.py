"""Who holds which role: the list, a person's page, invitations, ends of roles, second factors reset."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from connecticard import clock, second_factor_services, services
from connecticard.forms import EndRoleForm, InvitationForm, PeopleFilterForm, ReasonForm
from connecticard.models import ApiToken, Invitation, Role, RoleAssignment, SecondFactorReset, User
from connecticard.permissions import Action, may, requires, signed_in
from connecticard.second_factor import has_second_factor

PEOPLE_ON_A_PAGE = 50


@require_safe
@requires(Action.VIEW_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """List people with the roles they hold today, and the invitations not yet taken up."""
    form = PeopleFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    held = RoleAssignment.objects.in_force(clock.today()).select_related(
        "library", "consortium", "delivery_site"
    )
    listed = User.objects.order_by("name", "email")
    if wanted.get("name"):
        listed = listed.filter(Q(name__icontains=wanted["name"]) | Q(email__icontains=wanted["name"]))
    if wanted.get("role") or wanted.get("library"):
        chosen = held
        if wanted.get("role"):
            chosen = chosen.filter(role=wanted["role"])
        if wanted.get("library"):
            chosen = chosen.filter(library=wanted["library"])
        listed = listed.filter(pk__in=chosen.values("user"))
    page = Paginator(listed, PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    roles: dict[int, list[RoleAssignment]] = {}
    for assignment in held.filter(user__in=list(page)).order_by("role", "library__name"):
        roles.setdefault(assignment.user_id, []).append(assignment)
    return render(
        request,
        "connecticard/people.html",
        {
            "form": form,
            "page": page,
            "rows": [(user, roles.get(user.pk, [])) for user in page],
            "invitations": Invitation.objects.open().select_related(
                "library", "consortium", "delivery_site", "invited_by"
            ),
            "resets": _waiting_resets(),
            "now": clock.now(),
            "may_invite": may(request.user, Action.MANAGE_LIBRARY_PEOPLE),
        },
    )


def _waiting_resets() -> Any:
    return SecondFactorReset.objects.filter(done_at__isnull=True, withdrawn_at__isnull=True).select_related(
        "user", "requested_by"
    )


@require_safe
@requires(Action.VIEW_PEOPLE)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Show somebody's roles, now and before, and what may be done about them."""
    return _person_page(request, get_object_or_404(User, pk=pk), ReasonForm())


def _person_page(request: HttpRequest, user: User, reset_form: ReasonForm, status: int = 200) -> HttpResponse:
    today = clock.today()
    roles = user.role_assignments.select_related("library", "consortium", "delivery_site").order_by(
        "role", "-pk"
    )
    reset = _waiting_resets().filter(user=user).first()
    return render(
        request,
        "connecticard/person.html",
        {
            "person": user,
            "roles": [
                {
                    "assignment": assignment,
                    "in_force": assignment.is_in_force(today),
                    "may_end": not assignment.has_ended(today)
                    and may(request.user, services.action_to_manage(assignment.role), assignment.library),
                }
                for assignment in roles
            ],
            "has_second_factor": has_second_factor(user),
            "reset": reset,
            "may_reset": user != request.user and may(request.user, Action.MANAGE_LIBRARY_PEOPLE),
            "may_approve": reset is not None
            and may(request.user, Action.MANAGE_STATE_PEOPLE)
            and request.user not in (reset.requested_by, reset.user),
            "reset_form": reset_form,
            "tokens": ApiToken.objects.filter(role_assignment__user=user, revoked_at__isnull=True).count(),
        },
        status=status,
    )


@requires(Action.MANAGE_LIBRARY_PEOPLE)
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody to a role."""
    roles = [role for role in Role if may(request.user, services.action_to_manage(role))]
    form = InvitationForm(request.POST or None, roles=roles)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            services.invite_person(
                email=wanted["email"],
                role=Role(wanted["role"]),
                library=wanted["library"],
                consortium=wanted["consortium"],
                delivery_site=wanted["delivery_site"],
                valid=form.valid,
                by=signed_in(request),
            )
        except services.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, f"{wanted['email']} is invited. The link in the e-mail works for 7 days."
            )
            return redirect("connecticard:people")
    return render(request, "connecticard/invite.html", {"form": form})


@require_POST
@requires(Action.MANAGE_LIBRARY_PEOPLE)
def resend_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a new link for an invitation."""
    invitation = get_object_or_404(Invitation, pk=pk)
    return _told(
        request,
        lambda: services.resend_invitation(invitation=invitation, by=signed_in(request)),
        f"A new link went to {invitation.email}; the old one no longer works.",
        "connecticard:people",
    )


@require_POST
@requires(Action.MANAGE_LIBRARY_PEOPLE)
def revoke_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(Invitation, pk=pk)
    return _told(
        request,
        lambda: services.revoke_invitation(invitation=invitation, by=signed_in(request)),
        f"The invitation of {invitation.email} is revoked.",
        "connecticard:people",
    )


@requires(Action.MANAGE_LIBRARY_PEOPLE)
def end_role(request: HttpRequest, pk: int) -> HttpResponse:
    """End a role, now or after a day to come."""
    assignment = get_object_or_404(
        RoleAssignment.objects.select_related("user", "library", "consortium"), pk=pk
    )
    services.check_may_manage(by=signed_in(request), role=assignment.role, library=assignment.library)
    form = EndRoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.end_role(assignment=assignment, by=signed_in(request), **form.cleaned_data)
        except services.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"The end of the role {assignment.title} is recorded.")
            return redirect("connecticard:person", pk=assignment.user_id)
    return render(request, "connecticard/role_end.html", {"assignment": assignment, "form": form})


@require_POST
@requires(Action.MANAGE_LIBRARY_PEOPLE)
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove somebody's second factor, or ask for approval where a second person must agree."""
    user = get_object_or_404(User, pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _person_page(request, user, form, status=422)

    def act() -> None:
        second_factor_services.request_second_factor_reset(
            user=user, reason=form.cleaned_data["reason"], by=signed_in(request)
        )

    return _told(request, act, "The request is recorded.", "connecticard:person", pk=user.pk)


@require_POST
@requires(Action.MANAGE_STATE_PEOPLE)
def approve_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a reset that another person asked for."""
    reset = get_object_or_404(SecondFactorReset, pk=pk)
    return _told(
        request,
        lambda: second_factor_services.approve_second_factor_reset(reset=reset, by=signed_in(request)),
        "The second factor is removed. The person sets up a new one at the next sign-in.",
        "connecticard:person",
        pk=reset.user_id,
    )


@require_POST
@requires(Action.MANAGE_LIBRARY_PEOPLE)
def withdraw_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a reset that waits for approval."""
    reset = get_object_or_404(SecondFactorReset, pk=pk)
    return _told(
        request,
        lambda: second_factor_services.withdraw_second_factor_reset(reset=reset, by=signed_in(request)),
        "The request is withdrawn.",
        "connecticard:person",
        pk=reset.user_id,
    )


def _told(
    request: HttpRequest, act: Callable[[], None], done: str, url_name: str, **where: Any
) -> HttpResponse:
    """Do it, say so, and go on; say why where it is refused."""
    try:
        act()
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect(url_name, **where)
