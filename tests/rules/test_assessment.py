"""Sentences of an assessment, each branch of them; what is not known is said, never guessed."""

from fractions import Fraction

import pytest

from reports.rules.assessment import (
    Borrowed,
    Circulation,
    Lent,
    NotKnown,
    Place,
    Subject,
    balance,
    beside_peers,
    beside_the_average,
    borrowed_by_members,
    cost_covered,
    for_residents,
    paid_to_members,
    share_of_circulation,
    silent_members,
    through_the_years,
    what_was_lent,
    where_cards_were_used,
    who_borrowed,
)

AVON = Subject("Avon Library")
LION = Subject("LION", members=28)
UNKNOWN = Lent(None, why=NotKnown.NOT_FILED)


# Loans and borrows


@pytest.mark.parametrize(
    ("subject", "lent", "said"),
    [
        (AVON, Lent(2000), "It lent 2,000 items to residents of other towns."),
        (AVON, Lent(1), "It lent 1 item to residents of other towns."),
        (AVON, Lent(9, " (estimated)"), "It lent 9 items (estimated) to residents of other towns."),
        (AVON, Lent(0), "It lent nothing to residents of other towns."),
        (LION, Lent(2), "Its members lent 2 items to residents of other towns."),
        (
            AVON,
            Lent(None, why=NotKnown.TOOK_NO_PART),
            "It took no part in these months, so what it lent is not reported.",
        ),
        (
            LION,
            Lent(None, why=NotKnown.TOOK_NO_PART),
            "Its members took no part in these months, so what they lent is not reported.",
        ),
        (
            AVON,
            Lent(None, why=NotKnown.NOT_COUNTED),
            "It said that it did not count what was lent, which is not zero.",
        ),
        (AVON, UNKNOWN, "No certified filing counts for these months: what it lent is not known."),
        (AVON, Lent(None), "No certified filing counts for these months: what it lent is not known."),
    ],
)
def test_what_was_lent_is_a_number_nothing_or_not_known(subject, lent, said):
    assert what_was_lent(subject, lent) == said


@pytest.mark.parametrize(
    ("lent", "borrowed", "said"),
    [
        (2000, 1200, "That is 800 items more lent than borrowed (66.7%)."),
        (1201, 1200, "That is 1 item more lent than borrowed (under 0.1%)."),
        (300, 1200, "That is 900 items fewer lent than borrowed (75.0%)."),
        (1200, 1200, "That is as much lent as borrowed on its cards."),
        (0, 1200, "1,200 items were borrowed elsewhere on its cards."),
        (0, 1, "1 item was borrowed elsewhere on its cards."),
        (1200, 0, "No loan on its cards at another library is counted."),
        (0, 0, "No loan on its cards at another library is counted."),
        (None, 1200, "Which of the two is more cannot be said."),
    ],
)
def test_balance_says_which_is_more(lent, borrowed, said):
    assert balance(AVON, Lent(lent), Borrowed(borrowed))[-1] == said


def test_balance_of_members_speaks_of_their_cards():
    assert balance(LION, Lent(5), Borrowed(5, " (estimated)"))[1:] == (
        "5 items (estimated) were borrowed elsewhere on its members’ cards.",
        "That is as much lent as borrowed on its members’ cards.",
    )


@pytest.mark.parametrize(
    ("silent", "said"), [(0, ()), (1, ("What 1 of its 28 members lent is not known.",)), (28, ())]
)
def test_silent_members_are_told_where_not_all_are(silent, said):
    assert silent_members(LION, silent) == said


# The share of circulation


def circulation(items=10_000, lent=2000, months="July 2017 to June 2018", libraries=1):
    return Circulation(items, lent, months, "March 2017 to February 2018", libraries)


