"""Every due date of due_dates.toml, by the rules: with the closed days it names, and with the whole table."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.rules.connecticut import CLOSED
from transactions.rules.filing_calendar import Cadence, Span, due_by_law, period_dates

CASES = tomllib.loads((Path(__file__).parent / "due_dates.toml").read_text(encoding="utf-8"))


def of(kind):
    return [pytest.param(case, id=str(case.get("month") or case["from"])) for case in CASES[kind]]


def test_there_are_many_and_each_gives_its_reason():
    cases = [case for kind in CASES.values() for case in kind]

    assert len(cases) > 50
    assert all(case["why"].strip() and f"{case['due']:%A}" == case["weekday"] for case in cases)


@pytest.mark.parametrize("case", of("monthly"))
def test_monthly_record_by_hand(case):
    closed = set(case["closed"])

    by_its_own_days = period_dates(Cadence.MONTHLY, case["month"], closed)
    by_the_table = period_dates(Cadence.MONTHLY, case["month"], CLOSED)

    assert closed <= CLOSED
    assert by_its_own_days.due_on == by_the_table.due_on == by_the_table.law_due_on == case["due"]


@pytest.mark.parametrize("case", of("monthly"))
def test_reason_counts_seven_working_days_that_end_with_the_due_date(case):
    counted = re.search(r"Seven working days: (\w+) ([\d, ]+)\.$", case["why"])

    assert counted
    days = [int(day) for day in counted[2].split(",")]
    assert len(days) == 7
    assert (counted[1], days[-1]) == (f"{case['due']:%B}", case["due"].day)
    assert not {day.day for day in case["closed"] if day.month == case["due"].month} & set(days)


@pytest.mark.parametrize("case", of("semiannual"))
def test_semiannual_record_by_hand(case):
    period = period_dates(Cadence.SEMIANNUAL, case["from"], CLOSED)

    assert period.span == Span(case["from"], case["until"])
    assert period.due_on == period.law_due_on == case["due"]


@pytest.mark.parametrize("case", of("annual"))
def test_annual_report_of_practice_by_hand(case):
    period = period_dates(Cadence.ANNUAL, case["from"], CLOSED)

    assert period.span == Span(case["from"], case["until"])
    assert period.due_on == case["due"]
    assert due_by_law(Cadence.ANNUAL, period.span, CLOSED) == case["law"]
