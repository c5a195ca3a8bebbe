"""Public pages kept ready: for everybody the same, and never older than what they show."""

import gzip
import re
from datetime import date
from types import SimpleNamespace

import pgtrigger
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from redis.exceptions import ConnectionError as NoConnection

from connecticard import published_pages, tasks
from connecticard.models import PublishedChange, Role, User
from connecticard.published_pages import published_mark, published_page, something_was_published
from connecticard.published_tables import TRIGGER, UNPUBLISHED
from libraries.models import Library
from payments import services
from payments.models import PublishedFigure
from reports.models import Edition
from tests.api_world import AT, TODAY, World
from tests.connecticard.test_every_address import addresses
from tests.connecticard.test_reach import records, with_a_form  # noqa: F401 - a fixture
from tests.factories import (
    make_delivery_report,
    make_delivery_site,
    make_letter,
    make_library,
    make_signed_in_client,
    make_user,
)

pytestmark = pytest.mark.django_db

KEPT = [entry for entry in addresses() if getattr(entry[2].callback, "is_published_page", False)]
PAGE = "/libraries/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def world(world: World) -> World:
    return with_a_form(world)


@pytest.fixture
def made(monkeypatch):
    """How often a page was made rather than found."""
    kept = []
    keep = published_pages._keep
    monkeypatch.setattr(published_pages, "_keep", lambda *given: kept.append(given) or keep(*given))
    return kept


def test_a_page_is_made_once_and_given_to_everybody(client, made):
    first, second = client.get(PAGE), Client().get(PAGE)

    assert first.content == second.content
    assert len(made) == 1


def test_a_page_found_asks_the_database_once(client):
    client.get(PAGE)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(PAGE)

    assert len(queries) == 1


def test_a_change_of_a_row_makes_the_page_anew(client, made):
    library = make_library("Alder Library")
    assert "Alder Library" in client.get(PAGE).content.decode()

    Library.objects.filter(pk=library.pk).update(name="Birch Library")

    assert "Birch Library" in client.get(PAGE).content.decode()
    assert len(made) == 2


def test_a_draft_of_delivery_counts_leaves_the_pages_as_they_were(client, made):
    site, by = make_delivery_site(library=make_library()), make_user(second_factor=False)
    client.get(PAGE)

    report = make_delivery_report(site, date(2026, 7, 1), {}, at=None, by=by)
    client.get(PAGE)
    pages_before = len(made)
    report.status, report.submitted_by = "submitted", by
    report.submitted_at = report.first_submitted_at = AT
    report.save()
    client.get(PAGE)

    assert (pages_before, len(made)) == (1, 2)


def test_what_was_taken_back_leaves_the_page_as_it_was(client, made):
    client.get(PAGE)
    with transaction.atomic():
        make_library()
        transaction.set_rollback(True)

    client.get(PAGE)

    assert len(made) == 1


def test_who_is_signed_in_has_a_page_of_their_own(client, made):
    client.get(PAGE)
    answer = make_signed_in_client(Role.STATE_STAFF).get(PAGE)

    assert "Sign out" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert "ETag" not in answer
    assert "Sign out" not in Client().get(PAGE).content.decode()
    assert len(made) == 1


