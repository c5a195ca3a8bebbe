"""Each check on a library's own history fires, stays quiet, and keeps its bounds."""

from dataclasses import replace
from datetime import date

import pytest

from tests.rules.filings_in_context import (
    HALF,
    MONTHS,
    NOVEMBER,
    OCTOBER,
    USUAL,
    earlier_counts,
    earlier_totals,
    found,
    in_context,
    in_totals,
    usual_month,
)
from transactions.rules import history_checks
from transactions.rules.explanations import questions
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import NOT_COUNTED, Tier
from transactions.rules.history_checks import (
    changed_places,
    filing_total_outside_usual_range,
    line_outside_usual_range,
    many_counts_unusual,
    many_lines_unusual,
    month_total_outside_usual_range,
    outside_usual_range,
    share_moved,
    usual_line_missing,
)
from transactions.rules.usual_counts import EarlierCounts

ASKS, LOOKS = "must_explain", "worth_a_look"


def checks_that_speak(context):
    return {problem.check for problem in questions(context)}


@pytest.mark.parametrize("filing", [in_context(), in_totals()], ids=["by month", "period totals"])
def test_usual_filing_is_not_asked_about(filing):
    assert questions(filing) == []


def test_first_filing_of_a_library_is_not_asked_about():
    assert questions(in_context(earlier=EarlierCounts())) == []
    assert questions(in_totals(earlier=EarlierCounts())) == []


class TestOutsideUsualRange:
    def test_a_digit_too_many_must_be_explained(self):
        problems = list(outside_usual_range(in_context({("Avon", OCTOBER): 1_230})))

        assert [(p.tier, p.home_library, p.month, p.value) for p in problems] == [
            (Tier.MUST_EXPLAIN, "Avon", OCTOBER, 1_230)
        ]
        assert problems[0].message.startswith("1,230 units were lent on cards of Avon in October 2026; ")
        assert problems[0].message.endswith(
            " are usual in such months before. Correct the number, or say why it is right."
        )

    def test_a_digit_too_few_must_be_explained(self):
        assert found(outside_usual_range, in_context({("Canton", OCTOBER): 40})) == [
            (ASKS, "Canton", OCTOBER)
        ]

    def test_a_blank_is_as_good_as_none(self):
        blank = in_context({("Canton", OCTOBER): None})

        assert found(outside_usual_range, blank) == [(ASKS, "Canton", OCTOBER)]
        assert found(outside_usual_range, in_context({("Canton", OCTOBER): 0})) == [(ASKS, "Canton", OCTOBER)]

    def test_little_money_is_only_worth_a_look(self):
        context = in_context({("Barkhamsted", OCTOBER): 130})

        assert found(outside_usual_range, context) == [(LOOKS, "Barkhamsted", OCTOBER)]

    @pytest.mark.parametrize(("home", "units"), [("Burlington", 3), ("Canterbury", 6), ("Torrington", 0)])
    def test_small_counts_swing_as_they_like(self, home, units):
        assert questions(in_context({(home, OCTOBER): units})) == []

    def test_both_ends_of_the_range_are_usual(self):
        usual = in_context().ranges["Canton", OCTOBER]

        for units in (usual.low, usual.high):
            assert not found(outside_usual_range, in_context({("Canton", OCTOBER): units}))
        for units in (usual.low - 1, usual.high + 1):
            assert found(outside_usual_range, in_context({("Canton", OCTOBER): units}))

    def test_it_asks_from_so_many_units_outside(self):
        usual = in_context().ranges["Canton", OCTOBER]

        assert found(outside_usual_range, in_context({("Canton", OCTOBER): usual.high + 49}))[0][0] == LOOKS
        assert found(outside_usual_range, in_context({("Canton", OCTOBER): usual.high + 50}))[0][0] == ASKS

    def test_what_is_not_counted_is_not_compared(self):
        assert not found(outside_usual_range, in_context({("Canton", OCTOBER): NOT_COUNTED}))

    def test_months_that_still_run_are_not_looked_at(self):
        assert not found(outside_usual_range, in_context({("Canton", OCTOBER): 4}, today=date(2026, 10, 31)))
        assert found(outside_usual_range, in_context({("Canton", OCTOBER): 4}, today=date(2026, 11, 1)))

    def test_months_without_an_answer_are_left_to_the_check_that_asks_for_them(self):
        assert questions(in_context(months=MONTHS[:2])) == []

    def test_too_few_earlier_months_say_nothing(self):
        few = EarlierCounts(
            {date(2026, month, 1): usual_month(date(2026, month, 1)) for month in (5, 6, 7, 8)}
        )

        assert not found(outside_usual_range, in_context({("Canton", OCTOBER): 5_000}, earlier=few))

    def test_zero_return_is_not_asked_about(self):
        assert questions(in_context(months=[], filing={"nothing_lent": True})) == []


