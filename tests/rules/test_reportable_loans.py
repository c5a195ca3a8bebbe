from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.rules.filing_calendar import Span, program_year
from transactions.rules.reportable_loans import (
    RefusedBecause,
    Service,
    TownsServed,
    own_towns,
    refusal,
    reportable_months,
)

YEAR = program_year(2027)
MARCH, AUGUST = Span.of_month(date(2026, 3, 1)), Span.of_month(date(2026, 8, 1))
SEPTEMBER = Span.of_month(date(2026, 9, 1))


def always(town, library):
    return Service(town, library, None, None)


def because(lender, home_library, span, served, **words):
    refused = refusal(lender, home_library, span, served, **words)
    return refused and refused.because


class TestTwoLibrariesInOneTown:
    """W3."""

    served = TownsServed([always("t", "P"), always("t", "Q"), always("r", "R")])

    @pytest.mark.parametrize("span", [MARCH, YEAR])
    def test_they_never_report_each_other(self, span):
        assert because("P", "Q", span, self.served) is RefusedBecause.OWN_TOWN
        assert because("Q", "P", span, self.served) is RefusedBecause.OWN_TOWN

    @pytest.mark.parametrize("span", [MARCH, YEAR])
    def test_they_report_and_are_reported_by_others(self, span):
        for lender, home_library in [("P", "R"), ("Q", "R"), ("R", "P"), ("R", "Q")]:
            assert refusal(lender, home_library, span, self.served) is None


class TestLibraryThatServesASecondTown:
    """W4: W stands in w and is the principal library of b, which has none."""

    served = TownsServed([always("w", "W"), always("b", "W"), always("z", "Z"), always("y", "Y")])

    def test_its_own_cards_are_refused_also_those_of_the_second_town(self):
        refused = refusal("W", "W", YEAR, self.served)

        assert refused.because is RefusedBecause.OWN_LIBRARY
        assert refused.cure == "Leave your own library out."
        assert refused.citation == "Regs. Conn. State Agencies § 11-31c-1(f)"

    def test_loans_to_the_second_town_count_for_other_lenders(self):
        assert refusal("Z", "W", YEAR, self.served) is None
        assert refusal("W", "Z", YEAR, self.served) is None

    def test_a_second_library_of_its_own_town_cannot_report_its_cards(self):
        served = TownsServed([always("w", "W"), always("b", "W"), always("w", "V")])

        assert because("V", "W", MARCH, served) is RefusedBecause.OWN_TOWN

    def test_a_library_of_the_second_town_is_refused_to_it(self):
        served = TownsServed([always("w", "W"), always("b", "W"), always("b", "B")])

        assert because("W", "B", MARCH, served) is RefusedBecause.OWN_TOWN

    def test_own_towns_are_both(self):
        assert own_towns("W", MARCH, self.served) == {"w", "b"}
        assert own_towns("Z", MARCH, self.served) == {"z"}


class TestResidencyThatChangesInTheYear:
    """W8: W serves u through August; library H opens in u on September 1."""

    served = TownsServed(
        [
            always("w", "W"),
            Service("u", "W", None, date(2026, 8, 31)),
            Service("u", "H", date(2026, 9, 1), None),
            always("z", "Z"),
        ]
    )
    names = {"H": "Hartland Library", "u": "Hartland"}

    def test_one_total_over_the_year_is_refused_and_must_be_split(self):
        refused = refusal("W", "H", YEAR, self.served, names=self.names)

        assert refused.because is RefusedBecause.SPANS_A_CHANGE
        assert refused.reason == (
            "Your library served Hartland, the town of Hartland Library, for a part of "
            "March 2026 to February 2027 only."
        )
        assert refused.cure.startswith("Give the loans month by month")

    def test_months_after_the_change_are_reported(self):
        assert reportable_months("W", "H", YEAR, self.served) == YEAR.months()[6:]
        assert because("W", "H", SEPTEMBER, self.served) is None

    def test_months_before_it_opened_are_refused_to_everybody(self):
        assert because("W", "H", AUGUST, self.served) is RefusedBecause.NOT_OPEN
        assert because("Z", "H", AUGUST, self.served) is RefusedBecause.NOT_OPEN

    def test_total_of_a_lender_that_never_served_the_town_is_accepted(self):
        assert refusal("Z", "H", YEAR, self.served) is None

    def test_new_library_reports_the_old_one_from_the_day_it_opened(self):
        assert (
            reportable_months("H", "W", Span(date(2026, 9, 1), YEAR.last_day), self.served)
            == (YEAR.months()[6:])
        )

    def test_own_towns_are_judged_on_the_days_asked_about(self):
        assert own_towns("W", AUGUST, self.served) == {"w", "u"}
        assert own_towns("W", SEPTEMBER, self.served) == {"w"}


