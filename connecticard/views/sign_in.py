"""Sign-in pages that differ from allauth's."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import deactivate_totp as remove_authenticator_app
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from connecticard.second_factor import demonstration_code, has_passkey

__all__ = ["SignInCodeView", "remove_authenticator_app", "remove_passkey"]


class SignInCodeView(AuthenticateView):
    """The second factor at sign-in; in a demonstration it shows the code."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.stage.login.user
        return super().get_context_data(**kwargs) | {
            "demonstration_code": demonstration_code(user),
            "has_passkey": has_passkey(user),
            "has_code": Authenticator.objects.filter(user=user)
            .exclude(type=Authenticator.Type.WEBAUTHN)
            .exists(),
        }


_remove_passkey = RemoveWebAuthnView.as_view()


@reauthentication_required(app="allauth.mfa")
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove one of one's own passkeys, unless it is the only second factor."""
    passkey = get_object_or_404(Authenticator, pk=pk, user=request.user, type=Authenticator.Type.WEBAUTHN)
    if not get_adapter().can_delete_authenticator(passkey):
        messages.error(request, get_adapter().error_messages["cannot_delete_authenticator"])
        return redirect("connecticard:account")
    return _remove_passkey(request, pk=pk)
