"""How something owed stands: its stage, its progress, whose turn it is and whether it may be asked for."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules.eligibility import ExpenditureReportOwed, FilingOwed
from payments.rules.owing import NextStep, Progress, Stage, whereabouts
from transactions.rules.filing_status import FilingStatus

FILING = FilingOwed(date(2026, 3, 1), date(2026, 8, 31), due_on=date(2026, 9, 8))
REPORT = ExpenditureReportOwed(date(2026, 11, 1), 2025, received_cents=12_345)
DAY = timedelta(days=1)


def of_filing(owed=FILING, newest=None, today=date(2026, 9, 5), closes_on=date(2027, 6, 30)):
    return whereabouts(
        owed, newest=newest, ends_on=owed.last_day, closes_on=closes_on, takes_part=True, today=today
    )


def of_report(owed=REPORT, newest=None, today=date(2026, 10, 5), takes_part=True):
    return whereabouts(
        owed,
        newest=newest,
        ends_on=date(2026, 6, 30),
        closes_on=None,
        takes_part=takes_part,
        today=today,
    )


@pytest.mark.parametrize(
    ("today", "progress", "asked"),
    [
        (date(2026, 8, 31), Progress.TO_COME, False),
        (date(2026, 9, 1), Progress.DUE, True),
        (date(2026, 9, 8), Progress.DUE, True),
        (date(2026, 9, 9), Progress.MISSING, True),
        (date(2027, 6, 30), Progress.MISSING, True),
        (date(2027, 7, 1), Progress.MISSING, False),
    ],
)
def test_filing_not_started_day_by_day(today, progress, asked):
    found = of_filing(today=today)

    assert (found.progress, found.can_be_asked_for) == (progress, asked)
    assert (found.stage, found.next_step) == (Stage.NOT_STARTED, NextStep.ENTER)
    assert found.is_late is (progress is Progress.MISSING)


@pytest.mark.parametrize(
    ("newest", "stage", "step"),
    [
        (None, Stage.NOT_STARTED, NextStep.ENTER),
        (FilingStatus.DRAFT, Stage.DRAFT, NextStep.ENTER),
        (FilingStatus.RETURNED, Stage.RETURNED, NextStep.ENTER),
        (FilingStatus.SUBMITTED, Stage.SUBMITTED, NextStep.CERTIFY),
    ],
)
def test_whose_turn_it_is(newest, stage, step):
    submitted = date(2026, 9, 2) if newest in (FilingStatus.RETURNED, FilingStatus.SUBMITTED) else None

    found = of_filing(replace(FILING, submitted_on=submitted), newest)

    assert (found.stage, found.next_step, found.can_be_asked_for) == (stage, step, True)


@pytest.mark.parametrize("newest", [*FilingStatus, None])
def test_what_is_certified_is_done_whatever_is_being_corrected(newest):
    owed = replace(FILING, submitted_on=date(2026, 9, 2), certified=True)

    found = of_filing(owed, newest, today=date(2026, 12, 1))

    assert (found.progress, found.stage) == (Progress.CERTIFIED, Stage.CERTIFIED)
    assert (found.next_step, found.can_be_asked_for) == (None, False)


def test_waiver_moves_the_day():
    owed = replace(FILING, waived_until=date(2026, 9, 30))

    found = of_filing(owed, today=date(2026, 9, 20))

    assert (found.progress, found.last_day, found.is_late) == (Progress.DUE, date(2026, 9, 30), False)


@pytest.mark.parametrize(
    ("submitted_on", "waived_until", "late", "accepted"),
    [
        (date(2026, 9, 8), None, False, False),
        (date(2026, 9, 9), None, True, False),
        (date(2026, 9, 9), date(2026, 9, 30), False, True),
        (date(2026, 9, 30), date(2026, 9, 30), False, True),
        (date(2026, 10, 1), date(2026, 9, 30), True, False),
        (date(2026, 9, 8), date(2026, 9, 30), False, False),
    ],
)
def test_late_and_accepted_late(submitted_on, waived_until, late, accepted):
    owed = replace(FILING, submitted_on=submitted_on, waived_until=waived_until, certified=True)

    found = of_filing(owed, FilingStatus.CERTIFIED, today=date(2026, 12, 1))

    assert (found.is_late, found.is_accepted_late) == (late, accepted)


def test_report_is_asked_for_only_of_who_takes_part_where_money_was_received():
    assert of_report().can_be_asked_for
    assert not of_report(takes_part=False).can_be_asked_for
    assert not of_report(replace(REPORT, received_cents=0)).can_be_asked_for
    assert not of_report(replace(REPORT, received_cents=None)).can_be_asked_for


def test_closing_ends_entry_and_not_the_certificate():
    owed = replace(FILING, submitted_on=date(2026, 9, 2))
    after = date(2027, 7, 1)

    assert of_filing(owed, FilingStatus.SUBMITTED, after).can_be_asked_for
    assert not of_filing(owed, FilingStatus.RETURNED, after).can_be_asked_for


def test_report_of_which_nobody_knows_is_not_asked_for_even_when_it_was_submitted():
    owed = replace(REPORT, received_cents=None, submitted_on=date(2026, 10, 1))

    found = of_report(owed, FilingStatus.SUBMITTED)

    assert (found.next_step, found.can_be_asked_for) == (NextStep.CERTIFY, False)


days = st.dates(date(2026, 2, 1), date(2027, 8, 1))


@given(
    today=days,
    submitted_on=st.none() | days,
    certified=st.booleans(),
    waived_until=st.none() | days,
    newest=st.none() | st.sampled_from(FilingStatus),
    closes_on=st.none() | days,
)
def test_nothing_is_asked_for_that_is_not_owed(
    today, submitted_on, certified, waived_until, newest, closes_on
):
    owed = replace(FILING, submitted_on=submitted_on, certified=certified, waived_until=waived_until)

    found = of_filing(owed, newest, today, closes_on)

    asked = (
        not certified
        and newest is not FilingStatus.CERTIFIED
        and today > FILING.last_day
        and not (closes_on and today > closes_on and newest is not FilingStatus.SUBMITTED)
    )
    assert found.can_be_asked_for is asked
    assert found.last_day >= FILING.due_on
    if found.progress is Progress.CERTIFIED:
        assert not found.can_be_asked_for
