from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connecticard.rulebook import Label, Rulebook
from tests.rules.connecticut import CLOSED
from transactions.rules import filing_calendar
from transactions.rules.filing_calendar import (
    RULEBOOK,
    Cadence,
    Span,
    cadences_to_choose,
    deadline,
    default_cadence,
    due_by_law,
    due_entry,
    eastern_day,
    may_change_on,
    measurement_period,
    period_containing,
    period_dates,
    periods_of_year,
    program_year,
    program_year_of,
)

ANNUAL, SEMIANNUAL, MONTHLY = Cadence.ANNUAL, Cadence.SEMIANNUAL, Cadence.MONTHLY


class TestSpan:
    def test_last_day_before_the_first_is_refused(self):
        with pytest.raises(ValueError, match="comes before the first day"):
            Span(date(2026, 3, 2), date(2026, 3, 1))

    def test_contains_both_its_ends(self):
        march = Span(date(2026, 3, 1), date(2026, 3, 31))

        assert march.contains(date(2026, 3, 1))
        assert march.contains(date(2026, 3, 31))
        assert not march.contains(date(2026, 4, 1))
        assert march.days == 31

    def test_months_are_those_it_has_a_day_in(self):
        span = Span(date(2026, 11, 30), date(2027, 1, 1))

        assert span.months() == (date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1))

    def test_month_of_a_day_in_a_leap_year(self):
        assert Span.of_month(date(2028, 2, 14)) == Span(date(2028, 2, 1), date(2028, 2, 29))
        assert Span.of_month(date(2027, 12, 31)) == Span(date(2027, 12, 1), date(2027, 12, 31))

    def test_spans_that_share_no_day_have_no_intersection(self):
        march, april = Span.of_month(date(2026, 3, 1)), Span.of_month(date(2026, 4, 1))

        assert not march.overlaps(april)
        assert march.intersection(april) is None
        assert not march.covers(april)

    def test_intersection_is_what_both_have(self):
        year, autumn = program_year(2027), Span(date(2026, 9, 1), date(2027, 5, 31))

        assert year.intersection(autumn) == Span(date(2026, 9, 1), date(2027, 2, 28))
        assert year.covers(Span.of_month(date(2026, 9, 1)))


class TestProgramYear:
    def test_is_named_for_the_year_in_which_it_ends(self):
        assert program_year(2018) == Span(date(2017, 3, 1), date(2018, 2, 28))

    def test_ends_on_the_leap_day(self):
        assert program_year(2028).last_day == date(2028, 2, 29)
        assert program_year_of(date(2028, 2, 29)) == 2028
        assert program_year_of(date(2028, 3, 1)) == 2029

    def test_payment_of_a_fiscal_year_measures_march_to_february(self):
        assert measurement_period(2027) == Span(date(2026, 3, 1), date(2027, 2, 28))
        assert measurement_period(2018) == program_year(2018)

    @given(st.dates(date(2016, 1, 1), date(2040, 12, 31)))
    def test_every_day_lies_in_the_program_year_that_is_named_for_it(self, day):
        assert program_year(program_year_of(day)).contains(day)


class TestCadences:
    def test_default_was_annual_by_practice_through_february_2026(self):
        assert default_cadence(date(2026, 2, 28)) is ANNUAL
        assert default_cadence(date(2017, 3, 1)) is ANNUAL
        assert RULEBOOK.entry("default_cadence", date(2026, 2, 28)).label is Label.PRACTICE

    def test_default_is_semiannual_by_law_from_march_2026(self):
        assert default_cadence(date(2026, 3, 1)) is SEMIANNUAL
        assert RULEBOOK.entry("default_cadence", date(2026, 3, 1)).label is Label.LAW

    def test_annual_filing_cannot_be_chosen_any_more(self):
        assert ANNUAL in cadences_to_choose(date(2026, 2, 28))
        assert cadences_to_choose(date(2026, 3, 1)) == (SEMIANNUAL, MONTHLY)

    def test_change_takes_effect_on_two_days_of_the_year_only(self):
        days = [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]

        assert [day for day in days if may_change_on(day)] == [date(2028, 3, 1), date(2028, 9, 1)]

    def test_each_cadence_is_said_in_words(self):
        assert [cadence.label for cadence in Cadence] == ["Once a year", "Twice a year", "Every month"]


