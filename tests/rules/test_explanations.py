"""How much is asked of libraries: nothing raises, nothing is asked twice, a real year is left in peace."""

import csv
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import libraries
import transactions
from tests.rules.filings_in_context import MONTHS, TODAY, USUAL, earlier_counts, earlier_totals, in_context
from transactions.rules.explanations import CHECKS, Reason, questions, stands
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import LARGEST_COUNT, NOT_COUNTED, Count, FilingToCheck, Tier
from transactions.rules.filing_in_context import FilingInContext, HomeLibrary, band_about, band_of_total
from transactions.rules.reportable_loans import TownsServed
from transactions.rules.usual_counts import EarlierCounts, limits, usual_range

HOMES = list(USUAL)
ANY_COUNT = st.one_of(
    st.none(),
    st.just(NOT_COUNTED),
    st.integers(0, 30),
    st.integers(0, LARGEST_COUNT),
    st.sampled_from([-1, 0.5, True, "12"]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.tuples(st.sampled_from(HOMES), st.sampled_from([*MONTHS, None])), ANY_COUNT),
    st.booleans(),
    st.sampled_from([EarlierCounts(), earlier_counts(1), earlier_counts(), earlier_totals()]),
    st.sampled_from([TODAY, date(2026, 9, 15), date(2026, 12, 1)]),
)
def test_no_counts_make_a_check_fail_and_nothing_is_asked_twice(cells, by_month, earlier, today):
    others = {home: HomeLibrary(5_000, (41.8, -72.9), 900) for home in HOMES}
    filing = FilingToCheck(
        lender="New Hartford",
        covers=Span(MONTHS[0], date(2027, 2, 28)),
        by_month=by_month,
        counts=[Count(home, month, loans) for (home, month), loans in cells.items()],
        served=TownsServed([]),
    )

    found = questions(FilingInContext(filing, today, earlier, others, (41.8, -72.9)))

    asked = [problem for problem in found if problem.tier is Tier.MUST_EXPLAIN]
    assert found[: len(asked)] == asked, "what must be explained comes first"
    places = Counter((problem.check, problem.home_library, problem.month) for problem in found)
    assert set(places.values()) <= {1}
    assert all(stands(problem.value, problem.band) for problem in asked)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=30), st.integers(1, 5))
