"""What other programs hear of a filing, a payment and an edition, each told by the service that does it."""

import json
from datetime import datetime, time

import pytest
from django.db.models import Value
from django.db.models.functions import Coalesce

from connecticard import outbound, tasks, webhook_services
from connecticard.clock import EASTERN
from connecticard.models import Role, WebhookDelivery, WebhookType
from payments.disbursing.result_services import import_results
from payments.services import record_publication
from reports import making
from reports import tasks as report_tasks
from reports.edition_services import certify_edition, publish_edition, review_edition
from reports.models import ANNUAL, Edition
from reports.services import publish_run
from tests.api_world import token_of
from tests.factories import make_counts, make_filing, make_home_library, make_user
from tests.payments.disbursed import AT, certified_run, exported, ready_run
from tests.payments.disbursing.test_result_services import B_BACK, PAID, A, file_of
from tests.transactions.conftest import months
from transactions import services

pytestmark = pytest.mark.django_db

ALL = [type for type in WebhookType if type is not WebhookType.PING]


@pytest.fixture
def heard(monkeypatch):
    """The bodies that the receiver was sent, in order; it takes each."""
    bodies = []

    def request(method, address, *, body, **how):
        bodies.append(json.loads(body))
        return outbound.Answer(address, 204, {}, b"")

    monkeypatch.setattr(outbound, "request", request)
    monkeypatch.setattr(tasks.send_webhook, "delay", tasks.send_webhook)
    return bodies


def subscribed(role, **of):
    """A person of that role whose program wants to hear of everything."""
    person = make_user(role, **of)
    webhook_services.add_webhook(
        assignment=person.role_assignments.get(),
        name="Dashboard",
        address="https://dashboard.example.org/hooks",
        events=ALL,
        by=person,
    )
    return person


def answer_to(client, person, body, settings):
    """What the link of a message answers to the person's program."""
    path = body["data"]["href"].removeprefix(settings.SITE_URL)
    answer = client.get(path, headers=token_of(person))
    assert answer.status_code == 200, path
    return answer.json()


def told():
    """Who was told of what, and whether it arrived."""
    return sorted(
        WebhookDelivery.objects.values_list(
            Coalesce("subscription__role_assignment__library__key", Value("the State")),
            "event__type",
            "state",
        )
    )


def test_a_certified_filing_is_told_to_its_library_alone(
    client, heard, settings, django_capture_on_commit_callbacks
):
    avon, bethel = make_home_library("Avon"), make_home_library("Bethel")
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): 10 for month in months(filing.period.first_day, 6)})
    director, _ = (subscribed(Role.LIBRARY_CERTIFIER, library=library) for library in (avon, bethel))
    filer = make_user(Role.LIBRARY_FILER, library=avon)
    filed = datetime.combine(filing.period.due_on, time(10), tzinfo=EASTERN)
    settings.DEMO_TODAY = filing.period.due_on

    with django_capture_on_commit_callbacks(execute=True):
        filing = services.submit_filing(filing=filing, by=filer, at=filed)
        services.certify_filing(filing=filing, by=director, at=filed)

    [body] = heard
    period = filing.period
    key = f"{avon.key}-{period.cadence}-{period.first_day}-1"
    assert body["type"] == "filing.certified"
    assert body["data"] == {
        "library": avon.key,
        "cadence": period.cadence,
        "first_day": str(period.first_day),
        "version": 1,
        "href": f"{settings.SITE_URL}/api/v1/filings/{key}/",
    }
    assert told() == [(avon.key, "filing.certified", "delivered")]
    found = answer_to(client, director, body, settings)
    assert (found["id"], found["status"]) == (key, "certified")


def test_what_became_of_payments_is_told_to_the_libraries_that_were_paid(
    client, heard, settings, django_capture_on_commit_callbacks
):
    run = ready_run()
    exported(run)
    record_publication(run=run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    people = {
        line.library.key: subscribed(Role.LIBRARY_CERTIFIER, library=line.library)
        for line in run.payments.select_related("library")
    }

    with django_capture_on_commit_callbacks(execute=True):
        import_results(
            run=run,
            content=file_of(A, B_BACK),
            name="results.csv",
            by=make_user(Role.STATE_STAFF),
            at=PAID,
        )

    assert told() == [("A", "payment.paid", "delivered"), ("B", "payment.returned", "delivered")]
    paid = next(body for body in heard if body["type"] == "payment.paid")
    assert paid["data"] == {
        "library": "A",
        "fiscal_year": run.fiscal_year,
        "run": run.number,
        "on": "2027-05-03",
        "href": f"{settings.SITE_URL}/api/v1/payment-runs/{run.fiscal_year}-{run.number}/payments/",
    }
    assert len(answer_to(client, people["A"], paid, settings)["results"]) == 3
    returned = next(body for body in heard if body["type"] == "payment.returned")
    assert (returned["data"]["library"], returned["data"]["on"]) == ("B", "2027-05-04")


def test_a_published_edition_is_told_to_all(
    client, heard, settings, tmp_path, monkeypatch, django_capture_on_commit_callbacks
):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(making, "pdf_of", lambda contents: b"%PDF")
    monkeypatch.setattr(report_tasks.make_documents, "delay", lambda lines: None)
    run, administrator = certified_run(), make_user(Role.STATE_ADMINISTRATOR)
    publish_run(run=run, by=administrator, at=AT)
    edition = Edition.objects.get()
    lines = edition.document_batches.get().lines.filter(kind__in=ANNUAL)
    making.make_lines(lines.values_list("pk", flat=True))
    review_edition(edition=edition, by=administrator, at=AT)
    certify_edition(edition=edition, by=administrator, at=AT)
    library = run.payments.select_related("library").earliest("library__key").library
    person = subscribed(Role.LIBRARY_FILER, library=library)
    subscribed(Role.STATE_STAFF)

    publish_edition(edition=edition, by=administrator, at=AT)
    for delivery in WebhookDelivery.objects.values_list("pk", flat=True):
        tasks.send_webhook(delivery)

    assert [body["type"] for body in heard] == ["edition.published"] * 2
    assert heard[0]["data"] == {
        "fiscal_year": run.fiscal_year,
        "edition": 1,
        "href": f"{settings.SITE_URL}/api/v1/editions/{run.fiscal_year}-1/",
    }
    assert told() == [
        (library.key, "edition.published", "delivered"),
        ("the State", "edition.published", "delivered"),
    ]
    found = answer_to(client, person, heard[0], settings)
    assert (found["status"], len(found["reports"])) == ("published", 3)
