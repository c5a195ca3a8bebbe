from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.rules import filing_checks
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import (
    LARGEST_COUNT,
    NOT_COUNTED,
    Count,
    FilingToCheck,
    NotALoanCount,
    Tier,
    must_mend,
    parse_loans,
    problems,
)
from transactions.rules.reportable_loans import Service, TownsServed

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
SERVED = TownsServed(
    [
        Service("Canton", "Canton", None, None),
        Service("Avon", "Avon", None, None),
        Service("Simsbury", "Simsbury", None, None),
    ]
)
NAMES = {"Avon": "Avon Free Public Library", "Canton": "Canton Public Library"}


def by_month(*counts, **changes):
    filing = FilingToCheck(
        lender="Canton",
        covers=Span(MARCH, date(2026, 4, 30)),
        by_month=True,
        counts=[Count(*count) for count in counts],
        served=SERVED,
        names=NAMES,
    )
    return replace(filing, **changes)


def total(*counts, **changes):
    return by_month(
        *[(home_library, None, loans) for home_library, loans in counts], by_month=False, **changes
    )


WHOLE = by_month(("Avon", MARCH, 12), ("Avon", APRIL, 0))


class TestParseLoans:
    @pytest.mark.parametrize("text", ["", "  ", "\u00a0", "\t"])
    def test_blank_stays_blank(self, text):
        assert parse_loans(text) is None

    @pytest.mark.parametrize(
        ("text", "loans"),
        [
            ("0", 0),
            ("12", 12),
            (" 12 ", 12),
            ("1,234", 1234),
            ("12,345,678", 12345678),
            ("12.0", 12),
            ("1,234.00", 1234),
            ("007", 7),
            ("-0", 0),
            ("2147483647", LARGEST_COUNT),
        ],
    )
    def test_whole_number_as_people_and_spreadsheets_write_it(self, text, loans):
        assert parse_loans(text) == loans

    @pytest.mark.parametrize("text", ["n/c", "N/C", "nc", " NC ", "not counted", "Not  Counted"])
    def test_not_counted_is_neither_a_blank_nor_zero(self, text):
        assert parse_loans(text) is NOT_COUNTED
        assert not NOT_COUNTED
        assert str(NOT_COUNTED) == "n/c"

    @pytest.mark.parametrize(
        "text",
        [
            "abc",
            "n",
            "n/a",
            "12.5",
            "1,23",
            "12,34,567",
            "1 234",
            "12.",
            ".0",
            "1e3",
            "+5",
            "–3",
            "٣",
            "½",
            "=12",
        ],
    )
    def test_anything_else_is_refused_with_the_cure(self, text):
        with pytest.raises(NotALoanCount) as refused:
            parse_loans(text, "Avon Free Public Library")

        assert str(refused.value) == (
            f"“{text}” is not a whole number. "
            "Enter 0 if no items were lent on cards of Avon Free Public Library."
        )

    def test_negative_number_is_refused(self):
        with pytest.raises(NotALoanCount, match="“-3” is below zero"):
            parse_loans("-3")

    @pytest.mark.parametrize("text", ["2147483648", "9" * 5000])
    def test_number_that_cannot_be_kept_is_refused(self, text):
        with pytest.raises(NotALoanCount, match="Enter a number of at most 2,147,483,647"):
            parse_loans(text)

    def test_long_text_is_cut_in_the_message(self):
        with pytest.raises(NotALoanCount) as refused:
            parse_loans("x" * 5000)

        assert len(str(refused.value)) < 160

    @given(st.integers(0, LARGEST_COUNT))
    def test_every_count_is_read_back_plain_and_grouped(self, loans):
        assert parse_loans(str(loans)) == parse_loans(f"{loans:,}") == parse_loans(f"{loans}.0") == loans

    @given(st.text())
    def test_any_text_is_a_count_a_blank_or_refused(self, text):
        try:
            loans = parse_loans(text)
        except NotALoanCount:
            return
        assert loans is None or loans is NOT_COUNTED or 0 <= loans <= LARGEST_COUNT


def test_filing_in_order_has_no_problems():
    assert problems(WHOLE, today=date(2026, 5, 1)) == []
    assert problems(total(("Avon", 12), ("Simsbury", 0)), today=date(2026, 5, 1)) == []


def found(filing, **words):
    return [(problem.check, problem.home_library, problem.month) for problem in problems(filing, **words)]


@pytest.mark.parametrize("loans", [12.5, 12.0, "12", True])
def test_not_whole(loans):
    filing = by_month(("Avon", MARCH, loans), ("Avon", APRIL, 0))

    assert found(filing) == [("not_whole", "Avon", MARCH)]
    assert (
        "Enter 0 if no items were lent on cards of Avon Free Public Library." in problems(filing)[0].message
    )


def test_negative():
    filing = by_month(("Avon", MARCH, -3), ("Avon", APRIL, 0))

    assert found(filing) == [("negative", "Avon", MARCH)]
    assert problems(filing)[0].message.startswith("-3 is below zero.")


def test_too_large():
    assert found(total(("Avon", LARGEST_COUNT))) == []
    assert found(total(("Avon", LARGEST_COUNT + 1))) == [("too_large", "Avon", None)]


@pytest.mark.parametrize("loans", [0, 5])
def test_own_library_is_refused_even_with_a_zero(loans):
    filing = by_month(("Canton", MARCH, loans), ("Avon", MARCH, 1), ("Avon", APRIL, 1))

    assert found(filing) == [("refused_home_library", "Canton", MARCH)]
    assert problems(filing)[0].message == (
        "Loans on your own library's cards are not borrowIT CT loans. Leave your own library out."
    )


