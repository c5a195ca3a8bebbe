"""Quarters of deliverIT CT: their months, names and due dates, and when a report is whole."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.rules.delivery_counts import ASKED, Measure, places_missing
from transactions.rules.delivery_quarters import RULEBOOK, Quarter, due_entry

JULY = Quarter(date(2026, 7, 1))


def test_quarter_is_named_by_its_first_month_and_due_a_fortnight_after():
    assert JULY.name == "2026-07"
    assert JULY.title == "July to September 2026"
    assert JULY.months == (date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1))
    assert JULY.last_day == date(2026, 9, 30)
    assert JULY.due_on == date(2026, 10, 15)
    assert due_entry(JULY).label == "practice"


def test_first_quarter_of_a_state_fiscal_year_begins_in_july():
    assert [Quarter(date(2026, month, 1)).fiscal_year for month in (4, 7, 10)] == [2026, 2027, 2027]
    assert Quarter(date(2027, 1, 1)).fiscal_year == 2027


@given(st.dates(min_value=date(1998, 1, 1), max_value=date(2190, 1, 1)))
def test_every_day_lies_in_one_quarter_and_quarters_follow_one_another(day):
    quarter = Quarter.containing(day)

    assert quarter.first_day <= day <= quarter.last_day
    assert len(quarter.months) == 3
    assert quarter.following.first_day == quarter.last_day + timedelta(days=1)
    assert quarter.following.preceding == quarter
    assert Quarter.named(quarter.name) == quarter


@pytest.mark.parametrize("name", ["2026-08", "2026-7", "2026-07-01", "", "summer!", "2026-13"])
def test_other_words_name_no_quarter(name):
    with pytest.raises(ValueError, match=r"quarter|month|isoformat"):
        Quarter.named(name)


def test_every_value_is_practice_and_cites_the_guide():
    assert {entry.label for entry in RULEBOOK} == {"practice"}
    assert all("deliverIT" in entry.citation for entry in RULEBOOK)


def test_report_is_whole_when_all_that_is_asked_is_counted():
    whole = {(month, measure): 0 for month in JULY.months for measure in ASKED}

    assert places_missing(whole, JULY.months) == []


def test_what_is_missing_is_named_and_interlibrary_loans_never_are():
    counts = {(month, measure): 5 for month in JULY.months for measure in ASKED}
    del counts[(date(2026, 8, 1), Measure.ITEMS_OUT)]

    assert places_missing(counts, JULY.months) == [(date(2026, 8, 1), Measure.ITEMS_OUT)]
    assert len(places_missing({}, JULY.months)) == 12
