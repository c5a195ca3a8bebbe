from datetime import date

import pytest

from payments.rules.withheld_release import (
    has_lapsed,
    last_day_of_release,
    release_refusals,
)

JUNE_30, JULY_1 = date(2027, 6, 30), date(2027, 7, 1)


def refusals(**changes):
    facts = {"fiscal_year": 2027, "withheld": "keep", "cured_on": JUNE_30, "ordered_on": JUNE_30}
    return [refusal.reason for refusal in release_refusals(**facts | changes)]


def test_cured_and_ordered_on_june_30_is_released():
    assert refusals() == []


def test_ordered_on_july_1_lapses():
    assert refusals(ordered_on=JULY_1) == [
        "The Board's order is dated July 1, 2027, after June 30, 2027; the money lapsed."
    ]


def test_cured_on_july_1_lapses():
    assert refusals(cured_on=JULY_1) == [
        "The last requirement was met on July 1, 2027, after June 30, 2027; the money lapsed."
    ]


def test_neither_cured_nor_ordered():
    assert refusals(cured_on=None, ordered_on=None) == [
        "A requirement for payment is still not met.",
        "No order of the Board covers the release.",
    ]


def test_earlier_cutoff_of_the_comptroller_is_the_last_day():
    cutoff = date(2027, 6, 18)

    assert last_day_of_release(2027, comptroller_cutoff=cutoff) == cutoff
    assert refusals(cured_on=cutoff, ordered_on=cutoff, comptroller_cutoff=cutoff) == []
    assert len(refusals(comptroller_cutoff=cutoff)) == 2


@pytest.mark.parametrize("cutoff", [date(2026, 6, 30), JULY_1])
def test_cutoff_outside_the_fiscal_year_is_refused(cutoff):
    with pytest.raises(ValueError, match="is not in fiscal year 2027"):
        last_day_of_release(2027, comptroller_cutoff=cutoff)


def test_redistribute_leaves_nothing_to_release():
    (reason,) = refusals(withheld="redistribute")

    assert "nothing is left to release" in reason


def test_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="not a policy"):
        refusals(withheld="share")


def test_money_lapses_after_the_last_day_and_not_on_it():
    assert not has_lapsed(2027, JUNE_30)
    assert has_lapsed(2027, JULY_1)
    assert has_lapsed(2027, date(2027, 6, 19), comptroller_cutoff=date(2027, 6, 18))
