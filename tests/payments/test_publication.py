"""When a payment run becomes a public record, and for whom it is one."""

from datetime import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Role
from payments import services
from payments.models import PaymentRun, RunPublication
from payments.services import RunRefused
from tests.factories import make_letter, make_library, make_user
from tests.payments.records import appropriation

pytestmark = pytest.mark.django_db
AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)


@pytest.fixture
def administrator():
    return make_user(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def calculated():
    make_letter(make_library(key="A"))
    staff = make_user(Role.STATE_STAFF)
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    return services.calculate_run(run=run, by=staff, at=AT)


@pytest.fixture
def certified(calculated, administrator):
    return services.certify_run(run=calculated, by=administrator, at=AT)


def test_a_certified_run_is_the_state_library_s_until_it_is_published(certified, administrator):
    assert not PaymentRun.objects.published().exists()
    assert not PaymentRun.objects.visible_to(None).exists()
    assert PaymentRun.objects.visible_to(administrator).get() == certified

    services.record_publication(run=certified, by=administrator, at=AT)

    assert PaymentRun.objects.published().get() == certified
    assert PaymentRun.objects.visible_to(None).get().is_published
    assert AuditEvent.objects.filter(action="payment_run_published").count() == 1


def test_a_published_run_that_is_void_stays_visible_and_stands_no_more(certified, administrator):
    services.record_publication(run=certified, by=administrator, at=AT)

    services.void_run(run=certified, reason="The wrong act", by=administrator, at=AT)

    assert not PaymentRun.objects.published().exists()
    assert PaymentRun.objects.visible_to(None).get().status == "void"


def test_a_run_is_published_certified_and_once(calculated, administrator):
    with pytest.raises(RunRefused, match="Only a certified run is published; this one is calculated"):
        services.record_publication(run=calculated, by=administrator, at=AT)
    run = services.certify_run(run=calculated, by=administrator, at=AT)
    services.record_publication(run=run, by=administrator, at=AT)

    with pytest.raises(RunRefused, match=r"was published by .* on April 15, 2027"):
        services.record_publication(run=run, by=administrator, at=AT)


@pytest.mark.parametrize("role", [Role.STATE_STAFF, Role.AUDITOR])
def test_an_administrator_alone_publishes(certified, role):
    with pytest.raises(PermissionDenied):
        services.record_publication(run=certified, by=make_user(role), at=AT)


def test_the_database_publishes_no_run_that_is_not_certified(calculated, administrator):
    with pytest.raises(DatabaseError, match="only a certified payment run is"), transaction.atomic():
        RunPublication.objects.create(run=calculated, published_at=AT, published_by=administrator)


def test_the_database_keeps_a_publication(certified, administrator):
    publication = services.record_publication(run=certified, by=administrator, at=AT)

    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        publication.delete()
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        RunPublication.objects.update(published_by=certified.prepared_by)
