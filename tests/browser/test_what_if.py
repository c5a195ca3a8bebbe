"""What if by keyboard alone: a question put together, answered, refused, and sorted."""

import pytest
from playwright.sync_api import Page, expect

from tests.api_world import TODAY, make_world
from tests.browser.axe import findings

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_question_is_asked_and_answered_by_keyboard(page: Page, site: str, settings, complaints):
    settings.DEMO_TODAY = TODAY
    make_world()
    page.goto(f"{site}/what-if/")

    page.get_by_role("textbox", name="Appropriation").focus()
    page.keyboard.type("-20")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("may be dollars or percent. Write -20%")
    assert findings(page) == []

    page.get_by_role("textbox", name="Appropriation").fill("-20%")
    page.get_by_role("combobox", name="Library", exact=True).select_option("Bethel Library")
    page.get_by_role("combobox", name="What is otherwise").select_option("is not in order")
    page.get_by_role("textbox", name="Loans", exact=True).press("Enter")

    expect(page).to_have_url(f"{site}/what-if/?base=2027-1&appropriation=-20%25&not_in_order=CT0002#answer")
    expect(page.get_by_text("A what-if, not a payment")).to_be_visible()
    expect(page.get_by_text("Bethel Library would not be in order.").last).to_be_visible()
    assert findings(page) == []

    page.get_by_role("link", name="Difference").click()
    expect(page.get_by_role("columnheader", name="Difference").last).to_have_attribute(
        "aria-sort", "descending"
    )
    page.get_by_role("link", name="Leave it as it is").click()
    expect(page).to_have_url(f"{site}/what-if/?base=2027-1&appropriation=-20%25#question")
    assert complaints == []
