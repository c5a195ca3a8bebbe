"""API tokens: `Authorization: Bearer ctk_…`, acting for one person in one role."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from connecticard import clock
from connecticard.models import ApiToken, User
from connecticard.services import sha256_of_token

NOTE_USE_EVERY = timedelta(minutes=1)


class ApiTokenAuthentication(BaseAuthentication):
    """Finds the person behind a token; `request.user.acting_through` and `request.auth` are the token.

    The permission table then goes no further than the token's role and scopes.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() != "bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed("Send one token: Authorization: Bearer TOKEN.")
        token = (
            ApiToken.objects.select_related("role_assignment__user")
            .filter(sha256=sha256_of_token(words[1]))
            .first()
        )
        now = clock.now()
        if token is None or not token.works(now, clock.today()):
            raise AuthenticationFailed("This token is unknown, expired or revoked, or its role has ended.")
        if token.last_used_at is None or now - token.last_used_at > NOTE_USE_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        user = token.user
        user.acting_through = token
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """Finds who is signed in on the site; what changes something must prove that it comes from there."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as refused:
            raise PermissionDenied(str(refused.detail), code="csrf_failed") from None


class SessionScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI description names the session of a browser."""

    target_class = "connecticard.api_authentication.SessionAuthentication"
    name = "cookieAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "Who is signed in on the site; a write also needs the header X-CSRFToken.",
        }


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI description names the token."""

    target_class = "connecticard.api_authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token made on the page My account. It acts in one role, within its scopes.",
        }
