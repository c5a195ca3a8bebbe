from datetime import date

import pytest

from transactions.rules import form_editions, units
from transactions.rules.form_editions import edition_named, edition_on


def test_annual_report_and_filing_period_have_an_edition_each():
    assert edition_on(date(2026, 2, 28)).name == "annual"
    assert edition_on(date(2026, 3, 1)).name == "2026-03"


def test_edition_of_a_kept_filing_is_found_by_its_name():
    assert edition_named("annual") == edition_on(date(2017, 3, 1))
    assert edition_named("2026-03") == edition_on(date(2026, 11, 21))


def test_unknown_edition_is_refused():
    with pytest.raises(KeyError, match="2031"):
        edition_named("2031")


def test_instructions_repeat_the_counting_rules_in_force():
    instructions = edition_on(date(2026, 11, 21)).instructions

    assert "Each loose issue of a periodical is one unit." in instructions
    assert "A renewal is not counted again: nothing is lent anew." in instructions
    assert instructions[0].startswith("Report what your library lent")


def test_attestation_speaks_of_accuracy_completeness_and_the_counting_rules():
    edition = edition_on(date(2026, 11, 21))

    for word in ("accurate", "complete", "rules of the program", "instructions"):
        assert word in edition.attestation
    assert edition.statement(nothing_lent=False) == edition.attestation
    assert edition.statement(nothing_lent=True).startswith("My library lent nothing")


def test_every_change_of_wording_or_counting_has_a_new_edition():
    named = {entry.effective_from for entry in form_editions.RULEBOOK if entry.key == "form_edition"}
    changes = {entry.effective_from for entry in form_editions.RULEBOOK | units.RULEBOOK}

    assert changes <= named


def test_names_fit_the_record_and_differ():
    names = [str(entry.value) for entry in form_editions.RULEBOOK if entry.key == "form_edition"]

    assert len(set(names)) == len(names)
    assert all(len(name) <= 40 for name in names)
    assert edition_named("annual").sha256 != edition_named("2026-03").sha256
