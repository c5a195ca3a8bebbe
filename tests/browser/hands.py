"""A person at a page, with a mouse or with the keyboard alone, whose clicks and keys are counted.

Both find things by the names that a screen reader reads out, and wait for what they look for, never for a
time.
"""

import time
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import findings

MOST_TABS = 120
"""Nobody presses Tab more often than this to reach one thing."""


class Hands:
    """What a person does at a page: go to a thing, write in it, choose from it, press it."""

    looks = True

    def __init__(self, page: Page, *, has_script: bool = True) -> None:
        self.page = page
        self.has_script = has_script  # axe is a script, and cannot look at a page that runs none
        self.clicks = 0
        self.keys = 0
        self.began = time.perf_counter()
        self.looking = 0.0

    def reach(self, thing: Locator) -> None:
        """Come to a field, so that what is typed goes into it."""
        raise NotImplementedError

    def press(self, thing: Locator) -> None:
        """Press a button, follow a link, tick a box."""
        raise NotImplementedError

    def choose(self, thing: Locator, label: str) -> None:
        """Choose one option of a list by its first letters."""
        self.reach(thing)
        self.write(label)
        expect(thing.locator("option:checked")).to_contain_text(label)

    def write(self, text: str) -> None:
        """Type at the place one is at."""
        self.page.keyboard.type(text)
        self.keys += len(text)

    def key(self, name: str) -> None:
        """Press one key."""
        self.page.keyboard.press(name)
        self.keys += 1

    def fill(self, thing: Locator, text: str) -> None:
        """Write in a field in place of what stands there."""
        self.reach(thing)
        self.key("Control+A")
        self.write(text)

    def paste(self, text: str) -> None:
        """Put a text into the clipboard, as copying it in a spreadsheet does, and paste it."""
        self.page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
        self.key("Control+V")

    def button(self, name: Any) -> Locator:
        """The button of the page that bears a name."""
        return self.page.get_by_role("main").get_by_role("button", name=name).first

    def link(self, name: Any) -> Locator:
        """The link of the page that bears a name."""
        return self.page.get_by_role("main").get_by_role("link", name=name).first

    def go_to_cell(self, row: str, column: str) -> None:
        """Come to a cell of the grid, to write in it."""
        raise NotImplementedError

    def cell(self, row: str, column: str) -> Locator:
        """A cell of the grid by the names of its row and its column."""
        return self.page.get_by_role("textbox", name=f"{row} {column}", exact=True)

    def arrives_at(self, heading: str) -> None:
        """Wait for a page, hold it to axe at both widths, and take no time for that from the person."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        started = time.perf_counter()
        if self.looks and self.has_script:
            assert findings(self.page) == [], self.page.url
        self.looking += time.perf_counter() - started

    def report(self) -> str:
        """Say what it took."""
        seconds = time.perf_counter() - self.began - self.looking
        name = type(self).__name__
        return f"{name}: {self.clicks} clicks, {self.keys} keys, {seconds:.0f} seconds without axe"


class MouseHands(Hands):
    """Points and clicks, and types where one must."""

    def reach(self, thing: Locator) -> None:
        thing.click()
        self.clicks += 1

    def press(self, thing: Locator) -> None:
        thing.click()
        self.clicks += 1

    def go_to_cell(self, row: str, column: str) -> None:
        self.fill(self.cell(row, column), "")

    def choose(self, thing: Locator, label: str) -> None:
        option = thing.locator("option", has_text=label).first
        thing.select_option(value=option.get_attribute("value"))
        self.clicks += 2


class KeyboardHands(Hands):
    """Has no mouse: goes by Tab, Shift+Tab, the arrows and Enter alone.

    Comes to the same pages as the mouse, under which axe has looked at them.
    """

    looks = False

    def reach(self, thing: Locator) -> None:
        expect(thing).to_be_visible()
        if thing.evaluate(_IS_THERE):
            return
        in_the_grid = self.page.locator("[data-count-grid] tbody :focus").count()
        if in_the_grid and not thing.locator("xpath=ancestor::table").count():
            self.key("Control+End" if thing.evaluate(_COMES_LATER) else "Control+Home")
        key = "Tab" if thing.evaluate(_COMES_LATER) else "Shift+Tab"
        for _ in range(MOST_TABS):
            self.key(key)
            if thing.evaluate(_IS_THERE):
                return
        raise AssertionError(f"{MOST_TABS} times {key} did not lead to {thing}")

    def press(self, thing: Locator) -> None:
        self.reach(thing)
        self.key("Space" if thing.get_attribute("type") in ("checkbox", "radio") else "Enter")

    def go_to_cell(self, row: str, column: str) -> None:
        there = self.cell(row, column)
        search = self.page.get_by_label("Go to a library or town")
        if self.page.locator("[data-count-grid] tbody :focus").count():
            self.key("/")
            expect(search).to_be_focused()
        self.fill(search, row)
        self.key("Enter")
        expect(self.page.get_by_role("row", name=row).locator(":focus")).to_have_count(1)
        while not there.evaluate(_IS_THERE):
            self.key("ArrowRight" if there.evaluate(_COMES_LATER) else "ArrowLeft")


_IS_THERE = "(thing) => thing === document.activeElement"
_COMES_LATER = """(thing) => {
    const here = document.activeElement;
    return !here || here === document.body || Boolean(here.compareDocumentPosition(thing) & 4);
}"""