@pytest.mark.parametrize(
    ("cadence", "first_day", "last_day", "due_on"),
    [
        # W10
        (SEMIANNUAL, date(2026, 3, 1), date(2026, 8, 31), date(2026, 9, 8)),
        (SEMIANNUAL, date(2026, 9, 1), date(2027, 2, 28), date(2027, 3, 8)),
        (SEMIANNUAL, date(2025, 9, 1), date(2026, 2, 28), date(2026, 3, 8)),  # Sunday, not moved
        (MONTHLY, date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 10)),  # Good Friday 3 April
        (MONTHLY, date(2026, 6, 1), date(2026, 6, 30), date(2026, 7, 10)),  # 4 July kept on the 3rd
        (MONTHLY, date(2027, 12, 1), date(2027, 12, 31), date(2028, 1, 11)),  # 31 December kept
        # leap years
        (SEMIANNUAL, date(2027, 9, 1), date(2028, 2, 29), date(2028, 3, 8)),
        (MONTHLY, date(2028, 2, 1), date(2028, 2, 29), date(2028, 3, 9)),  # Tuesday the 29th, then 7
        (ANNUAL, date(2019, 3, 1), date(2020, 2, 29), date(2020, 3, 15)),  # Sunday
        # weekends at the end of the month: from Friday 29 May 2026
        (MONTHLY, date(2026, 5, 1), date(2026, 5, 31), date(2026, 6, 9)),
        # year ends: from Thursday 31 December 2026, New Year's Day on Friday
        (MONTHLY, date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 12)),
        # from Friday 29 January 2027; Lincoln Day comes after it
        (MONTHLY, date(2027, 1, 1), date(2027, 1, 31), date(2027, 2, 9)),
        # Labor Day, 7 September: from Monday 31 August 2026
        (MONTHLY, date(2026, 8, 1), date(2026, 8, 31), date(2026, 9, 10)),
        # practice
        (ANNUAL, date(2017, 3, 1), date(2018, 2, 28), date(2018, 3, 15)),
        (ANNUAL, date(2025, 3, 1), date(2026, 2, 28), date(2026, 3, 15)),
        # no practice date is left: the law's date for the end of the year
        (ANNUAL, date(2026, 3, 1), date(2027, 2, 28), date(2027, 3, 8)),
    ],
)
def test_due_date_by_hand(cadence, first_day, last_day, due_on):
    period = period_dates(cadence, first_day, CLOSED)

    assert period.span == Span(first_day, last_day)
    assert period.due_on == due_on


def test_period_opens_on_its_first_day_and_closes_with_the_fiscal_year_that_pays_for_it():
    period = period_dates(SEMIANNUAL, date(2026, 3, 1), CLOSED)

    assert period.opens_on == date(2026, 3, 1)
    assert period.accepted_until == date(2027, 3, 31)
    assert period.closes_on == date(2027, 6, 30)


def test_february_of_a_leap_year_is_accepted_late_in_the_march_after_it():
    period = period_dates(MONTHLY, date(2028, 2, 1), CLOSED)

    assert (period.accepted_until, period.closes_on) == (date(2028, 3, 31), date(2028, 6, 30))


@pytest.mark.parametrize(
    ("cadence", "first_day"),
    [
        (SEMIANNUAL, date(2026, 4, 1)),
        (ANNUAL, date(2026, 1, 1)),
        (ANNUAL, date(2026, 9, 1)),
        (MONTHLY, date(2026, 4, 2)),
    ],
)
def test_day_on_which_no_period_begins_is_refused(cadence, first_day):
    with pytest.raises(ValueError, match=f"no {cadence} period begins on {first_day}"):
        period_dates(cadence, first_day, CLOSED)


def test_next_open_day_is_not_given_as_shipped():
    assert RULEBOOK.switch("receipt_through_next_open_day", date(2026, 3, 1)) is False


