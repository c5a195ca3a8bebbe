"""A public page that is kept ready, against an answer of 20 KB that asks nobody anything."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse

from connecticard.urls import urlpatterns as pages_of_the_site
from libraries.roster import load_roster
from payments.past_years.shipped_history import load_history
from tests.bench.measure import Measurement, paired

TWENTY_KB = b"<p>Always the same.</p>" * 900
IN_A_ROUND = 20


@login_not_required
def static_answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TWENTY_KB)


urlpatterns: list[Any] = [path("static-answer/", static_answer), *pages_of_the_site]


def run() -> Iterable[Measurement]:
    load_roster()
    load_history()
    browser = Client(headers={"Accept-Encoding": "gzip"})
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"], CACHES=caches):
        cache.clear()

        def asked(address: str) -> None:
            for _ in range(IN_A_ROUND):
                assert browser.get(address).status_code == 200

        for name in ("reports:home", "libraries:library_list"):
            yield paired(
                f"{IN_A_ROUND} times {reverse(name)}, kept ready",
                ours=lambda name=name: asked(reverse(name)),  # type: ignore[misc]
                floor=lambda: asked("/static-answer/"),
                goal=4,
            )
