from dataclasses import replace
from datetime import date, timedelta

import pytest

from connecticard.rulebook import Rulebook
from payments.rules import eligibility
from payments.rules.eligibility import (
    Code,
    ExpenditureReportOwed,
    FilingOwed,
    Standing,
    State,
    expenditure_report_state,
    filing_state,
    unmet_requirements,
)

FIRST_HALF = FilingOwed(
    first_day=date(2026, 3, 1),
    last_day=date(2026, 8, 31),
    due_on=date(2026, 9, 8),
    submitted_on=date(2026, 9, 8),
    certified=True,
)
SECOND_HALF = FilingOwed(
    first_day=date(2026, 9, 1),
    last_day=date(2027, 2, 28),
    due_on=date(2027, 3, 8),
    submitted_on=date(2027, 3, 2),
    certified=True,
)
REPORT = ExpenditureReportOwed(
    due_on=date(2026, 11, 1),
    covers_fiscal_year=2025,
    received_cents=123456,
    submitted_on=date(2026, 11, 1),
    certified=True,
)
IN_ORDER = Standing(
    judged_on=date(2027, 4, 1),
    letter_on_file=True,
    legal_standing_on_record=True,
    filings=(FIRST_HALF, SECOND_HALF),
    expenditure_report=REPORT,
)


def with_filing(**changes):
    return replace(IN_ORDER, filings=(FIRST_HALF, replace(SECOND_HALF, **changes)))


def with_report(**changes):
    return replace(IN_ORDER, expenditure_report=replace(REPORT, **changes))


def codes(standing):
    return [unmet.code for unmet in unmet_requirements(standing)]


def test_library_in_order_has_nothing_unmet():
    assert unmet_requirements(IN_ORDER) == ()


def test_no_letter_on_file():
    (unmet,) = unmet_requirements(replace(IN_ORDER, letter_on_file=False))

    assert unmet.code is Code.LETTER_NOT_ON_FILE
    assert unmet.reason == "No Letter of Agreement was on file on April 1, 2027."
    assert "11-31c-1(d)" in unmet.citation


def test_closed_library_waits_for_its_successor_and_not_for_its_own_letter():
    closed = replace(IN_ORDER, letter_on_file=False, closed_on=date(2026, 10, 1))

    assert codes(closed) == [Code.SUCCESSOR_NOT_ON_RECORD]
    assert "October 1, 2026" in unmet_requirements(closed)[0].reason
    assert codes(replace(closed, successor_on_record=True)) == []


def test_legal_standing_not_on_record():
    assert codes(replace(IN_ORDER, legal_standing_on_record=False)) == [Code.LEGAL_STANDING_NOT_ON_RECORD]


def test_filing_missing():
    (unmet,) = unmet_requirements(with_filing(submitted_on=None, certified=False))

    assert unmet.code is Code.FILING_MISSING
    assert unmet.reason == (
        "The record of loans for September 2026 to February 2027 was not filed; it was due March 8, 2027."
    )


def test_filing_not_due_yet_says_until_when_there_is_time():
    standing = replace(with_filing(submitted_on=None), judged_on=date(2027, 3, 8))

    (unmet,) = unmet_requirements(standing)

    assert unmet.reason.endswith("has not been filed yet; it is due March 8, 2027.")
    assert unmet.cure == "File and certify it by March 8, 2027."


def test_filing_extended_says_until_when_there_is_time():
    standing = replace(
        with_filing(submitted_on=None, waived_until=date(2027, 3, 20)), judged_on=date(2027, 3, 15)
    )

    assert unmet_requirements(standing)[0].cure == "File and certify it by March 20, 2027."


def test_filing_late_without_a_waiver():
    (unmet,) = unmet_requirements(with_filing(submitted_on=date(2027, 3, 9)))

    assert unmet.code is Code.FILING_LATE
    assert "was filed March 9, 2027, after it was due March 8, 2027; no waiver is on record." in unmet.reason


def test_filing_late_beyond_its_waiver():
    (unmet,) = unmet_requirements(with_filing(submitted_on=date(2027, 3, 21), waived_until=date(2027, 3, 20)))

    assert unmet.reason.endswith("a waiver allowed it until March 20, 2027.")


