from datetime import date

import pytest

from payments.rules.net_plus import (
    Count,
    CountsRefused,
    LibraryActivity,
    Participation,
    gather_activity,
    net_plus,
)

FIRST_DAY, LAST_DAY = date(2026, 3, 1), date(2027, 2, 28)
ALWAYS = (Participation(),)


def year(lender, home_library, loans):
    return Count(lender, home_library, FIRST_DAY, LAST_DAY, loans)


def gather(counts, participation, **options):
    return gather_activity(counts, participation, FIRST_DAY, LAST_DAY, **options)


def test_net_plus_is_what_was_lent_beyond_what_was_borrowed():
    assert net_plus(40, 25) == 15
    assert net_plus(25, 25) == 0
    assert net_plus(20, 35) == 0


def test_gather_sums_loans_by_lender_and_borrows_by_home_library():
    counts = [year("A", "B", 30), year("B", "A", 20), year("A", "C", 10)]

    assert gather(counts, {"C": ALWAYS, "B": ALWAYS, "A": ALWAYS}) == (
        LibraryActivity("A", 40, 20),
        LibraryActivity("B", 20, 30),
        LibraryActivity("C", 0, 10),
    )


def test_gather_says_who_is_not_in_order():
    assert [library.eligible for library in gather([], {"A": ALWAYS, "B": ALWAYS}, not_in_order={"B"})] == [
        True,
        False,
    ]


def test_gather_counts_a_card_of_a_home_library_that_does_not_take_part():
    assert gather([year("A", "N", 50)], {"A": ALWAYS, "N": ()}) == (LibraryActivity("A", 50, 0),)


def test_gather_leaves_out_what_a_library_without_a_letter_lent():
    assert gather([year("N", "A", 20)], {"A": ALWAYS}) == (LibraryActivity("A", 0, 0),)


def test_gather_leaves_out_days_on_which_the_lender_did_not_take_part():
    counts = [
        Count("A", "B", date(2026, 3, 1), date(2026, 6, 14), 100),
        Count("A", "B", date(2026, 6, 15), date(2026, 6, 30), 7),
    ]

    activity = gather(counts, {"A": (Participation(first_day=date(2026, 6, 15)),), "B": ALWAYS})

    assert activity == (LibraryActivity("A", 7, 0), LibraryActivity("B", 0, 7))


def test_gather_counts_borrows_of_the_whole_year_for_a_library_that_took_part_on_one_day():
    counts = [Count("A", "B", date(2026, 3, 1), date(2026, 3, 31), 9)]

    activity = gather(counts, {"A": ALWAYS, "B": (Participation(first_day=LAST_DAY),)})

    assert activity == (LibraryActivity("A", 9, 0), LibraryActivity("B", 0, 9))


def test_gather_has_no_line_for_a_library_that_took_part_in_another_year_only():
    before, after = Participation(last_day=date(2026, 2, 28)), Participation(first_day=date(2027, 3, 1))

    assert gather([], {"A": (before, after)}) == ()


def test_gather_refuses_a_total_that_runs_over_a_change_of_participation():
    with pytest.raises(CountsRefused, match=r"A, loans on cards of B.*took part on some of these days only"):
        gather([year("A", "B", 5)], {"A": (Participation(first_day=date(2026, 6, 15)),), "B": ALWAYS})


def test_gather_accepts_a_total_that_runs_over_a_letter_renewed_without_a_gap():
    letters = (Participation(last_day=date(2026, 6, 14)), Participation(first_day=date(2026, 6, 15)))

    assert gather([year("A", "B", 5)], {"A": letters}) == (LibraryActivity("A", 5, 0),)


def test_gather_takes_a_count_of_zero_as_no_count():
    letters = (Participation(first_day=date(2026, 6, 15)),)

    assert gather([year("A", "B", 0), year("A", "A", 0)], {"A": letters}) == (LibraryActivity("A", 0, 0),)


def test_gather_leaves_aside_counts_of_other_years():
    counts = [Count("A", "B", date(2026, 2, 1), date(2026, 2, 28), 5)]

    assert gather(counts, {"A": ALWAYS}) == (LibraryActivity("A", 0, 0),)


def test_gather_names_every_count_that_cannot_be_placed():
    counts = [
        year("A", "A", 1),
        Count("A", "B", date(2026, 2, 1), date(2026, 3, 31), 2),
        year("A", "B", -3),
        Count("A", "B", date(2026, 5, 2), date(2026, 5, 1), 4),
        year("A", "C", True),
    ]

    with pytest.raises(CountsRefused) as refused:
        gather(counts, {"A": ALWAYS})

    assert [problem.split(": ")[1].split(";")[0] for problem in refused.value.problems] == [
        "a library's loans on its own cards are no transactions",
        "the period runs over the edge of the twelve months measured",
        "-3 is not a count",
        "these days end before they begin",
        "True is not a count",
    ]
