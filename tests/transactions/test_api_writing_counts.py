"""Loan counts put, changed and explained by REST: as JSON, as CSV, and for several libraries at once."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from connecticard.models import Role
from connecticard.permissions import Scope
from tests.api_world import token_of
from tests.factories import make_consortium, make_counts, make_filing, make_letter, make_user
from tests.transactions.conftest import months
from transactions.models import Explanation, Filing

pytestmark = pytest.mark.django_db
API = "/api/v1/"
FILING = f"{API}filings/CT0001-semiannual-2026-03-01-1/"
COUNTS = f"{FILING}loan-counts/"
DRAFTS = f"{API}filing-drafts/"
HALF = months(date(2026, 3, 1), 6)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 9, 5)


@pytest.fixture
def client(avon):
    make_letter(avon)
    return Client(headers=token_of(make_user(Role.LIBRARY_FILER, library=avon)))


@pytest.fixture
def draft(avon, bethel):
    filing = make_filing(avon)
    make_counts(filing, {(bethel, HALF[0]): 4})
    return filing


def send(client: Client, method: str, address: str, body: Any, kind: str = "application/json"):
    headers = {"If-Match": client.get(FILING).headers.get("ETag", '"none"')}
    if kind == "text/csv" and isinstance(body, str):
        body = body.encode()
    return getattr(client, method)(address, body, content_type=kind, headers=headers)


def cells(filing) -> dict[tuple[str, str | None], int | None]:
    rows = filing.loan_counts.values_list("home_library__key", "month", "loans")
    return {(key, month and f"{month:%Y-%m}"): loans for key, month, loans in rows}


def errors(answer, status: int = 422) -> list[tuple[str, str]]:
    assert answer.status_code == status, answer.content
    assert all(error["detail"] and error["cure"] for error in answer.json()["errors"])
    return [(error["code"], error["field"]) for error in answer.json()["errors"]]


# JSON


def test_put_counts_are_all_that_stands(client, draft):
    body = {
        "counts": [
            {"home_library": "CT0003", "month": "2026-04", "loans": 7},
            {"home_library": "CT0003", "month": "2026-05-01", "loans": None},
        ]
    }

    answer = send(client, "put", COUNTS, body)

    assert answer.status_code == 200, answer.content
    assert cells(draft) == {("CT0003", "2026-04"): 7, ("CT0003", "2026-05"): None}
    listed = client.get(COUNTS).json()["results"]
    assert send(client, "put", COUNTS, {"counts": listed}).status_code == 200
    assert client.get(COUNTS).json()["results"] == listed


def test_changed_counts_leave_the_others_and_deleted_ones_are_blank(client, draft, bethel, canton):
    make_counts(draft, {(canton, HALF[1]): 9, (canton, HALF[2]): 9})
    body = {
        "counts": [{"home_library": "CT0003", "month": "2026-04", "loans": 0}],
        "delete": [{"home_library": "CT0002", "month": "2026-03"}],
    }

    send(client, "patch", COUNTS, body)

    assert cells(draft) == {("CT0003", "2026-04"): 0, ("CT0003", "2026-05"): 9}


def test_zero_return_is_one_word(client, draft):
    assert send(client, "put", COUNTS, {"counts": [], "nothing_lent": True}).json()["nothing_lent"] is True

    assert not cells(draft)
    assert send(client, "put", COUNTS, {"counts": []}).json()["nothing_lent"] is False


def test_totals_of_the_period_take_the_place_of_months(client, draft):
    body = {"basis": "period_total", "counts": [{"home_library": "CT0003", "loans": 70}]}

    answer = send(client, "put", COUNTS, body)

    assert answer.json()["basis"] == "period_total"
    assert cells(draft) == {("CT0003", None): 70}


def test_every_bad_cell_is_named_by_its_place_and_nothing_is_saved(client, draft):
    body = {
        "basis": "by_month",
        "counts": [
            {"home_library": "CT0003", "month": "2026-04", "loans": 7},
            {"home_library": "CT0001", "month": "2026-04", "loans": 7},
            {"home_library": "CT0003", "month": "2026-10", "loans": 7},
        ],
    }

    assert errors(send(client, "put", COUNTS, body)) == [
        ("not_accepted", "/counts/2/loans"),
        ("not_accepted", "/counts/1/loans"),
    ]
    assert cells(draft) == {("CT0002", "2026-03"): 4}


def test_unknown_library_and_count_given_twice_are_named(client, draft):
    again = {"home_library": "CT0003", "month": "2026-04", "loans": 7}
    body = {"counts": [again, again, {"home_library": "CT9999", "month": "2026-04", "loans": 7}]}

    assert errors(send(client, "patch", COUNTS, body)) == [
        ("not_accepted", "/counts/1/loans"),
        ("not_on_record", "/counts/2/home_library"),
    ]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (" ", "missing_body", None),
        ("{", "parse_error", None),
        ("[]", "invalid_field", None),
        ("{}", "missing_field", "/counts"),
        ('{"counts": [], "more": 1}', "unknown_field", "/more"),
        ('{"counts": {}}', "invalid_field", "/counts"),
        ('{"counts": [{"home_library": "CT0002"}]}', "missing_field", "/counts/0/loans"),
        ('{"counts": [{"home_library": "CT0002", "loans": "7"}]}', "invalid_field", "/counts/0/loans"),
        ('{"counts": [{"home_library": "CT0002", "loans": true}]}', "invalid_field", "/counts/0/loans"),
        ('{"counts": [{"home_library": "CT0002", "loans": -1}]}', "invalid_field", "/counts/0/loans"),
        ('{"counts": [{"home_library": "a b\\n", "loans": 1}]}', "invalid_field", "/counts/0/home_library"),
        (
            '{"counts": [{"home_library": "CT0002", "loans": 1, "month": "2026-13"}]}',
            "invalid_field",
            "/counts/0/month",
        ),
    ],
)
def test_body_that_is_not_as_described_is_refused(client, draft, body, code, field):
    assert errors(send(client, "put", COUNTS, body), 400) == [(code, field)]


def test_body_of_another_kind_or_too_large_is_refused(client, draft):
    assert errors(send(client, "put", COUNTS, "a=1", "application/x-www-form-urlencoded"), 415)
    assert errors(send(client, "put", COUNTS, "{}", "application/json; charset=latin-1"), 415)
    assert errors(send(client, "put", COUNTS, " " * 4_000_001), 413) == [("body_too_large", None)]


def test_counts_of_a_filing_that_is_not_a_draft_are_refused(client, draft):
    Filing.objects.filter(pk=draft.pk).update(status="returned")
    assert send(client, "put", COUNTS, {"counts": []}).status_code == 200
    draft.refresh_from_db()
    draft.status, draft.submitted_at, draft.sha256 = "submitted", draft.created_at, "a" * 64
    draft.submitted_by = make_user()
    draft.save()

    assert errors(send(client, "put", COUNTS, {"counts": []}), 409) == [("conflict", None)]


# CSV


@pytest.mark.parametrize(
    "body",
    [
        "home_library,2026-03,2026-04\r\nCT0003,7,\r\nCT0004,n/c,0\r\n",
        "\ufeffmonth,loans,home_library_fscs\n2026-03,7,CT0003\n\n2026-03,nc,CT0004\n2026-04-01,0,CT0004\n",
    ],
)
def test_csv_is_by_row_or_with_a_column_for_each_month(client, draft, body):
    answer = send(client, "put", COUNTS, body, "text/csv")

    assert answer.status_code == 200, answer.content
    assert cells(draft) == {("CT0003", "2026-03"): 7, ("CT0004", "2026-03"): None, ("CT0004", "2026-04"): 0}


def test_counts_read_as_csv_are_taken_back_as_they_are(client, draft, bethel, canton):
    make_counts(draft, {(bethel, HALF[1]): None, (canton, HALF[0]): 0})

    read = client.get(COUNTS, headers={"Accept": "text/csv"})

    text = read.getvalue().decode()
    assert text == (
        "home_library,month,loans\nCT0002,2026-03-01,4\nCT0002,2026-04-01,n/c\nCT0003,2026-03-01,0\n"
    )
    assert read["ETag"] == client.get(FILING)["ETag"]
    before = cells(draft)
    assert send(client, "put", COUNTS, text, "text/csv").status_code == 200
    assert cells(draft) == before
    assert (
        client.put(COUNTS, text, content_type="text/csv", headers={"Accept": "text/csv"}).status_code == 406
    )


def test_csv_of_totals_needs_a_filing_of_totals(client, draft):
    body = "home_library,loans\nCT0003,7\n"
    assert errors(send(client, "put", COUNTS, body, "text/csv")) == [("not_accepted", "line 2, loans")]
    draft.loan_counts.all().delete()
    Filing.objects.filter(pk=draft.pk).update(basis="period_total")

    assert send(client, "put", COUNTS, body, "text/csv").status_code == 200
    assert cells(draft) == {("CT0003", None): 7}


@pytest.mark.parametrize(
    ("body", "status", "found"),
    [
        ("\n", 422, [("not_accepted", "line 1, home_library"), ("not_accepted", "line 1, loans")]),
        ("home_library,loans,patron\n", 422, [("not_accepted", "line 1, patron")]),
        ("home_library,2026-03,2026-03-01\n", 422, [("not_accepted", "line 1, 2026-03-01")]),
        ("home_library,loans,month\nCT0003,7\n", 422, [("not_accepted", "line 2")]),
        (
            "home_library,loans,month\nCT0003,x,2026-03\nNONE,1,2026-03\nCT0003,1,May\n",
            422,
            [
                ("not_accepted", "line 2, loans"),
                ("not_on_record", "line 3, home_library"),
                ("not_accepted", "line 4, month"),
            ],
        ),
        ("home_library,2026-03\nCT0003,1\nCT0003,2\n", 422, [("not_accepted", "line 3, 2026-03")]),
        ("home_library,2026-10\nCT0003,1\n", 422, [("not_accepted", "line 2, 2026-10")]),
        ('home_library,2026-10\n"CT0003,1\n', 400, [("parse_error", "line 2")]),
        (b"home_library,2026-10\n\xff\n", 400, [("parse_error", None)]),
    ],
)
def test_bad_csv_is_named_line_by_line(client, draft, body, status, found):
    assert errors(send(client, "put", COUNTS, body, "text/csv"), status) == found
    assert cells(draft) == {("CT0002", "2026-03"): 4}


# Explaining


@pytest.fixture
def unusual(draft, bethel):
    """The draft with a month of which nothing was counted."""
    draft.loan_counts.all().delete()
    loans = [101, 112, 123, None, 145, 156]
    make_counts(draft, {(bethel, month): number for month, number in zip(HALF, loans, strict=True)})
    return draft


def test_finding_is_explained_and_the_explanation_taken_back(client, unusual):
    findings = client.get(f"{FILING}findings/").json()["findings"]
    (asked,) = [found for found in findings if found["stops"]]
    place = {name: asked[name] for name in ("check", "home_library", "month")}
    wordless = {"explanations": [place | {"reason": "other"}]}
    assert errors(send(client, "post", f"{FILING}explanations/", wordless)) == [
        ("not_accepted", "/explanations/0/text")
    ]

    said = {"explanations": [place | {"reason": "other", "text": "A fair."}]}
    answer = send(client, "post", f"{FILING}explanations/", said)

    assert answer.status_code == 200, answer.content
    assert answer.json()["may_be_submitted"] is True
    (kept,) = client.get(f"{FILING}explanations/").json()["results"]
    assert (kept["text"], kept["check"]) == ("A fair.", asked["check"])
    gone = send(client, "delete", f"{FILING}explanations/{kept['id']}/", "")
    assert gone.status_code == 204
    assert send(client, "delete", f"{FILING}explanations/{kept['id']}/", "").status_code == 404
    assert send(client, "delete", f"{FILING}explanations/x/", "").status_code == 404


def test_what_no_check_asks_is_not_explained_and_nothing_is_kept(client, unusual):
    findings = client.get(f"{FILING}findings/").json()["findings"]
    (asked,) = [found for found in findings if found["stops"]]
    place = {name: asked[name] for name in ("check", "home_library", "month")}
    said = {
        "explanations": [
            place | {"reason": "checked"},
            {"check": "no_such_check", "home_library": "CT9999", "reason": "checked"},
        ]
    }

    assert errors(send(client, "post", f"{FILING}explanations/", said)) == [
        ("not_on_record", "/explanations/1")
    ]
    assert not Explanation.objects.exists()


# Several libraries


@pytest.fixture
def members(avon, bethel):
    make_period_on_record()
    for library in (avon, bethel):
        make_letter(library)
    filer = make_user(Role.CONSORTIUM_FILER, consortium=make_consortium(members=(avon, bethel)))
    return Client(headers=token_of(filer))


def make_period_on_record():
    from_march = make_filing().period
    Filing.objects.all().delete()
    return from_march


MEMBERS = "lender,home_library,2026-03,2026-04\nCT0002,CT0003,5,6\nCT0001,CT0003,7,n/c\nCT0001,CT0004,,8\n"


def test_drafts_of_several_libraries_are_begun_from_one_file(members):
    answer = send(members, "post", DRAFTS, MEMBERS, "text/csv")

    assert answer.status_code == 200, answer.content
    assert [(each["library"], each["begun"], each["cells"]) for each in answer.json()["saved"]] == [
        ("CT0001", True, 4),
        ("CT0002", True, 2),
    ]
    avon, bethel = Filing.objects.order_by("library__key")
    assert cells(avon) == {("CT0003", "2026-03"): 7, ("CT0003", "2026-04"): None, ("CT0004", "2026-04"): 8}
    assert cells(bethel) == {("CT0003", "2026-03"): 5, ("CT0003", "2026-04"): 6}
    assert members.get(answer.json()["saved"][0]["filing_url"]).status_code == 200


def test_drafts_on_record_are_changed_only_where_that_is_asked(members, avon, canton):
    make_counts(make_filing(avon), {(canton, HALF[2]): 3})
    json = {"counts": [{"lender": "CT0001", "home_library": "CT0003", "month": "2026-03", "loans": 9}]}

    refused = send(members, "post", DRAFTS, MEMBERS, "text/csv")
    changed = send(members, "patch", DRAFTS, json)

    assert errors(refused, 409) == [("conflict", "CT0001")]
    assert changed.status_code == 200, changed.content
    assert cells(Filing.objects.get()) == {("CT0003", "2026-03"): 9, ("CT0003", "2026-05"): 3}


def test_one_bad_cell_of_one_library_leaves_all_as_they_were(members):
    body = MEMBERS + "CT0002,CT0002,1,\n"

    assert errors(send(members, "post", DRAFTS, body, "text/csv")) == [("not_accepted", "line 5, 2026-03")]
    assert not Filing.objects.exists()


def test_library_of_no_member_is_refused_and_nothing_is_begun(members):
    answer = send(members, "post", DRAFTS, MEMBERS + "CT0003,CT0001,1,1\n", "text/csv")

    assert answer.status_code == 403
    assert not Filing.objects.exists()


def test_counts_need_the_scope_that_writes(avon):
    user = make_user(Role.LIBRARY_FILER, library=avon)
    client = Client(headers=token_of(user, Scope.READ_FILINGS, Scope.CERTIFY_FILINGS))

    assert send(client, "post", DRAFTS, MEMBERS, "text/csv").status_code == 403