@pytest.mark.parametrize(
    ("subject", "lent", "given", "said"),
    [
        (
            AVON,
            Lent(2000),
            None,
            ["Its circulation is not on record, so the share of it that went to residents of other towns is "
             "not known."],
        ),
        (
            LION,
            Lent(2000),
            None,
            ["No member has given its circulation, so the share of it that went to residents of other towns "
             "is not known."],
        ),
        (
            AVON,
            UNKNOWN,
            circulation(lent=0),
            [
                "It circulated 10,000 items in all (July 2017 to June 2018).",
                "Which share went to residents of other towns is not known.",
            ],
        ),
        (
            AVON,
            Lent(2000),
            circulation(items=1999),
            ["The circulation given, 1,999 items, is less than the 2,000 items lent to residents of other "
             "towns: one of the two must be wrong, and no share is worked out."],
        ),
        (
            AVON,
            Lent(2000, " (estimated)"),
            circulation(),
            [
                "Of 10,000 items circulated (July 2017 to June 2018), 2,000 (estimated) went to residents of "
                "other towns: 20.0%.",
                "Loans are those of March 2017 to February 2018, so the share is near, not exact.",
            ],
        ),
        (
            AVON,
            Lent(2000),
            circulation(months="March 2017 to February 2018"),
            ["Of 10,000 items circulated (March 2017 to February 2018), 2,000 went to residents of other "
             "towns: 20.0%."],
        ),
        (
            AVON,
            Lent(0),
            circulation(lent=0, months="March 2017 to February 2018"),
            ["Of 10,000 items circulated (March 2017 to February 2018), none went to residents of other "
             "towns."],
        ),
        (
            LION,
            Lent(9000),
            circulation(months="March 2017 to February 2018", libraries=3),
            ["Of 10,000 items circulated (March 2017 to February 2018) by the 3 of 28 members that gave the "
             "figure, 2,000 went to residents of other towns: 20.0%."],
        ),
    ],
)  # fmt: skip
def test_share_of_circulation_is_said_where_it_is_known(subject, lent, given, said):
    assert list(share_of_circulation(subject, lent, given)) == said


# What residents gained


def test_members_gained_what_was_borrowed_elsewhere():
    said = borrowed_by_members(LION, Borrowed(1200), libraries=85, within=300, price_cents=1500)

    assert said == (
        "People with cards of members of LION borrowed 1,200 items at 85 libraries other than their own.",
        "300 of these were borrowed at another member.",
        "Bought at $15.00 each (assumption), they would have cost $18,000.00.",
    )


@pytest.mark.parametrize(
    ("borrowed", "libraries", "within", "said"),
    [
        (0, 0, 0, ["No loan on cards of members of LION at another library is counted."]),
        (
            1,
            1,
            1,
            [
                "People with cards of members of LION borrowed 1 item at 1 library other than their own.",
                "1 of these was borrowed at another member.",
                "Bought at $15.00 (assumption), it would have cost $15.00.",
            ],
        ),
        (
            2,
            1,
            0,
            [
                "People with cards of members of LION borrowed 2 items at 1 library other than their own.",
                "Bought at $15.00 each (assumption), they would have cost $30.00.",
            ],
        ),
    ],
)
def test_members_gained_nothing_or_one(borrowed, libraries, within, said):
    found = borrowed_by_members(
        LION, Borrowed(borrowed), libraries=libraries, within=within, price_cents=1500
    )

    assert list(found) == said


@pytest.mark.parametrize(
    ("borrowed", "residents", "said"),
    [
        (1200, 1000, ["That is 120 items for every 100 of the 1,000 residents of the towns served."]),
        (10, 1000, ["That is 1 item for every 100 of the 1,000 residents of the towns served."]),
        (1, 1000, ["That is less than 1 item for every 100 of the 1,000 residents of the towns served."]),
        (0, 1000, []),
        (1200, 0, []),
    ],
)
def test_gain_for_residents(borrowed, residents, said):
    assert list(for_residents(Borrowed(borrowed), residents)) == said


# Cost against payment


