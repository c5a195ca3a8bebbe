"""The two languages of the public pages, told apart by address alone: `/towns/` and `/es/towns/`.

English is the language of the site; every page that anybody may open has a second address, in Spanish. A
file, the REST interface and a page for people who signed in have one address and one language. See
docs/decisions/spanish.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, is_valid_path
from django.urls.resolvers import RegexPattern
from django.utils.functional import lazy
from django.utils.translation import get_language, override

ENGLISH, SPANISH = "en", "es"
SPANISH_PREFIX = f"/{SPANISH}/"


def language_of(path: str) -> str:
    """Return the language of an address: the path of a request, which begins with a slash."""
    return SPANISH if path.startswith(SPANISH_PREFIX) else ENGLISH


def in_english(path: str) -> str:
    """Return the English address of a page, given either of its two."""
    return path.removeprefix(f"/{SPANISH}") if language_of(path) == SPANISH else path


def in_both_languages(patterns: Sequence[URLPattern | URLResolver]) -> Sequence[URLPattern | URLResolver]:
    """Give each page that anybody may open its Spanish address, and return the same patterns.

    Looks into each `include` without a prefix of its own. What an include puts below a folder, such as the
    routes of the REST interface, keeps its one address.
    """
    for entry in patterns:
        if isinstance(entry, URLResolver):
            if not str(entry.pattern):
                in_both_languages(entry.url_patterns)
        elif _is_a_public_page(entry):
            _give_spanish_address(entry)
    return patterns


def _is_a_public_page(entry: URLPattern) -> bool:
    """Tell whether anybody may open it and a person reads it; a file has an ending, not a last slash."""
    is_open = getattr(entry.callback, "login_required", True) is False
    return is_open and (str(entry.pattern).rstrip("$").endswith("/") or not str(entry.pattern))


def _route(start: str, rest: str) -> str:
    return f"{start}{SPANISH}/{rest}" if get_language() == SPANISH else start + rest


_route_by_language = lazy(_route, str)


def _give_spanish_address(entry: URLPattern) -> None:
    """Let the route be looked up by the language of the request, as Django does for translated routes."""
    kind, route = type(entry.pattern), str(entry.pattern)
    start = "^" if kind is RegexPattern else ""
    lazy_route: Any = _route_by_language(start, route.removeprefix(start))
    made: Any = kind(lazy_route, name=entry.name, is_endpoint=True)  # type: ignore[call-arg]
    entry.pattern = made


@dataclass(frozen=True)
class Version:
    """A page in one of its languages: `path` names it, `address` is the path with what was asked."""

    language: str
    name: str
    path: str
    address: str
    is_this: bool


def versions(request: HttpRequest) -> list[Version]:
    """Return the languages in which this page exists, English first; none for a page that has one only."""
    path = in_english(request.path)
    asked = request.META.get("QUERY_STRING", "")
    if request.resolver_match is None or request.method not in ("GET", "HEAD"):
        return []
    paths = {ENGLISH: path, SPANISH: f"/{SPANISH}{path}"}
    with override(SPANISH):
        if not is_valid_path(paths[SPANISH]):
            return []
    names = dict(settings.LANGUAGES)
    return [
        Version(code, names[code], at, f"{at}?{asked}" if asked else at, at == request.path)
        for code, at in paths.items()
    ]
