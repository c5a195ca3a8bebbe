"""Ranges learned from earlier counts, which are few, small and mostly 0."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.rules.filing_calendar import Span
from transactions.rules.usual_counts import EarlierCounts, EarlierTotal, limits, usual_range

LIMITS = limits(date(2027, 3, 5))
HALF = Span(date(2026, 9, 1), date(2027, 2, 28))


def in_range(values, units, **changes):
    usual = usual_range(values, LIMITS, **changes)
    assert usual is not None
    return usual.holds(units)


def every_month(first_year, last_year, loans):
    return {
        date(year, month, 1): dict(loans)
        for year in range(first_year, last_year + 1)
        for month in range(1, 13)
    }


@pytest.mark.parametrize(
    ("values", "units"),
    [
        ([0] * 15, 3),
        ([0] * 15, 12),
        ([2, 1, 0, 3, 2], 6),
        ([2, 1, 0, 3, 2], 0),
        ([5] * 12, 0),
        ([100] * 12, 60),
        ([100] * 12, 170),
        ([1000, 1100, 900, 1050, 980], 1400),
    ],
)
def test_handfuls_and_the_usual_rise_and_fall_are_in_the_range(values, units):
    assert in_range(values, units)


@pytest.mark.parametrize(
    ("values", "units"),
    [
        ([0] * 15, 60),
        ([2, 1, 0, 3, 2], 40),
        ([40] * 12, 0),
        ([100] * 12, 20),
        ([100] * 12, 1000),
        ([1000, 1100, 900, 1050, 980], 100),
        ([1000, 1100, 900, 1050, 980], 2000),
    ],
)
def test_a_digit_too_many_or_too_few_is_outside(values, units):
    assert not in_range(values, units)


def test_one_odd_month_of_the_past_does_not_widen_the_range():
    assert usual_range([100, 101, 99, 100, 98, 5000], LIMITS).high < 300


def test_a_library_that_swings_by_season_has_a_wide_range():
    assert in_range([20, 400, 30, 380, 25, 410], 390)
    assert in_range([20, 400, 30, 380, 25, 410], 20)


def test_totals_are_held_more_narrowly_than_counts():
    total, count = usual_range([10_000] * 5, LIMITS, is_total=True), usual_range([10_000] * 5, LIMITS)

    assert count.low < total.low
    assert total.high < count.high


def test_nothing_earlier_gives_no_range():
    assert usual_range([], LIMITS) is None


def test_distance_is_how_far_outside():
    usual = usual_range([100] * 6, LIMITS)

    assert usual.distance(100) == usual.distance(usual.low) == usual.distance(usual.high) == 0
    assert usual.distance(usual.high + 7) == 7
    assert usual.distance(usual.low - 3) == 3


@given(st.integers(0, 2_147_483_647), st.integers(1, 20), st.booleans())
def test_what_was_always_the_same_is_usual(units, times, is_total):
    assert in_range([units] * times, units, is_total=is_total)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=20), st.booleans())
def test_a_range_holds_its_middle_and_is_in_order(values, is_total):
    usual = usual_range(values, LIMITS, is_total=is_total)

    assert 0 <= usual.low <= usual.middle <= usual.high
    assert usual.values == len(values)


@given(st.lists(st.integers(0, 3), min_size=5, max_size=20), st.integers(0, 6))
def test_a_small_count_beside_small_ones_is_never_asked_about(values, units):
    assert in_range(values, units)


def test_a_month_is_compared_with_its_neighbours_in_earlier_years_and_with_the_months_just_before():
    earlier = EarlierCounts(every_month(2018, 2026, {"Avon": 1}))

    months = earlier.comparable_months(date(2026, 10, 1), HALF, LIMITS)

    assert months[:3] == (date(2021, 9, 1), date(2021, 10, 1), date(2021, 11, 1))
    assert months[-6:] == tuple(date(2026, month, 1) for month in range(3, 9))
    assert len(months) == 5 * 3 + 6


def test_months_that_are_not_on_record_are_not_compared():
    assert EarlierCounts().comparable_months(date(2026, 10, 1), HALF, LIMITS) == ()


def test_sums_are_of_the_same_months_in_each_earlier_year():
    earlier = EarlierCounts(every_month(2024, 2025, {"Avon": 2}))

    sums = earlier.comparable_sums([date(2026, 9, 1), date(2026, 10, 1)], LIMITS)

    assert sums == ({"Avon": 4}, {"Avon": 4})


def test_a_period_total_stands_in_for_its_months_in_proportion():
    year = EarlierTotal(Span(date(2025, 3, 1), date(2026, 2, 28)), {"Avon": 120, "Canton": None})

    sums = EarlierCounts(totals=[year]).comparable_sums(HALF.months(), LIMITS)

    assert sums == ({"Avon": 60, "Canton": None},)


def test_without_an_earlier_year_the_months_just_before_stand_in():
    earlier = EarlierCounts({date(2026, month, 1): {"Avon": month} for month in range(3, 9)})

    assert earlier.comparable_sums(HALF.months(), LIMITS) == ({"Avon": 33},)
    assert earlier.comparable_sums(HALF.months()[:2], LIMITS) == ({"Avon": 15},)


def test_of_what_was_not_counted_nothing_is_learned():
    months = every_month(2025, 2025, {"Avon": 5}) | {date(2025, 9, 1): {"Avon": None, "Canton": 3}}

    sums = EarlierCounts(months).comparable_sums([date(2026, 9, 1), date(2026, 10, 1)], LIMITS)

    assert sums == ({"Avon": None, "Canton": 3},)
