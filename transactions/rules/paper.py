"""What the paper that libraries hand out must say: borrower cards, cards for one library, return slips.

Two of the regulation's sentences are laid down word for word; they are entries with a place for the library's
name. Nothing here knows a borrower: a layout is judged by what it has room for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connecticard.rulebook import Entry, Label, Rulebook

LAST_CHECKED_ON = date(2026, 11, 21)

_CARD_RULE = "Regs. Conn. State Agencies § 11-31c-5(a)(1)"
_ISSUING_RULE = "Regs. Conn. State Agencies § 11-31c-5(a)(2)"
_LOCAL_CARD_RULE = "Regs. Conn. State Agencies § 11-31c-5(a)(3)"
_SLIP_RULE = "Regs. Conn. State Agencies § 11-31c-5(c)(4)"

RULEBOOK = Rulebook(
    [
        Entry(
            key="card_names_issuing_library",
            value=True,
            citation=_CARD_RULE,
            label=Label.LAW,
            sentence="A borrower card names the library that issued it.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="card_names_town",
            value=True,
            citation=_CARD_RULE,
            label=Label.LAW,
            sentence="A borrower card names the town of the issuing library where that is not part of the "
            "library’s name.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="card_names_holder",
            value=True,
            citation=_CARD_RULE,
            label=Label.LAW,
            sentence="A borrower card names the person to whom it was issued.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="card_shows_expiration_date",
            value=True,
            citation=_CARD_RULE,
            label=Label.LAW,
            sentence="A borrower card shows the date on which it expires: one day, in the future.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="card_month_and_year_is_a_date",
            value=False,
            citation=_CARD_RULE,
            label=Label.READING,
            sentence="A month and a year leave the day open, so that another library may refuse the card.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="card_for_those_without_one",
            value=True,
            citation=_ISSUING_RULE,
            label=Label.LAW,
            sentence="A library that issues no cards to its residents must issue them one with library, "
            "holder’s name and expiry date, so that they can borrow elsewhere; the State Library has blank "
            "cards.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="card_for_one_library_words",
            value="For use in the (issuing library) only.",
            citation=_LOCAL_CARD_RULE,
            label=Label.LAW,
            sentence="A card that a library gives to a resident of another Connecticut town says this, and "
            "names that town.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="interlibrary_return_words",
            value="This book was borrowed on interlibrary loan for your use. "
            "Please return it directly to the (borrowing) library.",
            citation=_SLIP_RULE,
            label=Label.LAW,
            sentence="A library that borrows an item on interlibrary loan may put a slip into it that "
            "says this.",
            last_checked_on=LAST_CHECKED_ON,
        ),
    ]
)

CARD_LAYOUT = (
    "card_names_issuing_library",
    "card_names_town",
    "card_names_holder",
    "card_shows_expiration_date",
)
"""The entries that say what a card must show, in the order of the regulation."""

MENDS: Mapping[str, str] = {
    "card_names_issuing_library": "Print the library’s full name on the card.",
    "card_names_town": "Print the town below the library’s name: the name alone does not say it.",
    "card_names_holder": "Give the card a line for the holder’s name, and write it there when the card is "
    "issued.",
    "card_shows_expiration_date": "Give the card a date on which it expires, and renew it then.",
    "card_expires_elsewhere": "Write the date on the card itself: the library where it is shown cannot see "
    "your computer.",
    "card_month_and_year_is_a_date": "Write the day too, such as 06/30/2029.",
    "card_for_one_library_words": "Leave these words off the card of a resident: with them it is good at one "
    "library alone.",
}
"""What mends a card that does not meet an entry, by its key."""

_LIBRARY_PLACE = re.compile(r"\((?:issuing library|borrowing)\)(?: library)?")


class Expiry(StrEnum):
    """How a card says when it expires."""

    DAY = "day"
    MONTH_AND_YEAR = "month"
    NOT_ON_THE_CARD = "computer"
    NEVER = "never"


class Verdict(StrEnum):
    """Whether a part that a card must show is there."""

    MET = "met"
    MISSING = "missing"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class CardLayout:
    """What a library's own borrower card has room for; `town_in_name` where its name says the town."""

    names_library: bool
    town_in_name: bool
    names_town: bool
    names_holder: bool
    expiry: Expiry
    says_one_library_only: bool = False


@dataclass(frozen=True)
class CardPart:
    """One thing that a card must show: the rule, whether it is met, and what mends it (empty where met)."""

    entry: Entry
    verdict: Verdict
    mend: str


def town_is_in_name(library: str, town: str) -> bool:
    """Tell whether the name of a library says its town, as a whole word; then a card need not add it.

    Source: Regs. Conn. State Agencies § 11-31c-5(a)(1)(a).
    """
    return re.search(rf"(?<!\w){re.escape(town)}(?!\w)", library, re.IGNORECASE) is not None


def card_parts(card: CardLayout, on: date) -> tuple[CardPart, ...]:
    """Return each thing that a card must show on a day, in the order of the regulation, with its verdict.

    A card marked for one library only is judged last: it is no Connecticard card, whatever else it shows.

    Source: Regs. Conn. State Agencies § 11-31c-5(a)(1), (3).
    """
    is_shown = (
        card.names_library,
        card.town_in_name or card.names_town,
        card.names_holder,
        card.expiry is Expiry.DAY,
    )
    met = dict(zip(CARD_LAYOUT, is_shown, strict=True))
    if card.expiry is Expiry.MONTH_AND_YEAR:
        del met["card_shows_expiration_date"]
        met["card_month_and_year_is_a_date"] = RULEBOOK.switch("card_month_and_year_is_a_date", on)
    if card.says_one_library_only:
        met["card_for_one_library_words"] = False
    return tuple(_part(RULEBOOK.entry(key, on), is_met, card.expiry) for key, is_met in met.items())


def words_for_one_library(library: str, on: date) -> str:
    """Return what a card says that is good in one library alone: For use in the Babcock Library only.

    Source: Regs. Conn. State Agencies § 11-31c-5(a)(3).
    """
    return _with_library("card_for_one_library_words", library, on)


def words_of_return_slip(library: str, on: date) -> str:
    """Return what the slip in an item on interlibrary loan says, with the library that borrowed it.

    Source: Regs. Conn. State Agencies § 11-31c-5(c)(4).
    """
    return _with_library("interlibrary_return_words", library, on)


def _part(entry: Entry, is_met: bool, expiry: Expiry) -> CardPart:
    if is_met:
        return CardPart(entry, Verdict.MET, "")
    verdict = Verdict.UNCLEAR if entry.label is Label.READING else Verdict.MISSING
    stands_elsewhere = entry.key == "card_shows_expiration_date" and expiry is Expiry.NOT_ON_THE_CARD
    return CardPart(entry, verdict, MENDS["card_expires_elsewhere" if stands_elsewhere else entry.key])


def _with_library(key: str, library: str, on: date) -> str:
    """Put a name into the words of an entry; one that ends in a period ends the sentence."""
    name = library.removeprefix("The ")
    words = _LIBRARY_PLACE.sub(lambda _: name, str(RULEBOOK.entry(key, on).value))
    return words.removesuffix(".") if words.endswith("..") else words
