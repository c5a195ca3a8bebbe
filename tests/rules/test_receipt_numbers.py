from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from transactions.rules.receipt_numbers import (
    DRAWN_FROM,
    ReceiptKind,
    as_written,
    is_receipt_number,
    receipt_number,
)

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
drawn = st.text(st.sampled_from(DRAWN_FROM), min_size=4, max_size=4)


def number(text: str = "7KQ4", **changes) -> str:
    given = {
        "library": "CT0012",
        "first_day": date(2026, 3, 1),
        "last_day": date(2026, 8, 31),
        "version": 1,
        "kind": ReceiptKind.CERTIFICATE,
        "sequence": 2,
        "drawn": text,
    }
    return receipt_number(**(given | changes))


def test_a_number_names_library_period_version_and_place():
    assert number()[:-1] == "CT0012-202603-202608-1-C2-7KQ4"
    assert number(kind=ReceiptKind.SUBMISSION, sequence=1).startswith("CT0012-202603-202608-1-S1-")


def test_a_key_with_hyphens_and_small_letters_is_written_in_capitals():
    made = number(library="ct-state-1")

    assert made.startswith("CT-STATE-1-202603")
    assert is_receipt_number(made)


@pytest.mark.parametrize("text", ["", "7KQ", "7KQ42", "7KQI", "7kq4", "7K-4"])
def test_only_four_characters_that_are_read_well_are_drawn(text):
    with pytest.raises(ValueError, match="four characters"):
        number(text)


@given(drawn)
def test_what_is_made_is_a_receipt_number(text):
    assert is_receipt_number(number(text))


@given(drawn, st.data())
def test_one_wrong_character_is_noticed(text, data):
    made = number(text)
    place = data.draw(st.sampled_from([i for i, character in enumerate(made) if character != "-"]))
    wrong = data.draw(st.sampled_from(CHARACTERS))
    assume(wrong != made[place])

    assert not is_receipt_number(made[:place] + wrong + made[place + 1 :])


@pytest.mark.parametrize(
    "typed", ["", "CT0012", "1", "CT0012-202603-202608-1-C2", "../../etc/passwd", "Ñ" * 40]
)
def test_anything_else_is_no_receipt_number(typed):
    assert not is_receipt_number(as_written(typed))


@pytest.mark.parametrize("between", [" – ", " "])
def test_a_number_may_be_typed_with_spaces_small_letters_and_other_dashes(between):
    made = number()

    typed = f"  {made.lower().replace('-', between)}\n"

    assert as_written(typed) == made
