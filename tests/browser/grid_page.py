"""The page on which a library enters its loans, as the browser tests of the grid come to it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from connecticard.models import Role
from tests.browser.axe import DESK
from tests.factories import make_counts, make_filing, make_home_library, make_letter, make_period
from tests.factories import make_signed_in_client as signed_in
from transactions.models import Filing

TODAY = date(2026, 9, 5)
MARCH = date(2026, 3, 1)
NAMES = ("Avon Free Public Library", "Bethel Public Library", "Canton Public Library", "Derby Neck Library")


@pytest.fixture
def draft(transactional_db, settings) -> Filing:
    """Avon's draft for March to August 2026: 20 lent on cards of Bethel in March, the rest blank."""
    settings.DEMO_TODAY = TODAY
    avon, bethel, *_ = (make_home_library(name) for name in NAMES)
    make_letter(avon)
    filing = make_filing(avon, make_period())
    make_counts(filing, {(bethel, MARCH): 20})
    return filing


@pytest.fixture
def enter(browser: Browser, site: str, draft: Filing) -> Any:
    """Open the grid as a filer of the library, each time as another person in a browser of their own."""
    contexts: list[BrowserContext] = []

    def come(name: str = "Ann Smith", **options: Any) -> Page:
        client = signed_in(Role.LIBRARY_FILER, draft.library)
        client.user.name = name
        client.user.save()
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
        page = context.new_page()
        page.goto(f"{site}/filings/{draft.pk}/enter/")
        if options.get("java_script_enabled", True):
            expect(page.locator("[data-count-grid][data-ready]")).to_be_visible()
        return page

    yield come
    for context in contexts:
        context.close()


def cell(page: Page, name: str) -> Locator:
    """A cell by the names of its row and its column, as a screen reader has them."""
    return page.get_by_role("textbox", name=name, exact=True)


def focused(page: Page) -> str:
    """The name of the cell that has the focus."""
    return page.evaluate(
        """() => (document.activeElement.getAttribute("aria-labelledby") ?? "").split(" ")
            .map((id) => document.getElementById(id)?.textContent).join(" ")"""
    )


def state(page: Page) -> Locator:
    """The line that says whether all is saved."""
    return page.locator("p.save-state")


def counts_of(filing: Filing) -> dict[tuple[str, int], int | None]:
    """What is on record, by the town of the home library and the number of the month."""
    return {
        (count.home_library.name.split()[0], count.month.month): count.loans
        for count in filing.loan_counts.select_related("home_library")
    }


Come = Callable[..., Page]