def test_a_browser_that_has_the_page_is_not_sent_it_again(client):
    first = client.get(PAGE)

    again = client.get(PAGE, headers={"If-None-Match": first["ETag"]})
    make_library("Cedar Library")
    changed = client.get(PAGE, headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert (changed.status_code, changed["ETag"] == first["ETag"]) == (200, False)


def test_a_page_is_sent_compressed_to_who_takes_it(client):
    plain = client.get(PAGE)
    small = client.get(PAGE, headers={"Accept-Encoding": "br, gzip"})

    assert gzip.decompress(small.content) == plain.content
    assert small["Content-Length"] == str(len(small.content))
    assert {"Accept-Encoding", "Cookie"} <= set(re.split(", *", small["Vary"]))
    assert small["Cache-Control"] == "no-cache"


def test_a_head_has_no_content(client):
    client.get(PAGE)

    assert (client.head(PAGE).status_code, client.head(PAGE).content) == (200, b"")


def test_another_day_and_another_version_make_the_page_anew(client, made, settings, monkeypatch):
    client.get(PAGE)
    settings.DEMO_TODAY = date(2027, 9, 21)
    client.get(PAGE)
    monkeypatch.setattr(published_pages, "_product_version", lambda: "2")
    client.get(PAGE)

    assert len(made) == 3


def test_addresses_made_up_are_not_kept(client, made):
    client.get(PAGE, {"q": "avon"})
    client.get(PAGE, {"anything": "1"})
    client.get("/libraries/none/")

    assert made == []


def test_a_part_of_a_page_is_not_taken_for_the_page(client, made):
    client.get(PAGE, headers={"HX-Request": "true"})

    assert made == []


def answered(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"hello {request.GET.get('name', '')}")


def with_cookie(request: HttpRequest) -> HttpResponse:
    response = answered(request)
    response.set_cookie("mine", "1")
    return response


def with_token(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_token(request))


def refused(request: HttpRequest) -> HttpResponse:
    return HttpResponse("No", status=400)


@pytest.mark.parametrize("view", [with_cookie, with_token, refused])
def test_what_is_for_one_person_is_not_kept(rf: RequestFactory, view, made):
    request = rf.get("/a/")
    request.user = AnonymousUser()

    published_page(view)(request)

    assert made == []


def test_who_has_a_message_waiting_is_not_given_a_kept_page(rf: RequestFactory, made):
    request = rf.get("/a/")
    request.user, request._messages = AnonymousUser(), ["You have signed out."]

    published_page(answered)(request)

    assert made == []


def test_an_address_is_kept_with_the_parameters_that_its_page_asks_by(rf: RequestFactory, made):
    view = published_page(asks=["name"])(answered)
    for question in ({"name": "a"}, {"name": "b"}, {"name": "a"}, {"other": "a"}):
        request = rf.get("/a/", question)
        request.user = AnonymousUser()
        assert view(request).content == f"hello {question.get('name', '')}".encode()

    assert len(made) == 2


def test_an_address_written_otherwise_fills_no_cache(rf: RequestFactory, made):
    view = published_page(asks=["name"])(answered)
    for address in ("/a/?name=a", "/a/?name=%61", "/a/?&name=a&", "/a/?name=b&name=a", "/a/?name=c&name=a"):
        request = rf.get(address)
        request.user = AnonymousUser()
        assert view(request).content == b"hello a"

    assert len(made) == 1


def test_without_its_cache_a_page_is_only_slower(client, monkeypatch):
    def away(*args, **kwargs):
        raise NoConnection("Connection refused.")

    monkeypatch.setattr(published_pages, "kept_pages", SimpleNamespace(get=away, set=away))

    assert client.get(PAGE).status_code == 200


def test_every_change_has_a_mark_of_its_own():
    marks = [published_mark()]
    for change in (
        make_library,
        lambda: make_letter(Library.objects.get()),
        something_was_published,
        PublishedChange.forget_older,
        lambda: User.objects.filter(pk=make_user(Role.STATE_STAFF).pk).update(name="Renamed"),
        lambda: PublishedFigure.objects.all().delete(),
    ):
        change()
        marks.append(published_mark())

    assert len(set(marks)) == len(marks)


def test_work_under_way_leaves_the_mark_alone(world: World):
    before = published_mark()
    world.draft.loan_counts.update(loans=4)
    world.draft.save()

    assert published_mark() == before


def test_voiding_a_run_moves_the_mark_on(world: World):
    before = published_mark()
    services.void_run(run=world.certified_run, reason="Wrong.", by=make_user(Role.STATE_ADMINISTRATOR), at=AT)

    assert published_mark() != before


def _publish_the_edition():
    person = make_user(Role.STATE_ADMINISTRATOR)
    steps = {"reviewed": AT, "certified": AT, "published": AT}
    signed = {f"{step}_at": at for step, at in steps.items()} | {f"{step}_by": person for step in steps}
    with pgtrigger.ignore("reports.Edition:certified_edition_is_complete"):  # it holds one report
        Edition.objects.filter(published_at=None).update(**signed, attestation="I certify")


def test_no_page_that_is_kept_reads_a_table_that_does_not_move_the_mark(
    world: World,
    records,  # noqa: F811
):
    """Mend a table named here: let it have the trigger (UNPUBLISHED), or do not keep the page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s", [TRIGGER])
        watched = {table for (table,) in cursor.fetchall()}
    everything = set(connection.introspection.table_names())
    # Of these a page reads what is certified or submitted, and that writes to a table which is watched.
    through_totals = {"transactions_deliverycount", "transactions_filing", "transactions_loancount"}
    read: dict[str, set[str]] = {}
    for name, _, pattern in KEPT:
        parts = records(name, pattern)
        _publish_the_edition()
        if "pk" in parts:
            parts["pk"] = world.certified_run.pk
        with CaptureQueriesContext(connection) as queries:
            assert Client().get(reverse(name, kwargs=parts)).status_code == 200, name
        named = {word for query in queries for word in re.findall(r"\w+_\w+", query["sql"])}
        if unwatched := (named & everything) - watched - through_totals - {"connecticard_publishedchange"}:
            read[name] = unwatched

    assert KEPT
    assert not watched & UNPUBLISHED
    assert watched >= {
        "libraries_residency",
        "payments_paymentresult",
        "payments_paymentrun",
        "payments_publishedfigure",
        "payments_runpublication",
        "reports_document",
    }
    assert read == {}


def test_the_pages_read_most_are_made_before_anybody_asks(client, made):
    tasks.warm_published_pages()
    warmed = len(made)
    for name in tasks.READ_MOST:
        client.get(reverse(name))

    assert warmed == len(tasks.READ_MOST)
    assert len(made) == warmed