class TestLines:
    def test_several_odd_months_are_asked_about_once(self):
        context = in_context({("Canton", month): 1_500 for month in MONTHS[:3]})

        assert found(line_outside_usual_range, context) == [(ASKS, "Canton", None)]
        assert not found(outside_usual_range, context)

    def test_two_odd_months_are_asked_about_each(self):
        context = in_context({("Canton", month): 1_500 for month in MONTHS[:2]})

        assert not found(line_outside_usual_range, context)
        assert len(found(outside_usual_range, context)) == 2

    def test_a_line_that_is_gone_is_asked_about_once(self):
        context = in_context({("Canton", month): None for month in MONTHS})

        assert found(usual_line_missing, context) == [(ASKS, "Canton", None)]
        assert not found(outside_usual_range, context)
        assert not found(line_outside_usual_range, context)

    def test_a_small_line_that_is_gone_is_worth_a_look(self):
        context = in_context({("Hartland", month): 0 for month in MONTHS})

        assert found(usual_line_missing, context) == [(LOOKS, "Hartland", None)]

    def test_a_line_of_handfuls_may_be_gone(self):
        assert questions(in_context({("Canterbury", month): 0 for month in MONTHS})) == []

    def test_a_line_not_counted_is_not_gone(self):
        context = in_context({("Canton", month): NOT_COUNTED for month in MONTHS})

        assert not found(usual_line_missing, context)
        assert not found(line_outside_usual_range, context)

    def test_period_totals_are_compared_with_earlier_ones(self):
        assert found(line_outside_usual_range, in_totals({"Canton": 9_000})) == [(ASKS, "Canton", None)]
        assert found(usual_line_missing, in_totals({"Canton": None})) == [(ASKS, "Canton", None)]

    def test_months_are_compared_with_earlier_totals_where_only_those_are_on_record(self):
        context = in_context({("Canton", OCTOBER): 9_000}, earlier=earlier_totals())

        assert found(line_outside_usual_range, context) == [(ASKS, "Canton", None)]

    @pytest.mark.parametrize(("years", "tier"), [(2, LOOKS), (3, ASKS)])
    def test_fewer_than_three_years_of_totals_ask_for_nothing(self, years, tier):
        context = in_totals({"Canton": 9_000}, earlier=earlier_totals(years))

        assert found(line_outside_usual_range, context) == [(tier, "Canton", None)]

    def test_many_odd_lines_are_asked_about_once(self):
        context = in_context(usual={home: units * 3 for home, units in USUAL.items()})

        asked = [problem.check for problem in questions(context) if problem.tier is Tier.MUST_EXPLAIN]
        assert asked == ["many_lines_unusual"]
        assert {tier for tier, _, _ in found(line_outside_usual_range, context)} == {LOOKS}

    def test_many_odd_totals_of_few_years_ask_for_nothing(self):
        context = in_totals({home: units * 30 for home, units in USUAL.items()}, earlier=earlier_totals(2))

        assert found(many_lines_unusual, context) == [(LOOKS, None, None)]


class TestChangedPlaces:
    SWAPPED = {("Canterbury", OCTOBER): 401, ("Canton", OCTOBER): 3}

    def test_neighbours_whose_counts_fit_each_other_are_asked_about_once(self):
        context = in_context(self.SWAPPED)

        assert found(changed_places, context) == [(ASKS, "Canterbury", OCTOBER)]
        assert checks_that_speak(context) == {"changed_places"}
        assert "Canterbury and Canton seem to have changed places in October 2026: 401 and 3" in (
            next(changed_places(context)).message
        )

    def test_both_must_fit(self):
        context = in_context({("Canterbury", OCTOBER): 401})

        assert not found(changed_places, context)
        assert found(outside_usual_range, context) == [(ASKS, "Canterbury", OCTOBER)]

    def test_libraries_that_are_no_neighbours_are_asked_about_each(self):
        context = in_context({("Canterbury", OCTOBER): 700, ("Simsbury", OCTOBER): 2})

        assert not found(changed_places, context)
        assert len(found(outside_usual_range, context)) == 2

    def test_small_neighbours_are_not_told_apart(self):
        assert questions(in_context({("Canterbury", OCTOBER): 1, ("Colebrook", OCTOBER): 2})) == []

    def test_period_totals_change_places_too(self):
        context = in_totals({"Canterbury": 2_400, "Canton": 12})

        assert found(changed_places, context) == [(ASKS, "Canterbury", None)]
        assert checks_that_speak(context) == {"changed_places"}


