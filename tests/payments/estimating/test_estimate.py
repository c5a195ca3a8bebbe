"""What payments would be at today's figures: the engine of the run, on totals and on last year's months."""

from datetime import date

import pytest

from payments.calculation import calculate
from payments.estimating.estimate import RestsOn, Source, Stake, estimate
from tests.factories import make_counts, make_filing, make_letter, make_library, make_period
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions.models import Filing
from transactions.rules.filing_calendar import Cadence, measurement_period

TODAY = date(2026, 11, 21)
LAST_YEAR = measurement_period(FISCAL_YEAR - 1)
FIRST, SECOND = HALVES


@pytest.fixture
def libraries(db):
    """Three libraries that take part, and the appropriation of the year."""
    made = [make_library(f"Library {name}", key=name) for name in ("A", "B", "C")]
    for library in made:
        make_letter(library)
    appropriation(100_000)
    return made


def lines(split):
    """Each line without what depends on who is in order, which an estimate leaves aside."""
    return [
        (
            line.key,
            line.loans,
            line.borrows,
            line.net_plus,
            line.transactions_share_cents,
            line.net_plus_share_cents,
        )
        for line in split.lines
    ]


def activity(of):
    return {line.key: (line.loans, line.borrows) for line in of.split.lines}


def test_estimate_is_the_calculation_once_every_filing_is_certified(libraries):
    a, b, c = libraries
    for number, half in enumerate(HALVES, start=1):
        certified(a, {(b, half.first_day): 7 * number, (c, half.last_day.replace(day=1)): 3})
        certified(b, {a: 5}, first_day=half.first_day)
        certified(c, {a: 11, b: 2 * number}, first_day=half.first_day)
        if number == 1:
            certified(a, {(b, half.first_day): 9}, first_day=SECOND.first_day)

    found = estimate(FISCAL_YEAR, on=TODAY)
    calculation = calculate(FISCAL_YEAR, 100_000, on=TODAY)

    assert lines(found.split) == lines(calculation.split)
    assert found.split.transactions_pool_cents == calculation.split.transactions_pool_cents
    assert found.rests_on == RestsOn(certified=6)


def test_estimate_counts_the_months_of_a_filing_in_which_the_library_took_part(libraries):
    a, b, _ = libraries
    joined = make_library(key="D")
    make_letter(joined, begins=date(2026, 6, 1))
    certified(joined, {(a, date(2026, 4, 1)): 100, (a, date(2026, 7, 1)): 4, (b, date(2026, 8, 1)): 1})

    found = estimate(FISCAL_YEAR, on=TODAY)

    assert activity(found)["D"] == (5, 0)
    assert lines(found.split) == lines(calculate(FISCAL_YEAR, 100_000, on=TODAY).split)


def test_open_period_rests_on_the_same_months_a_year_before(libraries):
    a, b, _ = libraries
    certified(a, {b: 50})
    certified(
        a,
        {(b, date(2025, 4, 1)): 1_000, (b, date(2025, 9, 1)): 30, (b, date(2026, 2, 1)): 12},
        first_day=LAST_YEAR.first_day,
        cadence=Cadence.ANNUAL,
    )

    found = estimate(FISCAL_YEAR, on=TODAY)

    assert activity(found) == {"A": (92, 0), "B": (0, 92), "C": (0, 0)}
    assert found.periods["A"] == ((FIRST, Source.CERTIFIED), (SECOND, Source.LAST_YEAR))
    assert found.rests_on == RestsOn(certified=1, last_year=1, nothing=4)
    assert str(found.rests_on) == "1 certified, 1 with last year's figures, 4 with none"


def test_last_years_total_of_a_longer_period_is_spread_evenly_and_loses_no_unit(libraries):
    a, b, _ = libraries
    certified(a, {b: 1_001}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)

    whole = estimate(FISCAL_YEAR, on=TODAY)
    certified(a, {b: 0})
    half = estimate(FISCAL_YEAR, on=TODAY)

    assert activity(whole)["A"] == (1_001, 0)
    assert activity(half)["A"] == (501, 0)


