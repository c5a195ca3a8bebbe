"""A what-if question as an address: read strictly, and always written the same way."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.estimating.what_if import Changes
from payments.estimating.what_if_question import PATTERNS, BadQuestion, Question, parameters, read

keys = st.frozensets(st.from_regex(r"CT[0-9]{4}", fullmatch=True), max_size=4)
percents = st.integers(-10_000, 99_999)
changes = st.builds(
    lambda out, missing, there, numbers, parts, amount, withheld, every, town: Changes(
        appropriation_cents=amount if amount and amount > 100 else None,
        appropriation_percent=amount if amount is not None and amount <= 100 else None,
        withheld=withheld,
        not_participating=out,
        not_in_order=missing,
        in_order=there,
        loans=numbers,
        loans_percent={key: part for key, part in parts.items() if key not in numbers},
        all_loans_percent=every,
        net_plus_by_town=town,
    ),
    keys,
    keys,
    keys,
    st.dictionaries(st.from_regex(r"CT[0-9]{4}", fullmatch=True), st.integers(0, 10**9 - 1), max_size=4),
    st.dictionaries(st.from_regex(r"CT[0-9]{4}", fullmatch=True), percents, max_size=4),
    st.none() | st.integers(-10_000, 10**11),
    st.sampled_from([None, "keep", "redistribute"]),
    st.none() | percents,
    st.booleans(),
)


@given(changes)
def test_question_is_read_as_it_is_written(asked):
    question = Question("2018-1", asked)

    written = parameters(question)

    assert read(written) == question
    assert all(re.fullmatch(PATTERNS[name], text) for name, text in written.items())
    assert list(written) == [name for name in PATTERNS if name in written]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["base"]),
        ({"base": "2018"}, ["base"]),
        ({"base": "2018-0"}, ["base"]),
        ({"base": "2018-1", "color": "red"}, ["color"]),
        ({"base": "2018-1", "appropriation": "-5"}, ["appropriation"]),
        ({"base": "2018-1", "appropriation": "-101%"}, ["appropriation"]),
        ({"base": "2018-1", "appropriation": "1e9"}, ["appropriation"]),
        ({"base": "2018-1", "appropriation": "٣"}, ["appropriation"]),
        ({"base": "2018-1", "withheld": "burn"}, ["withheld"]),
        ({"base": "2018-1", "net_plus": "library"}, ["net_plus"]),
        ({"base": "2018-1", "not_in_order": "CT0001;CT0002"}, ["not_in_order"]),
        (
            {"base": "2018-1", "not_participating": ",".join(f"CT{n:04}" for n in range(41))},
            ["not_participating"],
        ),
        ({"base": "2018-1", "loans": "CT0001"}, ["loans"]),
        ({"base": "2018-1", "loans": "CT0001:-5"}, ["loans"]),
        ({"base": "2018-1", "loans": "CT0001:5,CT0001:6"}, ["loans"]),
        ({"base": "2018-1\n"}, ["base"]),
        ({"base": "2018-1", "all_loans": "-10", "loans": "x"}, ["loans", "all_loans"]),
        (
            {
                "base": "2018-1",
                "in_order": ",".join(f"A{n}" for n in range(30)),
                "not_in_order": ",".join(f"B{n}" for n in range(30)),
            },
            ["library"],
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(given, names):
    with pytest.raises(BadQuestion) as bad:
        read(given)

    assert list(bad.value.problems) == names


def test_library_is_left_as_it_is():
    question = read(
        {
            "base": "2018-1",
            "not_in_order": "A,B",
            "loans": "A:5,B:-20%",
            "not_participating": "C",
            "in_order": "D",
        }
    )

    assert parameters(question.without("A").without("C").without("D")) == {
        "base": "2018-1",
        "not_in_order": "B",
        "loans": "B:-20%",
    }
