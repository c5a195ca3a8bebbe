"""Net plus read for each town: one library's surplus against its neighbour's need."""

from hypothesis import given
from hypothesis import strategies as st

from payments.rules.net_plus import LibraryActivity
from payments.rules.net_plus_by_town import net_plus_by_town


def test_two_libraries_of_a_town_are_taken_together():
    activity = [LibraryActivity("P", 100, 30), LibraryActivity("Q", 20, 60), LibraryActivity("R", 90, 120)]

    found = net_plus_by_town(500_00, activity, {"P": "t", "Q": "t", "R": "r"})

    assert found.net_plus == {"t": 30, "r": 0}
    assert found.library_cents == {"P": 500_00, "Q": 0, "R": 0}


def test_nobody_has_a_share_where_no_town_has_net_plus():
    activity = [LibraryActivity("P", 5, 0), LibraryActivity("Q", 0, 9)]

    found = net_plus_by_town(100, activity, {"P": "t", "Q": "t"})

    assert found.town_cents == {"t": 0}
    assert found.library_cents == {"P": 0, "Q": 0}


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 3)), max_size=12),
    st.integers(0, 10**6),
)
def test_town_shares_are_divided_to_the_last_cent_and_alone_in_a_town_nothing_changes(rows, pool):
    activity = [LibraryActivity(f"{n:02}", loans, borrows) for n, (loans, borrows, _) in enumerate(rows)]
    towns = {f"{n:02}": str(town) for n, (_, _, town) in enumerate(rows)}

    found = net_plus_by_town(pool, activity, towns)

    for town, cents in found.town_cents.items():
        assert cents == sum(found.library_cents[key] for key in towns if towns[key] == town)
    assert sum(found.library_cents.values()) == (pool if any(found.net_plus.values()) else 0)
    alone = net_plus_by_town(pool, activity, {key: key for key in towns})
    assert alone.town_cents == alone.library_cents
