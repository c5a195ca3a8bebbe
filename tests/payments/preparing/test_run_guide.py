"""The guided pages of a payment run, through the real client."""

from datetime import date

import pytest
from django.core import mail
from django.urls import reverse

from connecticard.models import Role
from libraries.models import Library
from payments import services
from payments.models import PastPayment, PaymentRun
from payments.preparing.run_steps import steps
from payments.rules.payment_run_status import PaymentRunStage, PaymentRunStatus, stage_of
from tests.factories import make_home_library, make_letter, make_signed_in_client, make_user
from tests.page_text import text
from tests.payments.disbursed import AT, exported, make_libraries, ready_run
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = AT.date()


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_signed_in_client(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def draft(staff):
    """A run of three libraries in order and of D, which filed its first half alone."""
    make_libraries()
    d = make_home_library("D", key="D")
    make_letter(d)
    make_user(Role.LIBRARY_FILER, library=d)
    PastPayment.objects.create(library=d, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    certified(d, {Library.objects.get(key="A"): 8}, first_day=HALVES[0].first_day)
    certified(d, {Library.objects.get(key="A"): 4}, first_day=date(2025, 9, 1))
    return services.create_run(appropriation=appropriation(), by=staff.user, at=AT)


@pytest.fixture
def calculated(draft, staff):
    return services.calculate_run(run=draft, by=staff.user, at=AT)


def page(client, name, run, **query):
    response = client.get(reverse(f"payments:{name}", args=[run.pk]), query)
    assert response.status_code == 200
    return text(response)


def states(run, user) -> dict[str, str]:
    return {step.label: step.state for step in steps(run, user)}


# The line of steps, and what to do next


def test_a_draft_leads_to_the_calculation(staff, draft):
    found = states(draft, staff.user)

    assert (found["Requirements"], found["Open filings"], found["Calculate"]) == ("open", "open", "current")
    assert "Look at the requirements and the filings still open, then calculate." in page(
        staff, "run_page", draft
    )


def test_a_calculated_run_leads_staff_to_the_hand_over_and_then_waits(staff, administrator, calculated):
    assert "hand the run to an administrator" in page(staff, "run_page", calculated)
    assert administrator.user.name in page(staff, "run_hand_over", calculated)

    staff.post(reverse("payments:run_hand_over", args=[calculated.pk]), {"note": "Look at D."})

    assert "handed the run over on April 20, 2027" in page(staff, "run_page", calculated)
    assert "Look at D." in page(staff, "run_hand_over", calculated)
    assert "Payment run 2027-1 waits for you to certify it" in text(
        administrator.get(reverse("payments:run_list"))
    )
    assert "waits for you to certify it" in text(administrator.get(reverse("payments:work_list")))
    assert "and certify them" in page(administrator, "run_page", calculated)


def test_a_certified_run_leads_to_publishing_and_then_to_the_order(staff, administrator, calculated):
    run = services.certify_run(run=calculated, by=administrator.user, at=AT)

    assert "An administrator of the State Library publishes it." in page(staff, "run_page", run)
    assert "Publish it, so that libraries and the public can read it." in page(administrator, "run_page", run)
    services.record_publication(run=run, by=administrator.user, at=AT)
    assert "Record the number and date of its order." in page(staff, "run_page", run)
    assert states(PaymentRun.objects.get(), staff.user)["Board’s order"] == "current"


def test_a_void_run_has_no_step_to_take(staff, administrator, calculated):
    run = services.certify_run(run=calculated, by=administrator.user, at=AT)
    run = services.void_run(run=run, reason="Wrong", by=administrator.user, at=AT)

    assert "current" not in states(run, staff.user).values()
    assert "Begin a new one for fiscal year 2027" in page(staff, "run_page", run)


def test_a_disbursed_run_is_not_voided():
    run = ready_run()
    exported(run)
    administrator = make_signed_in_client(Role.STATE_ADMINISTRATOR)

    refused = administrator.post(reverse("payments:run_void", args=[run.pk]), {"reason": "Wrong"})

    assert "Money of this run was disbursed; it stands." in text(refused)
    assert "Void with a reason" not in page(administrator, "run_page", run)
    run.refresh_from_db()
    assert run.status == "certified"


def test_the_run_page_says_at_once_that_it_is_stale(staff, administrator, calculated):
    services.change_appropriation(
        appropriation=calculated.appropriation,
        cents=-100,
        on=date(2027, 4, 1),
        document="Allotment order 4",
        by=staff.user,
    )

    shown = page(staff, "run_page", calculated)

    assert "This calculation is stale" in shown
    assert "The amount available was $1,000.00 and is $999.00." in shown
    assert "amount available changed, April 20, 2027" in shown
    assert f"by {staff.user}" in shown
    assert "Something changed underneath." in shown
    assert "This calculation is stale" in page(administrator, "run_certify", calculated)


# Appropriation


def test_a_run_on_less_than_the_act_says_so_with_the_document(staff, draft):
    services.change_appropriation(
        appropriation=draft.appropriation,
        cents=-100,
        on=date(2027, 4, 1),
        document="Allotment order 4",
        by=staff.user,
    )
    services.calculate_run(run=draft, by=staff.user, at=AT)

    shown = page(staff, "run_appropriation", draft)

    assert "Allotment order 4 April 1, 2027 −$1.00" in shown
    assert "The run divides $999.00. That is less than the act says, by the documents above." in shown
    assert "$999.00 of $1,000.00" in page(staff, "run_page", draft)


# Requirements


def test_who_has_not_met_what_with_the_cure_and_a_reminder(staff, draft):
    shown = page(staff, "run_requirements", draft)

    assert "3 have met every requirement" in shown
    assert "The record of loans for September 2026 to February 2027 was not filed" in shown
    assert "What to do: File and certify it" in shown
    assert (
        'href="/rulebook/#eligibility.filings_required"'
        in staff.get(reverse("payments:run_requirements", args=[draft.pk])).content.decode()
    )


def test_all_of_a_requirement_are_reminded_at_once(staff, draft, django_capture_on_commit_callbacks):
    e = make_home_library("E", key="E")
    make_letter(e)
    make_user(Role.LIBRARY_FILER, library=e)
    PastPayment.objects.create(library=e, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    html = staff.get(reverse("payments:run_requirements", args=[draft.pk])).content.decode()
    address = html.split('href="' + reverse("payments:run_remind", args=[draft.pk]))[1].split('"')[0]
    address = reverse("payments:run_remind", args=[draft.pk]) + address.replace("&amp;", "&")
    digest = staff.get(address).context["plan"].digest

    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(address, {"digest": digest}, follow=True)

    assert "A reminder goes to" in text(answer)
    assert len(mail.outbox) == 2


def test_requirements_of_a_certified_run_are_those_of_the_certificate(staff, administrator, calculated):
    run = services.certify_run(run=calculated, by=administrator.user, at=AT)
    certified(Library.objects.get(key="D"), {}, first_day=HALVES[1].first_day)

    shown = page(staff, "run_requirements", run)

    assert "As certified April 20, 2027" in shown
    assert "was not filed" in shown
    assert "Remind" not in shown


# Open filings


def test_open_filings_show_what_each_absence_does(staff, draft):
    shown = page(staff, "run_open_filings", draft)

    assert "1 library has not certified all" in shown
    assert "D September 2026 to February 2027 (last year's figures)" in shown


def test_pay_without_them_side_by_side(staff, draft):
    response = staff.get(reverse("payments:run_without", args=[draft.pk]), {"without": "D"})
    lines = {line.library.key: line for line in response.context["lines"]}

    assert (lines["D"].before.loans, lines["D"].after.loans) == (12, 8)
    assert (lines["A"].before.borrows, lines["A"].after.borrows) == (32, 28)
    assert lines["D"].after.payment_cents == 0
    assert lines["D"].after.withheld_cents > 0
    assert lines["A"].cents == lines["A"].after.payment_cents - lines["A"].before.payment_cents
    assert "Their own shares are withheld" in text(response)


def test_nobody_open(staff, draft):
    certified(Library.objects.get(key="D"), {}, first_day=HALVES[1].first_day)

    assert "Nobody: every filing owed for the year is certified." in page(staff, "run_open_filings", draft)
    assert "Nobody is open" in page(staff, "run_without", draft)


# Policy


def test_both_policies_side_by_side_and_one_chosen(staff, calculated):
    response = staff.get(reverse("payments:run_policy", args=[calculated.pk]))
    lines = {line.library.key: line for line in response.context["lines"]}

    assert lines["D"].before.withheld_cents > 0
    assert lines["D"].after.withheld_cents == 0
    assert lines["A"].cents > 0
    assert sum(line.after.payment_cents for line in lines.values()) == 100_000

    refused = staff.post(response.request["PATH_INFO"], {"withheld_policy": "redistribute"})
    assert "Name the Board&#x27;s recorded decision" in refused.content.decode()
    chosen = staff.post(
        response.request["PATH_INFO"],
        {"withheld_policy": "redistribute", "board_decision": "2027-3"},
        follow=True,
    )
    assert "This calculation is stale" in text(chosen)
    assert "divided among the others, by decision of the Board: 2027-3" in page(
        staff, "run_policy", calculated
    )


def test_the_auditor_reads_the_policy_and_chooses_none(calculated):
    auditor = make_signed_in_client(Role.AUDITOR)

    assert "Choose this policy" not in page(auditor, "run_policy", calculated)
    refused = auditor.post(reverse("payments:run_policy", args=[calculated.pk]), {"withheld_policy": "keep"})
    assert refused.status_code == 403


# Comparing


def test_compare_with_the_previous_calculation_sorted_and_as_a_file(staff, calculated):
    a, b = Library.objects.filter(key__in="AB").order_by("key")
    certified(a, {b: 25}, first_day=HALVES[0].first_day)
    services.calculate_run(run=calculated, by=staff.user, at=AT)

    response = staff.get(reverse("payments:run_compare", args=[calculated.pk]), {"sort": "change"})
    file = staff.get(reverse("payments:run_compare_csv", args=[calculated.pk])).content.decode()

    assert "Payment, calculation 1 of this run" in text(response)
    cents = [line.cents for line in response.context["lines"]]
    assert cents == sorted(cents)
    row = next(line for line in file.splitlines() if line.startswith("A,"))
    assert row.startswith("A,A,30,40,10,")
    assert len(file.splitlines()) == 5


def test_nothing_to_compare_with(staff, draft, calculated):
    assert "There is nothing to compare with" in page(staff, "run_compare", calculated)
    assert staff.get(reverse("payments:run_compare_csv", args=[calculated.pk])).status_code == 404


def test_a_draft_is_not_compared(staff, draft):
    assert "The run is not calculated yet" in page(staff, "run_compare", draft)


# Stages


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ({}, PaymentRunStage.CERTIFIED),
        ({"published": True}, PaymentRunStage.PUBLISHED),
        ({"published": True, "ordered": True}, PaymentRunStage.ORDERED),
        ({"ordered": True, "sent": True}, PaymentRunStage.SENT),
        ({"published": True, "ordered": True, "sent": True, "paid": True}, PaymentRunStage.PAID),
    ],
)
def test_a_certified_run_is_as_far_as_what_followed(facts, stage):
    assert stage_of(PaymentRunStatus.CERTIFIED, **facts) is stage
    assert stage_of(PaymentRunStatus.VOID, **facts) is PaymentRunStage.VOID
    assert stage.label
