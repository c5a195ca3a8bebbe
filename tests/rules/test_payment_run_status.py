from itertools import product

import pytest

from payments.rules.payment_run_status import PaymentRunStatus, allowed_moves, may_certify, why_not_move

DRAFT, CALCULATED, CERTIFIED, VOID = PaymentRunStatus

ALLOWED = {(DRAFT, CALCULATED), (CALCULATED, CALCULATED), (CALCULATED, CERTIFIED), (CERTIFIED, VOID)}


@pytest.mark.parametrize(("status", "target"), list(product(PaymentRunStatus, repeat=2)))
def test_moves_are_those_allowed_and_no_others(status, target):
    assert (target in allowed_moves(status)) == ((status, target) in ALLOWED)
    assert (why_not_move(status, target) is None) == ((status, target) in ALLOWED)


@pytest.mark.parametrize(("status", "target"), list(product(PaymentRunStatus, repeat=2)))
def test_disbursed_run_stays_as_it_is(status, target):
    assert allowed_moves(status, disbursed=True) == frozenset()
    assert "correction statement" in why_not_move(status, target, disbursed=True)


def test_refused_moves_say_what_to_do():
    assert why_not_move(DRAFT, CERTIFIED) == "This run has not been calculated. Calculate it first."
    assert "Void it with a reason" in why_not_move(CERTIFIED, CALCULATED)
    assert "Prepare a new run" in why_not_move(VOID, CALCULATED)


def test_preparer_may_not_certify():
    assert may_certify(1, 2)
    assert not may_certify(1, 1)
