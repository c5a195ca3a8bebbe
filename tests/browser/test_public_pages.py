"""What everybody sees, as a browser gets it: nothing moves, nothing comes from elsewhere, nothing is heavy.

Whether a page is accessible `test_every_page_with_axe` asks of every address, these included.
"""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, Request

from tests.api_world import World
from tests.browser.axe import DESK, PHONE, findings
from tests.browser.test_every_page_with_axe import world  # noqa: F401 - a fixture
from tests.connecticard.test_every_address import addresses
from tests.connecticard.test_reach import records  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_BYTES = 150_000
_SHIFTS = """() => new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) sum += shift.value;
    }).observe({type: "layout-shift", buffered: true});
    document.fonts.ready.then(() => requestAnimationFrame(() => setTimeout(() => resolve(sum), 50)));
})"""


def pages(world: World, records: Any) -> list[str]:  # noqa: F811
    """Return an address of each public page that is kept ready and is a page."""
    found = []
    for name, _, pattern in addresses():
        if not getattr(pattern.callback, "is_published_page", False):
            continue
        parts = records(name, pattern)
        if "pk" in parts:
            parts["pk"] = world.certified_run.pk
        address = reverse(name, kwargs=parts)
        answer = Client().get(address)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            found.append(address)
    return found


def test_public_pages_stand_still_are_light_and_come_from_one_host(
    page: Page,
    site: str,
    world: World,  # noqa: F811
    records: Any,  # noqa: F811
) -> None:
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    wrong: dict[str, list[str]] = {}
    looked_at = pages(world, records)
    for address in looked_at:
        for frame in (PHONE, DESK):
            page.set_viewport_size(frame)
            asked.clear()
            page.goto(site + address)
            found = []
            if shift := page.evaluate(_SHIFTS):
                found.append(f"moved by {shift:.4f}")
            found += [one.url for one in asked if urlsplit(one.url).netloc != urlsplit(site).netloc]
            sent = sum(one.sizes()["responseBodySize"] for one in asked if one.resource_type != "image")
            if sent > MOST_BYTES:
                found.append(f"{sent:,} bytes")
            if found:
                wrong[f"{address} at {frame['width']}"] = found

    assert wrong == {}
    assert {"/", "/find/", "/key-dates/", "/downloads/", "/trends/"} <= set(looked_at)


def test_the_finder_and_its_answer_have_no_serious_finding(page: Page, site: str, world: World) -> None:  # noqa: F811
    page.goto(f"{site}/find/")
    page.get_by_label("Your town, village or library").fill("Dunes")
    page.get_by_role("button", name="Find").press("Enter")
    page.get_by_role("heading", name="Dunes").wait_for()

    assert findings(page) == []
