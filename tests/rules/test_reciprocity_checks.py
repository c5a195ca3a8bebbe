"""What the other side makes unlikely: too many for its residents, too far, more than everybody lent."""

import pytest

from tests.rules.filings_in_context import NEIGHBOURS, OCTOBER, found, in_context, in_totals
from transactions.rules import reciprocity_checks
from transactions.rules.filing_in_context import HomeLibrary
from transactions.rules.reciprocity_checks import (
    far_home_library,
    more_than_all_libraries_lent,
    more_than_residents_could_borrow,
)
from transactions.rules.usual_counts import EarlierCounts

ASKS, LOOKS = "must_explain", "worth_a_look"
HERE, TWENTY_KILOMETRES, FAR = (41.80, -72.90), (41.98, -72.90), (41.80, -73.90)


def lent(units, other, **context):
    """Return a first filing of half a year with loans on cards of Union alone."""
    return in_context(
        {("Union", OCTOBER): units},
        usual={},
        earlier=EarlierCounts(),
        filing={"covers": in_context().filing.covers},
        months=[],
        others={"Union": other},
        position=HERE,
        **context,
    )


def of_half_a_year(units, other):
    return in_totals({"Union": units}, earlier=EarlierCounts(), others={"Union": other}, position=HERE)


@pytest.mark.parametrize(
    "check", [more_than_residents_could_borrow, far_home_library, more_than_all_libraries_lent]
)
def test_usual_filing_beside_its_neighbours_is_quiet(check):
    assert found(check, in_context(others=NEIGHBOURS, position=HERE)) == []
    assert found(check, in_totals(others=NEIGHBOURS, position=HERE)) == []
    assert found(check, in_context()) == []


class TestMoreThanResidentsCouldBorrow:
    @pytest.mark.parametrize(("units", "times"), [(2_000, 0), (2_001, 1), (20_000, 1)])
    def test_four_units_a_year_for_each_resident_are_the_bound(self, units, times):
        filing = of_half_a_year(units, HomeLibrary(residents=1_000))

        assert found(more_than_residents_could_borrow, filing) == [(ASKS, "Union", None)] * times

    def test_a_month_is_taken_twelve_times(self):
        small = HomeLibrary(residents=1_000)

        assert not found(more_than_residents_could_borrow, lent(333, small))
        assert found(more_than_residents_could_borrow, lent(334, small)) == [(LOOKS, "Union", None)]
        assert found(more_than_residents_could_borrow, lent(500, small)) == [(ASKS, "Union", None)]


class TestFarHomeLibrary:
    def test_many_loans_to_a_far_town_must_be_explained(self):
        filing = of_half_a_year(600, HomeLibrary(residents=10_000, position=FAR))

        assert found(far_home_library, filing) == [(ASKS, "Union", None)]
        assert "52 miles away" in next(far_home_library(filing)).message

    def test_few_to_a_small_far_town_are_worth_a_look(self):
        filing = of_half_a_year(60, HomeLibrary(residents=800, position=FAR))

        assert found(far_home_library, filing) == [(LOOKS, "Union", None)]

    @pytest.mark.parametrize(
        "other",
        [
            HomeLibrary(residents=10_000, position=TWENTY_KILOMETRES),
            HomeLibrary(residents=10_000),
            HomeLibrary(residents=120_000, position=FAR),
        ],
        ids=["near", "place unknown", "large"],
    )
    def test_otherwise_it_is_quiet(self, other):
        assert not found(far_home_library, of_half_a_year(600, other))

    def test_too_many_for_the_residents_is_said_once(self):
        filing = of_half_a_year(6_000, HomeLibrary(residents=1_000, position=FAR))

        assert not found(far_home_library, filing)
        assert found(more_than_residents_could_borrow, filing)


class TestMoreThanAllLibrariesLent:
    @pytest.mark.parametrize(("units", "times"), [(1_000, 0), (1_001, 1)])
    def test_the_whole_year_before_is_the_bound(self, units, times):
        filing = of_half_a_year(units, HomeLibrary(residents=20_000, lent_to_them=2_000))

        assert found(more_than_all_libraries_lent, filing) == [(ASKS, "Union", None)] * times

    def test_without_a_year_on_record_it_is_quiet(self):
        assert not found(more_than_all_libraries_lent, of_half_a_year(9_000, HomeLibrary(residents=20_000)))


def test_checks_are_named_as_their_functions():
    for check in reciprocity_checks.CHECKS:
        assert getattr(reciprocity_checks, check.__name__) is check
