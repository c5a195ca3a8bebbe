from dataclasses import replace
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.rules.change_explained import Cause, Part, YearOfPayment, exact_parts, explain_change
from payments.rules.grant_formula import LibraryActivity, split_appropriation
from payments.rules.net_plus import net_plus

OWN = "M"
COUNTS = st.integers(0, 60) | st.integers(0, 10**7)
OTHERS = st.lists(
    st.builds(LibraryActivity, st.sampled_from("AZ"), COUNTS, COUNTS, st.booleans()),
    max_size=2,
    unique_by=lambda library: library.key,
)


def year(
    appropriation_cents=100_000_00,
    loans=0,
    borrows=0,
    others=(),
    *,
    in_order=True,
    withheld="keep",
):
    """The payment of the library M beside the others, as the formula gives it."""
    libraries = [LibraryActivity(OWN, loans, borrows, in_order), *others]
    split = split_appropriation(appropriation_cents, libraries, withheld=withheld)
    line = next(line for line in split.lines if line.key == OWN)
    sharing = [other for other in others if other.eligible or withheld == "keep"]
    return YearOfPayment(
        transactions_pool_cents=split.transactions_pool_cents,
        net_plus_pool_cents=split.net_plus_pool_cents,
        loans=loans,
        borrows=borrows,
        others_loans=sum(other.loans for other in sharing),
        others_net_plus=sum(net_plus(other.loans, other.borrows) for other in sharing),
        in_order=in_order,
        payment_cents=line.payment_cents,
        withheld_cents=line.withheld_cents,
    )


YEARS = st.builds(
    year,
    st.integers(0, 300) | st.integers(0, 10**10),
    COUNTS,
    COUNTS,
    OTHERS,
    in_order=st.booleans(),
    withheld=st.sampled_from(["keep", "redistribute"]),
)
OTHER = LibraryActivity("A", 90, 50)


def changed(before, now):
    """The parts of a change that are not zero, in cents."""
    return {part.cause: part.cents for part in explain_change(before, now) if part.cents}


@given(YEARS | st.none(), YEARS | st.none())
def test_parts_are_whole_cents_that_add_up_to_the_change(before, now):
    parts = explain_change(before, now)

    assert [part.cause for part in parts] == list(Cause)
    assert sum(part.cents for part in parts) == (now.payment_cents if now else 0) - (
        before.payment_cents if before else 0
    )
    exact = exact_parts(before, now)
    assert all(type(part.cents) is int and abs(part.cents - exact[part.cause]) < 1 for part in parts)
    assert all(part.cents == 0 for part in parts if exact[part.cause] == 0)


@given(YEARS, YEARS)
def test_exact_parts_are_turned_about_when_the_years_change_places(before, now):
    assert exact_parts(now, before) == {cause: -part for cause, part in exact_parts(before, now).items()}


@given(YEARS, YEARS)
@settings(max_examples=25)
def test_exact_parts_are_the_average_of_all_orders(before, now):
    """The same by walking through each of the 24 orders, one figure at a time."""
    fields = {
        Cause.OWN_LOANS: ["loans"],
        Cause.OTHERS_LOANS: ["others_loans", "others_net_plus"],
        Cause.OWN_BORROWING: ["borrows"],
        Cause.APPROPRIATION: ["transactions_pool_cents", "net_plus_pool_cents"],
    }
    sums = dict.fromkeys(fields, Fraction(0))

    for order in permutations(fields):
        standing = before
        for cause in order:
            after = replace(standing, **{field: getattr(now, field) for field in fields[cause]})
            sums[cause] += shares(after) - shares(standing)
            standing = after

    exact = exact_parts(before, now)
    assert {cause: exact[cause] for cause in fields} == {cause: sums[cause] / 24 for cause in fields}


def shares(year):
    """The two shares of a year before rounding."""
    total = Fraction(0)
    for pool, own, others in (
        (year.transactions_pool_cents, year.loans, year.others_loans),
        (year.net_plus_pool_cents, year.net_plus, year.others_net_plus),
    ):
        total += Fraction(pool * own, own + others) if own else 0
    return total


@given(YEARS)
def test_nothing_is_explained_where_nothing_changed(same):
    assert changed(same, same) == {}


def test_one_cause_alone_has_the_whole_change():
    before = year(100_000, 10, 20, [OTHER])

    assert changed(before, year(100_000, 30, 20, [OTHER])).keys() == {Cause.OWN_LOANS}
    assert changed(before, year(120_000, 10, 20, [OTHER])) == {Cause.APPROPRIATION: 1_000}
    assert changed(before, year(100_000, 10, 20, [replace(OTHER, loans=190)])) == {Cause.OTHERS_LOANS: -2500}
    assert changed(before, year(100_000, 10, 500, [OTHER])) == {}  # without net plus borrowing costs nothing


def test_borrowing_counts_where_there_is_net_plus():
    before = year(100_000, 50, 10, [OTHER])  # net plus 40 of 80
    now = year(100_000, 50, 30, [OTHER])  # net plus 20 of 60

    assert changed(before, now) == {Cause.OWN_BORROWING: 50_000 * 20 // 60 + 1 - 25_000}


def test_withheld_payment_is_a_cause_of_its_own():
    before = year(100_000, 10, 0, [OTHER])
    now = year(100_000, 10, 0, [OTHER], in_order=False)

    assert changed(before, now) == {Cause.IN_ORDER: -before.payment_cents}
    assert changed(now, before) == {Cause.IN_ORDER: before.payment_cents}
    assert changed(now, now) == {}


def test_share_that_went_to_the_others_is_a_cause_of_its_own():
    before = year(100_000, 10, 0, [OTHER])
    now = year(100_000, 10, 0, [OTHER], in_order=False, withheld="redistribute")

    assert changed(before, now) == {Cause.IN_ORDER: -before.payment_cents}


def test_library_that_took_no_part_before_has_one_cause():
    now = year(100_000, 10, 0, [OTHER])

    assert changed(None, now) == {Cause.TAKING_PART: now.payment_cents}
    assert changed(now, None) == {Cause.TAKING_PART: -now.payment_cents}
    assert changed(None, None) == {}


def test_empty_pool_is_no_error():
    assert changed(year(100_000), year(200_000)) == {}
    assert changed(year(100_000, 0, 5), year(100_000, 5, 5)) == {Cause.OWN_LOANS: 50_000}


def test_cent_that_went_to_another_is_rounding():
    # Three equal loans share 100 cents of transactions: the odd cent goes to the lower key
    first = year(200, 1, 1, [LibraryActivity("Y", 1, 1), LibraryActivity("Z", 1, 1)])
    last = year(200, 1, 1, [LibraryActivity("A", 1, 1), LibraryActivity("B", 1, 1)])

    assert explain_change(first, last)[-1] == Part(Cause.ROUNDING, -1)


def test_payment_that_does_not_follow_is_refused():
    right = year(100_000, 10, 0, [OTHER])

    with pytest.raises(ValueError, match="does not follow"):
        explain_change(right, replace(right, payment_cents=right.payment_cents + 2))
