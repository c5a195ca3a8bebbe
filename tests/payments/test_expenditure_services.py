"""Expenditure reports from draft to certificate, their waivers, and the ledger of money received."""

from datetime import date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Role
from payments import expenditure_services as services
from payments.expenditure_services import ExpenditureRefused, NotAccurate
from payments.models import ExpenditureReport, ExpenditureReportWaiver, PastPayment
from payments.rules.expenditure_reporting import certificate
from payments.standing import standings
from tests.factories import give_role, make_letter, make_library, make_user

YEAR = 2025
AT = datetime(2026, 10, 20, 10, 0, tzinfo=EASTERN)
LATE = datetime(2026, 11, 5, 10, 0, tzinfo=EASTERN)


@pytest.fixture
def library(db):
    made = make_library("Avon Free Public Library", key="CT0003")
    make_letter(made)
    PastPayment.objects.create(library=made, fiscal_year=YEAR, cents=500_00, source="ledger")
    return made


@pytest.fixture
def director(library):
    """A person with both roles of a library, as many libraries have."""
    user = make_user(Role.LIBRARY_CERTIFIER, library=library)
    give_role(user, Role.LIBRARY_FILER, library=library)
    return user


@pytest.fixture
def staff(db):
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def draft(library, director):
    report = services.start_report(library=library, fiscal_year=YEAR, by=director, at=AT)
    return services.save_report(
        report=report, spent_cents={"materials": 300_00, "land": 0}, unspent_cents=200_00, by=director
    )


@pytest.fixture
def submitted(draft, director):
    return services.submit_report(report=draft, by=director, at=AT)


@pytest.fixture
def certified(submitted, director):
    return services.certify_report(report=submitted, by=director, at=AT)


def owed(library, on=date(2026, 11, 20)):
    return standings(2027, [library], on=on)[library.key].expenditure_report


def test_report_is_due_in_the_second_fiscal_year_after_the_money_came():
    due = services.report_on(YEAR)

    assert (due.covers_fiscal_year, due.due_on) == (YEAR, date(2026, 11, 1))


def test_draft_keeps_what_was_typed_and_knows_blank_from_zero(draft):
    assert dict(draft.lines.values_list("category", "cents")) == {"materials": 300_00, "land": 0}
    assert draft.received_cents == 500_00


def test_starting_again_continues_the_draft(draft, library, director):
    assert services.start_report(library=library, fiscal_year=YEAR, by=director, at=AT) == draft


def test_draft_that_does_not_add_up_is_saved_but_not_submitted(draft, director):
    services.save_report(report=draft, spent_cents={"materials": 1}, unspent_cents=200_00, by=director)

    with pytest.raises(NotAccurate, match=r"\$299.99 is missing") as refused:
        services.submit_report(report=draft, by=director, at=AT)

    assert [problem.field for problem in refused.value.problems] == ["total"]
    assert draft.lines.get().cents == 1


def test_unspent_left_blank_is_not_taken_for_nothing(draft, director):
    services.save_report(report=draft, spent_cents={"materials": 500_00}, unspent_cents=None, by=director)

    with pytest.raises(NotAccurate, match="0 where all was spent"):
        services.submit_report(report=draft, by=director, at=AT)


def test_certified_report_is_signed_in_the_words_of_the_day_and_counts(certified, library, director):
    assert certified.attestation == certificate(AT.date())
    assert (certified.certified_by, certified.is_standing) == (director, True)
    assert len(certified.sha256) == 64
    assert owed(library).certified
    assert owed(library).submitted_on == AT.date()


def test_every_step_is_in_the_audit_trail(certified):
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "expenditure_report_started",
        "expenditure_report_saved",
        "expenditure_report_submitted",
        "expenditure_report_certified",
    ]


def test_hash_of_a_report_is_that_of_its_content_alone(certified, library, director):
    version = services.reopen_report(report=certified, reason="receipt found", by=director, at=LATE)
    services.submit_report(report=version, by=director, at=LATE)

    assert services.certify_report(report=version, by=director, at=LATE).sha256 == certified.sha256


