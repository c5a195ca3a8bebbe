"""What the database itself keeps true of filings, tried without any service in between."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.utils import Error

from connecticard.models import Role
from tests.factories import make_counts, make_filing, make_period, make_user
from tests.transactions.conftest import months
from transactions.models import Filing, FilingTotal, Holiday, LoanCount, ReportingCadence, Waiver
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 9, 5, tzinfo=UTC)
MARCH = date(2026, 3, 1)


@pytest.fixture
def person(db):
    return make_user(Role.STATE_STAFF, second_factor=False)


@pytest.fixture
def certified(libraries, person):
    filing = make_filing(libraries["CT0001"])
    make_counts(filing, {(libraries["CT0002"], month): 5 for month in months(MARCH, 6)})
    certify(filing, person)
    return filing


def certify(filing, person) -> None:
    Filing.objects.filter(pk=filing.pk).update(
        status="certified",
        first_submitted_at=NOW,
        submitted_at=NOW,
        submitted_by=person,
        certified_at=NOW,
        certified_by=person,
        attestation="I certify.",
        sha256="0" * 64,
    )


def run(sql: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def refuses(name: str):
    return pytest.raises(IntegrityError, match=name)


# Certified filings and their counts stay as they are


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE transactions_loancount SET loans = 6 WHERE filing_id = %s AND month = '2026-03-01'",
        "DELETE FROM transactions_loancount WHERE filing_id = %s",
        "INSERT INTO transactions_loancount (filing_id, home_library_id, month, loans) "
        "SELECT filing_id, home_library_id, NULL, 1 FROM transactions_loancount WHERE filing_id = %s LIMIT 1",
    ],
)
def test_counts_of_a_certified_filing_cannot_change(certified, sql):
    with pytest.raises(Error, match="counts of a certified filing cannot change"):
        run(sql, certified.pk)

    assert list(certified.loan_counts.values_list("loans", flat=True)) == [5] * 6


def test_a_count_cannot_be_moved_out_of_a_certified_filing(certified, libraries):
    draft = make_filing(libraries["CT0003"])

    with pytest.raises(Error, match="counts of a certified filing cannot change"):
        run("UPDATE transactions_loancount SET filing_id = %s WHERE filing_id = %s", draft.pk, certified.pk)


def test_a_count_cannot_be_moved_into_a_certified_filing(certified, libraries):
    draft = make_filing(libraries["CT0003"])
    make_counts(draft, {(libraries["CT0004"], MARCH): 1})

    with pytest.raises(Error, match="counts of a certified filing cannot change"):
        run("UPDATE transactions_loancount SET filing_id = %s WHERE filing_id = %s", certified.pk, draft.pk)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "draft"},
        {"sha256": "1" * 64},
        {"attestation": "Something else"},
        {"covers": DateRange(date(2026, 4, 1), date(2026, 9, 1))},
        {"first_submitted_at": datetime(2026, 9, 1, tzinfo=UTC)},
        {"revision": 9},
        {"nothing_lent": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_certified_filing_cannot_change(certified, change):
    with pytest.raises(Error, match="Cannot update"), transaction.atomic():
        Filing.objects.filter(pk=certified.pk).update(**change)


def test_a_certified_filing_is_superseded_once(certified):
    Filing.objects.filter(pk=certified.pk).update(superseded_at=NOW)

    with pytest.raises(Error, match="Cannot update"), transaction.atomic():
        Filing.objects.filter(pk=certified.pk).update(superseded_at=None)


def test_a_certified_filing_cannot_be_removed(certified):
    with pytest.raises(Error, match=r"Cannot delete|cannot change"):
        run(
            "DELETE FROM transactions_loancount WHERE filing_id = %s; "
            "DELETE FROM transactions_filing WHERE id = %s",
            certified.pk,
            certified.pk,
        )
    with pytest.raises(Error, match="Cannot delete"):
        run("DELETE FROM transactions_filing WHERE id = %s", certified.pk)


# Which filings may stand beside one another


def test_one_filing_of_a_version(libraries):
    first = make_filing(libraries["CT0001"])

    with refuses("one_filing_of_a_version|one_open_filing"), transaction.atomic():
        make_filing(libraries["CT0001"], first.period)


def test_one_open_filing(libraries):
    first = make_filing(libraries["CT0001"])

    with refuses("one_open_filing"), transaction.atomic():
        make_filing(libraries["CT0001"], first.period, version=2, amends_because="Found a page")


def test_one_standing_certified_filing(certified, person, libraries):
    second = make_filing(libraries["CT0001"], certified.period, version=2, amends_because="Found a page")

    with refuses("one_standing_certified_filing|share_no_day"), transaction.atomic():
        certify(second, person)


def test_an_annual_and_a_semiannual_filing_never_both_count(certified, person, libraries):
    annual = make_filing(libraries["CT0001"], make_period(MARCH, Cadence.ANNUAL))

    with refuses("standing_certified_filings_share_no_day"), transaction.atomic():
        certify(annual, person)


# What a filing must say of itself


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"submitted_at": NOW}, "filing_submission_is_whole"),
        ({"certified_at": NOW}, "filing_certification_is_whole|uncertified_filing_is_unsigned"),
        ({"superseded_at": NOW}, "uncertified_filing_is_unsigned"),
        ({"status": "submitted"}, "submitted_filing_says_when"),
        ({"status": "certified"}, "certified_filing_is_signed"),
        ({"provenance": "estimated"}, "estimated_filing_says_how"),
        ({"version": 2}, "later_version_has_a_reason"),
    ],
)
def test_a_filing_says_what_its_state_asks_for(libraries, change, name):
    filing = make_filing(libraries["CT0001"])

    with refuses(name), transaction.atomic():
        Filing.objects.filter(pk=filing.pk).update(**change)


def test_what_a_command_recorded_may_name_nobody_as_submitting(libraries):
    filing = make_filing(libraries["CT0001"], provenance="published", provenance_note="Statistical Profile")

    Filing.objects.filter(pk=filing.pk).update(status="submitted", submitted_at=NOW, sha256="0" * 64)


# Counts and totals


def test_one_count_of_a_home_library_and_month(libraries):
    filing = make_filing(libraries["CT0001"])
    make_counts(filing, {(libraries["CT0002"], None): 1, (libraries["CT0002"], MARCH): 1})

    for month in (None, MARCH):
        with refuses("one_count_of_a_home_library_and_month"), transaction.atomic():
            make_counts(filing, {(libraries["CT0002"], month): 2})


def test_a_month_is_its_first_day(libraries):
    with refuses("month_is_its_first_day"), transaction.atomic():
        make_counts(make_filing(libraries["CT0001"]), {(libraries["CT0002"], date(2026, 3, 2)): 1})


def test_a_count_is_not_negative(libraries):
    with refuses("loans_check"), transaction.atomic():
        make_counts(make_filing(libraries["CT0001"]), {(libraries["CT0002"], MARCH): -1})


def test_one_total_of_a_home_library(certified, libraries):
    FilingTotal.objects.create(filing=certified, home_library=libraries["CT0002"], loans=30)

    with refuses("one_total_of_a_home_library"), transaction.atomic():
        FilingTotal.objects.create(filing=certified, home_library=libraries["CT0002"], loans=30)


def test_a_library_with_counts_cannot_be_removed(libraries):
    make_counts(make_filing(libraries["CT0001"]), {(libraries["CT0002"], MARCH): 1})

    with pytest.raises(IntegrityError):
        run(
            "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM libraries_library WHERE id = %s",
            libraries["CT0002"].pk,
        )
    assert LoanCount.objects.count() == 1


# Periods, cadences, waivers, holidays


def test_one_period_of_a_cadence(db):
    period = make_period()
    period.pk = None

    with refuses("one_period_of_a_cadence"), transaction.atomic():
        period.save(force_insert=True)


@pytest.mark.parametrize(
    "change",
    [
        {"last_day": date(2026, 2, 1)},
        {"due_on": date(2026, 8, 31)},
        {"accepted_until": date(2026, 9, 1)},
        {"closes_on": date(2026, 9, 1)},
    ],
)
def test_the_dates_of_a_period_are_in_order(db, change):
    period = make_period()

    with refuses("filing_period_dates_in_order"), transaction.atomic():
        type(period).objects.filter(pk=period.pk).update(**change)


def test_one_cadence_a_day(libraries):
    library = libraries["CT0001"]
    ReportingCadence.objects.create(library=library, cadence=Cadence.MONTHLY, valid=DateRange(MARCH, None))

    with refuses("one_cadence_a_day"), transaction.atomic():
        ReportingCadence.objects.create(
            library=library, cadence=Cadence.SEMIANNUAL, valid=DateRange(date(2026, 9, 1), None)
        )


@pytest.mark.parametrize(
    "valid", [DateRange(date(2026, 4, 1), None), DateRange(MARCH, date(2026, 9, 2))], ids=["begins", "ends"]
)
def test_a_cadence_begins_and_ends_on_a_half_year(libraries, valid):
    with refuses("cadence_begins_and_ends_on_a_half_year"), transaction.atomic():
        ReportingCadence.objects.create(library=libraries["CT0001"], cadence=Cadence.MONTHLY, valid=valid)


def test_a_cadence_holds_a_day(libraries):
    with refuses("cadence_holds_a_day"), transaction.atomic():
        ReportingCadence.objects.create(
            library=libraries["CT0001"], cadence=Cadence.MONTHLY, valid=DateRange(empty=True)
        )


@pytest.mark.parametrize("covers", [DateRange(empty=True), DateRange(MARCH, None)], ids=["empty", "no end"])
def test_a_filing_covers_days_from_a_first_to_a_last(libraries, covers):
    filing = make_filing(libraries["CT0001"])

    with refuses("filing_covers_days_from_a_first_to_a_last"), transaction.atomic():
        type(filing).objects.filter(pk=filing.pk).update(covers=covers)


@pytest.mark.parametrize(
    ("approved_at", "by_another", "name"),
    [(NOW, False, "waiver_approved_by_another"), (None, True, "waiver_approval_is_whole")],
)
def test_a_waiver_is_approved_by_another_person(libraries, person, approved_at, by_another, name):
    approver = make_user(second_factor=False) if by_another else person

    with refuses(name), transaction.atomic():
        Waiver.objects.create(
            library=libraries["CT0001"],
            period=make_period(),
            kind="extension",
            until=date(2026, 9, 30),
            authority="State Librarian",
            reason="Flood",
            proposed_by=person,
            proposed_at=NOW,
            approved_by=approver,
            approved_at=approved_at,
        )


def test_a_holiday_is_on_record_once(db):
    Holiday.objects.create(day=MARCH, name="A holiday", source="Proclamation")

    with pytest.raises(IntegrityError), transaction.atomic():
        Holiday.objects.create(day=MARCH, name="A holiday", source="Proclamation")
