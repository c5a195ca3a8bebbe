"""What happens around every request."""

from collections.abc import Callable
from time import monotonic
from typing import Any
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import is_valid_path
from django.utils import translation
from django.utils.cache import patch_cache_control

from connecticard import api_problems
from connecticard.languages import in_english, language_of
from connecticard.permissions import read_roles_once
from connecticard.request_id import came_by, request_id
from connecticard.second_factor import SECOND_FACTOR_SET, has_second_factor

logger = structlog.get_logger("connecticard.requests")


class RequestIdMiddleware:
    """Give each request an identifier that its audit events, its log line and its answer carry.

    The line names the route, not the address, which may hold a link that works once.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token, way, began = request_id.set(uuid4().hex), came_by.set(""), monotonic()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            logger.info(
                "request",
                method=request.method,
                route=request.resolver_match.route if request.resolver_match else None,
                status=response.status_code,
                milliseconds=round((monotonic() - began) * 1000),
            )
            return response
        finally:
            request_id.reset(token)
            came_by.reset(way)


class LanguageMiddleware:
    """Answer in the language of the address; a page that has no Spanish is sent for in English."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_of(request.path_info)):
            response = self.get_response(request)
        if response.status_code == 404 and request.resolver_match is None:
            english = in_english(request.path_info)
            if english != request.path_info and is_valid_path(english):
                asked = request.META.get("QUERY_STRING", "")
                return redirect(f"{english}?{asked}" if asked else english)
        return response


class PrivatePagesMiddleware:
    """Keep what somebody sees when signed in out of every cache, the browser's own too.

    Library staff share computers: after a sign-out, Back must not show the page again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response and request.user.is_authenticated:
            patch_cache_control(response, private=True, no_store=True)
        return response


class RolesOnceMiddleware:
    """Read the roles of who asks once a request, however often the view, the page and its links need them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        read_roles_once(request.user)


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
            return api_problems.answer(403, "second_factor_missing", "You have no second factor yet.")
        return redirect("connecticard:second_factor_setup")
