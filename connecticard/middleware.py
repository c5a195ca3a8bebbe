"""What happens around every request."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from connecticard.request_id import request_id
from connecticard.second_factor import SECOND_FACTOR_SET, has_second_factor


class RequestIdMiddleware:
    """Give each request an identifier that its audit events and its answer carry."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(uuid4().hex)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class SecondFactorMiddleware:
    """Send who signed in without a second factor to set one up, before anything else."""

    OPEN = frozenset(
        {
            "connecticard:second_factor_setup",
            "connecticard:accept_invitation",
            "account_logout",
            "account_reauthenticate",
            "mfa_activate_totp",
            "mfa_add_webauthn",
        }
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not request.user.is_authenticated or request.session.get(SECOND_FACTOR_SET):
            return None
        if has_second_factor(request.user):
            request.session[SECOND_FACTOR_SET] = True
            return None
        if request.resolver_match.view_name in self.OPEN:
            return None
        if request.path.startswith("/api/"):
            return JsonResponse(
                {"code": "second_factor_missing", "detail": "Set up a second factor on the site first."},
                status=403,
                content_type="application/problem+json",
            )
        return redirect("connecticard:second_factor_setup")