def test_filing_late_under_a_waiver_is_in_order():
    standing = with_filing(submitted_on=date(2027, 3, 20), waived_until=date(2027, 3, 20))

    assert codes(standing) == []
    assert filing_state(standing.filings[1]) is State.WAIVED


def test_filing_not_certified_is_waived_by_nobody():
    (unmet,) = unmet_requirements(with_filing(certified=False, waived_until=date(2027, 6, 30)))

    assert unmet.code is Code.FILING_NOT_CERTIFIED
    assert "cannot be waived" in unmet.cure


def test_filing_late_and_not_certified_shows_both():
    assert codes(with_filing(submitted_on=date(2027, 4, 1), certified=False)) == [
        Code.FILING_LATE,
        Code.FILING_NOT_CERTIFIED,
    ]


def test_filings_come_in_the_order_of_their_days():
    missing = [replace(SECOND_HALF, submitted_on=None), replace(FIRST_HALF, submitted_on=None)]

    reasons = [unmet.reason for unmet in unmet_requirements(replace(IN_ORDER, filings=tuple(missing)))]

    assert "March 2026 to August 2026" in reasons[0]
    assert "September 2026 to February 2027" in reasons[1]


def test_expenditure_report_filed_on_the_date_in_the_law_is_in_time():
    assert expenditure_report_state(REPORT) is State.IN_TIME


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {"submitted_on": None},
            Code.EXPENDITURE_REPORT_MISSING,
            "was not filed; it was due November 1, 2026.",
        ),
        (
            {"submitted_on": date(2026, 11, 2)},
            Code.EXPENDITURE_REPORT_LATE,
            "was filed November 2, 2026, after",
        ),
        ({"certified": False}, Code.EXPENDITURE_REPORT_NOT_CERTIFIED, "is not certified"),
        (
            {"submitted_on": None, "received_cents": None},
            Code.MONEY_RECEIVED_UNKNOWN,
            "not known what the library received in fiscal year 2025",
        ),
    ],
)
def test_expenditure_report_not_in_order(changes, code, words):
    (unmet,) = unmet_requirements(with_report(**changes))

    assert unmet.code is code
    assert words in unmet.reason
    assert "fiscal year 2025" in unmet.reason
    assert "11-31c-2(e)" in unmet.citation


def test_expenditure_report_late_under_a_waiver_is_in_order():
    standing = with_report(submitted_on=date(2026, 12, 1), waived_until=date(2026, 12, 1))

    assert codes(standing) == []
    assert expenditure_report_state(standing.expenditure_report) is State.WAIVED


def test_nothing_received_counts_as_met_and_unknown_does_not():
    assert codes(with_report(submitted_on=None, certified=False, received_cents=0)) == []
    assert codes(with_report(submitted_on=None, certified=False, received_cents=None)) == [
        Code.MONEY_RECEIVED_UNKNOWN
    ]


def test_report_certified_in_time_settles_it_where_the_ledger_knows_nothing():
    assert codes(with_report(received_cents=None)) == []


def test_statistical_report_is_asked_for_only_while_its_entry_is_on(monkeypatch):
    standing = replace(IN_ORDER, statistical_report_filed=False)
    assert codes(standing) == []

    switched_on = replace(
        eligibility.RULEBOOK.entry("eligibility.statistical_report_required", standing.judged_on),
        value=True,
        effective_from=standing.judged_on,
    )
    monkeypatch.setattr(eligibility, "RULEBOOK", Rulebook([*eligibility.RULEBOOK, switched_on]))

    assert codes(standing) == [Code.STATISTICAL_REPORT_NOT_FILED]
    assert codes(replace(standing, statistical_report_filed=None)) == [Code.STATISTICAL_REPORT_NOT_FILED]
    assert codes(replace(standing, statistical_report_filed=True)) == []
    assert codes(replace(standing, judged_on=standing.judged_on - timedelta(days=1))) == []


def test_everything_unmet_is_listed_with_reason_and_cure():
    standing = Standing(
        judged_on=date(2027, 4, 1),
        letter_on_file=False,
        legal_standing_on_record=False,
        filings=(replace(FIRST_HALF, submitted_on=None),),
        expenditure_report=replace(REPORT, submitted_on=None),
    )

    unmet = unmet_requirements(standing)

    assert len(unmet) == 4
    assert all(each.reason.endswith(".") and each.cure.endswith(".") and each.citation for each in unmet)