def test_last_years_filing_that_was_superseded_or_never_certified_is_no_figure(libraries):
    a, b, c = libraries
    certified(a, {b: 70}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)
    certified(a, {b: 10}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)
    draft = make_filing(c, make_period(LAST_YEAR.first_day, Cadence.ANNUAL))
    make_counts(draft, {(b, date(2025, 3, 1)): 9})

    found = estimate(FISCAL_YEAR, on=TODAY)

    assert activity(found) == {"A": (10, 0), "B": (0, 10), "C": (0, 0)}


def test_library_without_a_letter_has_no_line_and_is_in_no_sum(libraries):
    outsider = make_library(key="Z")
    certified(outsider, {libraries[0]: 500})

    found = estimate(FISCAL_YEAR, on=TODAY)

    assert found.of("Z") is None
    assert activity(found)["A"] == (0, 0)
    assert found.without("Z") is found
    assert found.stake_of("Z") == Stake(0, 0, 0)


def test_without_a_library_its_open_periods_add_nothing_and_its_shares_are_withheld(libraries):
    a, b, _ = libraries
    certified(a, {b: 60})
    certified(a, {b: 40}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)
    for half in HALVES:
        certified(b, {a: 50}, first_day=half.first_day)

    found = estimate(FISCAL_YEAR, on=TODAY)
    absent = found.without("A")

    assert activity(found) == {"A": (80, 100), "B": (100, 80), "C": (0, 0)}
    assert activity(absent) == {"A": (60, 100), "B": (100, 60), "C": (0, 0)}
    assert absent.of("A").payment_cents == 0
    assert absent.of("A").withheld_cents == 18_750  # 60 of 160 loans, of half the appropriation
    assert absent.periods["A"] == ((FIRST, Source.CERTIFIED), (SECOND, Source.NOTHING))
    assert found.of("B").payment_cents == 27_778 + 50_000
    assert found.stake_of("A") == Stake(
        own_cents=22_222,
        others_gain_cents=31_250 - 27_778,
        others_lose_cents=0,
        most_affected="B",
        most_cents=31_250 - 27_778,
    )


def test_absence_can_cost_others_and_is_told_apart_from_what_they_gain(libraries):
    a, b, c = libraries
    certified(a, {b: 600}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)
    for half in HALVES:
        certified(b, {c: 200}, first_day=half.first_day)
        certified(c, {a: 300}, first_day=half.first_day)

    stake = estimate(FISCAL_YEAR, on=TODAY).stake_of("A")

    # B rises from 125.00 to 533.33, C falls from 687.50 to 466.67
    assert (stake.own_cents, stake.others_gain_cents, stake.others_lose_cents) == (18_750, 40_833, 22_083)
    assert (stake.most_affected, stake.most_cents) == (b.key, 40_833)


def test_library_that_has_certified_everything_leaves_nothing_open(libraries):
    a, b, _ = libraries
    for half in HALVES:
        certified(a, {b: 10}, first_day=half.first_day)

    found = estimate(FISCAL_YEAR, on=TODAY)

    assert found.without("A") is found
    assert found.stake_of("A") == Stake(0, 0, 0)


@pytest.mark.parametrize("basis", ["by_month", "period_total"])
def test_with_a_filing_is_the_estimate_after_it_is_certified(libraries, basis):
    a, b, c = libraries
    certified(a, {b: 60, c: 7})
    certified(a, {b: 40}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)
    certified(b, {a: 50})
    month = None if basis == "period_total" else date(2026, 5, 1)
    draft = make_filing(a, make_period(), version=2, amends_because="counted again", basis=basis)
    make_counts(draft, {(b, month): 11, (c, month): 5})

    before = estimate(FISCAL_YEAR, on=TODAY)
    after = before.with_filing(draft.pk)

    assert after.periods["A"] == ((FIRST, Source.OPEN_VERSION), (SECOND, Source.LAST_YEAR))
    draft.delete()
    certified(a, {b: 11, c: 5} if month is None else {(b, month): 11, (c, month): 5})
    assert lines(after.split) == lines(estimate(FISCAL_YEAR, on=TODAY).split)
    assert activity(before)["A"] == (87, 50)  # what was estimated stays as it was