def test_next_open_day_once_switched_on_moves_the_due_date_but_not_the_law(monkeypatch):
    switched = [
        entry if entry.key != "receipt_through_next_open_day" else replace(entry, value=True)
        for entry in RULEBOOK
    ]
    monkeypatch.setattr(filing_calendar, "RULEBOOK", Rulebook(switched))

    period = period_dates(SEMIANNUAL, date(2025, 9, 1), CLOSED)

    assert period.due_on == date(2026, 3, 9)
    assert due_by_law(SEMIANNUAL, period.span, CLOSED) == date(2026, 3, 8)


def _spans(year, cadences):
    return [period.span for period in periods_of_year(year, cadences, CLOSED)]


def test_law_wanted_an_annual_report_a_week_before_practice_did():
    period = period_dates(ANNUAL, date(2017, 3, 1), CLOSED)

    assert due_by_law(ANNUAL, period.span, CLOSED) == date(2018, 3, 8)


def test_due_date_is_cited_with_the_entry_it_comes_from():
    assert due_entry(ANNUAL, date(2017, 3, 1)).label is Label.PRACTICE
    assert due_entry(ANNUAL, date(2026, 3, 1)).key == "semiannual_due_days_after"
    assert due_entry(SEMIANNUAL, date(2026, 3, 1)).citation.startswith(
        "Regs. Conn. State Agencies § 11-31c-2(a)"
    )
    assert due_entry(MONTHLY, date(2026, 3, 1)).key == "monthly_due_working_days_after"


class TestPeriodsOfYear:
    def test_library_that_chose_nothing_follows_the_default_of_its_time(self):
        assert _spans(2026, []) == [program_year(2026)]
        assert _spans(2027, []) == [
            Span(date(2026, 3, 1), date(2026, 8, 31)),
            Span(date(2026, 9, 1), date(2027, 2, 28)),
        ]

    def test_monthly_filer_has_twelve_periods(self):
        periods = periods_of_year(2027, [(MONTHLY, None, None)], CLOSED)

        assert [period.span.first_day for period in periods] == list(program_year(2027).months())
        assert {period.cadence for period in periods} == {MONTHLY}

    def test_change_to_monthly_on_1_september(self):
        cadences = [(MONTHLY, date(2026, 9, 1), None)]

        periods = periods_of_year(2027, cadences, CLOSED)

        assert [period.cadence for period in periods] == [SEMIANNUAL] + [MONTHLY] * 6
        assert periods[0].span == Span(date(2026, 3, 1), date(2026, 8, 31))

    def test_change_back_on_1_march_leaves_the_year_before_alone(self):
        cadences = [(MONTHLY, date(2026, 9, 1), date(2027, 2, 28))]

        assert len(periods_of_year(2027, cadences, CLOSED)) == 7
        assert [p.cadence for p in periods_of_year(2028, cadences, CLOSED)] == [SEMIANNUAL] * 2

    def test_year_of_an_annual_filer_that_turns_monthly_begins_with_a_semiannual_period(self):
        cadences = [(MONTHLY, date(2017, 9, 1), None)]

        first, *others = periods_of_year(2018, cadences, CLOSED)

        assert (first.cadence, first.span) == (SEMIANNUAL, Span(date(2017, 3, 1), date(2017, 8, 31)))
        assert first.due_on == date(2017, 9, 8)
        assert {period.cadence for period in others} == {MONTHLY}

    def test_year_of_a_monthly_filer_that_turns_annual_ends_with_a_semiannual_period(self):
        cadences = [(MONTHLY, None, date(2017, 8, 31))]

        last = periods_of_year(2018, cadences, CLOSED)[-1]

        assert (last.cadence, last.span) == (SEMIANNUAL, Span(date(2017, 9, 1), date(2018, 2, 28)))

    def test_two_rows_of_one_cadence_side_by_side_make_one_annual_period(self):
        cadences = [(ANNUAL, None, date(2017, 8, 31)), (ANNUAL, date(2017, 9, 1), None)]

        assert _spans(2018, cadences) == [program_year(2018)]

    def test_order_of_the_cadences_does_not_matter(self):
        cadences = [(SEMIANNUAL, None, date(2026, 8, 31)), (MONTHLY, date(2026, 9, 1), None)]

        assert _spans(2027, cadences) == _spans(2027, cadences[::-1])

    def test_period_containing_a_day(self):
        assert period_containing(date(2026, 11, 21), [], CLOSED).span.first_day == date(2026, 9, 1)
        assert period_containing(date(2018, 1, 31), [], CLOSED).span == program_year(2018)

    @pytest.mark.parametrize(
        ("cadences", "message"),
        [
            ([(MONTHLY, date(2026, 4, 1), None)], "begin it on March 1 or September 1"),
            ([(MONTHLY, None, date(2026, 9, 1))], "end it the day before March 1 or September 1"),
            ([(MONTHLY, date(2026, 9, 1), date(2026, 2, 28))], "before it begins"),
            ([(MONTHLY, None, None), (SEMIANNUAL, date(2026, 9, 1), None)], "for the same days"),
            ([(MONTHLY, None, date(2026, 8, 31)), (SEMIANNUAL, None, None)], "for the same days"),
        ],
    )
    def test_cadences_that_cannot_be_are_refused(self, cadences, message):
        with pytest.raises(ValueError, match=message):
            periods_of_year(2027, cadences, CLOSED)


