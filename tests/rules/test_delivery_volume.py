"""The sums of what deliverIT CT carried, and the estimate of returns, on figures that are checked by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.rules.delivery_volume import (
    Arrival,
    MonthCounts,
    NoEstimate,
    Returns,
    SiteQuarter,
    Volume,
    arrival,
    by_group,
    estimated_returns,
    like_for_like,
    missing_months,
    volume,
)

DUE = date(2027, 1, 15)
MONTH = MonthCounts(bins_in=4, items_in=10, bins_out=3, items_out=20, loans_sent=50, loans_received=25)


def site(key="CT0001", months=(MONTH, MONTH, MONTH), submitted_on=DUE, *, lends=True):
    return SiteQuarter(key, lends, tuple(months), submitted_on, DUE)


@pytest.mark.parametrize(
    ("submitted_on", "today", "came"),
    [
        (DUE, date(2027, 2, 1), Arrival.IN_TIME),
        (date(2027, 1, 16), date(2027, 2, 1), Arrival.LATE),
        (None, DUE, Arrival.NOT_DUE),
        (None, date(2027, 1, 16), Arrival.MISSING),
    ],
)
def test_a_report_is_in_time_through_its_due_date(submitted_on, today, came):
    assert arrival(site(submitted_on=submitted_on), today) is came


def test_a_month_without_a_count_is_missing_and_a_month_of_zeros_is_not():
    zeros, lacking = MonthCounts(0, 0, 0, 0), MonthCounts(1, None, 1, 1)

    assert missing_months(site(months=(MONTH, zeros, lacking))) == (2,)
    assert missing_months(site(months=(MonthCounts(),) * 3, submitted_on=None)) == ()


def test_interlibrary_loans_are_no_part_of_a_whole_month():
    assert MonthCounts(1, 1, 1, 1).is_whole


def test_sums_take_what_was_given_and_say_of_how_many_months():
    found = volume([MONTH, MonthCounts(bins_in=1), MonthCounts(), MonthCounts(loans_sent=3)])

    assert found == Volume(bins_in=5, items_in=10, bins_out=3, items_out=20, months=2)
    assert found.delivered(25) == 135
    assert found.sent(25) == 95


def test_returns_are_items_less_the_loans_sent_and_received_in_each_direction():
    # In: 3 x (4 x 25 + 10) = 330; out: 3 x (3 x 25 + 20) = 285; loans: 3 x (50 + 25) = 225
    assert estimated_returns(site(), 25) == Returns(arrived=105, sent=60, loans=225, months=3)


def test_returns_rest_only_on_months_with_every_count():
    no_loans = MonthCounts(4, 10, 3, 20, 50, None)
    no_bins = MonthCounts(None, 10, 3, 20, 50, 25)

    assert estimated_returns(site(months=(MONTH, no_loans, no_bins)), 25) == Returns(35, 20, 75, 1)


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (site(months=(MonthCounts(),) * 3, submitted_on=None), NoEstimate.NOT_REPORTED),
        (site(months=(MonthCounts(1, 1, 1, 1),) * 3), NoEstimate.LOANS_NOT_GIVEN),
        (site(months=(MonthCounts(0, 74, 9, 9, 50, 25),)), NoEstimate.MORE_LOANS_THAN_ITEMS),
        (site(lends=False), NoEstimate.DOES_NOT_LEND),
    ],
)
def test_returns_are_never_guessed(one, why):
    assert estimated_returns(one, 25) is why


def test_a_bin_holds_at_least_one_item():
    with pytest.raises(ValueError, match="at least one item"):
        estimated_returns(site(), 0)


def test_quarters_are_compared_over_who_reported_the_whole_of_both():
    now = [site("A"), site("B"), site("C", months=(MONTH, MONTH, MonthCounts()))]
    before = [site("A", months=(MonthCounts(1, 1, 1, 1),) * 3), site("C"), site("D")]

    found = like_for_like(now, before)

    assert found.libraries == 1
    assert found.now == volume([MONTH] * 3)
    assert found.before == Volume(3, 3, 3, 3, 3)


counts = st.none() | st.integers(0, 10_000)
months = st.builds(MonthCounts, counts, counts, counts, counts, counts, counts)
quarters = st.lists(
    st.builds(
        site,
        key=st.sampled_from("ABCDEFGH"),
        months=st.lists(months, min_size=1, max_size=3),
        lends=st.booleans(),
    ),
    max_size=12,
)


@given(quarters, st.dictionaries(st.sampled_from("ABCDEFGH"), st.sampled_from("NSW")))
def test_groups_add_up_to_the_whole(sites, groups):
    whole = volume(month for one in sites for month in one.months)
    parts = by_group(sites, groups).values()

    for name in ("bins_in", "items_in", "bins_out", "items_out", "months"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)


@given(quarters, st.integers(1, 60))
def test_returns_and_loans_are_the_items_of_their_months(sites, items_per_bin):
    for one in sites:
        found = estimated_returns(one, items_per_bin)
        if isinstance(found, Returns):
            carried = volume(one.months)
            assert 0 <= found.arrived + found.loans <= carried.delivered(items_per_bin)
            assert 0 <= found.sent + found.loans <= carried.sent(items_per_bin)
