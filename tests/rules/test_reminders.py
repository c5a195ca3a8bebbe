"""On which day which reminder goes out."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules.reminders import (
    Schedule,
    days_in_words,
    is_past_the_last,
    shipped_schedule,
    step_for,
    step_words,
)

DUE = date(2027, 3, 8)
SHIPPED = Schedule((14, 3), (1, 7, 14))
DAY = timedelta(days=1)


def test_shipped_schedule():
    assert shipped_schedule(DUE) == SHIPPED
    assert SHIPPED.steps == (-14, -3, 1, 7, 14)


@pytest.mark.parametrize(
    ("today", "step"),
    [
        (date(2027, 2, 21), None),
        (date(2027, 2, 22), -14),
        (date(2027, 2, 24), -14),
        (date(2027, 2, 25), None),
        (date(2027, 3, 5), -3),
        (date(2027, 3, 8), None),
        (date(2027, 3, 9), 1),
        (date(2027, 3, 15), 7),
        (date(2027, 3, 22), 14),
        (date(2027, 3, 24), 14),
        (date(2027, 3, 25), None),
        (date(2027, 12, 1), None),
    ],
)
def test_step_of_a_day(today, step):
    found = step_for(SHIPPED, last_day=DUE, can_be_done_from=date(2026, 7, 1), today=today)

    assert (found and found[0]) == step


def test_nothing_is_asked_before_it_can_be_done():
    """The two reminders before March 8 whose days come before March 1: the later one goes out on March 1."""
    schedule = Schedule((14, 10, 3), (1,))

    asked = {
        day: step_for(schedule, last_day=DUE, can_be_done_from=date(2027, 3, 1), today=day)
        for day in (date(2027, 2, 28), date(2027, 3, 1), date(2027, 3, 5))
    }

    assert asked == {
        date(2027, 2, 28): None,
        date(2027, 3, 1): (-10, date(2027, 3, 1)),
        date(2027, 3, 5): (-3, date(2027, 3, 5)),
    }


@pytest.mark.parametrize("bad", [((0,), ()), ((3, 3), ()), ((), (-1,)), ((), (366,))])
def test_schedule_refuses_what_are_no_days(bad):
    with pytest.raises(ValueError, match="different numbers from 1 to 365"):
        Schedule(*bad)


@pytest.mark.parametrize(
    ("today", "past"),
    [(date(2027, 3, 8), False), (date(2027, 3, 22), False), (date(2027, 3, 23), True)],
)
def test_after_the_last_reminder_a_person_telephones(today, past):
    assert is_past_the_last(SHIPPED, last_day=DUE, today=today) is past


def test_words():
    assert [step_words(step) for step in (-3, -1, 0, 1, 14)] == [
        "3 days before",
        "1 day before",
        "on the day",
        "1 day after",
        "14 days after",
    ]
    assert [days_in_words(days) for days in ((), (3,), (14, 3), (14, 1, 7))] == [
        "none",
        "3",
        "3 and 14",
        "1, 7 and 14",
    ]


numbers = st.lists(st.integers(1, 30), unique=True, max_size=4).map(tuple)


@given(before=numbers, after=numbers, begins=st.integers(-40, 10), offset=st.integers(-60, 60))
def test_each_step_has_its_days_and_no_other(before, after, begins, offset):
    schedule = Schedule(before, after)
    today, begins_on = DUE + offset * DAY, DUE + begins * DAY

    found = step_for(schedule, last_day=DUE, can_be_done_from=begins_on, today=today)

    if found is None:
        return
    step, day = found
    assert step in schedule.steps
    assert day == max(DUE + step * DAY, begins_on)
    assert day <= today <= day + 2 * DAY
    assert not [
        later for later in schedule.steps if later > step and max(DUE + later * DAY, begins_on) <= today
    ]


@given(before=numbers, after=numbers)
def test_every_step_goes_out_on_its_day_when_the_program_runs_daily(before, after):
    schedule = Schedule(before, after)
    days = [DUE + offset * DAY for offset in range(-60, 61)]

    found = {step_for(schedule, last_day=DUE, can_be_done_from=date(2026, 7, 1), today=day) for day in days}

    assert sorted(step for step, _ in found - {None}) == sorted(schedule.steps)
