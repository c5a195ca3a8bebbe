"""Which filing or library an address means, for the person who asks."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from connecticard import permissions
from connecticard.permissions import Action
from libraries.models import Library
from transactions.models import Filing


def library_of(request: HttpRequest, key: str, action: Action = Action.VIEW_LIBRARY) -> Library:
    """Return a library by its key; 404 where this person may not see it, 403 where not do this."""
    libraries = permissions.libraries_for(request.user, action).select_related("town")
    library: Library | None = libraries.filter(key=key).first()
    if library:
        return library
    seen = get_object_or_404(permissions.libraries_for(request.user, Action.VIEW_LIBRARY), key=key)
    raise _refused(action, seen)


def filing_of(request: HttpRequest, pk: int, action: Action = Action.VIEW_LIBRARY) -> Filing:
    """Return a filing with library and period; 404 where this person may not see it, 403 where not this."""
    filings = Filing.objects.select_related("library", "period")
    libraries = permissions.libraries_for(request.user, action)
    if filing := filings.filter(library__in=libraries, pk=pk).first():
        return filing
    seen = permissions.libraries_for(request.user, Action.VIEW_LIBRARY)
    raise _refused(action, get_object_or_404(filings.filter(library__in=seen), pk=pk).library)


def _refused(action: Action, library: Library) -> PermissionDenied:
    return PermissionDenied(f"You may not {action.value} for {library}.")


def revision_seen(request: HttpRequest) -> int:
    """Return the revision of the filing that the page showed; -1, which no filing has, where none is sent."""
    sent = request.POST.get("revision", "")
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 10 else -1
