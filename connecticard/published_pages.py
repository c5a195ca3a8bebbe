"""Public pages kept ready: an answer is made once for what is published, then given to everybody.

A page is kept under its address, the day, the version of the product and the mark of what is published. The
database moves that mark on in the transaction that changes a row (`published_tables`), so that no page can
outlive the figures that it shows, whoever changed them and however. Nothing is kept of who is signed in.
"""

import gzip
import re
from collections.abc import Callable, Collection
from functools import cache, partial, wraps
from hashlib import sha256
from typing import Any, NamedTuple, overload

import structlog
from django.conf import settings
from django.contrib.messages import get_messages
from django.core.cache import cache as kept_pages
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import autoreload, translation
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from redis.exceptions import RedisError

from connecticard import clock
from connecticard.tasks import warm_published_pages

logger = structlog.get_logger("connecticard.published_pages")

View = Callable[..., HttpResponseBase]

KEPT_FOR = 25 * 3600  # seconds; the day is part of the key
_COMPRESSION = 6
_INDENTATION = re.compile(rb"(<(pre|textarea)\b.*?</\2>)|\n\s+", re.DOTALL)


class Kept(NamedTuple):
    """An answer as it is kept: its headers, its content compressed by gzip, and the digest of the content."""

    headers: dict[str, str]
    compressed: bytes
    digest: str


@overload
def published_page(view: View) -> View: ...


@overload
def published_page(*, asks: Collection[str]) -> Callable[[View], View]: ...


def published_page(view: View | None = None, *, asks: Collection[str] = ()) -> Any:
    """Keep the answers of a public view that depend on what is published alone.

    Not on the person, the host, a message or a CSRF token: what such a view makes for somebody signed in is
    not kept. `asks` names the parameters with which an address is kept too, each given once; with any other
    it is made each time, so that nobody fills the cache with addresses made up.
    """
    if view is None:
        return partial(published_page, asks=asks)
    known = frozenset(asks)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _is_for_anybody(request):
            return view(request, *args, **kwargs)
        # Before the view reads: what it reads later is newer than this mark
        asked = dict(request.GET.lists())
        is_known = known >= asked.keys() and all(len(given) == 1 for given in asked.values())
        key = _key(request) if is_known else None
        kept = _find(key) if key else None
        if kept is None:
            response = view(request, *args, **kwargs)
            if not _may_be_kept(request, response):
                return response
            assert isinstance(response, HttpResponse)
            kept = _kept(response)
            if key:
                _keep(key, kept)
        return _answer_of(request, kept)

    answer.is_published_page = True  # type: ignore[attr-defined]
    return answer


def published_mark() -> str:
    """Return what names the state of all that is published; another one after each change."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), max(id), sum(moves) FROM connecticard_publishedchange")
        return "-".join(str(part or 0) for part in cursor.fetchone())


def something_was_published() -> None:
    """Move the mark on, and have the pages that are read most made anew once the transaction stands.

    A change of a row moves the mark on by itself; call this after what brings readers, such as a
    publication, and where what changed is no row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT connecticard_something_was_published()")
    transaction.on_commit(warm_published_pages.delay, robust=True)


def _is_for_anybody(request: HttpRequest) -> bool:
    """Tell whether anybody would be given the same answer."""
    return (
        request.method in ("GET", "HEAD")
        and "HX-Request" not in request.headers
        and not request.user.is_authenticated
        and not len(get_messages(request))
    )


def _may_be_kept(request: HttpRequest, response: HttpResponseBase) -> bool:
    return (
        isinstance(response, HttpResponse)
        and response.status_code == 200
        and not response.cookies
        and "CSRF_COOKIE" not in request.META
        and "Cache-Control" not in response
    )


def _kept(response: HttpResponse) -> Kept:
    """Return an answer as it is kept: of a page, without the indentation of its templates."""
    content = response.content
    if response["Content-Type"].startswith("text/html"):
        content = _INDENTATION.sub(lambda found: found[1] or b"\n", content)
    return Kept(
        dict(response.headers),
        gzip.compress(content, _COMPRESSION, mtime=0),
        sha256(content).hexdigest(),
    )


def _key(request: HttpRequest) -> str:
    parts = (
        request.path,
        request.GET.urlencode(),  # however it was written
        published_mark(),
        clock.today().isoformat(),
        translation.get_language() or "",
        _product_version(),
    )
    return "published-page:" + sha256("\n".join(parts).encode()).hexdigest()


@cache
def _product_version() -> str:
    """Return the version, or when a file of the product last changed where it was given none."""
    if settings.CODE_VERSION:
        return str(settings.CODE_VERSION)
    folders = ("connecticard", "libraries", "transactions", "payments", "reports", "templates")
    files = (path for folder in folders for path in (settings.BASE_DIR / folder).rglob("*"))
    return str(
        max(path.stat().st_mtime_ns for path in files if path.suffix in {".py", ".html", ".toml", ".po"})
    )


def _forget_the_version(**kwargs: object) -> None:
    """The server of development reads a changed template without beginning anew."""
    _product_version.cache_clear()


autoreload.file_changed.connect(_forget_the_version)


def _find(key: str) -> Kept | None:
    try:
        found = kept_pages.get(key)
    except (RedisError, OSError) as away:
        logger.warning("no_cache", problem=str(away))
        return None
    return Kept(*found) if found else None


def _keep(key: str, kept: Kept) -> None:
    try:
        kept_pages.set(key, tuple(kept), KEPT_FOR)
    except (RedisError, OSError) as away:
        logger.warning("no_cache", problem=str(away))


def _answer_of(request: HttpRequest, kept: Kept) -> HttpResponseBase:
    """Return a kept answer as this browser takes it; without content where it has it already."""
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(
        kept.compressed if takes_gzip else gzip.decompress(kept.compressed), headers=kept.headers
    )
    if takes_gzip:
        response["Content-Encoding"] = "gzip"
    response["Content-Length"] = str(len(response.content))
    response["ETag"] = f'W/"{kept.digest}"'
    patch_vary_headers(response, ("Accept-Encoding", "Cookie"))
    patch_cache_control(response, no_cache=True)
    found = get_conditional_response(request, etag=response["ETag"], response=response)
    assert found is not None
    return found
