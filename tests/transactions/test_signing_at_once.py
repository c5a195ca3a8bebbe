"""Filings signed by two people, or twice by one, at the same moment; and a deputy ended meanwhile."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from connecticard.models import AuditEvent, Role, RoleAssignment
from connecticard.services import end_role
from tests.at_once import Elsewhere, at_once, wait_until_waiting
from tests.factories import make_counts, make_filing, make_user
from tests.transactions.conftest import months
from transactions import services
from transactions.models import Filing, FilingReceipt, FilingTotal
from transactions.services import FilingRefused

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 9, 5, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 9, 5)


@pytest.fixture
def draft(libraries, avon):
    filing = make_filing(avon)
    make_counts(filing, {(libraries["CT0002"], month): 20 for month in months(date(2026, 3, 1), 6)})
    return filing


@pytest.fixture
def filer(avon):
    return make_user(Role.LIBRARY_FILER, library=avon)


@pytest.fixture
def submitted(draft, filer):
    return services.submit_filing(filing=draft, by=filer, at=AT)


@pytest.fixture
def deputy(avon):
    return make_user(Role.DEPUTY_CERTIFIER, library=avon)


def test_two_who_certify_at_once_make_one_certificate(submitted, avon, deputy):
    director = make_user(Role.LIBRARY_CERTIFIER, library=avon)

    outcomes = at_once(
        *(
            lambda by=person: services.certify_filing(filing=submitted, by=by, at=AT)
            for person in (director, deputy)
        )
    )

    assert sum(isinstance(outcome, FilingRefused) for outcome in outcomes) == 1
    certificate = FilingReceipt.objects.get(kind="certificate")
    assert certificate.signer == Filing.objects.get(pk=submitted.pk).certified_by
    assert AuditEvent.objects.filter(action="filing_certified").count() == 1
    assert FilingTotal.objects.get().loans == 120


def test_two_who_submit_at_once_make_one_receipt(draft, filer, avon):
    other = make_user(Role.LIBRARY_FILER, library=avon)

    outcomes = at_once(
        *(lambda by=person: services.submit_filing(filing=draft, by=by, at=AT) for person in (filer, other))
    )

    assert sum(isinstance(outcome, FilingRefused) for outcome in outcomes) == 1
    assert FilingReceipt.objects.get().signer == Filing.objects.get(pk=draft.pk).submitted_by


def test_filing_that_is_certified_and_returned_at_once_is_one_of_both(submitted, avon, deputy):
    director = make_user(Role.LIBRARY_CERTIFIER, library=avon)

    outcomes = at_once(
        lambda: services.certify_filing(filing=submitted, by=director, at=AT),
        lambda: services.return_filing(filing=submitted, reason="Look at May.", by=deputy, at=AT),
    )

    assert sum(isinstance(outcome, FilingRefused) for outcome in outcomes) == 1
    status = Filing.objects.get(pk=submitted.pk).status
    assert FilingReceipt.objects.filter(kind="certificate").exists() is (status == "certified")


def test_deputy_who_is_ended_before_the_signature_stands_signs_nothing(submitted, avon, deputy):
    director = make_user(Role.LIBRARY_CERTIFIER, library=avon)
    role = RoleAssignment.objects.get(user=deputy)

    with transaction.atomic():
        end_role(assignment=role, last_day=None, reason="Back from leave", by=director)
        signing = Elsewhere(lambda: services.certify_filing(filing=submitted, by=deputy, at=AT))
        wait_until_waiting(signing)

    assert isinstance(signing.ended(), PermissionDenied)
    assert not FilingReceipt.objects.filter(kind="certificate").exists()


def test_deputy_who_signed_first_is_ended_afterwards(submitted, avon, deputy):
    director = make_user(Role.LIBRARY_CERTIFIER, library=avon)
    role = RoleAssignment.objects.get(user=deputy)

    with transaction.atomic():
        services.certify_filing(filing=submitted, by=deputy, at=AT)
        ending = Elsewhere(
            lambda: end_role(assignment=role, last_day=None, reason="Back from leave", by=director)
        )
        wait_until_waiting(ending)

    assert ending.ended().ended_at is not None
    assert FilingReceipt.objects.get(kind="certificate").role.startswith("Deputy certifier, Avon Library")
