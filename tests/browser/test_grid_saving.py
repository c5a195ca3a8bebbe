"""Saving while somebody types: alone, with another person, without a connection, without a script."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import findings
from tests.browser.grid_page import MARCH, cell, counts_of, focused, state
from tests.factories import make_counts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

APRIL = MARCH.replace(month=4)
BETHEL, CANTON = "Bethel Public Library", "Canton Public Library"


def test_a_cell_is_saved_when_it_is_left_and_after_a_pause(enter, draft):
    page = enter()
    cell(page, f"{CANTON} Mar 2026").focus()

    page.keyboard.type("7")
    page.keyboard.press("Tab")
    expect(state(page)).to_contain_text("Saved at")
    expect(state(page)).to_contain_text("27 loans on record")
    page.keyboard.type("8")
    expect(state(page)).to_contain_text("35 loans on record")

    assert counts_of(draft) == {("Bethel", 3): 20, ("Canton", 3): 7, ("Canton", 4): 8}
    assert findings(page) == []


def test_what_is_saved_is_there_after_the_page_is_closed_at_once(enter, draft):
    page = enter()
    cell(page, f"{CANTON} Mar 2026").focus()
    page.keyboard.type("7")

    page.goto("about:blank")

    page.wait_for_timeout(1000)
    assert counts_of(draft)["Canton", 3] == 7


def test_numbers_are_shown_as_they_are_saved(enter):
    page = enter()
    canton = cell(page, f"{CANTON} Mar 2026")

    canton.fill("1,234.0")
    page.keyboard.press("Tab")

    expect(canton).to_have_value("1234")


def test_bad_cell_stays_and_the_others_are_saved(enter, draft):
    page = enter()
    cell(page, f"{CANTON} Mar 2026").fill("-3")
    cell(page, f"{CANTON} Apr 2026").fill("4")
    page.keyboard.press("Tab")

    expect(state(page)).to_contain_text("1 cell not saved")
    expect(cell(page, f"{CANTON} Mar 2026")).to_have_value("-3")
    assert counts_of(draft) == {("Bethel", 3): 20, ("Canton", 4): 4}
    page.get_by_role("button", name="Save and check").click()
    expect(page.get_by_role("alert")).to_contain_text("“-3” is below zero.")
    expect(page.get_by_role("alert").get_by_role("listitem")).to_have_count(1)


def test_button_waits_for_what_is_being_saved(enter, draft):
    page = enter()
    cell(page, f"{CANTON} Mar 2026").focus()
    page.keyboard.type("7")

    page.get_by_role("button", name="Save and check").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Check and submit")
    assert counts_of(draft)["Canton", 3] == 7


def test_other_scripts_wait_for_what_is_typed(enter, draft):
    page = enter()
    cell(page, f"{CANTON} Mar 2026").focus()
    page.keyboard.type("7")

    page.evaluate(
        """async () => {
            const list = [];
            document.querySelector("[data-count-grid]").dispatchEvent(new CustomEvent(
                "count-grid:save", { detail: { waitFor: (promise) => list.push(promise) } }));
            await Promise.all(list);
        }"""
    )

    assert counts_of(draft)["Canton", 3] == 7


def test_zero_return_is_saved_when_it_is_ticked(enter, draft):
    page = enter()

    page.locator("label", has_text="My library lent nothing").click()

    expect(state(page)).to_contain_text("Saved at")
    draft.refresh_from_db()
    assert draft.nothing_lent


# Two people


def test_two_people_see_each_other_and_what_the_other_saved(enter):
    ann, ben = enter("Ann Smith"), enter("Ben Jones")
    expect(ben.locator("[data-presence]")).to_contain_text("Ann Smith has this filing open")

    cell(ann, f"{CANTON} Mar 2026").fill("15")
    ann.keyboard.press("Tab")
    expect(state(ann)).to_contain_text("Saved at")
    cell(ben, f"{CANTON} Apr 2026").fill("6")
    ben.keyboard.press("Tab")

    expect(cell(ben, f"{CANTON} Mar 2026")).to_have_value("15")
    expect(cell(ben, f"{CANTON} Mar 2026")).to_have_accessible_description(
        "Saved by another person while you had this page open"
    )
    expect(state(ben)).to_contain_text("41 loans on record")
    expect(ben.get_by_role("status")).to_contain_text("Ann Smith changed 1 cell.")
    expect(ben.locator("#sum")).to_have_text("41")
    expect(ann.locator("[data-presence]")).to_contain_text("Ben Jones has this filing open", timeout=30_000)
    expect(cell(ann, f"{CANTON} Apr 2026")).to_have_value("6")
    assert findings(ben) == []


@pytest.mark.parametrize(("button", "stays"), [("Keep mine: 12", 12), ("Take theirs: 15", 15)])
def test_a_cell_that_both_changed_waits_for_a_choice(enter, draft, button, stays):
    ann, ben = enter("Ann Smith"), enter("Ben Jones")
    cell(ann, f"{CANTON} Mar 2026").fill("15")
    ann.keyboard.press("Tab")
    expect(state(ann)).to_contain_text("Saved at")

    mine = cell(ben, f"{CANTON} Mar 2026")
    mine.fill("12")
    ben.keyboard.press("Tab")

    expect(mine).to_have_value("12")
    expect(mine).to_have_accessible_description(
        f"Ann Smith saved 15. Yours is not saved. Keep mine: 12 , {CANTON}, Mar 2026 "
        f"Take theirs: 15 , {CANTON}, Mar 2026"
    )
    expect(state(ben)).to_contain_text("1 cell changed by two people")
    assert counts_of(draft)["Canton", 3] == 15
    assert findings(ben) == []
    ben.get_by_role("button", name="Save and check").click()
    assert focused(ben) == f"{CANTON} Mar 2026"
    ben.get_by_role("button", name=button).click()
    expect(mine).to_have_value(str(stays))
    expect(state(ben)).not_to_contain_text("two people")
    ben.get_by_role("button", name="Save the draft").click()
    expect(ben.get_by_text("The filing is a draft until you submit it.")).to_be_visible()
    assert counts_of(draft)["Canton", 3] == stays


def test_a_button_that_comes_too_late_shows_both_values_and_lets_choose(enter, draft):
    page = enter()
    canton = type(draft.library).objects.get(name=CANTON)

    cell(page, f"{CANTON} Mar 2026").fill("12")
    cell(page, f"{CANTON} Apr 2026").fill("4")
    page.keyboard.press("Tab")
    expect(state(page)).to_contain_text("36 loans on record")
    held = []
    page.route("**/enter/", lambda route: held.append(route))

    page.get_by_role("button", name="Save the draft").click(no_wait_after=True)
    while not held:
        page.wait_for_timeout(50)
    draft.loan_counts.filter(home_library=canton, month=APRIL).update(loans=9)
    type(draft).objects.filter(pk=draft.pk).update(revision=99)
    held[0].continue_()
    page.unroute("**/enter/")

    expect(page.get_by_role("alert")).to_contain_text("saved this filing while you were typing")
    expect(page.get_by_role("alert").get_by_role("listitem")).to_have_text(
        f"{CANTON}, Apr 2026: yours 4, theirs 9"
    )
    expect(cell(page, f"{CANTON} Mar 2026")).to_have_value("12")
    assert findings(page) == []
    page.get_by_role("button", name="Keep mine: 4").click()
    expect(state(page)).to_contain_text("Saved at")
    assert counts_of(draft) == {("Bethel", 3): 20, ("Canton", 3): 12, ("Canton", 4): 4}


def test_with_a_script_and_without_one_two_people_never_overwrite_each_other(enter, draft):
    ann, ben = enter("Ann Smith"), enter("Ben Jones", java_script_enabled=False)
    cell(ann, f"{CANTON} Mar 2026").fill("15")
    cell(ann, f"{CANTON} Apr 2026").fill("5")
    ann.keyboard.press("Tab")
    expect(state(ann)).to_contain_text("40 loans on record")

    cell(ben, f"{CANTON} Mar 2026").fill("12")
    ben.get_by_role("button", name="Save the draft").click()

    expect(ben.get_by_role("alert")).to_contain_text("Ann Smith saved this filing while you were typing")
    expect(ben.get_by_role("alert").get_by_role("listitem")).to_have_text(
        f"{CANTON}, Mar 2026: yours 12, theirs 15"
    )
    expect(cell(ben, f"{CANTON} Apr 2026")).to_have_value("5")
    expect(cell(ben, f"{CANTON} Mar 2026")).to_have_accessible_description("The other person saved 15.")
    assert counts_of(draft)["Canton", 3] == 15
    ben.get_by_role("button", name="Save the draft").click()
    expect(ben.get_by_text("Saved: 37 loans.")).to_be_visible()
    cell(ann, f"{CANTON} May 2026").fill("1")
    ann.keyboard.press("Tab")
    expect(cell(ann, f"{CANTON} Mar 2026")).to_have_value("12")


def test_a_filing_that_was_submitted_meanwhile_says_so(enter, draft):
    page = enter()
    draft.status = "submitted"
    draft.submitted_at = draft.first_submitted_at = draft.created_at
    draft.submitted_by = draft.library.role_assignments.first().user
    draft.sha256 = "0" * 64
    draft.save()

    cell(page, f"{CANTON} Mar 2026").fill("15")
    page.keyboard.press("Tab")

    expect(state(page)).to_contain_text("This filing is submitted.")
    expect(state(page)).to_contain_text("1 cell not saved: note what you typed")


# Trouble


def test_without_a_connection_nothing_is_lost_and_it_is_sent_later(enter, draft):
    page = enter()
    page.context.set_offline(True)
    cell(page, f"{CANTON} Mar 2026").fill("15")
    page.keyboard.press("Tab")
    expect(state(page)).to_contain_text("Not saved yet: no connection. Trying again")
    assert findings(page) == []
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]

    page.context.set_offline(False)

    expect(state(page)).to_contain_text("Saved at")
    assert counts_of(draft)["Canton", 3] == 15


def test_what_could_not_be_sent_is_back_when_the_page_is_opened_again(enter, draft):
    page = enter()
    page.context.set_offline(True)
    for month, loans in (("Mar", "15"), ("Apr", "16")):
        cell(page, f"{CANTON} {month} 2026").fill(loans)
        page.keyboard.press("Tab")
    expect(state(page)).to_contain_text("kept on this computer")
    page.wait_for_function("localStorage.length && Object.values(localStorage)[0].includes('16')")
    again = page.context.new_page()
    page.evaluate("() => { window.fetch = () => Promise.reject(new Error('the battery is empty')); }")
    page.close()
    again.context.set_offline(False)
    bethel = draft.loan_counts.get().home_library
    canton = type(bethel).objects.get(name=CANTON)
    make_counts(draft, {(canton, MARCH): 9})

    again.goto(page.url)

    expect(state(again)).to_contain_text("1 cell changed by two people")
    expect(cell(again, f"{CANTON} Mar 2026")).to_have_value("15")
    again.get_by_role("button", name="Keep mine: 15").click()
    expect(state(again)).to_contain_text("Saved at")
    assert counts_of(draft) == {("Bethel", 3): 20, ("Canton", 3): 15, ("Canton", 4): 16}
    again.wait_for_function("localStorage.length === 0")


def test_a_cell_does_not_widen_its_column_when_it_is_marked(enter):
    page = enter()
    table = page.locator("[data-count-grid]")
    before = table.bounding_box()["width"]

    cell(page, f"{CANTON} Mar 2026").fill("not a number at all")
    page.keyboard.press("Tab")

    expect(page.locator(".count-grid__notes")).to_contain_text("Mar 2026 “not a number at all” is not")
    assert table.bounding_box()["width"] == before
    region = page.locator(".count-grid-region")
    assert region.evaluate("each => each.scrollWidth <= each.clientWidth")
    cell(page, f"{CANTON} Mar 2026").fill("4")
    expect(page.locator(".count-grid__notes")).to_have_count(0)


def test_a_row_in_which_nothing_is_said_has_no_total(enter):
    page = enter()
    total = page.get_by_role("row", name=CANTON).get_by_role("cell").last
    expect(total).to_have_text("")

    cell(page, f"{CANTON} Mar 2026").fill("n/c")
    expect(total).to_have_text("n/c")
    cell(page, f"{CANTON} Apr 2026").fill("0")
    expect(total).to_have_text("0")
    page.get_by_role("button", name="Save the draft").click()

    expect(page.get_by_text("Saved: 20 loans.")).to_be_visible()
    expect(page.get_by_role("row", name=CANTON).get_by_role("cell").last).to_have_text("0")
    expect(page.get_by_role("row", name="Derby").get_by_role("cell").last).to_have_text("")


def test_somebody_who_is_signed_out_keeps_what_was_typed(enter, draft):
    page = enter()
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    cell(page, f"{CANTON} Mar 2026").fill("15")
    page.keyboard.press("Tab")
    expect(state(page)).to_contain_text("you are signed out")

    page.context.add_cookies(cookies)

    expect(state(page)).to_contain_text("Saved at")
    assert counts_of(draft)["Canton", 3] == 15


def test_without_a_script_the_form_saves_and_the_rows_lead_to_earlier_years(enter, draft):
    page = enter(java_script_enabled=False)
    expect(page.get_by_label("Go to a library or town")).to_be_hidden()
    expect(page.get_by_text("Nothing is saved until you press a button below the grid.")).to_be_visible()

    cell(page, f"{CANTON} Mar 2026").fill("15")
    page.get_by_role("button", name="Save the draft").click()

    expect(page.get_by_text("Saved: 35 loans.")).to_be_visible()
    assert counts_of(draft)["Canton", 3] == 15
    page.get_by_role("rowheader").get_by_role("link", name=CANTON).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Lent on cards of {CANTON}")
