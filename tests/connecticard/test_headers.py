"""What every answer carries, errors and files included, and what a log line never does."""

import logging

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from connecticard import logs
from connecticard.models import Role
from tests.api_world import make_world
from tests.connecticard.test_every_address import addresses
from tests.factories import make_signed_in_client, make_user

pytestmark = pytest.mark.django_db


def assert_guarded(answer, address):
    assert "default-src 'none'" in answer["Content-Security-Policy"], address
    assert answer["X-Content-Type-Options"] == "nosniff", address
    assert answer["X-Frame-Options"] == "DENY", address
    assert answer["Referrer-Policy"] == "same-origin", address
    assert len(answer["X-Request-ID"]) == 32, address


@pytest.mark.parametrize("role", [None, Role.STATE_STAFF])
def test_every_address_is_guarded(role):
    client = make_signed_in_client(role) if role else Client()
    for name, address, _ in addresses():
        if name != "account_logout":
            assert_guarded(client.get(address), address)


def test_errors_are_guarded(client, monkeypatch):
    client.raise_request_exception = False
    strict = Client(enforce_csrf_checks=True)

    assert_guarded(client.get("/nowhere/"), "not found")
    assert_guarded(client.get("/", headers={"host": "evil.example"}), "a host that is not ours")
    assert_guarded(strict.post("/account/login/"), "no CSRF token")
    monkeypatch.setattr("reports.front_page.last_published_year", lambda: 1 / 0)
    broken = client.get("/")
    assert broken.status_code == 500
    assert_guarded(broken, "a broken page")


def test_files_are_guarded_and_say_what_they_are(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    document = make_world().statement
    for field in (document.pdf, document.csv):
        default_storage.save(field.name, ContentFile(b"x"))

    pdf = client.get(reverse("reports:document_pdf", args=[document.pk]))
    csv = client.get(reverse("reports:document_csv", args=[document.pk]))

    assert_guarded(pdf, "a PDF")
    assert_guarded(csv, "a CSV")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf["Content-Disposition"] == 'inline; filename="a.pdf"'
    pdf.close()
    csv.close()
    assert csv["Content-Disposition"] == 'attachment; filename="a.csv"'


def test_what_somebody_sees_is_kept_in_no_cache():
    client = make_signed_in_client(Role.STATE_STAFF)

    assert client.get("/people/")["Cache-Control"] == "private, no-store"
    assert client.get("/libraries/")["Cache-Control"] == "private, no-store"
    assert Client().get("/libraries/")["Cache-Control"] == "no-cache"


def test_who_has_no_second_factor_is_told_by_the_rest_interface_as_a_problem():
    client = make_signed_in_client(user=make_user(second_factor=False))

    refused = client.get("/api/v1/towns/")

    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "second_factor_missing"
    assert refused.json()["request_id"] == refused["X-Request-ID"]


def test_a_log_line_names_the_route_and_never_the_link(client):
    with capture_logs() as lines:
        answer = client.get("/account/invitation/a-link-that-works-once/")

    [line] = [line for line in lines if line["event"] == "request"]
    assert line["route"] == "account/invitation/<str:token>/"
    assert (line["method"], line["status"]) == ("GET", answer.status_code)
    assert "works-once" not in str(lines)


@pytest.mark.parametrize("as_json", [True, False])
def test_lines_of_libraries_are_written_without_secrets(as_json):
    message = "Gone: /account/invitation/%s/ for %s with %s"
    arguments = ("a-link", "somebody@example.org", "ctk_abc-DEF_123")
    try:
        raise ValueError("no such person: somebody@example.org")
    except ValueError as error:
        problem = type(error), error, error.__traceback__
    record = logging.LogRecord("django.request", logging.WARNING, "x.py", 1, message, arguments, problem)

    line = logs.formatter(as_json).format(record)

    assert "Gone: /account/invitation/.../ for ...@... with ctk_..." in line
    assert "no such person: ...@..." in line
    assert not any(argument in line for argument in arguments)
