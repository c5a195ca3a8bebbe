"""Expenditure reports written by REST: from the first line to the certificate."""

import pytest
from django.test import Client

from connecticard.models import AuditEvent, Role
from connecticard.permissions import Scope
from payments.expenditure_categories import add_category
from payments.models import ExpenditureReport
from tests.api_world import TODAY, token_of
from tests.factories import current_code, make_user

pytestmark = pytest.mark.django_db
REPORTS = "/api/v1/expenditure-reports/"
REPORT = f"{REPORTS}CT0001-2027-1/"  # a draft of 800.00; the ledger does not say what was received
WHOLE = {"spent": [{"category": "materials", "amount": "800.00"}], "unspent": "0.00", "received": "800.00"}


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def director(world):
    return make_user(Role.LIBRARY_CERTIFIER, library=world.libraries["CT0001"])


@pytest.fixture
def client(director):
    return Client(headers=token_of(director))


def write(client, method, address, body=None, *, etag=None):
    """Send a write in the state in which the report is now, unless another is named."""
    etag = etag or client.get(REPORT)["ETag"]
    send = getattr(client, method)
    return send(address, body or "", content_type="application/json", headers={"If-Match": etag})


def test_report_is_begun_saved_submitted_and_certified(world, client, director):
    ExpenditureReport.objects.all().delete()

    begun = client.post(REPORTS, {"library": "CT0001", "fiscal_year": 2027}, content_type="application/json")
    saved = write(client, "put", REPORT, WHOLE, etag=begun["ETag"])
    submitted = write(client, "post", f"{REPORT}submit/", etag=saved["ETag"])
    code = {"code": current_code(director)}
    certified = write(client, "post", f"{REPORT}certify/", code, etag=submitted["ETag"])

    assert [answer.status_code for answer in (begun, saved, submitted, certified)] == [201, 200, 200, 200]
    assert begun["Location"].endswith(REPORT)
    assert saved.json()["spent"] == [{"category": "materials", "amount": "800.00", "note": ""}]
    assert (submitted.json()["status"], len(submitted.json()["sha256"])) == ("submitted", 64)
    assert certified.json() == client.get(REPORT).json()
    assert (certified.json()["counts"], certified.json()["certificate"][:9]) == (True, "I certify")
    assert certified["ETag"] == client.get(REPORT)["ETag"]
    assert AuditEvent.objects.filter(action="expenditure_report_certified", by=director).count() == 1


def test_report_that_does_not_add_up_is_not_submitted(world, client):
    write(client, "put", REPORT, WHOLE | {"unspent": "0.01"})

    refused = write(client, "post", f"{REPORT}submit/")

    assert refused.status_code == 422
    assert refused.json()["code"] == "not_accepted"
    assert "$0.01 is too much" in refused.json()["detail"]
    assert client.get(REPORT).json()["status"] == "draft"


def test_category_that_is_there_twice_is_refused(world, client):
    refused = write(client, "put", REPORT, WHOLE | {"spent": WHOLE["spent"] * 2})

    assert (refused.status_code, refused.json()["field"]) == (422, "/spent/1/category")


def test_category_that_staff_put_on_the_form_is_taken_and_any_other_refused(world, client):
    add_category(
        code="bookmobiles",
        name="Bookmobiles",
        from_day=TODAY,
        authority="Board",
        by=make_user(Role.STATE_STAFF),
    )
    spent = [{"category": "bookmobiles", "amount": "800.00"}, {"category": "roads", "amount": "1.00"}]

    refused = write(client, "put", REPORT, WHOLE | {"spent": spent})
    saved = write(client, "put", REPORT, WHOLE | {"spent": spent[:1]})

    assert (refused.status_code, refused.json()["field"]) == (422, "/spent/1/category")
    assert "materials, automation" in refused.json()["cure"]
    assert saved.json()["spent"][0]["category"] == "bookmobiles"
    assert write(client, "post", f"{REPORT}submit/").status_code == 200


def test_wrong_code_certifies_nothing(world, client, director):
    write(client, "put", REPORT, WHOLE)
    write(client, "post", f"{REPORT}submit/")

    refused = write(client, "post", f"{REPORT}certify/", {"code": "000000"})

    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_refused")
    assert client.get(REPORT).json()["status"] == "submitted"


def test_code_is_used_up_where_the_report_is_not_submitted(world, client, director):
    code = {"code": current_code(director)}

    first, second = (write(client, "post", f"{REPORT}certify/", code) for _ in range(2))

    assert (first.status_code, first.json()["code"]) == (409, "conflict")
    assert (second.status_code, second.json()["code"]) == (403, "second_factor_refused")


def test_returned_report_is_changed_and_a_certified_one_reopened_and_taken_back(world, client, director):
    write(client, "put", REPORT, WHOLE)
    write(client, "post", f"{REPORT}submit/")
    returned = write(client, "post", f"{REPORT}return/", {"reason": "Name the books."})
    write(client, "post", f"{REPORT}submit/")
    write(client, "post", f"{REPORT}certify/", {"code": current_code(director)})
    reopened = write(client, "post", f"{REPORT}reopen/", {"reason": "A late invoice."})
    second = f"{REPORTS}CT0001-2027-2/"

    gone = write(client, "delete", second, etag=reopened["ETag"])

    assert (returned.json()["status"], returned.json()["returned_because"]) == ("returned", "Name the books.")
    assert reopened["Location"].endswith(second)
    assert reopened.json()["amends_because"] == "A late invoice."
    assert (gone.status_code, client.get(second).status_code) == (204, 404)


def test_report_is_begun_once(world, client):
    refused = client.post(
        REPORTS, {"library": "CT0001", "fiscal_year": 2027}, content_type="application/json"
    )
    elsewhere = client.post(
        REPORTS, {"library": "CT0002", "fiscal_year": 2027}, content_type="application/json"
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "CT0001-2027-1" in refused.json()["detail"]
    assert elsewhere.status_code == 404


def test_who_read_another_state_changes_nothing(world, client):
    etag = client.get(REPORT)["ETag"]
    write(client, "put", REPORT, WHOLE)

    refused = write(client, "put", REPORT, WHOLE | {"unspent": "5.00"}, etag=etag)

    assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
    assert client.get(REPORT).json()["unspent"] == "0.00"


@pytest.mark.parametrize(
    ("scope", "expected"), [(Scope.WRITE_EXPENDITURE, 200), (Scope.CERTIFY_EXPENDITURE, 403)]
)
def test_token_needs_the_scope(world, client, director, scope, expected):
    narrow = Client(headers=token_of(director, Scope.READ_FILINGS, scope))

    assert write(narrow, "put", REPORT, WHOLE).status_code == expected


def test_filer_enters_and_does_not_certify(world, client):
    filer = Client(headers=token_of(world.filer))

    assert write(filer, "put", REPORT, WHOLE).status_code == 200
    assert write(filer, "post", f"{REPORT}certify/", {"code": "123456"}).status_code == 403
