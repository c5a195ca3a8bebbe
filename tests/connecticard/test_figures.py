from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.templatetags import figures


@pytest.mark.parametrize(
    ("value", "written"),
    [(3_580_340, "3,580,340"), (0, "0"), (-1_200, "−1,200"), (None, ""), ("", "")],
)
def test_count(value, written):
    assert figures.count(value) == written


@pytest.mark.parametrize(
    ("cents", "written"),
    [(70_363_800, "$703,638.00"), (5, "$0.05"), (0, "$0.00"), (-123_456, "−$1,234.56"), (None, "")],
)
def test_dollars(cents, written):
    assert figures.dollars(cents) == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (1, 8, "12.5%"),
        (3, 3, "100.0%"),
        (0, 7, "0.0%"),
        (1, 1001, "under 0.1%"),
        (5, 0, ""),
        (None, 7, ""),
    ],
)
def test_percent(part, whole, written):
    assert figures.percent(part, whole) == written


@pytest.mark.parametrize("value", [1.5, True, "12"])
def test_what_is_not_a_whole_number_is_refused(value):
    with pytest.raises(TypeError):
        figures.dollars(value)

    with pytest.raises(TypeError):
        figures.count(value)


def test_rate_of_fiscal_year_2018():
    assert figures.rate(35_181_900, 3_580_340) == "$0.0982641313"
    assert figures.rate(35_181_900, 1_590_946) == "$0.2211382410"
    assert figures.rate("0.0982641313") == "$0.0982641313"


def test_rate_over_nothing_is_zero():
    assert figures.rate(35_181_900, 0) == "$0.0000000000"


def test_rate_rounds_half_to_even():
    assert figures.rate(Fraction(5, 10**11)) == "$0.0000000000"
    assert figures.rate(Fraction(15, 10**11)) == "$0.0000000002"


def test_exact_dollars_have_six_decimals():
    assert figures.exact_dollars(Fraction(1_213_070_714, 10**6)) == "$1,213.070714"
    assert figures.exact_dollars(Fraction(-1, 10**9)) == "$0.000000"


def test_small_differences_carry_their_sign():
    assert figures.signed_dollars(Fraction(3, 1000)) == "+$0.003000"
    assert figures.signed_dollars(Fraction(-3, 1000)) == "−$0.003000"
    assert figures.signed_dollars(Fraction(0)) == "$0.000000"


def test_days_and_moments():
    just_after_midnight_utc = datetime(2027, 3, 9, 4, 5, tzinfo=UTC)

    assert figures.long_date(date(2027, 3, 8)) == "Monday, March 8, 2027"
    assert figures.day(just_after_midnight_utc) == "March 8, 2027"
    assert figures.moment(datetime(2027, 3, 8, 21, 5, tzinfo=UTC)) == "March 8, 2027, 4:05 p.m. Eastern"
    assert figures.moment(datetime(2027, 3, 9, 5, 0, tzinfo=UTC)) == "March 9, 2027, 12:00 a.m. Eastern"


@pytest.mark.parametrize("write", [figures.long_date, figures.day, figures.moment])
def test_no_day_is_written_as_nothing(write):
    assert write(None) == ""
    assert write("") == ""


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        figures.moment(datetime(2027, 3, 8, 21, 5))


@pytest.mark.parametrize(
    ("minutes", "written"),
    [(60, "1 hour"), (150, "2 hours 30 minutes"), (1, "1 minute"), (0, "less than a minute")],
)
def test_duration(minutes, written):
    assert figures.duration(timedelta(minutes=minutes)) == written


def test_short_digest():
    assert figures.short_digest("0123456789abcdef") == "01234567"
    assert figures.short_digest(None) == ""


@pytest.mark.parametrize(
    ("valid", "written"),
    [
        (DateRange(date(2017, 7, 1), date(2018, 7, 1)), "from July 1, 2017 through June 30, 2018"),
        (DateRange(date(2017, 7, 1), date(2017, 7, 2)), "on July 1, 2017"),
        (DateRange(date(2017, 7, 1), None), "from July 1, 2017 on"),
        (DateRange(None, date(2018, 7, 1)), "through June 30, 2018"),
        (DateRange(None, None), "at all times"),
        (None, ""),
    ],
)
def test_days_of_a_dated_row_include_the_last(valid, written):
    assert figures.days(valid) == written


def test_a_note_is_written_as_a_sentence():
    assert figures.sentence("split estimated") == "Split estimated."
    assert figures.sentence("Counted again! ") == "Counted again!"
    assert figures.sentence("") == ""
