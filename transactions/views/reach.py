"""Which filing or library an address means, for the person who asks."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from connecticard import permissions
from connecticard.permissions import Action
from libraries.models import Library
from transactions.models import Filing


def library_of(request: HttpRequest, key: str, action: Action = Action.VIEW_LIBRARY) -> Library:
    """Return a library by its key; 404 where this person may not see it, 403 where not do this."""
    seen = permissions.libraries_for(request.user, Action.VIEW_LIBRARY).select_related("town")
    library: Library = get_object_or_404(seen, key=key)
    _check(request, action, library)
    return library


def filing_of(request: HttpRequest, pk: int, action: Action = Action.VIEW_LIBRARY) -> Filing:
    """Return a filing, with library and period; 404 where this person may not see it, 403 where not this."""
    seen = permissions.libraries_for(request.user, Action.VIEW_LIBRARY)
    filings = Filing.objects.select_related("library__town", "period", "submitted_by", "certified_by")
    filing = get_object_or_404(filings.filter(library__in=seen), pk=pk)
    _check(request, action, filing.library)
    return filing


def _check(request: HttpRequest, action: Action, library: Library) -> None:
    if action is not Action.VIEW_LIBRARY:
        permissions.check(request.user, action, library)
