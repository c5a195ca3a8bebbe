"""Copied, forgotten, filled-in and uncounted: each check fires, stays quiet, and keeps its bounds."""

from datetime import date

import pytest

from tests.rules.filings_in_context import (
    MONTHS,
    NOVEMBER,
    OCTOBER,
    TODAY,
    USUAL,
    earlier_counts,
    earlier_totals,
    found,
    in_context,
    in_totals,
    usual_month,
)
from transactions.rules import pattern_checks
from transactions.rules.explanations import questions
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import NOT_COUNTED, Tier
from transactions.rules.pattern_checks import (
    copied_from_an_earlier_filing,
    copied_from_another_month,
    counts_of_one_value,
    line_not_counted,
    month_not_counted,
    month_without_loans,
    not_open_throughout,
    round_numbers,
)
from transactions.rules.usual_counts import EarlierCounts

ASKS, LOOKS = "must_explain", "worth_a_look"
NOTHING_EARLIER = EarlierCounts()


def copied(month, source, **changes):
    """Return cells of a month with the counts of another, but for those given."""
    return {(home, month): units for home, units in {**usual_month(source), **changes}.items()}


class TestCopies:
    def test_a_month_with_the_counts_of_another_must_be_explained_once(self):
        filing = in_context(copied(NOVEMBER, OCTOBER), earlier=NOTHING_EARLIER)

        assert found(copied_from_another_month, filing) == [(ASKS, None, NOVEMBER)]
        assert next(copied_from_another_month(filing)).message == (
            "November 2026 has exactly the counts of October 2026. "
            "Enter its own, or say why they are the same."
        )

    def test_three_equal_months_are_asked_about_twice(self):
        filing = in_context(copied(NOVEMBER, OCTOBER) | copied(MONTHS[3], OCTOBER), earlier=NOTHING_EARLIER)

        assert [month for _, _, month in found(copied_from_another_month, filing)] == [NOVEMBER, MONTHS[3]]

    def test_a_month_with_last_years_counts_must_be_explained(self):
        filing = in_context(copied(OCTOBER, date(2025, 10, 1)))

        assert found(copied_from_an_earlier_filing, filing) == [(ASKS, None, OCTOBER)]
        assert "October 2025" in next(copied_from_an_earlier_filing(filing)).message

    def test_period_totals_with_an_earlier_years_counts_must_be_explained(self):
        earlier = earlier_totals()

        filing = in_totals(dict(earlier.totals[0].loans), earlier=earlier)

        assert found(copied_from_an_earlier_filing, filing) == [(ASKS, None, None)]
        assert not found(copied_from_an_earlier_filing, in_totals())

    def test_one_larger_count_of_its_own_makes_it_no_copy(self):
        filing = in_context(copied(NOVEMBER, OCTOBER, Canton=391), earlier=NOTHING_EARLIER)

        assert not found(copied_from_another_month, filing)

    def test_nearly_all_equal_is_worth_a_look(self):
        usual = {f"Library {number:02}": 40 + 7 * number for number in range(20)}
        counts = usual_month(OCTOBER, usual)
        nearly = {(home, NOVEMBER): units for home, units in counts.items()} | {("Library 03", NOVEMBER): 99}

        filing = in_context(nearly, usual=usual, earlier=NOTHING_EARLIER)

        assert found(copied_from_another_month, filing) == [(LOOKS, None, NOVEMBER)]

    def test_small_counts_are_often_alike(self):
        usual = {f"Library {number:02}": number % 4 for number in range(60)}
        alike = {(home, month): units for month in MONTHS for home, units in usual.items()}

        assert not found(copied_from_another_month, in_context(alike, usual=usual, earlier=NOTHING_EARLIER))

    @pytest.mark.parametrize(("large", "times"), [(5, 0), (6, 1)])
    def test_a_copy_is_told_by_so_many_larger_counts(self, large, times):
        usual = {f"Library {number}": 20 + number for number in range(large)}
        alike = {(home, month): units for month in (OCTOBER, NOVEMBER) for home, units in usual.items()}

        filing = in_context(alike, usual=usual, earlier=NOTHING_EARLIER)

        assert len(found(copied_from_another_month, filing)) == times


