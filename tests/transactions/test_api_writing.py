"""Filings begun, filled in, submitted, returned, certified and amended by REST."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from connecticard import permissions
from connecticard.models import AuditEvent, KeptAnswer, Role
from connecticard.permissions import Scope
from tests.api_world import token_of
from tests.at_once import at_once
from tests.factories import (
    current_code,
    make_counts,
    make_filing,
    make_letter,
    make_signed_in_client,
    make_user,
)
from tests.transactions.conftest import months
from transactions.models import Filing, FilingReceipt

pytestmark = pytest.mark.django_db
API = "/api/v1/"
ID = "CT0001-semiannual-2026-03-01-1"
FILING = f"{API}filings/{ID}/"
COUNTS = f"{FILING}loan-counts/"
HALF = months(date(2026, 3, 1), 6)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 9, 5)


@pytest.fixture
def person(avon):
    """Somebody who files for Avon and certifies too."""
    make_letter(avon)
    return make_user(Role.LIBRARY_FILER, library=avon, name="Dora Director")


@pytest.fixture
def client(person):
    return Client(headers=token_of(person))


@pytest.fixture
def certifier(avon):
    return make_user(Role.LIBRARY_CERTIFIER, library=avon, name="Carl Certifier")


@pytest.fixture
def draft(avon, bethel):
    """A filing of Avon that could be submitted."""
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): 10 + month.month for month in HALF})
    return filing


def send(client: Client, method: str, address: str, body: Any = None, **headers: str):
    """Send JSON with headers named as Python does, and with the filing's ETag unless If-Match is said."""
    sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
    if "If_Match" not in headers and address.startswith(FILING):
        sent["If-Match"] = client.get(FILING).headers.get("ETag", '"none"')
    return getattr(client, method)(
        address, "" if body is None else body, content_type="application/json", headers=sent
    )


def counts_of(loans: int = 5) -> dict[str, Any]:
    return {
        "counts": [
            {"home_library": key, "month": f"{month}", "loans": loans}
            for key in ("CT0002", "CT0003", "CT0004", "CT0005")
            for month in HALF
        ]
    }


# The whole way


def test_filing_goes_from_its_beginning_to_its_certificate(client, person, certifier, period):
    begun = send(client, "post", f"{API}filings/", {"library": "CT0001", "period": "semiannual-2026-03-01"})
    assert begun.status_code == 201, begun.content
    assert begun["Location"].endswith(FILING)

    put = send(client, "put", COUNTS, counts_of(), If_Match=begun["ETag"])
    assert put.status_code == 200, put.content
    assert (put.json()["revision"], put.json()["id"]) == (1, ID)
    assert put["ETag"] == client.get(FILING)["ETag"] == client.get(COUNTS)["ETag"]

    found = client.get(f"{FILING}findings/").json()
    assert found["may_be_submitted"], found
    submitted = send(client, "post", f"{FILING}submit/", If_Match=put["ETag"])
    assert submitted.status_code == 201, submitted.content
    receipt = submitted.json()
    assert receipt["kind"] == "submission"
    assert receipt["sha256"] == Filing.objects.get().sha256
    assert client.get(submitted["Location"]).json() == receipt
    assert submitted["ETag"] == client.get(FILING)["ETag"]

    director = Client(headers=token_of(certifier))
    statement = director.get(f"{FILING}statement/").json()["statement"]
    certified = send(
        director, "post", f"{FILING}certify/", {"code": current_code(certifier)}, If_Match=submitted["ETag"]
    )
    assert certified.status_code == 201, certified.content
    assert (certified.json()["kind"], certified.json()["statement"]) == ("certificate", statement)
    assert client.get(FILING).json()["counts"] is True
    listed = client.get(f"{API}receipts/?filing={ID}").json()["results"]
    assert [each["kind"] for each in listed] == ["submission", "certificate"]


def test_audit_trail_says_that_it_came_by_rest_and_by_which_token(client, person, draft):
    send(client, "post", f"{FILING}submit/")

    event = AuditEvent.objects.get(action="filing_submitted")
    assert event.by == person
    assert event.came_by.startswith("REST, token “a program (ctk_")


# Permission


def test_each_write_looks_at_the_library(person, draft, bethel, certifier):
    make_letter(bethel)
    stranger = make_user(Role.LIBRARY_FILER, library=bethel)
    etag = Client(headers=token_of(person)).get(FILING)["ETag"]
    for user, status in ((stranger, 404), (certifier, 403), (make_user(Role.AUDITOR), 403)):
        client = Client(headers=token_of(user))
        for method, address, body in (
            ("put", COUNTS, counts_of()),
            ("patch", COUNTS, counts_of()),
            ("post", f"{FILING}submit/", None),
        ):
            answer = send(client, method, address, body, If_Match=etag)
            assert answer.status_code == status, (user, address, answer.content)
    begun = send(
        Client(headers=token_of(stranger)),
        "post",
        f"{API}filings/",
        {"library": "CT0001", "period": "semiannual-2026-03-01"},
    )
    assert begun.status_code == 403
    draft.refresh_from_db()
    assert (draft.revision, draft.status) == (0, "draft")


