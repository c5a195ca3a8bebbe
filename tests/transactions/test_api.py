"""Filing periods, filings and loan counts by REST."""

import pytest

from connecticard.models import Role
from tests.api_world import TODAY
from tests.factories import make_consortium, make_library, make_signed_in_client, make_user
from transactions.models import LoanCount

pytestmark = pytest.mark.django_db
API = "/api/v1/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def staff(world):
    return make_signed_in_client(user=world.staff)


def rows(client, address):
    answer = client.get(API + address)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_filing_period_is_read_under_its_cadence_and_first_day(client, world):
    period = client.get(f"{API}filing-periods/semiannual-2026-03-01/").json()

    assert (period["first_day"], period["last_day"], period["due_on"]) == (
        "2026-03-01",
        "2026-08-31",
        "2026-09-08",
    )
    assert period["url"].endswith("/api/v1/filing-periods/semiannual-2026-03-01/")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("fiscal_year=2027", ["semiannual-2026-03-01", "semiannual-2026-09-01"]),
        ("on=2027-03-01", ["semiannual-2027-03-01"]),
        ("cadence=monthly", []),
    ],
)
def test_filing_periods_are_chosen(client, world, query, ids):
    assert [period["id"] for period in rows(client, f"filing-periods/?{query}")] == ids


def test_filing_is_read_with_links_that_lead_on(staff):
    filing = staff.get(f"{API}filings/CT0001-semiannual-2026-03-01-1/").json()

    assert (filing["library"], filing["version"], filing["status"]) == ("CT0001", 1, "certified")
    assert (filing["first_day"], filing["last_day"], filing["counts"]) == ("2026-03-01", "2026-08-31", True)
    assert filing["certified_at"] == "2026-09-08T00:00:00-04:00"
    for link in ("url", "loan_counts_url", "library_url", "period_url"):
        assert staff.get(filing[link]).status_code == 200


@pytest.mark.parametrize(
    ("query", "number"),
    [("", 7), ("fiscal_year=2027", 6), ("library=CT0002", 3), ("status=draft", 1), ("counts=true", 6)],
)
def test_filings_are_chosen(staff, query, number):
    assert len(rows(staff, f"filings/?{query}")) == number


def test_person_of_a_library_sees_its_filings_alone(world):
    client = make_signed_in_client(user=world.filer)

    assert {filing["library"] for filing in rows(client, "filings/")} == {"CT0001"}
    assert client.get(f"{API}filings/CT0002-semiannual-2027-03-01-1/").status_code == 404
    assert client.get(f"{API}filings/CT0002-semiannual-2027-03-01-1/loan-counts/").status_code == 404


def test_draft_is_seen_by_the_people_of_its_library(world):
    member = world.libraries["CT0002"]
    filer = make_user(Role.CONSORTIUM_FILER, consortium=make_consortium(members=(member,)))

    (draft,) = rows(make_signed_in_client(user=filer), "filings/?status=draft")

    assert draft["id"] == "CT0002-semiannual-2027-03-01-1"
    assert draft["sha256"] == ""


def test_loan_counts_are_in_order_of_home_library_and_month(staff, world):
    home = world.libraries["CT0003"]
    LoanCount.objects.create(filing=world.draft, home_library=home, month="2027-05-01", loans=1)
    LoanCount.objects.create(filing=world.draft, home_library=home, month="2027-04-01", loans=0)
    address = "filings/CT0002-semiannual-2027-03-01-1/loan-counts/"

    assert rows(staff, address) == [
        {"home_library": "CT0001", "month": "2027-03-01", "loans": 3},
        {"home_library": "CT0003", "month": "2027-04-01", "loans": 0},
        {"home_library": "CT0003", "month": "2027-05-01", "loans": 1},
    ]
    assert [row["loans"] for row in rows(staff, f"{address}?month=2027-05-01")] == [1]
    assert [row["loans"] for row in rows(staff, f"{address}?home_library=CT0001")] == [3]
    first = staff.get(f"{API}{address}?page_size=2").json()
    assert [row["month"] for row in staff.get(first["next"]).json()["results"]] == ["2027-05-01"]


def test_loans_that_were_not_counted_are_null(staff, world):
    world.draft.loan_counts.update(loans=None)

    assert rows(staff, "filings/CT0002-semiannual-2027-03-01-1/loan-counts/") == [
        {"home_library": "CT0001", "month": "2027-03-01", "loans": None}
    ]


def test_period_total_has_no_month(staff):
    assert rows(staff, "filings/CT0001-semiannual-2026-03-01-1/loan-counts/") == [
        {"home_library": "CT0002", "month": None, "loans": 15}
    ]


def test_pages_hold_rows_without_a_month_once_forward_and_back(staff, world):
    avon, canton = world.libraries["CT0001"], world.libraries["CT0003"]
    for home, month, loans in ((avon, None, 5), (canton, None, 6), (canton, "2027-04-01", 7)):
        LoanCount.objects.create(filing=world.draft, home_library=home, month=month, loans=loans)
    address = f"{API}filings/CT0002-semiannual-2027-03-01-1/loan-counts/?page_size=1"

    forward, back = [], []
    while address:
        page = staff.get(address).json()
        forward += [row["loans"] for row in page["results"]]
        address, last = page["next"], page
    address = last["previous"]
    while address:
        page = staff.get(address).json()
        back += [row["loans"] for row in page["results"]]
        address = page["previous"]

    assert forward == [3, 5, 7, 6]
    assert back == [7, 5, 3]


def test_long_list_costs_as_many_queries_as_a_short_one(staff, world, django_assert_num_queries):
    address = f"{API}filings/CT0002-semiannual-2027-03-01-1/loan-counts/"
    staff.get(address)
    with django_assert_num_queries(5):
        staff.get(address)
    LoanCount.objects.bulk_create(
        LoanCount(filing=world.draft, home_library=make_library(), month="2027-03-01", loans=1)
        for _ in range(5)
    )

    with django_assert_num_queries(5):
        staff.get(address)
