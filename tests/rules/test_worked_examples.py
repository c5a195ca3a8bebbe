import csv
from pathlib import Path

import pytest

from payments.rules.cents import rate
from payments.rules.eligibility import ExpenditureReportOwed, expenditure_report_state
from payments.rules.expenditure_reporting import (
    fiscal_year_of,
    report_due_in,
    report_on_money_received,
)
from payments.rules.grant_formula import LibraryActivity, split_appropriation
from payments.rules.net_plus import Count, CountsRefused, Participation, gather_activity
from payments.rules.withheld_release import release_refusals
from reports.worked_examples import (
    PARTICIPATION_CHANGES,
    DatesExample,
    ExpectedLine,
    ReplayExample,
    SplitExample,
    read_example,
    split_examples,
    worked_examples,
)
from transactions.rules.filing_calendar import due_by_law, measurement_period, periods_of_year
from transactions.rules.reportable_loans import Service, TownsServed, refusal

REPOSITORY = Path(__file__).parents[2]


def named(example):
    return example.name


def of_kind(kind):
    return pytest.mark.parametrize(
        "example", [example for example in worked_examples() if isinstance(example, kind)], ids=named
    )


def participation(example):
    return {
        library.key: [Participation(days.first_day, days.last_day) for days in library.letters]
        for library in example.libraries
    }


def gathered(example, *, more=()):
    counts = [
        Count(row.lender, row.home_library, row.span.first_day, row.span.last_day, row.loans)
        for row in (*example.loans, *more)
        if getattr(row, "certified", True)
    ]
    return gather_activity(
        counts,
        participation(example),
        example.measured.first_day,
        example.measured.last_day,
        not_in_order={library.key for library in example.libraries if library.not_in_order},
    )


def calculated(example):
    return split_appropriation(example.appropriation_cents, gathered(example), withheld=example.withheld)


def towns_served(example):
    return TownsServed(
        Service(row.town, row.library, row.days.first_day, row.days.last_day) for row in example.residency
    )


@of_kind(SplitExample)
def test_split_gives_the_figures_expected(example):
    split = calculated(example)

    assert [ExpectedLine(**vars(line)) for line in split.lines] == list(example.lines)
    assert split.transactions_pool_cents == example.transactions_pool_cents
    assert split.net_plus_pool_cents == example.net_plus_pool_cents
    assert split.undistributed_cents == example.undistributed_cents


@of_kind(SplitExample)
def test_figures_expected_add_up_to_the_appropriation(example):
    paid_or_withheld = sum(line.payment_cents + line.withheld_cents for line in example.lines)

    assert paid_or_withheld + example.undistributed_cents == example.appropriation_cents


@of_kind(SplitExample)
def test_rates_are_those_stated(example):
    loans = sum(line.loans for line in example.lines)
    net_plus = sum(line.net_plus for line in example.lines)

    if example.rate_per_loan is not None:
        assert rate(example.transactions_pool_cents, loans) == example.rate_per_loan
    if example.rate_per_net_plus is not None:
        assert rate(example.net_plus_pool_cents, net_plus) == example.rate_per_net_plus


@of_kind(SplitExample)
def test_loans_that_count_may_be_reported(example):
    served = towns_served(example)

    for row in example.loans:
        assert refusal(row.lender, row.home_library, row.span, served) is None, row


@of_kind(SplitExample)
def test_loans_that_are_refused_are_refused_for_the_reason_stated(example):
    served = towns_served(example)

    for row in example.refused:
        if row.because == PARTICIPATION_CHANGES:
            with pytest.raises(CountsRefused, match="took part on some of these days only"):
                gathered(example, more=[row])
        else:
            refused = refusal(row.lender, row.home_library, row.span, served)
            assert refused is not None, row
            assert refused.because == row.because


@of_kind(SplitExample)
def test_money_withheld_is_released_or_lapses(example):
    withheld = {line.key: line.withheld_cents for line in example.lines}
    successors = {row.predecessor: row.successor for row in example.successions}

    for release in example.releases:
        refusals = release_refusals(
            fiscal_year=example.fiscal_year,
            withheld=example.withheld,
            cured_on=release.cured_on,
            ordered_on=release.ordered_on,
        )
        assert (release.paid_cents is None) == bool(refusals)
        assert (release.paid_cents or release.lapses_cents or 0) == withheld[release.library]
        assert release.paid_to == successors.get(release.library, release.library)


@of_kind(SplitExample)
def test_each_library_owes_the_filings_expected(example):
    cadences = {library.key: library.cadences for library in example.libraries}

    for key, count in example.filings_owed.items():
        periods = periods_of_year(example.fiscal_year, cadences[key], ())
        assert len(periods) == count
        assert sum(period.span.days for period in periods) == example.measured.days