@st.composite
def dated_cadences(draw):
    """Cadences of one library over the years, with and without gaps, bounded on days of change."""
    changes = [date(year, month, 1) for year in range(2015, 2042) for month in (3, 9)]
    bounds = sorted(draw(st.lists(st.sampled_from(changes), unique=True, max_size=12)))
    bounded = [None, *bounds, None]
    rows = []
    for first_day, following in pairwise(bounded):
        cadence = draw(st.sampled_from([None, *Cadence]))
        if cadence is not None:
            rows.append((cadence, first_day, following and following - timedelta(days=1)))
    return draw(st.permutations(rows))


@given(dated_cadences(), st.integers(2016, 2040))
def test_every_day_of_a_program_year_lies_in_exactly_one_period(cadences, year):
    periods = periods_of_year(year, cadences, CLOSED)

    days = [period.span.first_day + timedelta(days=n) for period in periods for n in range(period.span.days)]

    span = program_year(year)
    assert days == [span.first_day + timedelta(days=n) for n in range(span.days)]


@given(dated_cadences(), st.integers(2016, 2040))
def test_dates_of_every_period_come_in_their_order(cadences, year):
    for period in periods_of_year(year, cadences, CLOSED):
        assert (
            period.opens_on
            <= period.span.last_day
            < due_by_law(period.cadence, period.span, CLOSED)
            <= period.due_on
            <= period.accepted_until
            <= period.closes_on
        )


def test_deadline_is_the_last_second_of_the_day_in_winter_and_in_summer():
    assert deadline(date(2026, 3, 7)).astimezone(UTC) == datetime(2026, 3, 8, 4, 59, 59, tzinfo=UTC)
    # Clocks go forward at 2 on the morning of 8 March 2026.
    assert deadline(date(2026, 3, 8)).astimezone(UTC) == datetime(2026, 3, 9, 3, 59, 59, tzinfo=UTC)
    assert deadline(date(2026, 9, 8)).astimezone(UTC) == datetime(2026, 9, 9, 3, 59, 59, tzinfo=UTC)
    assert deadline(date(2026, 11, 1)).astimezone(UTC) == datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC)


def test_day_of_receipt_is_the_day_in_connecticut():
    assert eastern_day(datetime(2026, 9, 9, 3, 59, 59, 999999, tzinfo=UTC)) == date(2026, 9, 8)
    assert eastern_day(datetime(2026, 9, 9, 4, 0, tzinfo=UTC)) == date(2026, 9, 9)


def test_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        eastern_day(datetime(2026, 9, 9, 4, 0))


@given(st.dates(date(2016, 1, 1), date(2040, 12, 31)))
def test_deadline_lies_on_its_own_day(day):
    assert eastern_day(deadline(day)) == day
    assert eastern_day(deadline(day).astimezone(UTC) + timedelta(seconds=1)) == day + timedelta(days=1)
