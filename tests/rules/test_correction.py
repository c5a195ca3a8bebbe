import pytest

from payments.rules.correction import Settlement, settlement, share_differences, why_not_correct


def test_differences_are_against_the_last_statement_and_against_the_run():
    a, b = share_differences({"A": 800, "B": 200}, {"A": 778, "B": 222}, {"A": 770, "B": 230})

    assert (a.difference_cents, a.total_cents) == (-8, -30)
    assert (b.difference_cents, b.total_cents) == (8, 30)


def test_differences_of_other_libraries_are_refused():
    with pytest.raises(ValueError, match="not the same"):
        share_differences({"A": 800}, {"A": 800}, {"A": 800, "B": 0})


@pytest.mark.parametrize(
    ("cents", "paid", "is_a"),
    [
        (-1, True, Settlement.RECEIVABLE),
        (1, True, Settlement.CLAIM),
        (0, True, Settlement.NONE),
        (0, False, Settlement.NONE),
        (-1, False, Settlement.NOT_PAID),
        (1, False, Settlement.NOT_PAID),
    ],
)
def test_what_a_difference_is(cents, paid, is_a):
    assert settlement(cents, paid=paid) is is_a


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"certified": False, "disbursed": False, "amended": False}, "certified run that is not void"),
        ({"certified": True, "disbursed": False, "amended": True}, "voiding the run"),
        ({"certified": True, "disbursed": True, "amended": False}, "nothing to correct"),
        ({"certified": True, "disbursed": True, "amended": True}, None),
    ],
)
def test_when_a_correction_is_due(facts, told):
    reason = why_not_correct(**facts)

    assert reason is None if told is None else told in reason
