"""Whoever looks at the payment runs learns when the nightly proof has stopped."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import Role
from payments import services
from payments.models import VerifiedBecause
from payments.proving.proof import not_proved_lately, verify_run
from tests.factories import make_signed_in_client, make_user
from tests.payments.records import appropriation

pytestmark = pytest.mark.django_db
CERTIFIED_AT = datetime(2027, 4, 15, 12, tzinfo=EASTERN)
LATER = CERTIFIED_AT + timedelta(days=3)
NOTICE = "Certified runs are not worked out again"


@pytest.fixture
def run():
    staff = make_user(Role.STATE_STAFF, name="Sam", email="sam@example.org")
    administrator = make_user(Role.STATE_ADMINISTRATOR, name="Ada", email="ada@example.org")
    run = services.create_run(appropriation=appropriation(100_000), by=staff, at=CERTIFIED_AT)
    run = services.calculate_run(run=run, by=staff, at=CERTIFIED_AT)
    return services.certify_run(run=run, by=administrator, at=CERTIFIED_AT)


def test_run_that_no_night_reached_for_two_days_is_named(run):
    assert list(not_proved_lately(LATER)) == [run]


def test_run_certified_a_day_ago_waits_for_its_night(run):
    assert not not_proved_lately(CERTIFIED_AT + timedelta(days=1))


def test_run_proved_last_night_is_not_late(run):
    verify_run(run=run, because=VerifiedBecause.NIGHTLY, at=LATER - timedelta(days=1))
    assert not not_proved_lately(LATER)


def test_list_of_runs_warns_while_the_night_does_not_come(run, settings):
    settings.DEMO_TODAY = LATER.date()
    client = make_signed_in_client(Role.AUDITOR)
    assert NOTICE in client.get(reverse("payments:run_list")).text
    verify_run(run=run, because=VerifiedBecause.COMMAND, at=LATER)
    assert NOTICE not in client.get(reverse("payments:run_list")).text
