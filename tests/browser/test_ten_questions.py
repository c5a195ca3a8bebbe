"""The questions of docs/ten-questions.md, answered on a telephone within three taps of the front page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from connecticard.help.services import load_help
from libraries.roster import load_roster
from tests.browser.axe import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_TAPS = 3


class Reader:
    """Somebody new, with a telephone and no account."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site, self.taps = page, site, 0

    def begin(self) -> None:
        self.page.goto(self.site)
        self.taps = 0

    def tap(self, words: str) -> None:
        """Tap the first link or button of a name; `…` stands for more words."""
        self.taps += 1
        name = re.compile("^" + ".*".join(map(re.escape, words.split("…"))) + "$")
        links, buttons = self.page.get_by_role("link", name=name), self.page.get_by_role("button", name=name)
        with self.page.expect_navigation():
            links.or_(buttons).first.tap()

    def type(self, label: str, text: str) -> None:
        self.page.get_by_label(label).fill(text)

    def reads(self, text: str) -> None:
        expect(self.page.get_by_role("main").get_by_text(text).first).to_be_visible()
        assert self.taps <= MOST_TAPS


def follow(*taps: str, answer: str) -> Callable[[Reader], None]:
    def ask(reader: Reader) -> None:
        for words in taps:
            reader.tap(words)
        reader.reads(answer)

    return ask


def find_bozrah(reader: Reader) -> None:
    reader.type("Your town, village or library", "Bozrah")
    reader.tap("Find")
    reader.reads("Salem Free Public Library")


QUESTIONS: dict[str, Callable[[Reader], None]] = {
    "a book of another library was returned": follow("Help", "deliverIT CT", answer="Send on what is not"),
    "home library of a town without one": find_bozrah,
    "no card along": follow(
        "At the desk", "May this card be used here?…", "No card…", answer="No. A card must be shown"
    ),
    "cards of other towns": follow(
        "Help", "Cards at the desk", answer="of another Connecticut library than the home library"
    ),
    "a boxed set": follow("Help", "How to count", answer="A boxed set that is lent as one"),
    "when counts are due": follow("Key dates", answer="where a library files"),
    "an acronym": follow("Glossary", answer="Interlibrary loan"),
    "a fine paid here": follow("Help", "Returns, fines and losses", answer="paid there"),
    "a routing slip": follow("Paper for the desk", "…outing slip…", answer="Delivery code"),
    "whom to ask": follow("Help", "Whom to ask", answer="CONNTECH"),
}


@pytest.fixture
def browser_context_args(browser_context_args):
    return browser_context_args | {"viewport": PHONE, "has_touch": True, "is_mobile": True}


def test_ten_questions_are_answered_within_three_taps(page: Page, site: str, transactional_db: None) -> None:
    load_roster()
    load_help()
    reader = Reader(page, site)
    assert len(QUESTIONS) == 10

    for ask in QUESTIONS.values():
        reader.begin()
        ask(reader)
