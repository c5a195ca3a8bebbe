"""The REST interface, described: to programs as OpenAPI, to people as pages."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from connecticard import api_page
from connecticard.api_problems import PROBLEMS
from connecticard.api_schema import description
from connecticard.api_views import ApiView
from connecticard.permissions import PERMITTED, SCOPES, Scope


class SchemaView(ApiView):
    """The OpenAPI 3.1 description."""

    permission_classes = [AllowAny]
    schema = None

    def get(self, request: Request) -> Response:
        return Response(description())


@login_not_required
@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    """Explain what holds for the whole REST interface, and how a report is filed by it; public."""
    context = {
        "resources": api_page.resources(),
        "problems": [(code, title, cure) for code, (title, cure) in PROBLEMS.items()],
        "scopes": [(scope, scope.label, _who_uses(scope)) for scope in Scope],
        "rates": settings.API_REQUESTS_A_MINUTE,
        "site": settings.SITE_URL,
        "module": api_page.script("borrowit.py"),
        "filing_python": api_page.script("file_a_report.py"),
        "filing_shell": api_page.script("file_a_report.sh"),
    }
    return render(request, "connecticard/api_reference.html", context)


@login_not_required
@require_safe
def api_resource(request: HttpRequest, resource: str) -> HttpResponse:
    """Explain the routes of one resource; public."""
    found = next((each for each in api_page.resources() if each.name == resource), None)
    if found is None:
        raise Http404(f"The interface has no resource {resource!r}.")
    return render(request, "connecticard/api_resource.html", {"resource": found, "site": settings.SITE_URL})


def _who_uses(scope: Scope) -> str:
    """Return the roles that may do something for which a token needs this scope."""
    roles = {role for action, needed in SCOPES.items() if needed is scope for role in PERMITTED[action]}
    return (
        ", ".join(role.label for role in sorted(roles, key=list(type(next(iter(roles)))).index))
        if roles
        else "Everybody"
    )
