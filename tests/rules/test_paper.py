"""What paper must say: cards of borrower_cards.toml, and the sentences that the regulation lays down."""

import tomllib
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from transactions.rules.paper import (
    CardLayout,
    Expiry,
    Verdict,
    card_parts,
    town_is_in_name,
    words_for_one_library,
    words_of_return_slip,
)

TODAY = date(2026, 11, 22)
CARDS = tomllib.loads((Path(__file__).parent / "borrower_cards.toml").read_text(encoding="utf-8"))["card"]


@pytest.mark.parametrize("case", CARDS, ids=lambda case: case["why"])
def test_card_by_hand(case):
    shown = set(case["on"])
    layout = CardLayout(
        names_library="library" in shown,
        town_in_name="library" in shown and town_is_in_name(case["library"], case["town"]),
        names_town="town" in shown,
        names_holder="holder" in shown,
        expiry=Expiry(case["expiry"]),
        says_one_library_only="only" in shown,
    )

    parts = card_parts(layout, TODAY)

    assert [part.entry.key for part in parts if part.verdict is Verdict.MISSING] == case["missing"]
    assert [part.entry.key for part in parts if part.verdict is Verdict.UNCLEAR] == case["unclear"]


def test_whatever_a_card_shows_each_part_has_a_verdict_and_what_is_not_met_a_remedy():
    yes_or_no = (True, False)
    for library, in_name, town, holder, expiry, only in product(
        yes_or_no, yes_or_no, yes_or_no, yes_or_no, Expiry, yes_or_no
    ):
        parts = card_parts(CardLayout(library, in_name, town, holder, expiry, only), TODAY)

        assert len(parts) == 4 + only
        assert all(bool(part.mend) == (part.verdict is not Verdict.MET) for part in parts)


@pytest.mark.parametrize(
    ("library", "town", "says_it"),
    [
        ("Avon Free Public Library", "Avon", True),
        ("Babcock Library", "Ashford", False),
        ("Middle Haddam Public Library", "East Hampton", False),
        ("Avonmore Library", "Avon", False),
        ("Library of AVON, Inc.", "Avon", True),
    ],
)
def test_town_is_part_of_a_name_as_a_whole_word(library, town, says_it):
    assert town_is_in_name(library, town) is says_it


def test_words_that_the_regulation_lays_down_bear_the_library_s_name():
    assert words_for_one_library("Babcock Library", TODAY) == "For use in the Babcock Library only."
    assert words_of_return_slip("Babcock Library", TODAY) == (
        "This book was borrowed on interlibrary loan for your use. "
        "Please return it directly to the Babcock Library."
    )


def test_name_that_ends_in_a_period_ends_the_sentence():
    assert words_of_return_slip("Bakerville Library, Inc.", TODAY).endswith("to the Bakerville Library, Inc.")
    assert words_for_one_library("Bakerville Library, Inc.", TODAY) == (
        "For use in the Bakerville Library, Inc. only."
    )
