"""Pages of expenditure reports, through the real client, for each role."""

from datetime import date

import pytest
from django.urls import reverse

from connecticard.models import Role
from payments.models import ExpenditureReport, ExpenditureReportWaiver, PastPayment
from tests.factories import (
    current_code,
    give_role,
    make_letter,
    make_library,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text

pytestmark = pytest.mark.django_db
YEAR = 2025


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 10, 20)


@pytest.fixture
def library():
    made = make_library("Avon Free Public Library", key="CT0003")
    make_letter(made)
    PastPayment.objects.create(library=made, fiscal_year=YEAR, cents=500_00, source="ledger")
    return made


@pytest.fixture
def director(library):
    user = make_user(Role.LIBRARY_CERTIFIER, library=library)
    give_role(user, Role.LIBRARY_FILER, library=library)
    return make_signed_in_client(user=user)


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


def address(name, library, *more):
    return reverse(f"payments:{name}", args=[library.key, YEAR, *more])


def submit(client, library, **typed):
    values = {"spent_materials": "$300.00", "spent_land": "0", "unspent": "200", "action": "submit"}
    return client.post(address("expenditure_enter", library), values | typed, follow=True)


def certify(client, library):
    return client.post(
        address("expenditure_certify", library), {"code": current_code(client.user)}, follow=True
    )


def test_library_fills_in_submits_and_certifies_its_report(director, library):
    before = text(director.get(address("expenditure_report", library)))
    form = text(director.get(address("expenditure_enter", library)))
    filed = text(submit(director, library))
    asked = text(director.get(address("expenditure_certify", library)))
    certified = text(certify(director, library))

    assert "due Sunday, November 1, 2026" in before
    assert "$500.00" in before
    assert "$500.00 still to be told." in form
    assert "Submitted. It counts once it is certified." in filed
    assert "no part of the money went back to the general fund of a town" in asked
    assert "Certified. The report is filed with the State Library." in certified
    assert "Land $0.00" in certified
    assert "Staff left blank" in certified
    report = ExpenditureReport.objects.get()
    assert (report.status, report.certified_by) == ("certified", director.user)


def test_looking_at_the_form_writes_nothing(director, library):
    director.get(address("expenditure_enter", library))

    assert not ExpenditureReport.objects.exists()


def test_draft_is_saved_as_it_stands(director, library):
    saved = director.post(
        address("expenditure_enter", library),
        {"spent_other": "1,234.5", "note_other": "Moving", "action": "save"},
        follow=True,
    )

    assert "Saved as a draft" in text(saved)
    assert 'value="1234.50"' in saved.content.decode()
    assert 'value="Moving"' in saved.content.decode()
    assert ExpenditureReport.objects.get().unspent_cents is None


@pytest.mark.parametrize("typed", ["12.345", "1,23", "ten", "-5", "1e3", "1 000"])
def test_amount_that_cannot_be_read_stays_on_the_page_with_its_error(director, library, typed):
    response = submit(director, library, spent_staff=typed, spent_supplies="7.25")
    page = response.content.decode()

    assert f"{typed} is not an amount." in text(response)
    assert f'value="{typed}"' in page
    assert 'value="7.25"' in page
    assert not ExpenditureReport.objects.exists()


def test_report_that_does_not_add_up_is_kept_and_says_what_is_missing(director, library):
    response = submit(director, library, unspent="100")

    assert "The draft is saved. It is not submitted yet" in text(response)
    assert "$100.00 is missing" in text(response)
    assert ExpenditureReport.objects.get().status == "draft"


def test_unspent_left_blank_is_asked_for_beside_its_field(director, library):
    response = submit(director, library, unspent="")

    assert response.context["form"].errors.keys() == {"unspent"}


def test_sum_is_added_up_while_typing_and_stores_nothing(director, library):
    answer = text(
        director.post(
            address("expenditure_sum", library), {"spent_materials": "450.00", "spent_staff": "oops"}
        )
    )
    enough = text(director.post(address("expenditure_sum", library), {"unspent": "500"}))
    too_much = text(director.post(address("expenditure_sum", library), {"unspent": "501"}))

    assert "$50.00 still to be told." in answer
    assert "It adds up." in enough
    assert "$1.00 more than was received." in too_much
    assert not ExpenditureReport.objects.exists()