class TestTownGivenUpInMidMonth:
    """W serves u through September 14; U has stood in u all along."""

    served = TownsServed([always("w", "W"), Service("u", "W", None, date(2026, 9, 14)), always("u", "U")])

    def test_month_of_the_change_is_reported_for_its_other_days(self):
        assert refusal("W", "U", SEPTEMBER, self.served) is None
        assert because("W", "U", AUGUST, self.served) is RefusedBecause.OWN_TOWN

    def test_part_of_the_month_before_the_change_is_refused(self):
        assert because("W", "U", Span(date(2026, 9, 1), date(2026, 9, 14)), self.served) is (
            RefusedBecause.OWN_TOWN
        )

    def test_two_rows_side_by_side_are_one_service(self):
        served = TownsServed(
            [
                Service("u", "W", None, date(2026, 9, 14)),
                Service("u", "W", date(2026, 9, 10), date(2026, 9, 20)),
                Service("u", "W", date(2026, 9, 21), None),
                always("u", "U"),
            ]
        )

        assert because("W", "U", SEPTEMBER, served) is RefusedBecause.OWN_TOWN
        assert served.days_served("W", "u", YEAR) == YEAR.days


class TestClosedLibrary:
    served = TownsServed([always("a", "A"), Service("c", "C", None, date(2026, 8, 15)), always("d", "D")])

    def test_last_month_is_still_reported(self):
        assert refusal("A", "C", AUGUST, self.served) is None

    def test_later_loans_on_its_cards_go_to_its_successor(self):
        refused = refusal(
            "A", "C", SEPTEMBER, self.served, names={"C": "Cove", "D": "Dale"}, successors={"C": "D"}
        )

        assert refused.because is RefusedBecause.NOT_OPEN
        assert refused.reason == "Cove was not open in September 2026."
        assert refused.cure == "Enter loans on its cards for Dale, which succeeded it."

    def test_without_a_successor_the_cell_stays_blank(self):
        assert refusal("A", "C", SEPTEMBER, self.served).cure == "Leave it blank."

    def test_a_library_that_nobody_knows_was_never_open(self):
        assert because("A", "X", SEPTEMBER, self.served, successors={"X": "D"}) is RefusedBecause.NOT_OPEN
        assert refusal("A", "X", SEPTEMBER, self.served, successors={"X": "D"}).cure == "Leave it blank."

    def test_months_on_the_form_end_with_it(self):
        assert reportable_months("A", "C", YEAR, self.served) == YEAR.months()[:6]
        assert reportable_months("A", "D", YEAR, self.served) == YEAR.months()
        assert reportable_months("A", "A", YEAR, self.served) == ()


def test_libraries_are_listed_in_order():
    assert TownsServed([always("b", "B"), always("a", "A"), always("c", "B")]).libraries() == ["A", "B"]


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
bounds = st.tuples(st.none() | days, st.none() | days)


@given(st.lists(st.tuples(st.sampled_from("tuv"), st.sampled_from("ABC"), bounds), max_size=8))
def test_number_of_days_served_is_that_of_the_days_counted_one_by_one(rows):
    services = [Service(town, library, first_day, last_day) for town, library, (first_day, last_day) in rows]
    every_day = [YEAR.first_day + timedelta(days=n) for n in range(YEAR.days)]

    counted = sum(
        any(
            row.town == "t" and row.library == "A" and row.within(Span(day, day)) is not None
            for row in services
        )
        for day in every_day
    )

    assert TownsServed(services).days_served("A", "t", YEAR) == counted


@given(st.lists(st.tuples(st.sampled_from("tuv"), st.sampled_from("ABC"), bounds), max_size=8))
def test_month_is_reportable_exactly_when_it_is_not_refused(rows):
    served = TownsServed(
        Service(town, library, first_day, last_day) for town, library, (first_day, last_day) in rows
    )

    assert reportable_months("A", "B", YEAR, served) == tuple(
        month for month in YEAR.months() if refusal("A", "B", Span.of_month(month), served) is None
    )
