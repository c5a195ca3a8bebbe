"""Each service looks itself whether the person may do it for the library, by whatever way they came."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied

from connecticard.models import AuditEvent, Role
from tests.factories import make_counts, make_filing, make_letter, make_user
from tests.transactions.conftest import months
from transactions import services
from transactions.models import Explanation, Filing
from transactions.rules.explanations import Reason
from transactions.services import Answer

pytestmark = pytest.mark.django_db
AT = datetime(2026, 9, 5, 14, tzinfo=UTC)
HALF = months(date(2026, 3, 1), 6)


@pytest.fixture
def draft(avon, bethel):
    make_letter(avon)
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): 10 + month.month for month in HALF})
    return filing


def start(draft, by):
    library, period = draft.library, draft.period
    draft.delete()
    services.start_filing(library=library, period=period, basis="by_month", by=by, at=AT)


def save(draft, by):
    services.save_counts(filing=draft, counts={}, by=by, at=AT, expected=0)


def save_good(draft, by):
    services.save_good_counts(filing=draft, counts={}, by=by, at=AT, expected=0)


def change_basis(draft, by):
    services.change_basis(filing=draft, basis="period_total", by=by, at=AT, expected=0)


def explain(draft, by):
    answers = [Answer("month_without_loans", None, HALF[0], Reason.CHECKED)]
    services.explain(filing=draft, answers=answers, by=by, at=AT)


def withdraw_explanation(draft, by):
    explanation = Explanation.objects.create(
        filing=draft, check_name="x", value=1, band_low=1, band_high=1, reason="checked", by=by, at=AT
    )
    services.withdraw_explanation(explanation=explanation, by=by, at=AT)


def submit(draft, by):
    services.submit_filing(filing=draft, by=by, at=AT)


def give_back(draft, by):
    Filing.objects.filter(pk=draft.pk).update(
        status="submitted", submitted_at=AT, submitted_by=by, first_submitted_at=AT, sha256="a" * 64
    )
    services.return_filing(filing=draft, reason="Look again", by=by, at=AT)


def certified(draft):
    Filing.objects.filter(pk=draft.pk).update(
        status="certified",
        submitted_at=AT,
        submitted_by=(person := make_user()),
        first_submitted_at=AT,
        certified_at=AT,
        certified_by=person,
        attestation="So it is",
        sha256="a" * 64,
    )
    draft.refresh_from_db()
    return draft


def reopen(draft, by):
    services.reopen_filing(filing=certified(draft), reason="Wrong", by=by, at=AT)


def discard(draft, by):
    standing = certified(draft)
    second = make_filing(standing.library, standing.period, version=2, amends_because="Wrong")
    services.discard_version(filing=second, by=by, at=AT)


FILERS = [start, save, save_good, change_basis, explain, withdraw_explanation, submit]
OTHERS = [give_back, reopen, discard]


@pytest.mark.parametrize("act", [*FILERS, *OTHERS], ids=lambda act: act.__name__)
def test_person_of_another_library_is_refused(act, draft, bethel):
    stranger = make_user(Role.LIBRARY_FILER if act in FILERS else Role.LIBRARY_CERTIFIER, library=bethel)

    with pytest.raises(PermissionDenied, match="for Avon Library"):
        act(draft, stranger)

    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("act", [*FILERS, *OTHERS], ids=lambda act: act.__name__)
def test_person_in_another_role_is_refused(act, draft, avon):
    person = make_user(Role.LIBRARY_CERTIFIER if act in FILERS else Role.LIBRARY_FILER, library=avon)

    with pytest.raises(PermissionDenied, match="for Avon Library"):
        act(draft, person)


def test_filer_of_yesterday_is_refused(draft, avon):
    filer = make_user(Role.LIBRARY_FILER, library=avon)
    filer.role_assignments.update(valid=(date(2000, 1, 1), date(2026, 9, 5)))

    with pytest.raises(PermissionDenied):
        save(draft, filer)
