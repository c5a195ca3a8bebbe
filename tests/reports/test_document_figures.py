"""How figures are written."""

from datetime import date
from fractions import Fraction

import pytest

from reports.templatetags import document_figures as figures


@pytest.mark.parametrize(
    ("value", "text"), [(3580340, "3,580,340"), (0, "0"), (-12, "\N{MINUS SIGN}12"), (None, "")]
)
def test_counts(value, text):
    assert figures.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(70363800, "$703,638.00"), (5, "$0.05"), (0, "$0.00"), (-150, "\N{MINUS SIGN}$1.50"), (None, "")],
)
def test_cents(value, text):
    assert figures.cents(value) == text


@pytest.mark.parametrize("value", [1.5, "12", True])
def test_what_is_not_a_whole_number_is_refused(value):
    with pytest.raises(TypeError):
        figures.cents(value)


def test_rates_have_ten_decimals_half_to_even():
    assert figures.rate(Fraction(35181900, 100 * 1590946)) == "$0.2211382410"
    assert figures.rate(Fraction(25, 10**11)) == "$0.0000000002"
    assert figures.rate(Fraction(0)) == "$0.0000000000"


def test_small_differences_carry_their_sign():
    assert figures.signed_dollars(Fraction(3, 1000)) == "+$0.003000"
    assert figures.signed_dollars(Fraction(-3, 1000)) == "\N{MINUS SIGN}$0.003000"
    assert figures.signed_dollars(Fraction(-1, 10**9)) == "$0.000000"
    assert figures.signed_dollars(Fraction(0)) == "$0.000000"


def test_dates_are_written_out():
    assert figures.long_date(date(2018, 3, 1)) == "March 1, 2018"
    assert figures.long_date(None) == ""
