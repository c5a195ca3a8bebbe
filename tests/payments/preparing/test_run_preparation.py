"""Choosing the policy, and handing a run to who certifies it."""

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from connecticard.models import AuditEvent, Role
from payments import services
from payments.models import PaymentRun
from payments.preparing.run_preparation import (
    certifiers_of,
    choose_policy,
    hand_over_of,
    hand_over_run,
    waiting_to_be_certified,
)
from payments.services import RunRefused, StaleCalculation
from tests.factories import make_user
from tests.payments.disbursed import AT, make_libraries
from tests.payments.records import appropriation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = AT.date()


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_user(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def draft(staff):
    make_libraries()
    return services.create_run(appropriation=appropriation(), by=staff, at=AT)


@pytest.fixture
def calculated(draft, staff):
    return services.calculate_run(run=draft, by=staff, at=AT)


def test_a_draft_takes_the_policy_at_once(draft, staff):
    run = choose_policy(run=draft, withheld_policy="redistribute", board_decision="2027-3", by=staff)

    assert (run.withheld_policy, run.board_decision, run.next_policy) == ("redistribute", "2027-3", "")
    assert AuditEvent.objects.filter(action="payment_run_policy_chosen").count() == 1


def test_the_policy_of_the_figures_chosen_again_is_no_change(calculated, staff):
    run = choose_policy(run=calculated, withheld_policy="redistribute", board_decision="2027-3", by=staff)
    assert run.next_policy == "redistribute"

    assert choose_policy(run=run, withheld_policy="keep", by=staff).next_policy == ""


def test_redistributing_names_the_board(draft, staff):
    with pytest.raises(RunRefused, match="Board's recorded decision"):
        choose_policy(run=draft, withheld_policy="redistribute", board_decision=" ", by=staff)


def test_a_certified_run_keeps_its_policy(calculated, staff, administrator):
    run = services.certify_run(run=calculated, by=administrator, at=AT)

    with pytest.raises(RunRefused, match="certified; its policy stays"):
        choose_policy(run=run, withheld_policy="keep", by=staff)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"next_policy": "redistribute"}, "next_redistribution_cites_the_board"),
        ({"next_board_decision": "2027-3"}, "a_policy_is_chosen_until_the_certificate"),
        ({"next_policy": "keep", "status": "draft"}, "a_policy_is_chosen_until_the_certificate"),
    ],
)
def test_the_database_holds_a_chosen_policy_true(calculated, fields, name):
    if "status" in fields:
        fields |= {"calculated_at": None, "calculated_by": None, "appropriation_cents": None}
        fields |= {"transactions_pool_cents": None, "net_plus_pool_cents": None, "undistributed_cents": None}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        PaymentRun.objects.filter(pk=calculated.pk).update(**fields)


def test_administrators_who_may_certify_are_told_by_mail(calculated, staff, administrator):
    hand_over_run(run=calculated, by=staff, at=AT, note="Look at Avon.")
    mail.outbox.clear()

    assert hand_over_of(calculated).note == "Look at Avon."
    assert waiting_to_be_certified(administrator) == [calculated]
    assert waiting_to_be_certified(staff) == []


def test_the_letter_says_what_waits(calculated, staff, administrator, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        hand_over_run(run=calculated, by=staff, at=AT, note="Look at Avon.")

    (letter,) = mail.outbox
    assert letter.to == [administrator.email]
    assert "Payment run 2027-1" in letter.subject
    assert "Look at Avon." in letter.body
    assert f"/payment-runs/{calculated.pk}/" in letter.body


def test_a_calculation_is_handed_over_once_and_anew_when_it_is_made_anew(calculated, staff, administrator):
    hand_over_run(run=calculated, by=staff, at=AT)

    with pytest.raises(RunRefused, match="already"):
        hand_over_run(run=calculated, by=staff, at=AT)
    choose_policy(run=calculated, withheld_policy="redistribute", board_decision="2027-3", by=staff)
    calculated.refresh_from_db()
    with pytest.raises(StaleCalculation):
        hand_over_run(run=calculated, by=staff, at=AT)
    again = services.calculate_run(run=calculated, by=staff, at=AT)

    assert hand_over_of(again) is None
    assert waiting_to_be_certified(administrator) == []
    assert hand_over_run(run=again, by=staff, at=AT)


def test_who_prepared_a_run_is_not_asked_to_certify_it(administrator):
    make_libraries()
    run = services.create_run(appropriation=appropriation(), by=administrator, at=AT)
    run = services.calculate_run(run=run, by=administrator, at=AT)

    assert certifiers_of(run, AT) == []
    with pytest.raises(RunRefused, match="Invite another administrator"):
        hand_over_run(run=run, by=administrator, at=AT)


def test_a_draft_is_not_handed_over(draft, staff, administrator):
    with pytest.raises(RunRefused, match="this one is draft"):
        hand_over_run(run=draft, by=staff, at=AT)


@pytest.mark.parametrize("role", [Role.AUDITOR])
def test_staff_alone_prepare(calculated, role):
    person = make_user(role)
    with pytest.raises(PermissionDenied):
        choose_policy(run=calculated, withheld_policy="keep", by=person)
    with pytest.raises(PermissionDenied):
        hand_over_run(run=calculated, by=person, at=AT)
