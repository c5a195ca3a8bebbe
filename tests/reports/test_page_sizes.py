"""No public page weighs more than 150 KB without images, with the real libraries and their longest names."""

from datetime import date

import pytest
from django.db.models import F
from django.db.models.functions import Length
from django.urls import reverse

from connecticard.models import Role
from libraries.models import Library
from libraries.roster import load_roster
from payments.models import Payment, PaymentRun
from payments.past_years.shipped_history import load_history
from reports import tasks
from reports.replay import replay_fy2018
from tests.connecticard.test_every_address import PUBLIC, addresses
from tests.factories import make_user
from tests.reports.conftest import AT

pytestmark = pytest.mark.django_db

MOST_BYTES = 150_000
ASKED = (
    ("payments:what_if", "base=2018-1&appropriation_percent=-20"),
    ("reports:finder", "q=windham"),
    ("reports:rulebook", "on=2026-02-28"),
)


def make_everything():
    """The roster, the history and fiscal year 2018, published."""
    load_roster()
    load_history()
    staff, administrator = make_user(Role.STATE_STAFF), make_user(Role.STATE_ADMINISTRATOR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks.make_documents, "delay", lambda lines: None)
        replay_fy2018(staff=staff, administrator=administrator, at=AT)


@pytest.fixture(scope="module")
def _everything(once):
    once(make_everything)


@pytest.fixture
def libraries(_everything, db, settings):
    """The library with the most partners, and the one with the longest name."""
    settings.DEMO_TODAY = date(2027, 3, 22)
    payments = Payment.objects.filter(run=PaymentRun.objects.get()).annotate(both=F("loans") + F("borrows"))
    most = payments.order_by("-both").first().library
    return [most, Library.objects.order_by(-Length("name")).first()]


def test_no_public_page_is_heavier(client, libraries):
    run = PaymentRun.objects.get()
    asked = []
    for name, _, pattern in addresses():
        if name not in PUBLIC:
            continue
        parts = {"pk": run.pk, "fiscal_year": 2018}
        wanted = set(pattern.pattern.converters)
        for library in libraries:
            parts |= {"key": library.key, "number": library.town.number}
            if wanted <= parts.keys() and (name != "api:schema" and not name.startswith("account_")):
                given = {part: parts[part] for part in wanted}
                asked.append((name, reverse(name, kwargs=given)))
    asked += [(name, f"{reverse(name)}?{question}") for name, question in ASKED]

    heavy, seen = {}, set()
    for name, address in dict.fromkeys(asked):
        answer = client.get(address)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            seen.add(name)
            if len(answer.content) > MOST_BYTES:
                heavy[address] = len(answer.content)

    assert heavy == {}
    assert len(seen) > 15
    assert seen >= {"payments:payment_of_year", "libraries:library_list", "reports:rulebook"}
