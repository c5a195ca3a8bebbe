"""What the public REST interface answers, asked as anybody would ask, so that a box holds the same words."""

import json
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, QueryDict
from django.urls import resolve

ROOT = "/api/v1/"


class NoAnswer(Exception):
    """The interface did not answer what the box asked."""


def snapshot(fiscal_year: int, run_key: str) -> dict[str, bytes]:
    """Return the answers about a fiscal year by file name, every page of each, as JSON."""
    asked = {
        "towns": "towns/?page_size=1000",
        "libraries": "libraries/?page_size=1000",
        "payment-run": f"payment-runs/{run_key}/",
        "payments": f"payment-runs/{run_key}/payments/?page_size=1000",
        "statistics-use": f"statistics/use/?fiscal_year={fiscal_year}&page_size=1000",
        "statistics-flows": f"statistics/flows/?fiscal_year={fiscal_year}&page_size=10000",
    }
    return {f"{name}.json": _whole(ROOT + address) for name, address in asked.items()}


def _whole(address: str) -> bytes:
    answer = _ask(address)
    if "results" in answer:
        found, following = answer["results"], answer.get("next")
        while following:
            parts = urlsplit(following)
            page = _ask(f"{parts.path}?{parts.query}")
            found, following = found + page["results"], page.get("next")
        answer = {"results": found}
    told = {"address": settings.SITE_URL + address, "answer": answer}
    return json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _ask(address: str) -> Any:
    parts, site = urlsplit(address), urlsplit(settings.SITE_URL)
    request = HttpRequest()
    request.method, request.path, request.path_info = "GET", parts.path, parts.path
    request.GET = QueryDict(parts.query)
    request.META = {
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": site.netloc,
        "SERVER_NAME": site.hostname,
        "SERVER_PORT": str(site.port or 443),
        "QUERY_STRING": parts.query,
        "HTTP_X_FORWARDED_PROTO": site.scheme,
        "HTTP_ACCEPT": "application/json",
    }
    request.user = AnonymousUser()
    view, positional, named = resolve(parts.path)
    response = view(request, *positional, **named)
    if hasattr(response, "render"):
        response = response.render()
    content = b"".join(response) if response.streaming else response.content
    if response.status_code != 200:
        raise NoAnswer(f"{address} answers {response.status_code}: {content[:200].decode(errors='replace')}")
    return orjson.loads(content)
