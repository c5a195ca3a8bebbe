"""What the REST interface answers when it refuses: a problem (RFC 9457) with code, field and cure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from connecticard.request_id import request_id

MEDIA_TYPE = "application/problem+json"

# By code: the title, and what to do where nothing more exact is known.
PROBLEMS: dict[str, tuple[str, str]] = {
    "unknown_parameter": (
        "Unknown query parameter",
        "Leave it out, or use a parameter that the route names.",
    ),
    "repeated_parameter": ("Repeated query parameter", "Give each parameter once."),
    "invalid_parameter": ("Query parameter that cannot be read", "Give a value of the form described."),
    "missing_parameter": ("Missing query parameter", "Add the parameter."),
    "not_authenticated": (
        "Not signed in",
        "Send an API token: Authorization: Bearer TOKEN. Make one on the page of your account.",
    ),
    "authentication_failed": (
        "The token does not work",
        "Make a new token on the page of your account, or leave the header out to read what is published.",
    ),
    "permission_denied": (
        "Not permitted",
        "Use a token whose role and scopes permit this; the State Library assigns roles.",
    ),
    "second_factor_missing": (
        "No second factor",
        "Sign in on the site and set up an authenticator app or a passkey.",
    ),
    "not_found": ("Not found", "Check the address. What you may not see is not found either."),
    "no_such_route": ("No such route", "Choose a route from the reference page."),
    "no_such_page": ("No such page of the list", "Begin again without cursor, and follow next."),
    "method_not_allowed": ("Method not allowed", "Use one of the methods that the Allow header names."),
    "not_acceptable": ("No such form of the answer", "Accept application/json."),
    "unsupported_media_type": (
        "Body of a kind that is not read here",
        "Send a kind that the route names, in UTF-8.",
    ),
    "parse_error": ("Body that cannot be read", "Send well-formed JSON."),
    "missing_body": ("Missing body", "Send the body that the route describes."),
    "missing_field": ("Missing field", "Add the field."),
    "unknown_field": ("Unknown field", "Leave it out, or use a field that the route names."),
    "invalid_field": ("Field that cannot be read", "Give a value of the form described."),
    "invalid_header": ("Header that cannot be read", "Send the header in the form described."),
    "body_too_large": ("Body too large", "Send less at once: one filing, or one period, at a time."),
    "csrf_failed": (
        "No proof that the request comes from this site",
        "From a browser send the header X-CSRFToken; from a program send an API token.",
    ),
    "if_match_missing": (
        "Missing If-Match",
        "Read the record, and send the ETag of that answer as If-Match.",
    ),
    "changed_meanwhile": (
        "Changed meanwhile",
        "Read the record again, look at what was changed, and send If-Match with its new ETag.",
    ),
    "key_used_before": (
        "Idempotency-Key of another request",
        "Use a new key for each thing to be done, and the same one only to ask again.",
    ),
    "second_factor_refused": (
        "The second factor was not shown",
        "Send the code that the authenticator app of the token's person shows now.",
    ),
    "conflict": ("Not as things stand", "Read the record, and do what the detail says first."),
    "not_accepted": ("What the rules do not accept", "Mend each of the errors and send it again."),
    "must_be_mended": ("Counts that cannot be right", "Correct the counts; read findings for all of them."),
    "must_be_explained": (
        "Counts that are unusual and not explained",
        "Correct the count, or give a reason for it by a POST to explanations.",
    ),
    "not_on_record": ("Names something that is not on record", "Read the list that the field refers to."),
    "rate_limited": ("Too many requests", "Wait as long as Retry-After says."),
    "server_error": (
        "Something went wrong here",
        "Try again later; where it stays, tell the State Library the request_id.",
    ),
}


@dataclass(frozen=True)
class Mistake:
    """One thing wrong with a request.

    `field` names the parameter or header, or points to a place in the body (RFC 6901): /counts/3/loans; in a
    CSV it is the line and the column: line 4, loans.
    """

    code: str
    field: str | None
    detail: str
    cure: str


class Refused(exceptions.APIException):
    """A request that cannot be carried out as it stands; every mistake is named."""

    def __init__(self, mistakes: Sequence[Mistake], status: int = 400) -> None:
        self.mistakes = tuple(mistakes)
        self.status_code = status
        super().__init__(" ".join(mistake.detail for mistake in self.mistakes), self.mistakes[0].code)


class NoSuchPage(Refused):
    """A cursor that names no page of this list."""

    def __init__(self) -> None:
        detail = "This cursor names no page of this list."
        super().__init__([Mistake("no_such_page", "cursor", detail, PROBLEMS["no_such_page"][1])], 404)


def body(status: int, mistakes: Sequence[Mistake]) -> dict[str, Any]:
    """Return the body of a problem: the first mistake says what it is, `errors` lists all."""
    first = mistakes[0]
    return {
        "type": f"{settings.SITE_URL}/api/#{first.code}",
        "title": PROBLEMS[first.code][0],
        "status": status,
        **asdict(first),
        "errors": [asdict(mistake) for mistake in mistakes],
        "request_id": request_id.get(),
    }


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a REST view with a problem; None, a server error, where it is unknown."""
    response = exception_handler(error, context)  # sets WWW-Authenticate and Retry-After
    if response is None:
        return None
    response.data = body(response.status_code, _mistakes(error))
    response.content_type = MEDIA_TYPE
    return response


def _mistakes(error: Exception) -> Sequence[Mistake]:
    if isinstance(error, Refused):
        return error.mistakes
    code, detail = "not_found", str(error) or "Nothing is here, or you may not see it."
    if isinstance(error, PermissionDenied):
        code, detail = "permission_denied", str(error) or "You may not do this."
    elif isinstance(error, exceptions.Throttled):
        code, detail = "rate_limited", "You have sent more requests than your role allows in a minute."
    elif isinstance(error, exceptions.APIException) and not isinstance(error, Http404):
        found = str(error.get_codes())
        code = found if found in PROBLEMS else "parse_error"
        detail = str(error.detail)
    return [Mistake(code, None, detail, PROBLEMS[code][1])]


def answer(status: int, code: str, detail: str) -> HttpResponse:
    """Return a problem where no view of the interface is reached."""
    mistake = Mistake(code, None, detail, PROBLEMS[code][1])
    return HttpResponse(orjson.dumps(body(status, [mistake])), status=status, content_type=MEDIA_TYPE)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an error nobody foresaw: a problem to a REST client, a page to a person."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    return answer(500, "server_error", "The request could not be answered.")
