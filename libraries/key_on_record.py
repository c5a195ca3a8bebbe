"""Addresses with a library's key in them: the key is found however its letters are written."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import reverse

from libraries.models import Library


def key_on_record(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Lead an address whose key is written ct0012 to the one with CT0012, as the key is on record."""

    @wraps(view)
    def found(request: HttpRequest, *args: Any, key: str, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, key=key, **kwargs)
        except Http404:
            others = Library.objects.filter(key__iexact=key).exclude(key=key)
            right = others.values_list("key", flat=True).first()
            match = request.resolver_match
            if right is None or match is None:
                raise
            named = match.captured_kwargs  # type: ignore[attr-defined]  # unknown to the stubs
            address = reverse(match.view_name, kwargs={**named, "key": right})
            asked = request.META.get("QUERY_STRING", "")
            return HttpResponsePermanentRedirect(f"{address}?{asked}" if asked else address)

    return found
