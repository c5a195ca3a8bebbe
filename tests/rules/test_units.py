from datetime import date

import pytest

from transactions.rules.units import RULEBOOK, Lending, Material, counting_rules, is_counted, units_lent

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize("material", Material)
def test_each_thing_lent_as_one_is_one_unit(material):
    assert units_lent(material, 1, TODAY) == 1


def test_set_of_three_volumes_is_three_units_and_three_boxed_sets_are_three():
    assert units_lent(Material.VOLUME_OF_A_SET, 3, TODAY) == 3
    assert units_lent(Material.BOXED_SET, 3, TODAY) == 3
    assert units_lent(Material.LOOSE_ISSUE, 0, TODAY) == 0


def test_negative_number_of_things_is_refused():
    with pytest.raises(ValueError, match="cannot be lent"):
        units_lent(Material.OTHER_ITEM, -1, TODAY)


def test_only_what_is_handed_over_on_a_card_at_the_lender_counts():
    assert [lending for lending in Lending if is_counted(lending, TODAY)] == [
        Lending.AT_THE_DESK,
        Lending.HOLD_PICKED_UP_HERE,
    ]


def test_counting_rules_name_every_kind_once_with_a_citation():
    rules = counting_rules(TODAY)

    assert len(rules) == len(Material) + len(Lending) == len({rule.key for rule in rules})
    assert all(rule.citation and rule.sentence for rule in rules)
    assert {rule.key for rule in RULEBOOK} == {rule.key for rule in rules}
