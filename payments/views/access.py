"""What several pages need: who asks, which library, what was posted."""

from typing import Any, cast

from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import get_object_or_404

from connecticard import permissions
from connecticard.models import User
from connecticard.permissions import Action
from libraries.models import Library


def person(request: HttpRequest) -> User:
    """Return who asks; every page here is closed to who is not signed in."""
    return cast(User, request.user)


def library_for(request: HttpRequest, key: str, action: Action) -> Library:
    """Return a library for which this person may do something; else 404, or PermissionDenied."""
    library = get_object_or_404(Library.objects.select_related("town"), key=key)
    permissions.check(request.user, action, library)
    return library


def known_year(fiscal_year: int) -> int:
    """Return a fiscal year that the rulebook speaks of, from the regulation's first on; else 404."""
    if not 1995 <= fiscal_year < 2100:
        raise Http404("No expenditure report is due on that fiscal year.")
    return fiscal_year


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form sent, None where the page is only looked at."""
    return request.POST if request.method == "POST" else None


def allowed(request: HttpRequest, library: Library | None = None, **actions: Action) -> dict[str, Any]:
    """Return, by name, whether this person may do each action."""
    return {name: permissions.may(request.user, action, library) for name, action in actions.items()}