def test_a_history_that_was_always_the_same_is_never_outside_its_range(counts, years):
    usual = {f"Library {number:02}": units for number, units in enumerate(counts)}
    every_month = [date(2026 - back // 12, 12 - back % 12, 1) for back in range(4, 4 + 12 * years)]

    filing = in_context(
        {(home, month): units for month in MONTHS for home, units in usual.items()},
        usual={},
        earlier=EarlierCounts(dict.fromkeys(every_month, usual)),
    )

    about_patterns = {
        "copied_from_another_month",
        "copied_from_an_earlier_filing",
        "counts_of_one_value",
        "round_numbers",
    }
    assert {problem.check for problem in questions(filing)} <= about_patterns


@given(st.integers(0, LARGEST_COUNT), st.integers(0, LARGEST_COUNT))
def test_an_explanation_stands_for_its_value_and_never_for_a_usual_one(before, units):
    usual = usual_range([before] * 5, limits(TODAY))

    if not usual.holds(units):
        band = band_about(units, usual, limits(TODAY))
        assert stands(units, band)
        assert not any(stands(value, band) for value in (usual.low, usual.middle, usual.high))
    assert stands(units, band_of_total(units, limits(TODAY)))


def test_an_explanation_stands_nearer_the_usual_and_a_little_farther_off():
    usual = usual_range([100] * 6, limits(TODAY))

    band = band_about(1_000, usual, limits(TODAY))

    assert [stands(value, band) for value in (usual.high + 1, 1_000, 1_100, 1_101, None)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_only_another_reason_needs_words():
    assert [reason for reason in Reason if reason.needs_text] == [Reason.OTHER]
    assert all(reason.label for reason in Reason)


def test_every_check_has_a_name_of_its_own_and_a_tested_module():
    names = [check.__name__ for check in CHECKS]

    assert len(set(names)) == len(names)


# A whole real year: what fiscal year 2018 lent, spread over months as loans come


def _rows(module, name):
    with (Path(module.__file__).parent / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def lent_in_2018():
    """What each library lent on the cards of each other, by FSCS key."""
    found = defaultdict(dict)
    for row in _rows(transactions, "loans_fy2018.csv"):
        if row["home_library_fscs"]:
            found[row["lender_fscs"]][row["home_library_fscs"]] = int(row["loans"])
    return dict(found)


@pytest.fixture(scope="module")
def neighbours(lent_in_2018):
    towns = {row["town"]: int(row["pop_2020_07_01_dph"]) for row in _rows(libraries, "towns.csv")}
    lent_to = Counter()
    for by_home in lent_in_2018.values():
        lent_to.update(by_home)
    found = {}
    for row in _rows(libraries, "libraries.csv"):
        served = {row["town"], *(town.strip() for town in row["towns_served_as_principal"].split(";"))}
        found[row["fscs_key"]] = HomeLibrary(
            residents=sum(towns.get(town, 0) for town in served),
            position=(float(row["lat"]), float(row["lon"])) if row["lat"] else None,
            lent_to_them=lent_to[row["fscs_key"]],
        )
    return found


_SEASON = (93, 85, 100, 92, 102, 100, 98, 110, 120, 112, 95, 98)  # of a hundred, September to August


def _month(chance, yearly, level):
    """Return a month's counts: visits by chance, of one to seven things each, about a level of the year's."""
    counts = {}
    for home, (loans, drift) in yearly.items():
        expected = loans / 12 * level * drift
        visits = _visits(chance, expected / 4 * chance.gammavariate(12, 1 / 12))
        if visits <= 40:
            counts[home] = sum(chance.randint(1, 7) for _ in range(visits))
        else:
            counts[home] = round(visits * 4 * chance.gauss(1, 0.02))
    return {home: units for home, units in counts.items() if units}


def _visits(chance, expected):
    if expected > 50:
        return max(0, round(chance.gauss(expected, expected**0.5)))
    visits, passed = 0, chance.expovariate(1)
    while passed < expected:
        visits, passed = visits + 1, passed + chance.expovariate(1)
    return visits


def _half_year(lender, lent, neighbours, years):
    """Return a correct filing of half a year after so many years on record, made from the year 2018."""
    chance = Random(lender)
    drifts = dict.fromkeys(lent, 1.0)
    earlier = {}
    for back in range(years, 0, -1):
        drifts = {home: drift * chance.gauss(1, 0.06) for home, drift in drifts.items()}
        level = 1 - 0.03 * back + chance.gauss(0, 0.03)
        for place, season in enumerate(_SEASON):
            month = date(2026 - back + (8 + place) // 12, (8 + place) % 12 + 1, 1)
            earlier[month] = _month(
                chance, {home: (lent[home], drifts[home]) for home in lent}, level * season / 100
            )
    counts = [
        Count(home, month, units)
        for month, season in zip(MONTHS, _SEASON, strict=False)
        for home, units in _month(
            chance, {home: (lent[home], drifts[home]) for home in lent}, season / 100
        ).items()
    ]
    filing = FilingToCheck(lender, Span(MONTHS[0], date(2027, 2, 28)), True, counts, TownsServed([]))
    return FilingInContext(filing, TODAY, EarlierCounts(earlier), neighbours, neighbours[lender].position)


@pytest.mark.parametrize(("years", "asked_of_a_hundred"), [(0, 0), (1, 12), (5, 5)])
def test_correct_filings_of_a_real_year_are_asked_next_to_nothing(
    lent_in_2018, neighbours, years, asked_of_a_hundred
):
    asked, looks = [], []
    for lender in sorted(lent_in_2018)[::4]:
        found = questions(_half_year(lender, lent_in_2018[lender], neighbours, years))
        asked.append(sum(problem.tier is Tier.MUST_EXPLAIN for problem in found))
        looks.append(sum(problem.tier is Tier.WORTH_A_LOOK for problem in found))

    assert len(asked) == 42
    assert max(asked) <= 4
    assert sum(number > 0 for number in asked) * 100 <= asked_of_a_hundred * len(asked)
    assert max(looks) <= 6


def test_the_published_year_itself_gives_nothing_unlikely(lent_in_2018, neighbours):
    year = Span(date(2017, 3, 1), date(2018, 2, 28))
    for lender, lent in lent_in_2018.items():
        counts = [Count(home, None, units) for home, units in lent.items()]
        filing = FilingToCheck(lender, year, False, counts, TownsServed([]))

        found = questions(
            FilingInContext(filing, TODAY, EarlierCounts(), neighbours, neighbours[lender].position)
        )

        assert [problem.message for problem in found] == []


@pytest.mark.parametrize("slip", ["digit", "swapped", "copied"])
def test_slips_in_filings_of_a_real_year_are_found(lent_in_2018, neighbours, slip):
    missed = []
    for lender in sorted(lent_in_2018)[::8]:
        context = _half_year(lender, lent_in_2018[lender], neighbours, years=3)
        cells = {(count.home_library, count.month): count.loans for count in context.filing.counts}
        october, november = MONTHS[1], MONTHS[2]
        lines = [home for home in context.lines if cells.get((home, october), 0) >= 100]
        if slip == "digit" and lines:
            cells[lines[0], october] *= 10
        elif slip == "swapped" and lines:
            first = context.lines.index(lines[0])
            other = context.lines[first - 1 if first else first + 1]
            here, there = cells[lines[0], october], cells.get((other, october), 0)
            if there * 8 > here:
                continue
            cells[lines[0], october], cells[other, october] = there, here
        elif (
            slip == "copied"
            and sum(month == october and units >= 10 for (_, month), units in cells.items()) > 6
        ):
            cells = {cell: units for cell, units in cells.items() if cell[1] != november}
            cells |= {(home, november): units for (home, month), units in cells.items() if month == october}
        else:
            continue
        filing = FilingToCheck(
            lender,
            context.filing.covers,
            True,
            [Count(home, month, units) for (home, month), units in cells.items()],
            TownsServed([]),
        )

        found = questions(FilingInContext(filing, TODAY, context.earlier))

        if not any(problem.tier is Tier.MUST_EXPLAIN for problem in found):
            missed.append(lender)
    assert missed == []
