import pkgutil
import subprocess
import sys
from datetime import date

import pytest

import payments.rules
import transactions.rules
from connecticard.rulebook import Label
from payments.rules import cents, grant_formula, rulebook

RULE_MODULES = [
    module.name
    for package in (payments.rules, transactions.rules)
    for module in pkgutil.iter_modules(package.__path__, prefix=f"{package.__name__}.")
]
TODAY = date(2026, 11, 21)


@pytest.mark.parametrize("module", RULE_MODULES)
def test_rule_module_loads_alone_and_without_django(module):
    code = (
        "import sys\n"
        "at_start = set(sys.modules)\n"  # some systems load a sitecustomize of their own
        f"import {module}\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - at_start}\n"
        "loaded -= set(sys.stdlib_module_names)\n"
        "loaded -= {'connecticard', 'transactions', 'payments'}\n"
        "print(*sorted(name for name in loaded if not name.startswith('_')))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert loaded.stdout.split() == []


def test_whole_rulebook_holds_the_entries_of_every_module():
    entries = set(rulebook.whole_rulebook())

    assert set(cents.RULEBOOK) < entries
    assert set(grant_formula.RULEBOOK) < entries
    assert {"semiannual_due_days_after", "expenditure_report.due", "grant.odd_cent_goes_to"} < {
        entry.key for entry in entries
    }


def test_every_entry_has_a_sentence_and_a_day_on_which_it_was_checked_and_law_has_a_citation():
    for entry in rulebook.whole_rulebook():
        assert entry.citation or entry.label is not Label.LAW, entry.key
        assert entry.sentence.endswith("."), entry.key
        assert entry.last_checked_on <= TODAY, entry.key
        assert entry.label in Label, entry.key


def test_settlements_without_a_number_are_entries_too():
    in_force = rulebook.whole_rulebook().in_force(TODAY)

    settled = {
        "grant.odd_cent_goes_to": "transactions",
        "cents.tie": "lower key",
        "cents.rounding": "largest remainder",
        "net_plus.computed_for": "library",
        "grant.not_in_order": "keep",
        "eligibility.nothing_received_counts_as_met": True,
        "eligibility.statistical_report_required": False,
    }
    assert {key: in_force[key].value for key in settled} == settled
    assert {in_force[key].label for key in settled} <= {Label.READING, Label.PRACTICE}


def test_edition_is_the_same_again_and_another_where_the_law_was_another():
    assert len(rulebook.edition_of(2027)) == 64
    assert rulebook.edition_of(2027) == rulebook.edition_of(2027)
    assert rulebook.edition_of(2027) != rulebook.edition_of(2018)


@pytest.mark.parametrize("rule", rulebook.public_rules(), ids=lambda rule: f"{rule.module}.{rule.function}")
def test_every_public_rule_says_what_it_does_and_names_its_source(rule):
    assert rule.sentence.endswith("."), "the docstring begins with one sentence or more"
    assert rule.source.endswith("."), "the docstring ends with a line 'Source: ...'"


def test_public_rules_list_what_the_page_shows():
    listed = {(rule.module, rule.function): rule for rule in rulebook.public_rules()}

    split = listed["payments.rules.grant_formula", "split_appropriation"]
    assert split.sentence.startswith("Return each participating library's two shares")
    assert split.source == "C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(a) to (c)."
    assert ("transactions.rules.filing_calendar", "measurement_period") in listed
    assert not any(module.endswith("_wording") for module, _ in listed)


def test_chapters_hold_every_entry_and_every_rule_once():
    chapters = rulebook.chapters()

    assert sorted(entry.key for chapter in chapters for entry in chapter.entries) == sorted(
        entry.key for entry in rulebook.whole_rulebook()
    )
    assert [rule for chapter in chapters for rule in chapter.rules] == list(rulebook.public_rules())
    assert all(chapter.sentence.endswith(".") for chapter in chapters)
