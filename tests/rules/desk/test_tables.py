"""The decision tables of the desk, row by row from TOML, and by every combination of what can be said."""

import itertools
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given as tried
from hypothesis import strategies as st

from connecticard.rulebook import Label, Rulebook
from payments.rules.rulebook import whole_rulebook
from transactions.rules import units
from transactions.rules.desk import TABLES
from transactions.rules.desk._table import Amount, Answer, Ask, Kind, Verdict, in_full
from transactions.rules.desk.overdue_fine import Rate, days_late, fine_of_item
from transactions.rules.units import Lending

TODAY = date(2026, 11, 22)
ELSEWHERE_THAN_TODAY = {"renewal_counted"}
"""Rows that stand in the table only under another rulebook than today's."""

CASES = [
    (key, case)
    for key in TABLES
    for case in tomllib.loads((Path(__file__).parent / f"{key}.toml").read_text())["case"]
]
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def combinations(table):
    """Every combination of the table's choices."""
    names = [question.name for question in table.questions]
    for values in itertools.product(*(question.values for question in table.questions)):
        yield dict(zip(names, values, strict=True))


def amounts(table):
    return {amount.name: _value(amount) for amount in table.amounts}


def _value(amount: Amount):
    return date(2026, 11, 1) if amount.kind is Kind.DAY else amount.least + 1


@pytest.mark.parametrize(
    ("key", "case"), CASES, ids=lambda value: value["name"] if type(value) is dict else value
)
def test_row_gives_the_answer_expected(key, case):
    answer = TABLES[key].decide(case["given"], TODAY)

    assert isinstance(answer, Answer), answer
    assert (answer.row, answer.verdict) == (case["row"], case["verdict"])
    cited = " ".join(entry.citation for entry in answer.entries)
    assert [place for place in case["cites"] if not _is_cited(place, cited)] == []
    if "values" in case:
        assert dict(answer.values) == case["values"]
    assert [found.cents for found in answer.sums] == case.get("fines", [])
    for found in answer.sums:
        assert {line.label: line.value for line in found.working}["Days late"] == case["days_late"]


def _is_cited(place, cited):
    return f"§ 11-31c-{place}" in cited or place in cited


@every_table
def test_every_row_has_a_case(table):
    cases = {case["row"] for key, case in CASES if key == table.key}

    assert cases == {row.name for row in table.rows} - ELSEWHERE_THAN_TODAY


@every_table
def test_every_combination_has_one_answer_with_verdict_reason_citation_and_next_step(table):
    found = set()

    for combination in combinations(table):
        answer = table.decide({**combination, **amounts(table)}, TODAY)
        assert isinstance(answer, Answer), combination
        assert answer.verdict in Verdict
        assert answer.headline_in_full
        assert answer.reasons[0].endswith(".")
        assert answer.next_step.endswith(".")
        assert answer.entries[0].citation
        found.add(answer.row)

    assert found == {row.name for row in table.rows} - ELSEWHERE_THAN_TODAY


@every_table
def test_asking_only_what_is_needed_ends_in_the_answer_of_the_whole_combination(table):
    for combination in combinations(table):
        whole = {**combination, **amounts(table)}
        said = {}
        while isinstance(step := table.decide(said, TODAY), Ask):
            asked = [step.question] if step.question else step.amounts
            assert not {each.name for each in asked} & said.keys()
            said |= {each.name: whole[each.name] for each in asked}
        taken = {question.name: question.assumed for question in table.questions if question.assumed}

        assert step.row == table.decide({**whole, **taken, **said}, TODAY).row


@every_table
def test_an_answer_takes_three_questions_at_most_beside_what_is_taken_for_granted(table):
    def longest(said, depth=0):
        step = table.decide(said, TODAY)
        if isinstance(step, Answer) or step.question is None:
            return depth
        return max(longest({**said, step.question.name: value}, depth + 1) for value in step.question.values)

    assert longest({}) <= 3


@every_table
def test_a_value_that_a_question_does_not_have_is_refused(table):
    name = table.questions[0].name

    with pytest.raises(ValueError, match=f"{name} is 'perhaps', not one of"):
        table.decide({name: "perhaps"}, TODAY)


@every_table
def test_names_of_questions_amounts_and_rows_are_each_their_own(table):
    names = [each.name for each in (*table.questions, *table.amounts)]

    assert len(names) == len(set(names))
    assert len(table.rows) == len({row.name for row in table.rows})
    assert all(len(question.values) == len(set(question.values)) for question in table.questions)


@every_table
def test_every_row_rests_on_entries_that_the_rulebook_shows(table):
    shown = {entry.key: entry for entry in whole_rulebook()}

    for row in table.rows:
        for key in row.rules:
            assert shown[key] == table.rulebook.entry(key, TODAY)


def test_where_the_rule_is_silent_staff_decide_and_the_entry_is_no_law():
    for table in TABLES.values():
        for row in table.rows:
            if row.verdict is Verdict.REFER and "outside" not in row.name:
                entry = table.rulebook.entry(row.rules[0], TODAY)
                assert entry.label is not Label.LAW or row.name in {
                    "library_does_not_participate",
                    "non_print_unknown",
                }, row.name


def test_renewals_are_counted_where_the_form_says_so(monkeypatch):
    entries = [entry for entry in units.RULEBOOK if entry.key != f"counted_{Lending.RENEWAL}"]
    of_today = units.RULEBOOK.entry(f"counted_{Lending.RENEWAL}", TODAY)
    counted = type(of_today)(**{**vars(of_today), "value": True})
    monkeypatch.setattr(units, "RULEBOOK", Rulebook([*entries, counted]))

    answer = TABLES["loan"].decide(
        {"lives": "other_town", "card": "home", "lent": "renewal", "number": 2}, TODAY
    )

    assert (answer.row, answer.verdict, dict(answer.values)) == ("renewal_counted", "yes", {"units": 2})


def test_amounts_that_a_row_needs_are_asked_together():
    step = TABLES["fine"].decide({"returned_to": "lender"}, TODAY)

    assert [amount.name for amount in step.amounts] == [
        "due",
        "handed_in",
        "items",
        "lender_rate",
        "lender_grace",
        "lender_grace_charged",
        "lender_most",
    ]


def test_what_was_taken_for_granted_is_said():
    answer = TABLES["card"].decide({"shown": "card", "card": "right", "issuer": "home"}, TODAY)

    assert answer.assumed == ("participates", "identification")


def test_money_in_a_headline_is_written_in_dollars():
    assert in_full("Due: %(fine_cents)s for %(items)s", {"fine_cents": 123450, "items": 2}) == (
        "Due: $1,234.50 for 2"
    )


@tried(
    due=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    late=st.integers(-50, 400),
    cents=st.integers(0, 10_000),
    grace=st.integers(0, 40),
    charged=st.booleans(),
    most=st.none() | st.integers(0, 5_000),
)
def test_a_fine_is_never_below_zero_nor_above_the_most_and_never_falls_by_another_day(
    due, late, cents, grace, charged, most
):
    rate = Rate(cents, grace, charged, most)
    days = days_late(due, due + timedelta(days=late))

    fine = fine_of_item(days, rate)

    assert 0 <= fine <= (days * cents if most is None else min(most, days * cents))
    assert fine <= fine_of_item(days + 1, rate)
    assert days == max(0, late)