def test_report_is_not_certified_after_the_ledger_changed(submitted, library, director, staff):
    services.record_money_received(
        library=library, fiscal_year=YEAR, cents=600_00, source="Comptroller", by=staff
    )

    with pytest.raises(NotAccurate, match=r"now says \$600.00"):
        services.certify_report(report=submitted, by=director, at=AT)


def test_submitted_report_is_changed_only_after_it_was_returned(submitted, director):
    with pytest.raises(ExpenditureRefused, match="submitted"):
        services.save_report(report=submitted, spent_cents={}, unspent_cents=0, by=director)

    with pytest.raises(ExpenditureRefused, match="what is to be changed"):
        services.return_report(report=submitted, reason=" ", by=director)
    returned = services.return_report(report=submitted, reason="Land is missing", by=director)

    assert services.save_report(report=returned, spent_cents={}, unspent_cents=0, by=director).is_open
    assert returned.returned_because == "Land is missing"


def test_draft_cannot_be_certified(draft, director):
    with pytest.raises(ExpenditureRefused, match="draft"):
        services.certify_report(report=draft, by=director, at=AT)


def test_reopened_report_stands_until_the_new_version_is_certified(certified, library, director):
    version = services.reopen_report(report=certified, reason="receipt found", by=director, at=LATE)
    services.save_report(
        report=version,
        spent_cents={"materials": 400_00},
        unspent_cents=100_00,
        notes={"materials": "large print"},
        by=director,
    )
    services.submit_report(report=version, by=director, at=LATE)
    standing = ExpenditureReport.objects.standing().get()
    services.certify_report(report=version, by=director, at=LATE)

    assert standing == certified
    assert ExpenditureReport.objects.standing().get() == version
    assert (version.version, version.amends_because) == (2, "receipt found")
    assert owed(library).submitted_on == AT.date()  # an amendment makes no timely report late


def test_reopening_is_undone(certified, director):
    version = services.reopen_report(report=certified, reason="mistake", by=director, at=LATE)
    with pytest.raises(ExpenditureRefused, match="newer version"):
        services.reopen_report(report=certified, reason="again", by=director, at=LATE)

    services.discard_version(report=version, by=director)

    assert ExpenditureReport.objects.get() == certified
    with pytest.raises(ExpenditureRefused, match="was taken back"):
        services.save_report(report=version, spent_cents={}, unspent_cents=0, by=director)
    with pytest.raises(ExpenditureRefused, match="later version"):
        services.discard_version(report=certified, by=director)


@pytest.mark.parametrize("reason", ["", "  "])
def test_reopening_needs_a_reason(certified, director, reason):
    with pytest.raises(ExpenditureRefused, match="why"):
        services.reopen_report(report=certified, reason=reason, by=director, at=LATE)


