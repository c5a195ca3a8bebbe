from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules.grant_formula import GrantLine, GrantSplit, LibraryActivity, split_appropriation
from payments.rules.net_plus import Count, Participation, gather_activity
from transactions.rules.filing_calendar import measurement_period

YEAR = measurement_period(2027)
FIRST_DAY, LAST_DAY = YEAR.first_day, YEAR.last_day
ALWAYS = (Participation(),)

KEYS = "ABCDEF"
APPROPRIATIONS = st.integers(0, 300) | st.integers(0, 10**10)
POLICIES = st.sampled_from(["keep", "redistribute"])
ACTIVITY = st.lists(
    st.builds(
        LibraryActivity,
        st.text("ABC", min_size=1, max_size=3),
        st.integers(0, 60) | st.integers(0, 10**7),
        st.integers(0, 60) | st.integers(0, 10**7),
        st.booleans(),
    ),
    max_size=9,
    unique_by=lambda library: library.key,
)
PAIRS = [(lender, home) for lender in KEYS for home in KEYS + "Z" if lender != home]
FLOWS = st.dictionaries(st.sampled_from(PAIRS), st.integers(0, 12) | st.integers(0, 10**5), max_size=20)


def gathered(flows, *, not_in_order=()):
    """What A to F lent and borrowed, all taking part; Z is a home library that does not."""
    counts = [Count(lender, home, FIRST_DAY, LAST_DAY, loans) for (lender, home), loans in flows.items()]
    return gather_activity(
        counts, dict.fromkeys(KEYS, ALWAYS), FIRST_DAY, LAST_DAY, not_in_order=not_in_order
    )


def lines(split):
    return {line.key: line for line in split.lines}


def test_split_gives_every_figure_of_a_line():
    split = split_appropriation(
        100001, [LibraryActivity("B", 20, 35), LibraryActivity("A", 40, 25), LibraryActivity("C", 10, 10)]
    )

    assert split == GrantSplit(
        transactions_pool_cents=50001,
        net_plus_pool_cents=50000,
        lines=(
            GrantLine("A", 40, 25, 15, 28572, 50000, 78572, 0),
            GrantLine("B", 20, 35, 0, 14286, 0, 14286, 0),
            GrantLine("C", 10, 10, 0, 7143, 0, 7143, 0),
        ),
        undistributed_cents=0,
    )


def test_split_shows_counts_but_no_money_of_a_library_that_redistribute_leaves_out():
    activity = [LibraryActivity("A", 40, 25), LibraryActivity("B", 20, 5, eligible=False)]

    split = split_appropriation(1001, activity, withheld="redistribute")

    assert lines(split)["B"] == GrantLine("B", 20, 5, 15, 0, 0, 0, 0)
    assert lines(split)["A"].payment_cents == 1001


def test_split_without_libraries_distributes_nothing():
    assert split_appropriation(101, []) == GrantSplit(51, 50, (), 101)


def test_split_is_the_same_under_the_entries_of_an_earlier_day():
    activity = [LibraryActivity("A", 1, 0), LibraryActivity("B", 2, 0)]

    assert split_appropriation(101, activity, on=date(2018, 4, 1)) == split_appropriation(101, activity)


@pytest.mark.parametrize(
    ("appropriation", "activity", "withheld", "message"),
    [
        (1, [LibraryActivity("A", 1, 0), LibraryActivity("A", 2, 0)], "keep", "A appears twice"),
        (1, [LibraryActivity("A", -1, 0)], "keep", "loans of A must not be negative"),
        (1, [LibraryActivity("A", 0, -1)], "keep", "borrows of A must not be negative"),
        (-1, [], "keep", "the appropriation must not be negative"),
        (1.0, [], "keep", "the appropriation must be a whole number"),
        (True, [], "keep", "the appropriation must be a whole number"),
        ("1", [], "keep", "the appropriation must be a whole number"),
        (1, [LibraryActivity("A", 1.0, 0)], "keep", "loans of A must be a whole number"),
        (1, [LibraryActivity("A", True, 0)], "keep", "loans of A must be a whole number"),
        (1, [LibraryActivity("A", 0, False)], "redistribute", "borrows of A must be a whole number"),
        (1, [LibraryActivity("A", -1, 0, eligible=False)], "redistribute", "must not be negative"),
        (1, [], "share", "'share' is not a policy; choose keep or redistribute"),
        (1, [], None, "None is not a policy"),
    ],
)
def test_split_refuses_what_it_would_have_to_guess(appropriation, activity, withheld, message):
    with pytest.raises(ValueError, match=message):
        split_appropriation(appropriation, activity, withheld=withheld)


