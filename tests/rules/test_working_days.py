from datetime import date

import pytest

from tests.rules.connecticut import CLOSED
from transactions.rules.working_days import (
    is_working_day,
    last_working_day,
    next_open_day,
    nth_working_day_after,
    observed,
)


@pytest.mark.parametrize(
    ("holiday", "kept_on"),
    [
        (date(2026, 7, 4), date(2026, 7, 3)),  # Saturday
        (date(2027, 7, 4), date(2027, 7, 5)),  # Sunday
        (date(2026, 6, 19), date(2026, 6, 19)),  # Friday
        (date(2028, 1, 1), date(2027, 12, 31)),  # Saturday, into the year before
        (date(2023, 1, 1), date(2023, 1, 2)),  # Sunday
        (date(2033, 12, 25), date(2033, 12, 26)),  # Sunday
        (date(2028, 2, 12), date(2028, 2, 11)),  # Lincoln Day, Saturday
    ],
)
def test_holiday_on_a_weekend_is_kept_on_the_weekday_beside_it(holiday, kept_on):
    assert observed(holiday) == kept_on


def test_every_seeded_weekend_holiday_has_its_observed_day_in_the_table():
    weekend = [day for day in CLOSED if day.weekday() >= 5 and day.year < 2042]

    assert weekend
    assert all(observed(day) in CLOSED for day in weekend)


def test_weekends_and_holidays_are_not_working_days():
    assert is_working_day(date(2026, 4, 2), CLOSED)
    assert not is_working_day(date(2026, 4, 3), CLOSED)  # Good Friday
    assert not is_working_day(date(2026, 4, 4), CLOSED)  # Saturday
    assert not is_working_day(date(2026, 4, 5), CLOSED)  # Sunday


def test_day_after_thanksgiving_is_a_working_day():
    assert is_working_day(date(2026, 11, 27), CLOSED)


def test_proclaimed_day_counts_once_it_is_in_the_table():
    assert is_working_day(date(2026, 12, 24), CLOSED)
    assert not is_working_day(date(2026, 12, 24), {date(2026, 12, 24)})


@pytest.mark.parametrize(
    ("year", "month", "last"),
    [
        (2026, 3, date(2026, 3, 31)),
        (2026, 5, date(2026, 5, 29)),  # 30 and 31 May are a weekend
        (2027, 12, date(2027, 12, 30)),  # New Year's Day is kept on 31 December
        (2024, 2, date(2024, 2, 29)),
        (2021, 5, date(2021, 5, 28)),  # Memorial Day on the 31st
    ],
)
def test_last_working_day_of_a_month(year, month, last):
    assert last_working_day(year, month, CLOSED) == last


def test_month_without_a_working_day_is_refused():
    closed_all_month = {date(2026, 3, day) for day in range(1, 32)}

    with pytest.raises(ValueError, match="2026-03 has no working day"):
        last_working_day(2026, 3, closed_all_month)


def test_nth_working_day_does_not_count_the_day_it_starts_from():
    assert nth_working_day_after(date(2026, 3, 31), 1, CLOSED) == date(2026, 4, 1)
    assert nth_working_day_after(date(2026, 3, 31), 7, CLOSED) == date(2026, 4, 10)


@pytest.mark.parametrize("n", [0, -1])
def test_nth_working_day_below_the_first_is_refused(n):
    with pytest.raises(ValueError, match="n must be 1 or more"):
        nth_working_day_after(date(2026, 3, 31), n, CLOSED)


def test_next_open_day_is_the_day_itself_when_open():
    assert next_open_day(date(2026, 3, 9), CLOSED) == date(2026, 3, 9)
    assert next_open_day(date(2026, 3, 8), CLOSED) == date(2026, 3, 9)