def test_with_a_filing_takes_it_in_place_of_last_years_figures(libraries):
    a, b, _ = libraries
    certified(a, {b: 40}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)
    draft = make_filing(a, make_period(SECOND.first_day))
    make_counts(draft, {(b, date(2026, 9, 1)): 3})

    after = estimate(FISCAL_YEAR, on=TODAY).with_filing(draft.pk)

    assert activity(after)["A"] == (23, 0)
    assert after.rests_on == RestsOn(as_entered=1, last_year=1, nothing=4)
    assert str(after.rests_on) == "0 certified, 1 as entered, 1 with last year's figures, 4 with none"


def test_with_a_filing_counts_only_months_in_which_its_library_took_part(libraries):
    a, *_ = libraries
    joined = make_library(key="D")
    make_letter(joined, begins=date(2026, 6, 1))
    draft = make_filing(joined, make_period())
    make_counts(draft, {(a, date(2026, 4, 1)): 100, (a, date(2026, 7, 1)): 4})

    assert activity(estimate(FISCAL_YEAR, on=TODAY).with_filing(draft.pk))["D"] == (4, 0)


def test_with_a_filing_of_another_year_or_of_none_is_refused(libraries):
    of_last_year = make_filing(libraries[0], make_period(LAST_YEAR.first_day, Cadence.ANNUAL))
    found = estimate(FISCAL_YEAR, on=TODAY)

    with pytest.raises(ValueError, match="fiscal year 2027"):
        found.with_filing(of_last_year.pk)
    with pytest.raises(Filing.DoesNotExist):
        found.with_filing(0)


def test_filing_of_a_library_that_takes_no_part_changes_nothing(libraries):
    draft = make_filing(make_library(key="Z"), make_period())
    found = estimate(FISCAL_YEAR, on=TODAY)

    assert found.with_filing(draft.pk) is found


def test_latest_appropriation_before_stands_in_and_is_named(libraries):
    appropriation(50_000, FISCAL_YEAR + 2)

    assert estimate(FISCAL_YEAR + 1, on=TODAY).appropriation_year == FISCAL_YEAR
    assert estimate(FISCAL_YEAR, on=TODAY).appropriation_cents == 100_000


def test_without_an_appropriation_or_a_participant_nothing_is_divided(db):
    empty = estimate(FISCAL_YEAR, on=TODAY)

    assert (empty.appropriation_cents, empty.appropriation_year, empty.split.lines) == (0, None, ())
    assert str(empty.rests_on) == "0 certified, 0 with last year's figures, 0 with none"


def test_lines_of_any_estimate_add_up_to_the_appropriation(libraries):
    a, b, c = libraries
    certified(a, {b: 17, c: 1})
    certified(b, {c: 33}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)
    certified(c, {a: 8, b: 5})
    found = estimate(FISCAL_YEAR, on=TODAY)

    for each in (found, *(found.without(key) for key in found.library_ids)):
        assert sum(line.payment_cents + line.withheld_cents for line in each.split.lines) == 100_000


def test_stakes_of_everybody_ask_the_database_nothing_more(libraries, django_assert_num_queries):
    a, b, _ = libraries
    certified(a, {b: 17}, first_day=LAST_YEAR.first_day, cadence=Cadence.ANNUAL)
    found = estimate(FISCAL_YEAR, on=TODAY)

    with django_assert_num_queries(0):
        assert {key: found.stake_of(key).own_cents for key in found.library_ids} == {
            "A": 100_000,
            "B": 0,
            "C": 0,
        }
