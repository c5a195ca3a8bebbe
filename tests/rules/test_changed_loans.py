"""Counts changed for a what-if: percents read strictly, units spread without losing one."""

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules.changed_loans import changed_by, parse_percent, plain_percent, spread

counts = st.lists(st.integers(0, 10**7), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [("-20", -2000), ("12.5", 1250), ("0.25", 25), ("-100", -10_000), ("999.99", 99_999), ("-0", 0)],
)
def test_percent_is_read_in_hundredths(text, hundredths):
    assert parse_percent(text) == hundredths


@pytest.mark.parametrize("text", ["", "ten", "-100.01", "1000", "+5", "1e3", "5%", "1.234", " 5", "٣", None])
def test_percent_that_cannot_be_read_or_is_out_of_bounds_is_refused(text):
    with pytest.raises(ValueError, match="percent"):
        parse_percent(text)


@given(st.integers(-10_000, 99_999))
def test_percent_is_written_as_it_is_read(hundredths):
    assert parse_percent(plain_percent(hundredths)) == hundredths


def test_a_half_is_rounded_upwards():
    assert [changed_by(number, -5000) for number in (0, 1, 2, 3)] == [0, 1, 1, 2]
    assert changed_by(703_638_00, -2000) == 562_910_40


@given(counts, st.integers(0, 10**9))
def test_spread_adds_up_and_no_count_lies_a_unit_from_its_exact_part(units, total):
    upto = list(accumulate(units))
    if not upto[-1]:
        total = 0

    found = spread(upto, total)

    assert found[-1] == total
    for was, (before, after) in zip(units, pairwise([0, *found]), strict=True):
        exact = Fraction(was * total, upto[-1]) if upto[-1] else Fraction(0)
        assert abs(after - before - exact) < 1
        assert was or after == before


@pytest.mark.parametrize(("upto", "total"), [([0, 0], 1), ([], 1), ([1, 2], -1)])
def test_what_cannot_be_spread_is_refused(upto, total):
    with pytest.raises(ValueError, match="cannot be spread"):
        spread(upto, total)


def test_nothing_spread_over_nothing_is_nothing():
    assert spread([], 0) == []
    assert spread([0, 0], 0) == [0, 0]
