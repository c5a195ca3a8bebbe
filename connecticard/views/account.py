"""My account: name, password, second factors, recovery codes, API tokens; and taking up an invitation."""

from datetime import timedelta
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import View

from connecticard import clock, permissions, services
from connecticard.forms import AcceptInvitationForm, ApiTokenForm, NameForm
from connecticard.models import ApiToken, Invitation, Role, RoleAssignment, User
from connecticard.permissions import Action, Scope, signed_in
from connecticard.second_factor import has_second_factor

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_safe
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Show what somebody can change about the own account."""
    user = signed_in(request)
    factors = Authenticator.objects.filter(user=user).order_by("created_at")
    codes = next((each for each in factors if each.type == Authenticator.Type.RECOVERY_CODES), None)
    return render(
        request,
        "connecticard/account.html",
        {
            "name_form": NameForm(initial={"name": user.name}),
            "app": next((each for each in factors if each.type == Authenticator.Type.TOTP), None),
            "passkeys": [each for each in factors if each.type == Authenticator.Type.WEBAUTHN],
            "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
            "roles": _roles(user),
            "tokens": [(token, [Scope(scope).label for scope in token.scopes]) for token in _tokens(user)],
            "may_keep_webhooks": permissions.may(user, Action.KEEP_WEBHOOKS),
        },
    )


def _roles(user: User) -> Any:
    return (
        RoleAssignment.objects.filter(user=user)
        .in_force(clock.today())
        .select_related("library", "consortium", "delivery_site")
        .order_by("role", "pk")
    )


def _tokens(user: User) -> list[ApiToken]:
    now, today = clock.now(), clock.today()
    tokens = ApiToken.objects.filter(role_assignment__user=user, revoked_at__isnull=True).select_related(
        "role_assignment__user",
        "role_assignment__library",
        "role_assignment__consortium",
        "role_assignment__delivery_site",
    )
    return [token for token in tokens if token.works(now, today)]


@require_POST
def rename(request: HttpRequest) -> HttpResponse:
    """Change one's own name."""
    form = NameForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Enter your name.")
    elif form.cleaned_data["name"] != signed_in(request).name:
        services.rename_person(user=signed_in(request), name=form.cleaned_data["name"], by=signed_in(request))
        messages.success(request, "Your name is changed.")
    return redirect("connecticard:account")


@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all of one's own sessions."""
    services.sign_out_everywhere(user=signed_in(request), by=signed_in(request))
    logout(request)
    messages.success(request, "You are signed out everywhere.")
    return redirect("account_login")


@require_safe
def second_factor_setup(request: HttpRequest) -> HttpResponse:
    """Offer the two kinds of second factor to somebody who has none yet."""
    if has_second_factor(signed_in(request)):
        return redirect("connecticard:account")
    return render(request, "connecticard/second_factor_setup.html")


@never_cache
@reauthentication_required(app="allauth.mfa")
def make_token(request: HttpRequest) -> HttpResponse:
    """Make an API token and show it, once; it outlives the session, so the second factor is asked again."""
    form = ApiTokenForm(request.POST or None, user=signed_in(request))
    if request.method == "POST" and form.is_valid():
        token, text = services.make_api_token(
            assignment=form.cleaned_data["role"],
            name=form.cleaned_data["name"],
            scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]],
            expires_at=clock.now() + timedelta(days=form.cleaned_data["days"]),
            by=signed_in(request),
        )
        return render(request, "connecticard/api_token_made.html", {"token": token, "text": text})
    context = {"form": form, "roles": _roles(signed_in(request))}
    return render(request, "connecticard/api_token_form.html", context)


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of one's own API tokens."""
    token = get_object_or_404(ApiToken, pk=pk, role_assignment__user=signed_in(request))
    services.revoke_api_token(token=token, by=signed_in(request))
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("connecticard:account")


@method_decorator(
    [login_not_required, never_cache, sensitive_post_parameters("password", "password_again")], "dispatch"
)
class AcceptInvitation(View):
    """Take up an invitation: with a name and a password, or signed in as who was invited."""

    def dispatch(self, request: HttpRequest, *args: Any, token: str, **kwargs: Any) -> Any:
        invitation = services.invitation_of(token)
        if invitation is None:
            return render(request, "connecticard/invitation_closed.html", status=410)
        return super().dispatch(request, invitation)

    def get(self, request: HttpRequest, invitation: Invitation) -> HttpResponse:
        return self._page(request, invitation, AcceptInvitationForm(email=invitation.email))

    def post(self, request: HttpRequest, invitation: Invitation) -> HttpResponse:
        form = AcceptInvitationForm(request.POST, email=invitation.email)
        try:
            if request.user.is_authenticated:
                services.accept_invitation(invitation=invitation, by=signed_in(request))
                messages.success(request, f"You now hold the role {invitation.title}.")
                return redirect("connecticard:account")
            if not form.is_valid():
                return self._page(request, invitation, form)
            user = services.accept_invitation(
                invitation=invitation, name=form.cleaned_data["name"], password=form.cleaned_data["password"]
            )
        except services.Refused as refused:
            messages.error(request, str(refused))
            return self._page(request, invitation, form)
        login(request, user, backend=BACKEND)
        record_authentication(request, user, method="password")
        return redirect("connecticard:second_factor_setup")

    def _page(self, request: HttpRequest, invitation: Invitation, form: AcceptInvitationForm) -> HttpResponse:
        known = User.objects.filter(email=invitation.email).first()
        return render(
            request,
            "connecticard/invitation_accept.html",
            {
                "invitation": invitation,
                "role": Role(invitation.role).label,
                "held_for": invitation.library or invitation.consortium or invitation.delivery_site,
                "form": form,
                "has_account": known is not None and known.has_usable_password(),
                "is_invited": request.user == known,
            },
        )