class TestMonths:
    def test_many_odd_cells_of_a_month_are_asked_about_once(self):
        tenfold = {(home, OCTOBER): units * 10 for home, units in USUAL.items() if units > 10}

        context = in_context(tenfold)

        assert found(many_counts_unusual, context) == [(ASKS, None, OCTOBER)]
        assert {tier for tier, _, _ in found(outside_usual_range, context)} == {LOOKS}
        assert not found(month_total_outside_usual_range, context)

    def test_five_odd_cells_are_asked_about_each(self):
        tenfold = {(home, OCTOBER): USUAL[home] * 10 for home in ("Avon", "Canton", "Farmington", "Simsbury")}

        context = in_context(tenfold)

        assert not found(many_counts_unusual, context)
        assert len(found(outside_usual_range, context)) == 4

    def test_a_column_pasted_a_line_off_is_told(self):
        usual = {
            chr(65 + place): units for place, units in enumerate([900, 20, 800, 10, 1000, 15, 700, 5] * 2)
        }
        homes = list(usual)
        counts = usual_month(OCTOBER, usual)
        a_line_off = {(home, OCTOBER): counts[homes[place - 1]] for place, home in enumerate(homes) if place}

        context = in_context(a_line_off, usual=usual, earlier=earlier_counts(usual=usual))

        # Every pair of neighbours fits the other too: what is left over is asked about together.
        spoken = [problem.message for problem in questions(context)]
        assert any("pasted a line off" in text or "changed places" in text for text in spoken)

    def test_a_total_that_jumped_without_an_odd_cell_is_asked_about(self):
        more = {(home, OCTOBER): int(units * 1.45) for home, units in usual_month(OCTOBER).items()}

        context = in_context(more)

        assert not found(outside_usual_range, context)
        assert found(month_total_outside_usual_range, context) == [(ASKS, None, OCTOBER)]

    def test_a_total_that_one_slip_explains_is_not_asked_about_too(self):
        assert checks_that_speak(in_context({("Canton", OCTOBER): 40_000})) == {"outside_usual_range"}

    def test_totals_of_many_months_are_asked_about_once(self):
        more = {
            (home, month): int(units * 1.42) for month in MONTHS for home, units in usual_month(month).items()
        }

        context = in_context(more)

        asked = [problem.check for problem in questions(context) if problem.tier is Tier.MUST_EXPLAIN]
        assert asked == ["filing_total_outside_usual_range"]

    def test_a_filing_that_fell_below_earlier_totals_is_asked_about(self):
        fewer = {home: int(units * 6 * 0.62) for home, units in USUAL.items()}

        context = in_totals(fewer)

        assert found(filing_total_outside_usual_range, context) == [(ASKS, None, None)]
        assert not found(filing_total_outside_usual_range, in_totals())

    def test_monthly_filings_are_compared_too(self):
        november = {"covers": Span.of_month(NOVEMBER)}

        assert questions(in_context(months=[NOVEMBER], filing=november)) == []
        assert found(
            outside_usual_range, in_context({("Avon", NOVEMBER): 1_230}, months=[NOVEMBER], filing=november)
        ) == [(ASKS, "Avon", NOVEMBER)]


class TestShareMoved:
    def test_a_share_that_moved_far_is_worth_a_look(self):
        usual = USUAL | {"Farmington": 580, "Simsbury": 1_000}

        assert found(share_moved, in_context(usual=usual)) == [
            (LOOKS, "Farmington", None),
            (LOOKS, "Simsbury", None),
        ]

    def test_a_share_of_little_is_left_alone(self):
        few = {"Avon": 2, "Canton": 1}
        earlier = earlier_counts(usual={"Avon": 1, "Canton": 2})

        assert not found(share_moved, in_context(usual=few, earlier=earlier))


def test_what_must_be_explained_has_a_value_in_its_band_and_says_what_to_do():
    spoilt = [
        in_context({("Avon", OCTOBER): 1_230}),
        in_context(TestChangedPlaces.SWAPPED),
        in_context({("Canton", month): None for month in MONTHS}),
        in_context(usual={home: units * 3 for home, units in USUAL.items()}),
        in_totals({"Canton": 9_000}),
    ]

    for problem in (problem for context in spoilt for problem in questions(context)):
        if problem.tier is Tier.MUST_EXPLAIN:
            assert problem.band[0] <= problem.value <= problem.band[1]
            assert "say why" in problem.message
        assert problem.message.endswith(".")
        assert problem.citation


def test_checks_are_named_as_their_functions():
    for check in history_checks.CHECKS:
        assert getattr(history_checks, check.__name__) is check


def test_period_that_began_later_is_compared_by_its_months():
    short = replace(HALF, first_day=OCTOBER)

    assert questions(in_context(months=MONTHS[1:], filing={"covers": short})) == []
