"""Payment runs, payments and expenditure reports by REST."""

import pytest

from connecticard.models import Role
from payments import services
from payments.models import Payment, UnmetRequirement
from tests.api_world import AT, TODAY
from tests.factories import make_signed_in_client, make_user

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


def test_certified_run_is_published_to_the_cent(client, world):
    run = client.get(f"{API}payment-runs/2027-1/").json()

    assert (run["measured_from"], run["measured_to"]) == ("2026-03-01", "2027-02-28")
    assert run["appropriation"] == "1000.00"
    assert run["pools"] == {"transactions": "500.00", "net_plus": "500.00"}
    assert run["rates"] == {"per_loan": "10.0000000000", "per_net_plus": "50.0000000000"}
    assert run["totals"] == {
        "loans": 50,
        "net_plus": 10,
        "paid": "1000.00",
        "withheld": "0.00",
        "undistributed": "0.00",
    }
    assert run["policy"] == {"withheld": "keep", "assumed_eligible": False}
    assert run["manifest_sha256"] == world.certified_run.manifest_sha256


def test_payments_of_a_certified_run_are_published(client, world):
    run = client.get(f"{API}payment-runs/2027-1/").json()

    lines = client.get(run["payments_url"]).json()["results"]

    assert [(line["library"], line["loans"], line["borrows"], line["payment"]) for line in lines] == [
        ("CT0001", 30, 20, "800.00"),
        ("CT0002", 20, 30, "200.00"),
        ("CT0003", 0, 0, "0.00"),
    ]
    line = client.get(f"{API}payment-runs/2027-1/payments/CT0001/").json()
    assert line | lines[0] == line


def test_payment_read_by_itself_is_explained(client, world):
    answer = client.get(f"{API}payment-runs/2027-1/payments/CT0001/").json()

    explanation = answer["explanation"]
    assert explanation["divisions"]["transactions"] == {
        "pool": "500.00",
        "divided_by": 50,
        "rate": "10.0000000000",
        "own": 30,
        "exact": "30000/1",
        "share": "300.00",
        "rounding": {
            "cents_left_over": 0,
            "libraries_waiting": 0,
            "own_place": None,
            "last_served": None,
            "first_left_out": None,
        },
    }
    assert [(one["library"], one["loans"]) for one in explanation["lent"]] == [("CT0002", 30)]
    assert [(one["library"], one["loans"]) for one in explanation["borrowed"]] == [("CT0002", 20)]
    assert all(one["met"] for one in explanation["requirements"])
    assert explanation["change"] is None
    assert explanation["rulebook_url"].endswith("/rulebook/?on=2027-06-30")
    assert client.get(answer["page_url"]).status_code == 200


def test_explanation_of_a_run_that_is_not_published_is_closed(client, staff, world):
    services.calculate_run(run=world.calculated_run, by=world.staff, at=AT)
    address = f"{API}payment-runs/2028-1/payments/CT0001/"

    assert client.get(address).status_code == 404
    assert staff.get(address).json()["explanation"]["change"]["payment_before"] == "800.00"


def test_run_that_is_not_certified_is_seen_by_who_may_see_runs(client, staff, world):
    assert [run["id"] for run in rows(client, "payment-runs/")] == ["2027-1"]
    for address in ("payment-runs/2028-1/", "payment-runs/2028-1/payments/"):
        assert client.get(API + address).status_code == 404
        assert make_signed_in_client(user=world.filer).get(API + address).status_code == 404
        assert staff.get(API + address).status_code == 200
    assert [run["id"] for run in rows(staff, "payment-runs/")] == ["2028-1", "2027-1"]
    assert [run["id"] for run in rows(staff, "payment-runs/?status=draft")] == ["2028-1"]
    assert [run["id"] for run in rows(staff, "payment-runs/?fiscal_year=2027")] == ["2027-1"]


def test_run_without_figures_has_null_for_them(staff):
    run = staff.get(f"{API}payment-runs/2028-1/").json()

    assert run["appropriation"] is None
    assert run["pools"] == {"transactions": None, "net_plus": None}
    assert run["rates"] == {"per_loan": None, "per_net_plus": None}


def test_void_run_stays_a_public_record_as_void(client, staff, world):
    services.void_run(
        run=world.certified_run, reason="A letter was wrong.", by=make_user(Role.STATE_ADMINISTRATOR), at=AT
    )

    assert [(run["id"], run["status"]) for run in rows(client, "payment-runs/")] == [("2027-1", "void")]
    assert staff.get(f"{API}payment-runs/2027-1/").json()["void_reason"] == "A letter was wrong."


def test_unmet_requirements_stand_with_their_cure(staff, world):
    payment = Payment.objects.create(
        run=world.calculated_run,
        library=world.libraries["CT0001"],
        loans=1,
        borrows=0,
        net_plus=1,
        transactions_share_cents=100,
        net_plus_share_cents=50,
        payment_cents=0,
        withheld_cents=150,
        eligible=False,
    )
    for code in ("letter_not_on_file", "filing_missing"):
        UnmetRequirement.objects.create(
            payment=payment, code=code, citation="2(a)", reason="Not filed.", cure="File it."
        )

    (line,) = rows(staff, "payment-runs/2028-1/payments/?eligible=false&town=1&library=CT0001")

    assert (line["payment"], line["withheld"]) == ("0.00", "1.50")
    assert [unmet["code"] for unmet in line["unmet"]] == ["letter_not_on_file", "filing_missing"]
    assert line["unmet"][0]["cure"] == "File it."


def test_rate_of_a_redistributed_run_divides_by_those_in_order(staff, world):
    run = world.calculated_run
    run.withheld_policy, run.board_decision = "redistribute", "Decision 7"
    run.calculated_at, run.calculated_by, run.status = AT, world.staff, "calculated"
    run.appropriation_cents, run.transactions_pool_cents, run.net_plus_pool_cents = 1000, 500, 500
    run.undistributed_cents = 500
    run.save()
    for key, loans, eligible in (("CT0001", 5, True), ("CT0002", 15, False)):
        Payment.objects.create(
            run=run,
            library=world.libraries[key],
            loans=loans,
            borrows=loans,
            net_plus=0,
            transactions_share_cents=500 if eligible else 0,
            net_plus_share_cents=0,
            payment_cents=500 if eligible else 0,
            withheld_cents=0,
            eligible=eligible,
        )

    found = staff.get(f"{API}payment-runs/2028-1/").json()

    assert found["rates"] == {"per_loan": "1.0000000000", "per_net_plus": "0.0000000000"}
    assert found["totals"]["loans"] == 20


def test_expenditure_report_is_read_by_its_library_and_the_state(staff, world):
    own = make_signed_in_client(user=world.filer)

    report = own.get(f"{API}expenditure-reports/CT0001-2027-1/").json()

    assert (report["received"], report["unspent"]) == ("800.00", "0.00")
    assert report["spent"] == [{"category": "materials", "amount": "800.00", "note": "books"}]
    assert rows(staff, "expenditure-reports/?library=CT0001&fiscal_year=2027&status=draft") == [report]
    other = make_signed_in_client(Role.LIBRARY_FILER, world.libraries["CT0002"])
    assert rows(other, "expenditure-reports/") == []
    assert other.get(f"{API}expenditure-reports/CT0001-2027-1/").status_code == 404
