"""What certifying a filing would do to the payment, beside its certificate."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from connecticard.models import Role
from payments.estimating.estimate import Source, estimate
from payments.models import Appropriation
from payments.owing.filing_effect import effect_of, panel
from payments.services import calculate_run, certify_run, create_run
from tests.factories import (
    make_counts,
    make_filing,
    make_home_library,
    make_letter,
    make_period,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions import services
from transactions.rules.filing_calendar import Cadence, measurement_period

pytestmark = pytest.mark.django_db

FIRST, SECOND = HALVES
TODAY = date(2027, 3, 5)
AT = datetime(2027, 3, 5, 14, tzinfo=UTC)
AFTER_DUE = datetime(2027, 4, 15, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def libraries():
    """Two libraries that take part; Bethel has certified the first half, 100 units to Avon."""
    made = [make_home_library(f"{name} Library") for name in ("Avon", "Bethel")]
    for library in made:
        make_letter(library)
    avon, bethel = made
    certified(bethel, {avon: 100}, first_day=FIRST.first_day)
    appropriation(100_000)
    return avon, bethel


@pytest.fixture
def submitted(libraries):
    """Avon's first half, submitted and not certified: 300 units to Bethel."""
    avon, bethel = libraries
    filing = make_filing(avon, make_period(FIRST.first_day))
    make_counts(filing, {(bethel, month): 50 for month in FIRST.months()})
    return services.submit_filing(filing=filing, by=make_user(Role.LIBRARY_FILER, library=avon), at=AT)


def effect(filing):
    return effect_of(filing, estimated=estimate(FISCAL_YEAR, on=TODAY))


def test_a_first_version_is_set_against_nothing(submitted):
    found = effect(submitted)

    assert found.source is Source.NOTHING
    assert (found.before.loans, found.after.loans, found.loans_difference) == (0, 300, 300)
    assert found.before.payment_cents == 0
    assert (found.net_plus_difference, found.difference_cents) == (200, 37_500 + 50_000)


def test_a_first_version_is_set_against_last_years_months(submitted, libraries):
    avon, bethel = libraries
    certified(
        avon,
        {(bethel, month): 10 for month in measurement_period(FISCAL_YEAR - 1).months()},
        first_day=measurement_period(FISCAL_YEAR - 1).first_day,
        cadence=Cadence.ANNUAL,
    )

    found = effect(submitted)

    assert found.source is Source.LAST_YEAR
    assert (found.before.loans, found.after.loans) == (120, 360)


def test_an_amendment_is_set_against_the_certified_version(submitted, libraries):
    avon, _ = libraries
    certifier = make_user(Role.LIBRARY_CERTIFIER, library=avon)
    services.certify_filing(filing=submitted, by=certifier, at=AT)
    draft = services.reopen_filing(filing=submitted, reason="Too many", by=certifier, at=AT)
    draft.loan_counts.filter(month=FIRST.first_day).update(loans=0)

    found = effect(draft)

    assert found.source is Source.CERTIFIED
    assert (found.loans_difference, found.net_plus_difference) == (-50, -50)
    assert found.difference_cents < 0


def test_the_certifier_sees_the_estimate_beside_the_certificate(submitted, libraries):
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, libraries[0])

    page = text(client.get(reverse("transactions:filing_certify", args=[submitted.pk])).content.decode())

    assert "What it would do to your payment" in page
    assert "Fiscal year 2027 at today’s figures estimated" in page
    assert "Payment $0.00 $875.00 +$875.00" in page
    assert "Without a certified filing nothing is paid." in page


def test_a_library_without_a_letter_is_told_why_nothing_changes(libraries):
    stranger = make_home_library("Canton Library")
    filing = make_filing(stranger, make_period(FIRST.first_day))

    assert "no letter of agreement of Canton Library is on file" in text(panel(filing, None))


def test_a_year_that_is_paid_is_not_estimated(submitted):
    staff, administrator = make_user(Role.STATE_STAFF), make_user(Role.STATE_ADMINISTRATOR)
    run = create_run(appropriation=Appropriation.objects.get(fiscal_year=FISCAL_YEAR), by=staff, at=AFTER_DUE)
    run = calculate_run(run=run, by=staff, at=AFTER_DUE)
    certify_run(run=run, by=administrator, at=AFTER_DUE)

    words = text(panel(submitted, None))

    assert "payment run of fiscal year 2027 is certified" in words
    assert "$" not in words