class TestMonthWithoutLoans:
    NOTHING = {(home, OCTOBER): 0 for home in USUAL}

    @pytest.mark.parametrize("earlier", [NOTHING_EARLIER, earlier_counts()], ids=["first filing", "history"])
    def test_zeros_beside_months_with_loans_must_be_explained_once(self, earlier):
        filing = in_context(self.NOTHING, earlier=earlier)

        asked = [problem for problem in questions(filing) if problem.tier is Tier.MUST_EXPLAIN]
        assert [(problem.check, problem.month) for problem in asked] == [("month_without_loans", OCTOBER)]

    def test_a_library_that_lends_little_may_lend_nothing(self):
        few = {"Avon": 3, "Canton": 2}

        filing = in_context(
            {(home, OCTOBER): 0 for home in few}, usual=few, earlier=earlier_counts(usual=few)
        )

        assert not found(month_without_loans, filing)

    def test_some_loans_are_worth_a_look(self):
        some = {"Avon": 20, "Canton": 12}

        filing = in_context({(home, OCTOBER): 0 for home in some}, usual=some, earlier=NOTHING_EARLIER)

        assert found(month_without_loans, filing) == [(LOOKS, None, OCTOBER)]

    def test_a_month_not_counted_is_not_without_loans(self):
        filing = in_context(dict.fromkeys(self.NOTHING, NOT_COUNTED))

        assert not found(month_without_loans, filing)


class TestNotOpenThroughout:
    def test_a_month_begun_later_is_worth_a_look(self):
        covers = Span(date(2026, 10, 12), date(2027, 2, 28))

        filing = in_context(months=MONTHS[1:], filing={"covers": covers}, earlier=NOTHING_EARLIER)

        assert found(not_open_throughout, filing) == [(LOOKS, None, OCTOBER)]
        assert "only from October 12, 2026 to October 31, 2026" in next(not_open_throughout(filing)).message

    def test_whole_months_are_quiet(self):
        assert not found(not_open_throughout, in_context())


class TestMadeUpNumbers:
    @pytest.mark.parametrize(
        ("number", "value", "times"), [(6, 12, 1), (5, 12, 0), (6, 9, 0), (6, 10, 1), (20, 1, 0)]
    )
    def test_one_number_throughout_a_month_is_worth_a_look(self, number, value, times):
        cells = {(f"Library {place}", OCTOBER): value for place in range(number)}

        filing = in_context(cells, usual={}, earlier=NOTHING_EARLIER)

        assert found(counts_of_one_value, filing) == [(LOOKS, None, OCTOBER)] * times

    def test_one_other_number_makes_it_quiet(self):
        cells = {(f"Library {place}", OCTOBER): 12 for place in range(8)} | {("Avon", OCTOBER): 13}

        assert not found(counts_of_one_value, in_context(cells, usual={}, earlier=NOTHING_EARLIER))

    @pytest.mark.parametrize(("round_ones", "others", "times"), [(8, 0, 1), (7, 0, 0), (8, 2, 1), (8, 3, 0)])
    def test_counts_that_mostly_end_in_0_are_worth_a_look(self, round_ones, others, times):
        cells = {(f"Library {place}", OCTOBER): 20 + place * 10 for place in range(round_ones)}
        cells |= {(f"Other {place}", OCTOBER): 33 + place * 2 for place in range(others)}

        filing = in_context(cells, usual={}, earlier=NOTHING_EARLIER)

        assert found(round_numbers, filing) == [(LOOKS, None, None)] * times


class TestNotCounted:
    def test_a_month_of_which_nothing_was_counted_must_be_explained(self):
        filing = in_context({(home, OCTOBER): NOT_COUNTED for home in USUAL})

        assert found(month_not_counted, filing) == [(ASKS, None, OCTOBER)]
        assert not found(line_not_counted, filing)

    def test_a_filing_of_which_nothing_was_counted_must_be_explained_once(self):
        cells = {(home, month): NOT_COUNTED for home in USUAL for month in MONTHS}

        filing = in_context(cells, earlier=NOTHING_EARLIER)

        assert found(month_not_counted, filing) == [(ASKS, None, None)]
        assert found(month_not_counted, in_totals(dict.fromkeys(USUAL, NOT_COUNTED))) == [(ASKS, None, None)]

    def test_a_month_of_few_loans_not_counted_is_worth_a_look(self):
        filing = in_context({("Avon", OCTOBER): NOT_COUNTED}, usual={"Avon": 3}, earlier=NOTHING_EARLIER)

        assert found(month_not_counted, filing) == [(LOOKS, None, OCTOBER)]

    def test_lines_not_counted_are_worth_one_look_each(self):
        cells = {("Canton", OCTOBER): NOT_COUNTED, ("Canton", NOVEMBER): NOT_COUNTED}

        filing = in_context(cells)

        assert found(line_not_counted, filing) == [(LOOKS, "Canton", OCTOBER)]
        assert "in October 2026, November 2026" in next(line_not_counted(filing)).message

    def test_what_is_counted_is_quiet(self):
        assert not found(month_not_counted, in_context())
        assert not found(line_not_counted, in_context())


def test_months_that_still_run_are_not_looked_at():
    filing = in_context(copied(NOVEMBER, OCTOBER), earlier=NOTHING_EARLIER, today=date(2026, 11, 30))

    assert not found(copied_from_another_month, filing)
    assert date(2026, 11, 30) < TODAY


def test_checks_are_named_as_their_functions():
    for check in pattern_checks.CHECKS:
        assert getattr(pattern_checks, check.__name__) is check