@pytest.mark.parametrize(
    ("lent", "paid_cents", "paid", "withheld", "said"),
    [
        (
            Lent(2000),
            64_000,
            27,
            0,
            "The State paid $640.00 to 27 members for fiscal year 2027.",
        ),
        (Lent(2000), 64_000, 1, 0, "The State paid $640.00 to 1 member for fiscal year 2027."),
        (Lent(2000), 5, 1, 0, "The State paid $0.05 (estimated) to 1 member for fiscal"),
        (Lent(2000), 0, 0, 0, "The State paid no member anything for fiscal year 2027."),
        (Lent(2000), 9, 2, 1, "The payment of 1 member was withheld, because a requirement was not met."),
        (Lent(2000), 9, 2, 3, "The payments of 3 members were withheld, because a requirement was not met."),
        (UNKNOWN, 0, 0, 0, "No certified filing counts for these months: what they lent is not known."),
    ],
)
def test_members_were_paid(lent, paid_cents, paid, withheld, said):
    mark = " (estimated)" if "(estimated)" in said else ""
    counted = {"paid": paid, "withheld": withheld}

    found = paid_to_members(LION, lent, fiscal_year=2027, paid_cents=paid_cents, **counted, mark=mark)

    assert said in found[-1]


@pytest.mark.parametrize(
    ("lent", "paid_cents", "said"),
    [
        (Lent(2000), 64_000, ["At $1.05 a loan (assumption), lending cost $2,100.00; what was paid covers "
                              "30.5% of that."]),
        (Lent(2000), 210_000, ["At $1.05 a loan (assumption), lending cost $2,100.00; what was paid covers "
                               "that."]),
        (Lent(2000), 0, ["At $1.05 a loan (assumption), lending cost $2,100.00."]),
        (Lent(2000), None, ["At $1.05 a loan (assumption), lending cost $2,100.00."]),
        (Lent(0), 0, []),
        (UNKNOWN, None, []),
    ],
)  # fmt: skip
def test_cost_is_covered_in_part_or_whole(lent, paid_cents, said):
    assert list(cost_covered(lent, cost_cents=105, paid_cents=paid_cents)) == said


@pytest.mark.parametrize(
    ("lent", "paid_cents", "said"),
    [
        (Lent(2000), 60_000, "it would have been $640.00: $40.00 less was paid."),
        (Lent(2000), 64_001, "it would have been $640.00: $0.01 more was paid."),
        (Lent(2000), 64_000, "it would have been $640.00, which is what was paid."),
    ],
)
def test_payment_stands_beside_the_average(lent, paid_cents, said):
    (found,) = beside_the_average(lent, average_cents=32, paid_cents=paid_cents)

    assert found == f"At the published average payment of $0.32 a loan {said}"


@pytest.mark.parametrize(("lent", "paid_cents"), [(Lent(0), 5), (UNKNOWN, 5), (Lent(5), 0), (Lent(5), None)])
def test_without_loans_or_payment_there_is_no_average(lent, paid_cents):
    assert beside_the_average(lent, average_cents=32, paid_cents=paid_cents) == ()


def test_an_average_that_was_entered_is_not_called_published():
    (found,) = beside_the_average(Lent(100), average_cents=50, paid_cents=5000, of_state=False)

    assert found == (
        "At the payment entered of $0.50 a loan it would have been $50.00, which is what was paid."
    )


# Through the years


YEARS = range(2014, 2019)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, ["Loans of none of the fiscal years 2014 to 2018 are known."]),
        ({2018: 5}, ["Of these years only fiscal year 2018 is known: there is none to compare it with."]),
        (
            {2014: 5, 2015: 5, 2016: 5, 2017: 100, 2018: 150},
            [
                "It lent 150 items in fiscal year 2018, 50 more than in fiscal year 2017 (50.0%).",
                "That is 145 more than in fiscal year 2014 (2,900.0%).",
            ],
        ),
        (
            {2016: 150, 2017: 1, 2018: 1},
            [
                "It lent 1 item in fiscal year 2018, as in fiscal year 2017.",
                "That is 149 fewer than in fiscal year 2016 (99.3%).",
                "Fiscal years 2014 and 2015 are not known.",
            ],
        ),
        (
            {2014: 1, 2015: 1, 2016: 1, 2017: 0, 2018: 2},
            [
                "It lent 2 items in fiscal year 2018, 2 more than in fiscal year 2017.",
                "That is 1 more than in fiscal year 2014 (100.0%).",
            ],
        ),
        (
            {2015: 0, 2016: 0, 2017: 3, 2018: 0},
            [
                "It lent nothing in fiscal year 2018, 3 fewer than in fiscal year 2017 (100.0%).",
                "That is as much as in fiscal year 2015.",
                "Fiscal year 2014 is not known.",
            ],
        ),
    ],
)
def test_trend_compares_the_years_that_are_known(known, said):
    assert list(through_the_years(AVON, YEARS, {"CT0001": known})) == said


