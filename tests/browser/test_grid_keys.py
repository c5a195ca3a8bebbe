"""The keys of a spreadsheet in the grid of a filing, and what a screen reader has of it."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import PHONE, findings
from tests.browser.grid_page import MARCH, cell, focused, state
from transactions import services
from transactions.rules.filing_checks import Tier
from transactions.services import Finding

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_arrows_enter_and_tab_go_from_cell_to_cell(enter):
    page = enter()
    key = page.keyboard.press
    cell(page, "Bethel Public Library Mar 2026").focus()

    key("ArrowDown")
    assert focused(page) == "Canton Public Library Mar 2026"
    key("Enter")
    assert focused(page) == "Derby Neck Library Mar 2026"
    key("Shift+Enter")
    key("ArrowUp")
    assert focused(page) == "Bethel Public Library Mar 2026"
    key("ArrowRight")
    assert focused(page) == "Bethel Public Library Apr 2026"
    key("ArrowLeft")
    assert focused(page) == "Bethel Public Library Mar 2026"
    key("Tab")
    assert focused(page) == "Bethel Public Library Apr 2026"
    key("Control+End")
    assert focused(page) == "Derby Neck Library Aug 2026"
    key("PageUp")
    assert focused(page) == "Canton Public Library Aug 2026"
    key("Tab")
    assert focused(page) == "Derby Neck Library Mar 2026"
    key("Control+Home")
    key("PageDown")
    assert focused(page) == "Canton Public Library Mar 2026"


def test_arrows_within_a_number_move_the_caret(enter):
    page = enter()
    bethel = cell(page, "Bethel Public Library Apr 2026")
    bethel.focus()

    page.keyboard.type("12")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("3")
    expect(bethel).to_have_value("132")
    page.keyboard.press("Home")
    page.keyboard.type("4")
    expect(bethel).to_have_value("4132")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Bethel Public Library May 2026"


def test_escape_puts_back_what_stood_there(enter, draft):
    page = enter()
    bethel = cell(page, "Bethel Public Library Mar 2026")
    bethel.focus()

    page.keyboard.type("999")
    page.keyboard.press("Escape")

    expect(bethel).to_have_value("20")
    expect(page.locator("#sum")).to_have_text("20")


def test_sums_follow_what_is_typed(enter):
    page = enter()

    cell(page, "Canton Public Library Mar 2026").fill("1,234")

    expect(page.locator("#sum")).to_have_text("1,254")
    expect(page.locator("#m-2026-03-sum")).to_have_text("1,254")
    row = page.get_by_role("row", name="Canton Public Library")
    expect(row.get_by_role("cell").last).to_have_text("1,234")


def test_n_says_not_counted_and_so_does_the_button(enter, draft):
    page = enter()
    bethel, canton = (cell(page, f"{town} Public Library Apr 2026") for town in ("Bethel", "Canton"))
    bethel.focus()
    page.keyboard.press("n")
    expect(bethel).to_have_value("n/c")

    canton.focus()
    page.get_by_role("button", name="Not counted").click()

    expect(canton).to_have_value("n/c")
    expect(canton).to_be_focused()
    page.keyboard.press("Tab")
    expect(state(page)).to_contain_text("Saved at")
    assert [count.loans for count in draft.loan_counts.order_by("-loans")] == [None, None, 20]


@pytest.mark.parametrize("typed", ["n/c", "N/C", "nc"])
def test_not_counted_can_be_typed_in_full(enter, typed):
    page = enter()
    bethel = cell(page, "Bethel Public Library Apr 2026")
    bethel.focus()

    page.keyboard.type(typed)

    expect(bethel).to_have_value("n/c")
    expect(bethel).to_be_focused()


def test_what_is_typed_after_a_click_replaces_what_stood_there(enter):
    page = enter()
    bethel = cell(page, "Bethel Public Library Mar 2026")

    bethel.click()
    page.keyboard.type("14")
    expect(bethel).to_have_value("14")

    bethel.click(position={"x": 66, "y": 16})
    page.keyboard.type("5")
    expect(bethel).to_have_value("145")


def test_a_number_that_would_be_refused_is_in_no_sum(enter):
    page = enter()

    cell(page, "Canton Public Library Mar 2026").fill("99999999999")

    expect(page.locator("#sum")).to_have_text("20")


def test_search_goes_to_a_library_or_a_town(enter):
    page = enter()
    cell(page, "Bethel Public Library Apr 2026").focus()

    page.keyboard.press("/")
    expect(page.get_by_label("Go to a library or town")).to_be_focused()
    page.keyboard.type("neck der")
    expect(page.locator("[data-grid-search-found]")).to_have_text("1 of 3 rows. Enter goes to the first.")
    expect(cell(page, "Canton Public Library Apr 2026")).to_be_hidden()
    page.keyboard.press("Enter")

    assert focused(page) == "Derby Neck Library Apr 2026"
    expect(cell(page, "Canton Public Library Apr 2026")).to_be_visible()


def test_search_that_finds_nothing_says_so_and_escape_goes_back(enter):
    page = enter()
    cell(page, "Bethel Public Library Apr 2026").focus()
    page.keyboard.press("/")

    page.keyboard.type("storrs")
    expect(page.locator("[data-grid-search-found]")).to_contain_text("No library or town of that name")
    assert findings(page) == []
    page.keyboard.press("Escape")

    assert focused(page) == "Bethel Public Library Apr 2026"


def test_screen_reader_reads_row_column_and_state(enter):
    page = enter()
    canton = cell(page, "Canton Public Library Mar 2026")
    expect(canton).to_have_accessible_name("Canton Public Library Mar 2026")
    expect(page.get_by_role("rowheader", name="Canton Public Library")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Mar 2026")).to_be_visible()

    canton.fill("3o")
    expect(canton).to_have_accessible_description("Not saved yet")
    page.keyboard.press("Tab")
    expect(canton).to_have_attribute("aria-invalid", "true")
    expect(canton).to_have_accessible_description(
        "“3o” is not a whole number. Enter 0 if no items were lent on cards of Canton Public Library."
    )
    expect(page.get_by_role("status")).to_contain_text("1 cell not saved: correct what is marked.")
    assert findings(page) == []
    canton.fill("30")
    page.keyboard.press("Tab")
    expect(canton).to_have_accessible_description("Saved")


def test_panel_shows_the_same_month_of_earlier_years(enter):
    page = enter()

    cell(page, "Bethel Public Library Mar 2026").focus()

    panel = page.get_by_role("complementary", name="The cell you are in")
    expect(panel.get_by_role("heading")).to_have_text("Bethel Public Library, Mar 2026")
    expect(panel.get_by_role("row", name="2026 (saved here) 20")).to_be_visible()
    assert findings(page) == []
    panel.get_by_role("link", name="All months of Bethel Public Library").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lent on cards of Bethel Public Library")
    assert findings(page) == []


def test_what_the_checks_find_is_marked_in_its_cell_and_told_in_the_panel(enter, draft, monkeypatch):
    bethel = draft.loan_counts.get().home_library_id
    found = Finding("jump", Tier.MUST_EXPLAIN, "20 is far more than the year before.", "2(d)", bethel, MARCH)
    monkeypatch.setattr(services, "findings", lambda filing, today: [found])
    page = enter()
    marked = cell(page, "Bethel Public Library Mar 2026")
    expect(marked).to_have_accessible_description("Needs an explanation")

    marked.focus()
    panel = page.get_by_role("complementary", name="The cell you are in")
    expect(panel.get_by_role("listitem")).to_have_text("20 is far more than the year before.")
    assert findings(page) == []
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    expect(marked).to_have_accessible_description("Saved Needs an explanation")
    marked.focus()
    panel.get_by_role("link", name="on the page of the checks").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check and submit")


def test_on_a_phone_one_month_is_shown_at_a_time(enter):
    page = enter(viewport=PHONE)
    bethel = cell(page, "Bethel Public Library Mar 2026")
    panel = page.get_by_role("complementary", name="The cell you are in")
    expect(panel).to_be_hidden()
    expect(bethel).to_be_visible()
    expect(cell(page, "Bethel Public Library Apr 2026")).to_be_hidden()
    box = bethel.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]

    page.get_by_label("Month", exact=True).select_option("Apr 2026")
    cell(page, "Bethel Public Library Apr 2026").fill("4")
    expect(panel).to_be_visible()
    page.keyboard.press("Enter")

    assert focused(page) == "Canton Public Library Apr 2026"
    expect(state(page)).to_contain_text("24 loans on record")
    assert findings(page, frames=(PHONE,)) == []
    page.get_by_label("Month", exact=True).select_option("All months")
    expect(bethel).to_have_value("20")
    assert findings(page, frames=(PHONE,)) == []


def test_rows_come_in_another_order_and_stay_so(enter, draft):
    page = enter()

    page.get_by_role("link", name="By town").click()
    towns = page.locator(".count-grid__town").all_text_contents()
    assert towns == sorted(towns)
    page.get_by_role("link", name="Rows with activity first").click()
    page.reload()

    expect(page.get_by_role("link", name="Rows with activity first")).to_have_attribute(
        "aria-current", "true"
    )
    expect(page.get_by_role("rowheader").nth(0)).to_contain_text("Bethel Public Library")


def test_form_is_printed_on_landscape_pages_a_year_wide(enter, draft):
    page = enter()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 980, "height": 700})

    expect(page.get_by_label("Go to a library or town")).to_be_hidden()
    assert page.evaluate(
        "document.querySelector('.count-grid').scrollWidth <= document.documentElement.clientWidth"
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.count-grid thead')).display") == (
        "table-header-group"
    )
    page.goto(page.url.replace("enter", "blank-form"))
    expect(page.get_by_role("rowheader", name="Bethel Public Library")).to_be_visible()
    expect(page.get_by_role("row", name="Bethel Public Library").get_by_role("cell")).to_have_text([""] * 7)
