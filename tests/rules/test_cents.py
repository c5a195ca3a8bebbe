from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules.cents import apportion, dollars, parse_dollars, plain_dollars, rate, rounding_queue

WEIGHTS = st.dictionaries(
    st.text("ABCDEFG", min_size=1, max_size=2), st.integers(0, 40) | st.integers(0, 10**9), max_size=9
)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("703638.00", 70363800),
        ("0", 0),
        ("0.1", 10),
        ("0.01", 1),
        ("007.5", 750),
        ("999999999999999.99", 99999999999999999),
    ],
)
def test_parse_dollars_reads_digits_with_at_most_two_decimals(text, cents):
    assert parse_dollars(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1.",
        ".5",
        "1.234",
        "-1",
        "+1",
        "1,000",
        "$1",
        "1e3",
        "१",
        "1.0\n",
        "nan",
        None,
        5,
        1.5,
    ],
)
def test_parse_dollars_refuses_any_other_spelling(text):
    with pytest.raises(ValueError, match="write digits with at most two decimals"):
        parse_dollars(text)


def test_parse_dollars_refuses_more_than_a_column_holds():
    with pytest.raises(ValueError, match="at most 15 digits before the point; this has 16"):
        parse_dollars("1000000000000000")


def test_dollars_are_written_for_files_and_for_readers():
    assert plain_dollars(123456) == "1234.56"
    assert dollars(123456) == "$1,234.56"
    assert (plain_dollars(5), dollars(5)) == ("0.05", "$0.05")
    assert (plain_dollars(-123456), dollars(-123456)) == ("-1234.56", "-$1,234.56")


@pytest.mark.parametrize("write", [dollars, plain_dollars])
@pytest.mark.parametrize("amount", [1.0, True, "1", None])
def test_dollars_refuse_what_is_not_whole_cents(write, amount):
    with pytest.raises(ValueError, match="whole number of cents"):
        write(amount)


@given(st.integers(0, 10**17 - 1))
def test_dollars_written_are_read_back(cents):
    assert parse_dollars(plain_dollars(cents)) == cents


@pytest.mark.parametrize(
    ("cents", "count", "expected"),
    [
        (35181900, 3580340, "0.0982641313"),
        (35181900, 1590946, "0.2211382410"),
        (50000, 70, "7.1428571429"),
        (100, 0, "0.0000000000"),
        (0, 9, "0.0000000000"),
        (1, 2 * 10**8, "0.0000000000"),  # half of the last digit, down to the even 0
        (3, 2 * 10**8, "0.0000000002"),  # one and a half, up to the even 2
        (5, 2 * 10**8, "0.0000000002"),  # two and a half, down to the even 2
    ],
)
def test_rate_has_ten_decimals_and_rounds_a_half_to_the_even_digit(cents, count, expected):
    assert rate(cents, count) == expected


@pytest.mark.parametrize(("cents", "count"), [(-1, 1), (1, -1), (1.0, 1), (1, True)])
def test_rate_refuses_what_is_not_a_count(cents, count):
    with pytest.raises(ValueError, match="must"):
        rate(cents, count)


def test_apportion_gives_cents_left_over_to_the_largest_part_cut_off():
    assert apportion(10, {"A": 70, "B": 23, "C": 7}) == {"A": 7, "B": 2, "C": 1}


def test_apportion_gives_a_tie_to_the_lower_key():
    assert apportion(5, {"C": 1, "B": 1, "A": 1}) == {"A": 2, "B": 2, "C": 1}


def test_apportion_divides_nothing_where_nobody_has_a_weight():
    assert apportion(5, {"B": 0, "A": 0}) == {"A": 0, "B": 0}
    assert apportion(5, {}) == {}


@pytest.mark.parametrize(
    ("total", "weights"),
    [
        (-1, {}),
        (1.0, {}),
        (True, {}),
        (1, {"A": -1}),
        (1, {"A": 1.0}),
        (1, {"A": False}),
        (1, {"A": Fraction(1)}),
    ],
)
def test_apportion_refuses_what_is_not_a_count(total, weights):
    with pytest.raises(ValueError, match="must"):
        apportion(total, weights)


@given(st.integers(0, 10**12), WEIGHTS)
def test_apportion_gives_each_its_exact_share_but_for_less_than_a_cent(total, weights):
    parts = apportion(total, weights)

    whole = sum(weights.values())
    assert sum(parts.values()) == (total if whole else 0)
    assert list(parts) == sorted(weights)
    for key, part in parts.items():
        assert type(part) is int
        assert abs(part - (Fraction(total * weights[key], whole) if whole else 0)) < 1
        if weights[key] == 0:
            assert part == 0


@given(st.integers(0, 300), WEIGHTS.filter(bool), st.data())
def test_apportion_never_cuts_a_part_whose_weight_rises_at_least_as_much_as_the_others_fall(
    total, weights, data
):
    key = data.draw(st.sampled_from(sorted(weights)))
    later = {
        other: weight - data.draw(st.integers(0, weight)) for other, weight in weights.items() if other != key
    }
    fallen = sum(weights.values()) - weights[key] - sum(later.values())
    later[key] = weights[key] + fallen + data.draw(st.integers(0, 40))

    assert apportion(total, later)[key] >= apportion(total, weights)[key]


def test_rounding_queue_is_served_by_what_was_cut_off_then_by_key():
    queue = rounding_queue(100, {"B": 1, "A": 1, "C": 1, "D": 3, "Z": 0})

    assert [(place.key, place.whole_cents, place.gets_a_cent) for place in queue] == [
        ("A", 16, True),
        ("B", 16, True),
        ("C", 16, False),
    ]
    assert {place.cut_off for place in queue} == {Fraction(2, 3)}


def test_rounding_queue_is_empty_where_nothing_is_divided():
    assert rounding_queue(100, {"A": 0}) == rounding_queue(100, {}) == ()


@given(st.integers(0, 10**12), WEIGHTS)
def test_rounding_queue_tells_where_each_cent_left_over_went(total, weights):
    queue = rounding_queue(total, weights)

    parts = apportion(total, weights)
    assert {place.key: place.whole_cents + place.gets_a_cent for place in queue} == {
        place.key: parts[place.key] for place in queue
    }
    whole = sum(weights.values())
    waiting = {place.key for place in queue}
    assert all(parts[key] * whole == total * weights[key] for key in weights if whole and key not in waiting)
    served = [place.gets_a_cent for place in queue]
    assert served == sorted(served, reverse=True)