def test_wrong_code_certifies_nothing(director, library):
    submit(director, library)

    response = director.post(address("expenditure_certify", library), {"code": "000000"})
    without = director.post(address("expenditure_certify", library), {})

    assert "This code is not right" in text(response)
    assert "Enter the code that your authenticator app shows." in text(without)
    assert ExpenditureReport.objects.get().status == "submitted"


def test_draft_cannot_be_certified_by_its_address(director, library):
    director.post(address("expenditure_enter", library), {"action": "save"})

    response = director.get(address("expenditure_certify", library), follow=True)

    assert "There is no submitted report to certify." in text(response)


def test_filer_sees_no_certify_button_but_who_certifies(library):
    filer = make_signed_in_client(Role.LIBRARY_FILER, library)

    page = text(submit(filer, library))

    assert "once the director, or a deputy with the certifier's role, certifies it" in page
    assert "Certify the report" not in page
    assert filer.get(address("expenditure_certify", library)).status_code == 403


def test_certifier_returns_a_report_with_the_reason(director, library):
    submit(director, library)
    assert director.get(address("expenditure_return", library)).status_code == 200

    page = text(
        director.post(address("expenditure_return", library), {"reason": "Add the land"}, follow=True)
    )

    assert "Add the land" in page
    assert "Add the land" in text(director.get(address("expenditure_enter", library)))
    again = director.post(address("expenditure_return", library), {"reason": "x"}, follow=True)
    assert "This report is returned" in text(again)


def test_certified_report_is_reopened_and_both_versions_stay_readable(director, library):
    submit(director, library)
    certify(director, library)
    assert director.get(address("expenditure_reopen", library)).status_code == 200

    director.post(address("expenditure_reopen", library), {"reason": "A receipt was found"})
    submit(director, library, unspent="150", spent_training="50")
    amended = text(certify(director, library))
    first = text(director.get(address("expenditure_report", library), {"version": "1"}))

    assert "A receipt was found" in amended
    assert "Training $50.00" in amended
    assert "Certified, replaced by a later version" in first
    assert "Training left blank" in first


def test_reopening_is_taken_back(director, library):
    submit(director, library)
    certify(director, library)
    director.post(address("expenditure_reopen", library), {"reason": "Mistake"})
    open_page = text(director.get(address("expenditure_report", library)))

    page = text(director.post(address("expenditure_discard", library), follow=True))
    twice = text(director.post(address("expenditure_discard", library), follow=True))

    assert "Take version 2 back" in open_page
    assert "The new version is taken back." in page
    assert "Only a later version" in twice


def test_certified_report_is_entered_no_more(director, library):
    submit(director, library)
    certify(director, library)

    assert "Reopen it with a reason" in text(director.get(address("expenditure_enter", library), follow=True))


def test_nothing_received_is_no_report(director, library):
    PastPayment.objects.update(cents=0)

    assert "No report is owed" in text(director.get(address("expenditure_report", library)))
    assert "no report is owed" in text(director.get(address("expenditure_enter", library), follow=True))


def test_unknown_receipt_is_asked_for_and_said(director, library):
    PastPayment.objects.all().delete()

    assert "Unknown is not nothing" in text(director.get(address("expenditure_report", library)))
    assert "Enter what was received." in text(director.get(address("expenditure_enter", library)))
    submit(director, library, received="500")
    assert ExpenditureReport.objects.get().received_cents == 500_00


def test_ledger_changed_after_certifying_is_said(director, staff, library):
    submit(director, library)
    certify(director, library)

    staff.post(address("money_received", library), {"cents": "600", "source": "Comptroller"})

    assert "The ledger says another amount" in text(director.get(address("expenditure_report", library)))


def test_year_that_has_not_ended_waits(director, library):
    page = director.get(reverse("payments:expenditure_report", args=[library.key, 2027]))

    assert "The fiscal year has not ended" in text(page)


@pytest.mark.parametrize("year", [1, 1994, 2100])
def test_year_that_no_rule_speaks_of_is_not_found(director, library, year):
    response = director.get(reverse("payments:expenditure_report", args=[library.key, year]))

    assert response.status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "expenditure_report",
        "expenditure_enter",
        "expenditure_certify",
        "expenditure_return",
        "expenditure_reopen",
    ],
)
def test_other_libraries_are_refused(library, name):
    stranger = make_signed_in_client(Role.LIBRARY_CERTIFIER, make_library())

    assert stranger.get(address(name, library)).status_code == 403