def test_token_without_the_scope_writes_nothing(person, draft):
    client = Client(headers=token_of(person, Scope.READ_FILINGS))

    assert send(client, "post", f"{FILING}submit/").status_code == 403
    assert Client().post(f"{FILING}submit/", content_type="application/json").status_code == 401


def test_write_that_is_not_in_the_table_is_closed(client, draft, monkeypatch):
    monkeypatch.delitem(permissions.API_WRITING, "submit-filing")

    assert send(client, "post", f"{FILING}submit/").status_code == 403


def test_session_must_prove_that_the_request_comes_from_this_site(person, draft):
    etag = Client(headers=token_of(person)).get(FILING)["ETag"]
    strict = make_signed_in_client(user=person)
    strict.handler.enforce_csrf_checks = True

    answer = send(strict, "post", f"{FILING}submit/", If_Match=etag)
    strict.handler.enforce_csrf_checks = False
    own = send(strict, "post", f"{FILING}submit/", If_Match=etag)

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert own.status_code == 201
    assert AuditEvent.objects.get(action="filing_submitted").came_by == "REST"


# What was read, and what is on record


def test_who_has_not_read_what_stands_changes_nothing(client, draft, bethel):
    seen = client.get(FILING)["ETag"]
    body = {"counts": [{"home_library": "CT0002", "month": "2026-03", "loans": 7}]}
    first = send(client, "patch", COUNTS, body, If_Match=seen)

    late = send(client, "patch", COUNTS, {"counts": []}, If_Match=seen)
    without = send(client, "patch", COUNTS, body, If_Match="")
    anything = send(client, "patch", COUNTS, body, If_Match="*")

    assert first.status_code == 200
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert (without.status_code, without.json()["field"]) == (428, "If-Match")
    assert (anything.status_code, anything.json()["code"]) == (400, "invalid_header")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_write_at_once_one_is_told(person, draft):
    token = token_of(person)
    etag = Client(headers=token).get(FILING)["ETag"]

    def write(loans):
        body = {"counts": [{"home_library": "CT0002", "month": "2026-03", "loans": loans}]}
        return lambda: send(Client(headers=token), "patch", COUNTS, body, If_Match=etag).status_code

    outcomes = at_once(write(1), write(2))

    assert sorted(outcomes) == [200, 412]
    draft.refresh_from_db()
    assert draft.revision == 1
    assert draft.loan_counts.get(month="2026-03-01").loans == outcomes.index(200) + 1


@pytest.mark.django_db(transaction=True)
def test_request_sent_twice_at_once_is_done_once(person, draft):
    token = token_of(person)
    etag = Client(headers=token).get(FILING)["ETag"]

    def submit():
        answer = send(Client(headers=token), "post", f"{FILING}submit/", If_Match=etag, Idempotency_Key="one")
        return answer.status_code, answer.json()["number"]

    first, second = at_once(submit, submit)

    assert first == second
    assert FilingReceipt.objects.count() == 1


def test_answer_is_given_again_to_who_did_not_hear_it(client, draft):
    etag = client.get(FILING)["ETag"]
    first = send(client, "post", f"{FILING}submit/", If_Match=etag, Idempotency_Key="k-1")

    again = send(client, "post", f"{FILING}submit/", If_Match=etag, Idempotency_Key="k-1")
    other = send(client, "patch", COUNTS, {"counts": []}, If_Match=etag, Idempotency_Key="k-1")
    unkeyed = send(client, "post", f"{FILING}submit/")
    malformed = send(client, "post", f"{FILING}submit/", Idempotency_Key="ä b")

    assert (again.status_code, again.json()) == (201, first.json())
    assert (again["Location"], again["ETag"]) == (first["Location"], first["ETag"])
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert (other.status_code, other.json()["code"]) == (422, "key_used_before")
    assert (unkeyed.status_code, unkeyed.json()["code"]) == (409, "conflict")
    assert (malformed.status_code, malformed.json()["field"]) == (400, "Idempotency-Key")


def test_refusal_is_not_kept_and_a_key_lasts_a_day(client, draft, settings):
    make_refused = send(client, "post", f"{FILING}submit/", If_Match=f'"{"0" * 32}"', Idempotency_Key="k-2")
    assert make_refused.status_code == 412
    assert not KeptAnswer.objects.exists()
    assert send(client, "post", f"{FILING}submit/", Idempotency_Key="k-2").status_code == 201

    settings.DEMO_TODAY += timedelta(days=2)

    assert send(client, "post", f"{FILING}submit/", Idempotency_Key="k-2").status_code == 409


# Submitting, returning, amending


