from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules.expenditure_reporting import (
    Category,
    ExpenditureLine,
    ReportDue,
    categories,
    certificate,
    fiscal_year_days,
    fiscal_year_of,
    problems,
    report_due_in,
    report_on_money_received,
)

ON = date(2026, 10, 20)


@pytest.mark.parametrize(
    ("day", "fiscal_year"),
    [
        (date(2025, 6, 30), 2025),
        (date(2025, 7, 1), 2026),
        (date(2025, 12, 31), 2026),
        (date(2026, 1, 1), 2026),
    ],
)
def test_fiscal_year_begins_in_july_and_is_named_for_its_end(day, fiscal_year):
    assert fiscal_year_of(day) == fiscal_year


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_every_day_lies_in_the_days_of_its_fiscal_year(day):
    first_day, last_day = fiscal_year_days(fiscal_year_of(day))

    assert first_day <= day <= last_day


def test_report_that_a_payment_depends_on_covers_the_second_previous_fiscal_year():
    assert report_due_in(2027) == ReportDue(
        payment_fiscal_year=2027,
        due_on=date(2026, 11, 1),  # a Sunday, not moved
        remind_on=date(2026, 10, 31),
        covers_fiscal_year=2025,
        covers_first_day=date(2024, 7, 1),
        covers_last_day=date(2025, 6, 30),
    )


def test_report_of_a_year_before_the_practice_is_known_has_no_reminder():
    assert report_due_in(2018).remind_on is None


def test_money_is_reported_by_the_day_it_was_received():
    assert report_on_money_received(date(2025, 6, 30)).due_on == date(2026, 11, 1)
    assert report_on_money_received(date(2025, 7, 2)).due_on == date(2027, 11, 1)
    assert report_on_money_received(date(2025, 7, 2)).covers_fiscal_year == 2026


def test_categories_are_those_seen_in_public_and_the_purposes_that_the_law_names():
    codes = [category.code for category in categories(ON)]

    assert categories(ON)[0] == Category("materials", "Materials")
    assert {"automation", "supplies", "furniture_and_equipment", "construction", "land"} < set(codes)
    assert codes[-1] == "other"


def test_certificate_says_that_nothing_went_back_to_the_town():
    assert "no part of the money went back to the general fund of a town" in certificate(ON)


def test_report_whose_lines_add_up_has_no_problem():
    lines = [ExpenditureLine("materials", 60000), ExpenditureLine("land", 15000)]

    assert problems(100000, lines, 25000, offered=categories(ON)) == ()


def test_report_of_money_still_held_has_no_problem():
    assert problems(100000, [], 100000, offered=categories(ON)) == ()


def test_report_that_does_not_add_up_says_by_how_much():
    (problem,) = problems(100000, [ExpenditureLine("materials", 60000)], 25000, offered=categories(ON))

    assert problem.field == "total"
    assert "make $850.00, and $1,000.00 was received; $150.00 is missing." in problem.message
    (problem,) = problems(100000, [ExpenditureLine("materials", 100001)], 0, offered=categories(ON))
    assert "$0.01 is too much." in problem.message


def test_report_names_every_line_that_is_wrong():
    lines = [
        ExpenditureLine("materials", -1),
        ExpenditureLine("supplies", 5),
        ExpenditureLine("supplies", 5),
        ExpenditureLine("returned_to_the_town", 5),
    ]

    assert [problem.field for problem in problems(9, lines, -1, offered=categories(ON))] == [
        "materials",
        "supplies",
        "returned_to_the_town",
        "unspent",
    ]


@pytest.mark.parametrize(
    ("received", "spent", "unspent"), [(1.0, 0, 0), (1, True, 0), (1, 0, "1"), (-1, 0, 0)]
)
def test_report_refuses_amounts_that_are_not_cents(received, spent, unspent):
    with pytest.raises(ValueError, match="must"):
        problems(received, [ExpenditureLine("materials", spent)], unspent, offered=categories(ON))


@given(st.lists(st.integers(0, 10**9), max_size=5), st.integers(0, 10**9), st.integers(-2, 2))
def test_report_is_right_exactly_when_its_lines_add_up(spent, unspent, off_by):
    lines = [
        ExpenditureLine(category.code, cents) for category, cents in zip(categories(ON), spent, strict=False)
    ]
    received = max(0, sum(spent) + unspent + off_by)

    assert (problems(received, lines, unspent, offered=categories(ON)) == ()) == (
        received == sum(spent) + unspent
    )