def test_certified_report_is_kept_by_the_database(certified):
    for change in (
        lambda: ExpenditureReport.objects.update(unspent_cents=1),
        lambda: certified.lines.update(cents=1),
        lambda: certified.lines.all().delete(),
        lambda: certified.delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_no_report_is_begun_where_nothing_was_received(library, director):
    PastPayment.objects.update(cents=0)

    with pytest.raises(ExpenditureRefused, match="no report is owed"):
        services.start_report(library=library, fiscal_year=YEAR, by=director, at=AT)


def test_no_report_is_begun_before_the_year_has_ended(library, director):
    with pytest.raises(ExpenditureRefused, match="has not ended"):
        services.start_report(library=library, fiscal_year=2027, by=director, at=AT)


def test_library_says_what_it_received_where_the_ledger_does_not(library, director):
    PastPayment.objects.all().delete()
    report = services.start_report(library=library, fiscal_year=YEAR, by=director, at=AT)
    with pytest.raises(NotAccurate, match="what the library received"):
        services.submit_report(report=report, by=director, at=AT)

    report = services.save_report(
        report=report, spent_cents={"staff": 10}, unspent_cents=0, received_cents=10, by=director
    )

    assert services.submit_report(report=report, by=director, at=AT).received_cents == 10


def test_people_of_other_libraries_may_not_touch_a_report(draft, library):
    stranger = make_user(Role.LIBRARY_CERTIFIER, library=make_library())

    for step in (
        lambda: services.start_report(library=library, fiscal_year=YEAR, by=stranger, at=AT),
        lambda: services.save_report(report=draft, spent_cents={}, unspent_cents=0, by=stranger),
        lambda: services.submit_report(report=draft, by=stranger, at=AT),
        lambda: services.certify_report(report=draft, by=stranger, at=AT),
        lambda: services.return_report(report=draft, reason="x", by=stranger),
        lambda: services.reopen_report(report=draft, reason="x", by=stranger, at=AT),
    ):
        with pytest.raises(PermissionDenied):
            step()


def test_filer_does_not_certify(submitted, library):
    with pytest.raises(PermissionDenied):
        services.certify_report(report=submitted, by=make_user(Role.LIBRARY_FILER, library=library), at=AT)


# Waivers


def proposed(library, staff, until=date(2026, 12, 1), at=LATE):
    return services.propose_waiver(
        library=library,
        fiscal_year=YEAR,
        until=until,
        authority="State Librarian",
        reason="flood",
        by=staff,
        at=at,
    )


def test_waiver_holds_once_another_person_approves(library, staff):
    waiver = proposed(library, staff)
    assert owed(library).waived_until is None
    with pytest.raises(ExpenditureRefused, match="another person"):
        services.approve_waiver(waiver=waiver, by=staff, at=LATE)

    services.approve_waiver(waiver=waiver, by=make_user(Role.STATE_STAFF), at=LATE)

    assert owed(library).waived_until == date(2026, 12, 1)
    assert waiver.kind == "late_acceptance"
    assert proposed(library, staff, at=AT).kind == "extension"


@pytest.mark.parametrize(("blank", "told"), [("authority", "who may grant"), ("reason", "reason")])
def test_waiver_names_its_authority_and_reason(library, staff, blank, told):
    terms = {"authority": "State Librarian", "reason": "flood", blank: " "}

    with pytest.raises(ExpenditureRefused, match=told):
        services.propose_waiver(
            library=library, fiscal_year=YEAR, until=date(2026, 12, 1), by=staff, at=LATE, **terms
        )


def test_waiver_ends_after_the_due_date(library, staff):
    with pytest.raises(ExpenditureRefused, match="due November 1, 2026; choose a later day"):
        proposed(library, staff, until=date(2026, 11, 1))


def test_waiver_is_settled_once(library, staff):
    waiver = proposed(library, staff)
    services.decline_waiver(waiver=waiver, by=staff)

    with pytest.raises(ExpenditureRefused, match="settled already"):
        services.approve_waiver(waiver=waiver, by=make_user(Role.STATE_STAFF), at=LATE)

    assert not ExpenditureReportWaiver.objects.exists()


# The ledger


def test_nothing_received_is_recorded_and_corrected(library, staff):
    services.record_money_received(library=library, fiscal_year=YEAR, cents=0, source="ledger 12", by=staff)

    assert owed(library).received_cents == 0
    event = AuditEvent.objects.get(action="money_received_recorded")
    assert (event.before["cents"], event.after["cents"]) == (500_00, 0)


def test_day_of_receipt_lies_in_the_fiscal_year(library, staff):
    with pytest.raises(ExpenditureRefused, match="July 1, 2025 is in fiscal year 2026"):
        services.record_money_received(
            library=library, fiscal_year=YEAR, cents=1, source="x", by=staff, received_on=date(2025, 7, 1)
        )


def test_ledger_is_kept_by_the_state_library(library, director):
    with pytest.raises(PermissionDenied):
        services.record_money_received(library=library, fiscal_year=YEAR, cents=0, source="x", by=director)