def test_trend_of_members_compares_the_same_members():
    members = {"a": {2017: 10, 2018: 20}, "b": {2018: 1000}}

    assert list(through_the_years(Subject("LION", members=2), (2017, 2018), members)) == [
        "The 1 of 2 members known in both years lent 20 items in fiscal year 2018, 10 more than in fiscal "
        "year 2017 (100.0%)."
    ]


def test_trend_of_members_says_anew_whom_it_compares():
    members = {"a": {2016: 10, 2017: 10, 2018: 20}, "b": {2017: 5, 2018: 5}}

    assert list(through_the_years(Subject("LION", members=2), (2016, 2017, 2018), members)) == [
        "Its members lent 25 items in fiscal year 2018, 10 more than in fiscal year 2017 (66.7%).",
        "The 1 of 2 members known in both years lent 20 items in fiscal year 2018, 10 more than in fiscal "
        "year 2016 (100.0%).",
    ]


def test_trend_of_members_that_are_never_known_together_says_so():
    members = {"a": {2017: 10}, "b": {2018: 1000}}

    assert list(through_the_years(Subject("LION", members=2), (2017, 2018), members)) == [
        "No member’s loans are known of both fiscal year 2017 and fiscal year 2018."
    ]


# Peers


@pytest.mark.parametrize(
    ("subject", "own", "others", "said"),
    [
        (AVON, 2, [], ["It has no peer of similar size."]),
        (LION, 2, [], ["No other consortium is on record."]),
        (AVON, None, [1], ["What it lent is not known, so it is not compared."]),
        (LION, None, [1], ["What they lent is not known, so it is not compared."]),
        (AVON, 2, [None, None], ["It has 2 peers, and what they lent is not known."]),
        (
            AVON,
            2,
            [1, 1, 2, 5, None],
            [
                "For each resident it lent more than 2, less than 1 and as much as 1 of 4 peers.",
                "It lent 2.0 items for each resident; the middle of the peers is 1.5.",
                "What 1 peer lent is not known.",
            ],
        ),
        (
            LION,
            2,
            [3],
            [
                "For each resident its members lent less than the other consortium.",
                "Its members lent 2.0 items for each resident; the middle of the other consortium is 3.0.",
            ],
        ),
        (
            AVON,
            2,
            [1, 1, 1, None, None],
            [
                "For each resident it lent more than all 3 peers.",
                "It lent 2.0 items for each resident; the middle of the peers is 1.0.",
                "What 2 peers lent is not known.",
            ],
        ),
    ],
)
def test_peers_are_compared_where_known(subject, own, others, said):
    as_fractions = [None if number is None else Fraction(number) for number in others]

    assert list(beside_peers(subject, None if own is None else Fraction(own), as_fractions)) == said


# Where


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([], "No town is known in which its cards were used at another library."),
        (
            [Place("Avon", 1)],
            "Its cards were used at libraries of 1 town, the most in Avon (1 item).",
        ),
        (
            [Place("Avon", 20), Place("Bethel", 20), Place("Canton", 20), Place("Essex", 3)],
            "Its cards were used at libraries of 4 towns, the most in Avon, Bethel and Canton (20 items "
            "each).",
        ),
    ],
)
def test_where_cards_were_used(places, said):
    assert where_cards_were_used(AVON, places) == said


@pytest.mark.parametrize(
    ("places", "lent", "said"),
    [
        ([], Lent(0), "Nobody with a card of another town’s library borrowed there."),
        ([], UNKNOWN, "No certified filing counts for these months: what it lent is not known."),
        (
            [Place("Avon", 20), Place("Bethel", 2)],
            Lent(22),
            "People with cards of libraries of 2 towns borrowed there, the most from Avon (20 items).",
        ),
    ],
)
def test_who_borrowed(places, lent, said):
    assert who_borrowed(AVON, places, lent) == said