def test_blank_for_a_refused_library_is_no_problem():
    assert found(total(("Canton", None), ("Avon", 1))) == []


def test_home_library_of_a_town_given_up_in_the_period_is_refused_as_a_total():
    served = TownsServed(
        [
            Service("Canton", "Canton", None, None),
            Service("Avon", "Canton", None, date(2026, 3, 31)),
            Service("Avon", "Avon", None, None),
        ]
    )

    assert found(total(("Avon", 3), served=served)) == [("refused_home_library", "Avon", None)]
    assert found(by_month(("Avon", APRIL, 3), served=served, months_without_loans=[MARCH])) == []


def test_month_outside_covers():
    filing = by_month(("Avon", MARCH, 1), ("Avon", APRIL, 1), ("Avon", date(2026, 5, 1), 1))

    assert found(filing) == [("month_outside_covers", "Avon", date(2026, 5, 1))]
    assert problems(filing)[0].message == (
        "May 2026 is not in this filing, which covers March 2026 to April 2026. Leave it blank."
    )


def test_short_month_of_a_filing_is_inside_it():
    filing = by_month(("Avon", APRIL, 1), covers=Span(date(2026, 4, 20), date(2026, 4, 30)))

    assert found(filing) == []


def test_month_and_total_mixed():
    assert found(by_month(("Avon", MARCH, 1), ("Avon", APRIL, 1), ("Simsbury", None, 2))) == [
        ("month_and_total_mixed", "Simsbury", None)
    ]
    assert found(replace(WHOLE, by_month=False))[0] == ("month_and_total_mixed", "Avon", MARCH)


class TestUnanswered:
    def test_empty_filing_is_asked_for_a_zero_return(self):
        for filing in (by_month(), total(("Avon", None))):
            assert found(filing) == [("unanswered", None, None)]
            assert "say that your library lent nothing" in problems(filing)[0].message

    def test_zero_return_that_is_said_is_an_answer(self):
        assert found(by_month(nothing_lent=True)) == []
        assert found(total(nothing_lent=True)) == []

    def test_month_without_a_number_is_asked_about(self):
        filing = by_month(("Avon", MARCH, 12), ("Avon", APRIL, None))

        assert found(filing) == [("unanswered", None, APRIL)]
        assert problems(filing)[0].message.startswith("No loans are entered for April 2026.")

    def test_zero_on_one_line_or_saying_so_answers_for_the_month(self):
        assert found(by_month(("Avon", MARCH, 12), ("Avon", APRIL, 0))) == []
        assert found(by_month(("Avon", MARCH, 12), months_without_loans=[APRIL])) == []

    def test_not_counted_is_an_answer(self):
        assert found(by_month(("Avon", MARCH, 12), ("Avon", APRIL, NOT_COUNTED))) == []
        assert found(total(("Avon", NOT_COUNTED))) == []

    def test_blank_line_beside_numbers_is_not_asked_about(self):
        assert found(by_month(("Avon", MARCH, 1), ("Avon", APRIL, 1), ("Simsbury", MARCH, None))) == []


def test_loans_beside_zero_return():
    assert found(total(("Avon", 3), nothing_lent=True)) == [("loans_beside_zero_return", "Avon", None)]
    assert found(total(("Avon", 0), nothing_lent=True)) == []
    assert found(by_month(("Avon", MARCH, 3), ("Avon", APRIL, 1), months_without_loans=[MARCH])) == [
        ("loans_beside_zero_return", "Avon", MARCH)
    ]


def test_what_was_not_counted_is_no_zero_return():
    filing = total(("Avon", NOT_COUNTED), nothing_lent=True)

    assert found(filing) == [("loans_beside_zero_return", "Avon", None)]
    assert "marked as not counted" in problems(filing)[0].message


def test_not_counted_has_no_place_where_no_loans_can_be_reported():
    assert found(total(("Canton", NOT_COUNTED), ("Avon", 1))) == [("refused_home_library", "Canton", None)]
    assert found(by_month(("Avon", None, NOT_COUNTED), ("Avon", MARCH, 1), ("Avon", APRIL, 1))) == [
        ("month_and_total_mixed", "Avon", None)
    ]


def test_not_ended():
    assert found(WHOLE, today=date(2026, 4, 30)) == [("not_ended", None, None)]
    assert problems(WHOLE, today=date(2026, 4, 30))[0].message == (
        "This filing covers the days through April 30, 2026. Submit it on May 1, 2026 or later."
    )


def test_draft_is_looked_over_while_its_period_runs():
    assert found(WHOLE) == []


def test_every_problem_of_this_list_must_be_mended_and_cites_a_rule():
    filing = by_month(("Canton", MARCH, 1), ("Avon", MARCH, -1), ("Avon", date(2026, 7, 1), 0.5))

    all_problems = problems(filing, today=MARCH)

    assert {problem.check for problem in all_problems} == {
        "not_whole",
        "negative",
        "refused_home_library",
        "month_outside_covers",
        "unanswered",
        "not_ended",
    }
    assert must_mend(all_problems) == all_problems
    assert all(problem.citation and problem.message.endswith(".") for problem in all_problems)
    assert [tier.label for tier in Tier] == ["Must be corrected", "Must be explained", "Worth a look"]


def test_checks_are_named_as_their_functions():
    names = {check.__name__ for check in filing_checks.CHECKS} | {"not_ended"}

    assert all(hasattr(filing_checks, name) for name in names)
    assert len(names) == len(filing_checks.CHECKS) + 1
