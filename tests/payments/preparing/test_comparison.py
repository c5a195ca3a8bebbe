"""Two calculations side by side: a line for each library of either, and no difference where one is absent."""

import pytest

from connecticard.models import Role
from libraries.models import Library
from payments import services
from payments.models import PaymentRun
from payments.preparing.comparison import comparables, compare
from tests.factories import make_home_library, make_letter, make_user
from tests.payments.disbursed import AT, certified_run
from tests.payments.records import HALVES, certified

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = AT.date()


def made_anew(void: PaymentRun) -> PaymentRun:
    staff = make_user(Role.STATE_STAFF)
    services.void_run(run=void, reason="Wrong", by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    run = services.create_run(appropriation=void.appropriation, by=staff, at=AT)
    return services.calculate_run(run=run, by=staff, at=AT)


def test_a_new_run_against_the_void_one_by_library():
    void = certified_run()
    a, b = Library.objects.filter(key__in="AB").order_by("key")
    certified(a, {b: 25}, first_day=HALVES[0].first_day)

    found = compare(made_anew(void), void)

    by_key = {line.library.key: line for line in found.lines}
    assert (by_key["A"].loans, by_key["A"].borrows, by_key["A"].net_plus) == (10, 0, 10)
    assert (by_key["B"].loans, by_key["B"].borrows, by_key["B"].net_plus) == (0, 10, 0)
    assert sum(line.cents for line in found.lines) == 0
    assert by_key["A"].cents == by_key["A"].after.payment_cents - 80_000
    assert not by_key["C"].differs
    assert found.differing == 2
    assert found.total.cents == 0


def test_a_library_of_one_side_alone_has_no_difference():
    void = certified_run()
    make_letter(make_home_library("D", key="D"))

    found = compare(made_anew(void), void)
    (line,) = [line for line in found.lines if line.library.key == "D"]

    assert line.before is None
    assert line.after is not None
    assert (line.loans, line.cents, line.withheld_cents) == (None, None, None)
    assert line.differs


def test_what_a_run_can_be_held_against():
    void = certified_run()
    run = made_anew(void)
    a, b = Library.objects.filter(key__in="AB").order_by("key")
    certified(a, {b: 25}, first_day=HALVES[0].first_day)
    services.calculate_run(run=run, by=make_user(Role.STATE_STAFF), at=AT)

    assert [each.label for each in comparables(run)] == [
        "calculation 1 of this run",
        f"{void}, void",
    ]