def test_auditor_reads_and_changes_nothing(director, library):
    submit(director, library)
    auditor = make_signed_in_client(Role.AUDITOR)

    page = text(auditor.get(address("expenditure_report", library)))

    assert "$300.00" in page
    assert "Certify the report" not in page
    assert "Propose a waiver" not in page
    for name in ("money_received", "expenditure_waiver_propose", "expenditure_return"):
        assert auditor.post(address(name, library), {"reason": "x"}).status_code == 403


# The State Library's side


def test_staff_see_who_owes_filed_and_certified(staff, director, library, django_assert_max_num_queries):
    submit(director, library)
    other = make_library("Berlin-Peck Memorial Library")
    make_letter(other)
    nothing = make_library("Canton Public Library")
    PastPayment.objects.create(library=nothing, fiscal_year=YEAR, cents=0, source="ledger")
    make_letter(nothing)

    with django_assert_max_num_queries(32):
        page = text(staff.get(reverse("payments:expenditure_report_list")))

    assert "3 of 3 libraries" in page
    assert "Avon Free Public Library $500.00 Submitted, not certified" in page
    assert "Berlin-Peck Memorial Library unknown Money received unknown" in page
    assert "Nothing received, none owed" in page


@pytest.mark.parametrize(
    ("state", "shown"),
    [("", 2), ("owed", 2), ("late", 1), ("missing", 1), ("submitted", 0), ("unknown", 1), ("nothing", 0)],
)
def test_staff_choose_whose_reports_to_see(staff, library, settings, state, shown):
    settings.DEMO_TODAY = date(2026, 11, 20)
    make_letter(make_library("Berlin-Peck Memorial Library"))

    response = staff.get(reverse("payments:expenditure_report_list"), {"state": state})

    assert len(response.context["rows"]) == shown


def test_staff_look_at_an_earlier_year(staff, library):
    page = text(staff.get(reverse("payments:expenditure_report_year", args=[2026])))

    assert "On money received July 1, 2023 through June 30, 2024" in page


def test_staff_record_and_correct_what_was_received(staff, library):
    assert "On record: $500.00" in text(staff.get(address("money_received", library)))

    wrong_day = staff.post(
        address("money_received", library), {"cents": "0", "source": "x", "received_on": "2025-07-01"}
    )
    done = staff.post(
        address("money_received", library),
        {"cents": "0", "source": "Payment list", "received_on": "2025-05-02"},
        follow=True,
    )

    assert "July 1, 2025 is in fiscal year 2026" in text(wrong_day)
    assert "is on record" in text(done)
    assert PastPayment.objects.get().cents == 0


def test_waiver_is_proposed_by_one_and_approved_by_another(staff, library):
    assert staff.get(address("expenditure_waiver_propose", library)).status_code == 200
    terms = {"until": "2026-11-01", "authority": "State Librarian", "reason": "Flood."}
    early = text(staff.post(address("expenditure_waiver_propose", library), terms))

    proposed = text(
        staff.post(
            address("expenditure_waiver_propose", library), terms | {"until": "2026-12-01"}, follow=True
        )
    )
    settle = reverse("payments:expenditure_waiver_settle", args=[ExpenditureReportWaiver.objects.get().pk])
    own = text(staff.get(settle))
    refused = text(staff.post(settle, {"action": "approve"}, follow=True))
    other = make_signed_in_client(Role.STATE_ADMINISTRATOR)
    listed = text(other.get(reverse("payments:expenditure_report_list")))
    offered = text(other.get(settle))
    approved = text(other.post(settle, {"action": "approve"}, follow=True))

    assert "choose a later day" in early
    assert "Proposed Accepted through December 1, 2026" in proposed
    assert "You proposed it, so another person approves it." in own
    assert "another person must approve it" in refused
    assert "Waivers to settle" in listed
    assert "Approve the waiver" in offered
    assert "Approved. The later day holds from now on." in approved
    assert "Approved" in text(other.get(settle))


def test_waiver_is_declined(staff, library):
    staff.post(
        address("expenditure_waiver_propose", library),
        {"until": "2026-12-01", "authority": "State Librarian", "reason": "Flood."},
    )
    settle = reverse("payments:expenditure_waiver_settle", args=[ExpenditureReportWaiver.objects.get().pk])

    assert "Declined." in text(staff.post(settle, {"action": "decline"}, follow=True))
    assert not ExpenditureReportWaiver.objects.exists()
