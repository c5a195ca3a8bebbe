"""A block from a spreadsheet pasted into the grid, and the same by upload without a script."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.grid_page import cell, counts_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BETHEL, CANTON = "Bethel Public Library", "Canton Public Library"
LABELS = "Home library\tMar 2026\tApr 2026\nBethel\t1\t2\nCantn Public Library\t3\tx\nSomewhere else\t5\t6\n"


def paste(page: Page, text: str) -> None:
    """Paste a text as a spreadsheet puts it on the clipboard into the cell that has the focus."""
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            );
        }""",
        text,
    )


def test_a_block_of_numbers_goes_to_the_preview_and_what_was_typed_is_saved_first(enter, draft):
    page = enter()
    cell(page, f"{CANTON} Aug 2026").fill("9")
    cell(page, f"{BETHEL} Apr 2026").focus()

    paste(page, "1,100\t2\r\n")

    expect(page.get_by_role("heading", level=1)).to_have_text("What would change")
    expect(page.get_by_text("Nothing is saved yet")).to_be_visible()
    assert counts_of(draft) == {("Bethel", 3): 20, ("Canton", 8): 9}
    assert findings(page) == []
    page.get_by_role("button", name="Save these changes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Enter loans")
    expect(cell(page, f"{BETHEL} Apr 2026")).to_have_value("1100")
    assert counts_of(draft) == {("Bethel", 3): 20, ("Bethel", 4): 1100, ("Bethel", 5): 2, ("Canton", 8): 9}


def test_a_single_value_is_pasted_as_usual(enter):
    page = enter()
    cell(page, f"{CANTON} Mar 2026").focus()

    paste(page, "12\r\n")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Enter loans")


@pytest.mark.parametrize("script", [True, False])
def test_a_table_with_labels_is_asked_about_shown_and_saved(enter, draft, site, script):
    page = enter(java_script_enabled=script)
    page.get_by_role("link", name="Upload a file or paste a table").click()
    page.get_by_label("Or a table, pasted").fill(LABELS)
    page.get_by_role("button", name="Show the differences").click()

    expect(page.get_by_role("heading", name="Which home library?")).to_be_visible()
    page.get_by_role("combobox", name="Somewhere else").select_option("out")
    if script:
        assert findings(page) == []
    page.get_by_role("button", name="Show the differences").click()
    expect(page.get_by_role("heading", name="To mend in the file")).to_be_visible()
    if script:
        assert findings(page) == []
    page.get_by_role("button", name="Save these changes").click()

    assert counts_of(draft) == {("Bethel", 3): 1, ("Bethel", 4): 2, ("Canton", 3): 3}