@of_kind(SplitExample)
def test_every_town_has_one_principal_library_on_the_first_and_on_the_last_day(example):
    for day in (example.measured.first_day, example.measured.last_day):
        for town in example.towns:
            principals = [
                row.library
                for row in example.residency
                if row.town == town
                and row.principal
                and (row.days.first_day is None or row.days.first_day <= day)
                and (row.days.last_day is None or day <= row.days.last_day)
            ]
            assert len(principals) == 1, (town, day)


@of_kind(DatesExample)
def test_filings_are_due_on_the_days_expected(example):
    for row in example.filings:
        assert due_by_law(row.cadence, row.span, row.holidays) == row.due_on, row


@of_kind(DatesExample)
def test_expenditure_reports_are_due_on_the_days_expected(example):
    for row in example.expenditure_reports:
        due = report_due_in(row.payment_fiscal_year)
        owed = ExpenditureReportOwed(
            due.due_on, due.covers_fiscal_year, received_cents=1, submitted_on=row.filed_on, certified=True
        )

        assert (due.due_on, due.remind_on) == (row.due_on, row.remind_on)
        assert due.covers_fiscal_year == row.covers_fiscal_year
        assert expenditure_report_state(owed) == row.state


@of_kind(DatesExample)
def test_money_belongs_in_the_report_expected(example):
    for row in example.money:
        assert fiscal_year_of(row.received_on) == row.fiscal_year
        assert report_on_money_received(row.received_on).covers_fiscal_year == row.fiscal_year
        assert report_on_money_received(row.received_on).due_on == row.reported_on


@of_kind(ReplayExample)
def test_replay_gives_the_totals_expected(example):
    with (REPOSITORY / example.libraries_file).open(encoding="utf-8", newline="") as file:
        keys = [row["fscs_key"] for row in csv.DictReader(file)]
    period = measurement_period(example.fiscal_year)
    with (REPOSITORY / example.loans_file).open(encoding="utf-8", newline="") as file:
        counts = [
            Count(
                row["lender_fscs"],
                row["home_library_fscs"],
                period.first_day,
                period.last_day,
                int(row["loans"]),
            )
            for row in csv.DictReader(file)
            if row["home_library_fscs"]
        ]

    activity = gather_activity(
        counts, dict.fromkeys(keys, (Participation(),)), period.first_day, period.last_day
    )
    split = split_appropriation(example.appropriation_cents, activity)

    loans, net_plus = sum(line.loans for line in split.lines), sum(line.net_plus for line in split.lines)
    assert (len(split.lines), loans, net_plus) == (example.libraries, example.loans, example.net_plus)
    assert split.transactions_pool_cents == example.transactions_pool_cents
    assert split.net_plus_pool_cents == example.net_plus_pool_cents
    assert split.undistributed_cents == example.undistributed_cents
    assert rate(split.transactions_pool_cents, loans) == example.rate_per_loan
    assert rate(split.net_plus_pool_cents, net_plus) == example.rate_per_net_plus
    assert sum(line.payment_cents for line in split.lines) == example.paid_cents
    assert sum(line.withheld_cents for line in split.lines) == example.withheld_cents


def test_examples_tell_their_story_and_cite_the_law():
    for example in worked_examples():
        assert example.title, example.name
        assert "§" in example.section, example.name
        assert example.story.strip().endswith("."), example.name


def test_examples_are_many():
    assert len(split_examples()) >= 25


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('"A > B" = 30', '"A > B" = "30"', "must be a int"),
        ('"A > B" = 30', '"A > X" = 30', "unknown libraries: X"),
        ('"A > B" = 30', '"A-B" = 30', "must be written"),
        ("undistributed", "undistribtued", "undistributed is missing"),
        ("fiscal_year = 2026", "fiscal_year = 2026\nwitheld = 'keep'", "not understood: witheld"),
        ('B = { town = "b" }', 'B = { town = "b", leters = [] }', "not understood: leters"),
        ('"net plus share", ', "", "must begin with the headings"),
        ('"1000.01"', '"1,000.01"', "not an amount in dollars"),
    ],
)
def test_example_that_is_misspelt_is_refused(tmp_path, was, becomes, message):
    text = (REPOSITORY / "tests/rules/worked_examples/w00_three_libraries.toml").read_text(encoding="utf-8")
    assert was in text
    path = tmp_path / "misspelt.toml"
    path.write_text(text.replace(was, becomes), encoding="utf-8")

    with pytest.raises(ValueError, match=message):
        read_example(path)


def test_activity_that_redistribute_leaves_out_is_the_one_not_in_order():
    example = next(
        example for example in split_examples() if example.name == "w06b_not_in_order_redistribute"
    )

    assert gathered(example)[2] == LibraryActivity("C", 20, 15, eligible=False)