@given(APPROPRIATIONS, ACTIVITY, POLICIES)
def test_both_pools_are_distributed_exactly(appropriation, activity, withheld):
    split = split_appropriation(appropriation, activity, withheld=withheld)

    sharing = [library for library in activity if library.eligible or withheld == "keep"]
    has_loans = any(library.loans for library in sharing)
    has_net_plus = any(library.loans > library.borrows for library in sharing)
    transactions = sum(line.transactions_share_cents for line in split.lines)
    net_plus = sum(line.net_plus_share_cents for line in split.lines)
    assert split.transactions_pool_cents - split.net_plus_pool_cents == appropriation % 2
    assert split.transactions_pool_cents + split.net_plus_pool_cents == appropriation
    assert transactions == (split.transactions_pool_cents if has_loans else 0)
    assert net_plus == (split.net_plus_pool_cents if has_net_plus else 0)


@given(APPROPRIATIONS, ACTIVITY, POLICIES)
def test_paid_withheld_and_undistributed_add_up_to_the_appropriation(appropriation, activity, withheld):
    split = split_appropriation(appropriation, activity, withheld=withheld)

    paid = sum(line.payment_cents for line in split.lines)
    held = sum(line.withheld_cents for line in split.lines)
    assert paid + held + split.undistributed_cents == appropriation
    for line in split.lines:
        shares = line.transactions_share_cents + line.net_plus_share_cents
        assert line.payment_cents + line.withheld_cents == shares
        assert line.payment_cents == 0 or line.withheld_cents == 0
    if withheld == "redistribute":
        assert held == 0


@given(APPROPRIATIONS, ACTIVITY, POLICIES)
def test_each_share_is_within_a_cent_of_its_exact_fraction(appropriation, activity, withheld):
    split = split_appropriation(appropriation, activity, withheld=withheld)

    sharing = {library.key for library in activity if library.eligible or withheld == "keep"}
    all_loans = sum(line.loans for line in split.lines if line.key in sharing)
    for line in split.lines:
        exact = (
            Fraction(split.transactions_pool_cents * line.loans, all_loans)
            if line.key in sharing and all_loans
            else 0
        )
        assert abs(line.transactions_share_cents - exact) < 1


@given(APPROPRIATIONS, ACTIVITY, POLICIES, st.randoms())
def test_order_of_input_never_matters(appropriation, activity, withheld, random):
    shuffled = list(activity)
    random.shuffle(shuffled)

    split = split_appropriation(appropriation, activity, withheld=withheld)

    assert split_appropriation(appropriation, shuffled, withheld=withheld) == split
    assert [line.key for line in split.lines] == sorted(library.key for library in activity)


@given(FLOWS, st.randoms())
def test_order_of_counts_never_matters(flows, random):
    shuffled = list(flows.items())
    random.shuffle(shuffled)

    assert gathered(dict(shuffled)) == gathered(flows)


@given(APPROPRIATIONS, ACTIVITY)
def test_keep_never_changes_the_payment_of_a_library_in_order(appropriation, activity):
    all_in_order = [LibraryActivity(library.key, library.loans, library.borrows) for library in activity]

    split = split_appropriation(appropriation, activity, withheld="keep")

    full = lines(split_appropriation(appropriation, all_in_order))
    for library in activity:
        line = lines(split)[library.key]
        assert line.payment_cents + line.withheld_cents == full[library.key].payment_cents
        assert line.withheld_cents == 0 or not library.eligible


@given(APPROPRIATIONS, FLOWS, st.sets(st.sampled_from(KEYS)), POLICIES, st.data())
def test_no_payment_falls_when_only_its_own_loans_rise(appropriation, flows, not_in_order, withheld, data):
    """True to the cent, for any loans on any cards, because of two facts.

    Where the library had a share of the net-plus pool, its net plus rises by the whole rise in its loans,
    while the net plus of the others together falls by no more than that. So in each pool its weight rises,
    no other rises, and the sum does not fall: the case in which `apportion` never cuts a part. Where it had
    no share of the net-plus pool it can only gain there.
    """
    library = data.draw(st.sampled_from(KEYS))
    homes = [home for lender, home in PAIRS if lender == library]
    more = data.draw(st.dictionaries(st.sampled_from(homes), st.integers(0, 12) | st.integers(0, 10**5)))
    risen = flows | {(library, home): flows.get((library, home), 0) + loans for home, loans in more.items()}

    before = split_appropriation(appropriation, gathered(flows, not_in_order=not_in_order), withheld=withheld)
    after = split_appropriation(appropriation, gathered(risen, not_in_order=not_in_order), withheld=withheld)

    was, is_now = lines(before)[library], lines(after)[library]
    assert is_now.payment_cents >= was.payment_cents
    assert is_now.transactions_share_cents >= was.transactions_share_cents
    assert is_now.net_plus_share_cents >= was.net_plus_share_cents


@given(APPROPRIATIONS, ACTIVITY, POLICIES)
def test_every_figure_is_an_integer(appropriation, activity, withheld):
    split = split_appropriation(appropriation, activity, withheld=withheld)

    figures = [split.transactions_pool_cents, split.net_plus_pool_cents, split.undistributed_cents]
    for line in split.lines:
        figures += [value for name, value in vars(line).items() if name != "key"]
    assert {type(figure) for figure in figures} == {int}
