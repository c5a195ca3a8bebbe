"""The formulas of other states: each case comes out to the cent, and none of it is our law."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules import rulebook
from payments.rules._sister_formulas import half_on_net_lenders, nonresident_circulation_offset
from payments.rules.grant_formula import LibraryActivity, split_appropriation
from reports.sister_formulas import SISTERS, read_formula, sister_formulas
from reports.worked_examples import worked_examples

counts = st.dictionaries(
    st.sampled_from("ABCDEF"), st.tuples(st.integers(0, 2**31), st.integers(0, 2**31)), max_size=6
)


@pytest.mark.parametrize("formula", sister_formulas(), ids=lambda formula: formula.name)
def test_case_comes_out_to_the_cent(formula):
    assert formula.worked_out() == {line.key: line.parts_cents for line in formula.lines}
    assert sum(line.cents for line in formula.lines) == formula.amount_cents


def test_both_states_are_there_and_say_where_they_are_from():
    assert [formula.state for formula in sister_formulas()] == ["Massachusetts", "Montana"]
    assert all(formula.source and formula.story for formula in sister_formulas())


def test_they_are_neither_rules_nor_worked_examples_of_this_program():
    assert "_sister_formulas" not in {chapter.name for chapter in rulebook.chapters()}
    assert not {rule.module for rule in rulebook.public_rules()} & {"payments.rules._sister_formulas"}
    assert not {example.name for example in worked_examples()} & {"massachusetts", "montana"}


@given(total=st.integers(0, 10**12), activity=counts)
def test_half_on_net_lenders_is_the_engine_where_everybody_is_in_order(total, activity):
    loans = {key: lent for key, (lent, _) in activity.items()}
    borrows = {key: borrowed for key, (_, borrowed) in activity.items()}

    split = split_appropriation(total, [LibraryActivity(key, *both) for key, both in activity.items()])

    assert half_on_net_lenders(total, loans, borrows) == {
        line.key: (line.transactions_share_cents, line.net_plus_share_cents) for line in split.lines
    }


@given(total=st.integers(0, 10**12), activity=counts)
def test_pro_rata_gives_away_all_or_nothing(total, activity):
    parts = nonresident_circulation_offset(total, {key: lent for key, (lent, _) in activity.items()})

    assert sum(parts.values()) == (total if any(lent for lent, _ in activity.values()) else 0)


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('state = "Montana"', 'stat = "Montana"', "not understood: stat"),
        ("half_on_net_lenders", "halves", "no formula is called 'halves'"),
        ("[expected]\nA", "[expected]\nX", "must name the same libraries"),
        ('"900.00"', '"900,00"', "not an amount"),
    ],
)
def test_file_that_is_misspelt_is_refused(tmp_path, was, becomes, message):
    text = (SISTERS / "montana.toml").read_text(encoding="utf-8")
    assert was in text
    path = tmp_path / "montana.toml"
    path.write_text(text.replace(was, becomes), encoding="utf-8")

    with pytest.raises(ValueError, match=message):
        read_formula(path)
