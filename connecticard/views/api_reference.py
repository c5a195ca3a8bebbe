"""The REST interface, described: to programs as OpenAPI, to people as a page."""

import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from connecticard.api_problems import PROBLEMS
from connecticard.api_rendering import JSONRenderer
from connecticard.api_schema import description, operations
from connecticard.api_views import ApiView
from connecticard.published_pages import published_page


class SchemaView(ApiView):
    """The OpenAPI 3.1 description."""

    permission_classes = [AllowAny]
    schema = None

    def get(self, request: Request) -> Response:
        return Response(description())


@dataclass(frozen=True)
class Parameter:
    """A query parameter or a part of the address, as the page shows it."""

    name: str
    place: str
    values: str
    required: bool
    description: str


@dataclass(frozen=True)
class Route:
    """A route, as the page shows it."""

    id: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    curl: str
    answer: str


@login_not_required
@require_safe
@published_page
def api_reference(request: HttpRequest) -> HttpResponse:
    """Explain the REST interface; public."""
    context = {
        "routes": [_route(path, operation) for path, operation in operations(description())],
        "problems": [(code, title, cure) for code, (title, cure) in PROBLEMS.items()],
        "rates": settings.API_REQUESTS_A_MINUTE,
        "site": settings.SITE_URL,
    }
    return render(request, "connecticard/api_reference.html", context)


def _route(path: str, operation: dict[str, Any]) -> Route:
    return Route(
        id=operation["operationId"],
        path=path,
        summary=operation["summary"],
        description=operation["description"],
        parameters=tuple(
            Parameter(
                name=parameter["name"],
                place="address" if parameter["in"] == "path" else "query",
                values=_values(parameter["schema"]),
                required=parameter.get("required", False),
                description=parameter.get("description", ""),
            )
            for parameter in operation.get("parameters", ())
        ),
        curl=example_call(path, operation),
        answer=JSONRenderer.readable(operation["responses"]["200"]["content"]["application/json"]["example"]),
    )


def example_call(path: str, operation: dict[str, Any]) -> str:
    """Return a curl line that asks for a route, with a token where it takes one."""
    query = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
        elif parameter.get("required"):
            query[parameter["name"]] = parameter["schema"]["examples"][0]
    address = settings.SITE_URL + path + (f"?{urlencode(query)}" if query else "")
    token = "" if {} in operation.get("security", ()) else '--header "Authorization: Bearer $TOKEN" '
    return f"curl {token}{shlex.quote(address)}"


def _values(schema: dict[str, Any]) -> str:
    """Say in a few words which values a parameter takes."""
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if schema["type"] == "integer":
        text = f"{schema['minimum']} to {schema['maximum']}"
        return f"{text}; {schema['default']} where not given" if "default" in schema else text
    if schema["type"] == "boolean":
        return "true, false"
    return "a day, as 2026-03-01" if schema.get("format") == "date" else "text"