def test_what_stops_a_filing_is_named_with_its_place_and_cure(client, draft, bethel):
    draft.loan_counts.filter(month=HALF[2]).delete()

    answer = send(client, "post", f"{FILING}submit/")

    assert answer.status_code == 422
    assert {error["code"] for error in answer.json()["errors"]} == {"must_be_mended"}
    assert all(error["cure"] for error in answer.json()["errors"])
    assert not FilingReceipt.objects.exists()


def test_submitted_filing_is_returned_with_a_reason(client, certifier, draft):
    send(client, "post", f"{FILING}submit/")
    director = Client(headers=token_of(certifier))

    blank = send(director, "post", f"{FILING}return/", {"reason": " \n"})
    returned = send(director, "post", f"{FILING}return/", {"reason": "May is April."})

    assert (blank.status_code, blank.json()["field"]) == (400, "/reason")
    assert returned.json()["status"] == "returned"
    assert returned.json()["returned_because"] == "May is April."
    assert send(director, "post", f"{FILING}return/", {"reason": "Again"}).status_code == 409


def test_certified_filing_is_amended_and_the_amendment_undone(client, certifier, draft):
    send(client, "post", f"{FILING}submit/")
    director = Client(headers=token_of(certifier))
    send(director, "post", f"{FILING}certify/", {"code": current_code(certifier)})
    assert send(director, "delete", FILING).status_code == 409

    reopened = send(director, "post", f"{FILING}reopen/", {"reason": "A branch was left out."})

    assert reopened.status_code == 201
    assert (reopened.json()["version"], reopened.json()["status"]) == (2, "draft")
    second = reopened["Location"]
    undone = director.delete(second, headers={"If-Match": reopened["ETag"]})
    assert (undone.status_code, undone.content) == (204, b"")
    assert director.get(second).status_code == 404
    assert director.get(FILING).json()["counts"] is True


# Certifying


def test_certificate_needs_a_fresh_code_that_works_once(client, certifier, draft):
    send(client, "post", f"{FILING}submit/")
    director = Client(headers=token_of(certifier))
    code = current_code(certifier)

    missing = send(director, "post", f"{FILING}certify/", {})
    wrong = send(director, "post", f"{FILING}certify/", {"code": "000000"})
    right = send(director, "post", f"{FILING}certify/", {"code": code})

    assert (missing.status_code, missing.json()["field"]) == (400, "/code")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "second_factor_refused")
    assert right.status_code == 201
    assert "000000" not in str(list(AuditEvent.objects.values())) + str(list(KeptAnswer.objects.values()))


def test_code_is_used_up_where_the_filing_cannot_be_certified(client, certifier, draft):
    send(client, "post", f"{FILING}submit/")
    draft.loan_counts.filter(month=HALF[2]).delete()
    director = Client(headers=token_of(certifier))
    code = current_code(certifier)

    refused = send(director, "post", f"{FILING}certify/", {"code": code}, Idempotency_Key="c")
    again = send(director, "post", f"{FILING}certify/", {"code": code}, Idempotency_Key="c")

    assert (refused.status_code, refused.json()["code"]) == (422, "must_be_mended")
    assert (again.status_code, again.json()["code"]) == (403, "second_factor_refused")
    assert "used already" in again.json()["detail"]
    assert not KeptAnswer.objects.exists()


def test_filer_cannot_certify_and_a_token_needs_its_scope(client, person, certifier, draft):
    send(client, "post", f"{FILING}submit/")
    scopes = [scope for scope in Scope if scope is not Scope.CERTIFY_FILINGS]
    for user, headers in ((person, token_of(person)), (certifier, token_of(certifier, *scopes))):
        answer = send(Client(headers=headers), "post", f"{FILING}certify/", {"code": current_code(user)})
        assert answer.status_code == 403
    assert not Filing.objects.standing().exists()


# How often a library files


def test_cadence_is_chosen_and_the_choice_withdrawn(certifier, avon):
    client = Client(headers=token_of(certifier))
    address = f"{API}libraries/CT0001/cadence/"
    seen = client.get(address)
    assert (seen.json()["cadence"], seen.json()["to_come"]) == ("semiannual", None)

    chosen = send(client, "put", address, {"cadence": "monthly"}, If_Match=seen["ETag"])
    late = send(client, "put", address, {"cadence": "monthly"}, If_Match=seen["ETag"])
    withdrawn = send(client, "delete", address, If_Match=chosen["ETag"])

    assert chosen.json()["to_come"] == {"cadence": "monthly", "first_day": "2027-03-01"}
    assert client.get(address)["ETag"] == withdrawn["ETag"] == seen["ETag"]
    assert late.status_code == 412
    assert withdrawn.json() == seen.json()


def test_filer_does_not_choose_the_cadence(client, avon):
    address = f"{API}libraries/CT0001/cadence/"

    answer = send(client, "put", address, {"cadence": "monthly"}, If_Match=client.get(address)["ETag"])

    assert answer.status_code == 403
