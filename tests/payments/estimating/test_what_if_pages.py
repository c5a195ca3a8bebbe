"""The what-if page, its files and its route: what may be asked by whom, and what an answer says."""

import csv
import io
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
from django.urls import reverse

from connecticard.models import Role
from payments import services
from payments.counting import CannotCalculate
from payments.estimating import what_if_bases
from payments.estimating.what_if_files import COLUMNS, NOTICE
from tests.api_world import AT, TODAY, make_world, token_of
from tests.factories import make_signed_in_client

pytestmark = pytest.mark.django_db
PAGE = "/what-if/"


@pytest.fixture
def world(settings):
    settings.DEMO_TODAY = TODAY
    return make_world()


@pytest.fixture
def staff(world):
    return make_signed_in_client(Role.STATE_STAFF)


def text_of(answer):
    return answer.content.decode()


def errors_of(answer):
    return answer.context["form"].errors


def test_page_is_open_and_asks_about_the_latest_published_year(world, client):
    answer = client.get(PAGE)

    assert answer.status_code == 200
    assert answer.context["bases"] == [("2027-1", "Fiscal year 2027: payment run 2027-1")]
    assert "outcome" not in answer.context
    assert "20 percent less appropriation" in text_of(answer)


def test_page_says_so_where_nothing_is_published(db, client):
    assert "No payments are published yet" in text_of(client.get(PAGE))
    assert "no year that you may ask about" in text_of(client.get(PAGE, {"base": "2018-1"}))


def test_answer_says_what_is_asked_what_it_rests_on_and_that_it_is_no_payment(world, client):
    answer = client.get(PAGE, {"base": "2027-1", "appropriation": "-20%"})

    shown = text_of(answer)
    assert NOTICE in shown
    assert "$800.00 would be divided in place of $1,000.00, 20 percent less." in shown
    assert "It rests on fiscal year 2027, payment run 2027-1." in shown
    assert "0 libraries would be paid more, 2 less, 1 the same." in shown
    assert "Avon Library" in shown
    assert answer.context["outcome"].then.paid_cents == 80_000


def test_question_as_typed_becomes_the_address_that_asks_it(world, client):
    typed = {
        "base": "2027-1",
        "appropriation": "$1,200.50",
        "all_loans": "10",
        "withheld": "",
        "net_plus": "",
        "not_participating": "",
        "not_in_order": "CT0001",
        "in_order": "",
        "loans": "CT0002:5",
        "library": "CT0001",
        "what": "loans",
        "by": "−12.50 %",
    }

    answer = client.get(PAGE, typed)

    address = urlsplit(answer.url)
    assert (answer.status_code, address.path, address.fragment) == (302, PAGE, "answer")
    assert parse_qs(address.query) == {
        "base": ["2027-1"],
        "appropriation": ["1200.50"],
        "loans": ["CT0001:-12.5%,CT0002:5"],
        "all_loans": ["10%"],
    }
    assert client.get(answer.url).status_code == 200


def test_library_that_is_changed_can_be_left_as_it_is(world, client):
    answer = client.get(PAGE, {"base": "2027-1", "not_participating": "CT0002", "loans": "CT0001:10"})

    assert answer.context["changed"] == [
        ("Avon Library would have lent 10 in all.", "base=2027-1&not_participating=CT0002"),
        (
            "Bethel Library would not participate: its loans count for nothing.",
            "base=2027-1&loans=CT0001%3A10",
        ),
    ]
    assert "no line" in text_of(answer)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"base": "1999-1"}, "base"),
        ({"base": "2028-1"}, "base"),
        ({"base": "2027-open"}, "base"),
        ({"base": "²-1"}, "base"),
        ({"appropriation": "5"}, "base"),
        ({"base": "2027-1", "appropriation": "lots"}, "appropriation"),
        ({"base": "2027-1", "appropriation": "-20"}, "appropriation"),
        ({"base": "2027-1", "appropriation": "-200%"}, "appropriation"),
        ({"base": "2027-1", "all_loans": "x"}, "all_loans"),
        ({"base": "2027-1", "withheld": "burn"}, "withheld"),
        ({"base": "2027-1", "net_plus": "moon"}, "net_plus"),
        ({"base": "2027-1", "library": "CT9999", "what": "in_order"}, "library"),
        ({"base": "2027-1", "what": "in_order"}, "library"),
        ({"base": "2027-1", "library": "CT0001"}, "what"),
        ({"base": "2027-1", "library": "CT0001", "what": "loans"}, "by"),
        ({"base": "2027-1", "library": "CT0001", "what": "loans", "by": "-5"}, "by"),
        ({"base": "2027-1", "library": "CT0001", "what": "in_order", "by": "5"}, "by"),
        ({"base": "2027-1", "not_in_order": "CT9999"}, "library"),
        ({"base": "2027-1", "not_in_order": "<b>"}, "__all__"),
        ({"base": "2027-1", "loans": "CT0003:5"}, "__all__"),
        ({"base": "2027-1", "color": "red"}, "__all__"),
        ({"base": "2027-1", "library": "CT0001", "what": "loans", "by": "5" * 15}, "__all__"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_its_field(world, client, asked, field):
    answer = client.get(PAGE, asked)

    assert list(errors_of(answer)) == [field]
    assert "outcome" not in answer.context
    assert "Please correct the following" in text_of(answer)
    assert "<b>" not in text_of(answer)


@pytest.mark.parametrize("base", ["9" * 5000 + "-1", "2027-" + "9" * 5000, "99999-1", "2027-01", "٢٠٢٧-1"])
def test_year_that_is_written_otherwise_is_refused(world, client, base):
    answer = client.get(PAGE, {"base": base})

    assert answer.status_code == 400
    assert "is no year that you may ask about" in text_of(answer)


def test_void_run_that_was_published_is_still_answered_but_not_offered(world, client):
    run = world.certified_run
    other = make_signed_in_client(Role.STATE_ADMINISTRATOR).user
    services.void_run(run=run, reason="Wrong amount", by=other, at=AT)

    assert client.get(PAGE).context["bases"] == []
    answer = client.get(PAGE, {"base": "2027-1", "appropriation": "-20%"})

    assert "payment run 2027-1, void" in text_of(answer)
    assert answer.context["outcome"].then.paid_cents == 80_000


def test_staff_also_ask_about_what_is_not_published_and_about_open_years(world, staff):
    services.calculate_run(run=world.calculated_run, by=world.staff, at=AT)

    offered = dict(staff.get(PAGE).context["bases"])

    assert list(offered) == ["2028-open", "2028-1", "2027-1"]
    answer = staff.get(PAGE, {"base": "2028-open", "net_plus": "town"})
    assert "fiscal year 2028, which is open: the periods owed are 0 certified" in text_of(answer)
    assert "estimated" in text_of(answer)
    assert answer.context["outcome"].base.estimate.fiscal_year == 2028


def test_open_year_with_counts_that_no_payment_may_rest_on_says_which(world, staff, monkeypatch):
    def refuse(*args, **kwargs):
        raise CannotCalculate(["CT0001, March 2027: mend it."])

    monkeypatch.setattr(what_if_bases, "latest_estimate", refuse)

    shown = text_of(staff.get(PAGE, {"base": "2028-open"}))

    assert "CT0001, March 2027: mend it." in shown


@pytest.mark.parametrize("sort", ["difference", "-difference", "library", "-payment", "loans", "nonsense"])
def test_libraries_are_sorted_as_asked(world, client, sort):
    asked = {"base": "2027-1", "not_participating": "CT0003", "appropriation": "-50%", "sort": sort}

    rows = client.get(PAGE, asked).context["rows"]

    by = {
        "difference": lambda row: row.line.difference_cents,
        "-difference": lambda row: -row.line.difference_cents,
        "-payment": lambda row: -row.line.then.payment_cents if row.line.then else 1,
        "loans": lambda row: row.line.then.loans if row.line.then else -1,
    }.get(sort, lambda row: row.name)
    assert rows == sorted(rows, key=by)


def test_csv_states_the_question_and_holds_every_library(world, client):
    answer = client.get("/what-if/what-if.csv", {"base": "2027-1", "not_in_order": "CT0001"})

    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    heading, lines = rows[: rows.index([])], rows[rows.index([]) + 1 :]
    assert answer["Content-Disposition"] == 'attachment; filename="what-if-2027-1.csv"'
    assert heading[0] == ["what_if", NOTICE]
    assert ["question", "Avon Library would not be in order."] in heading
    assert heading[-1] == ["page", "http://testserver/what-if/?base=2027-1&not_in_order=CT0001"]
    assert lines[0] == list(COLUMNS)
    assert len(lines) == 4
    assert lines[1][0:2] == ["CT0001", "Avon Library"]
    assert lines[1][-2:] == ["0.00", "-800.00"]


def test_excel_file_states_the_question_and_holds_amounts_as_numbers(world, client):
    answer = client.get("/what-if/what-if.xlsx", {"base": "2027-1", "not_participating": "CT0003"})

    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["Question", "Libraries"]
    assert book["Question"]["B1"].value == NOTICE
    last = [cell.value for cell in book["Libraries"][4]]
    assert last == ["CT0003", "Canton Library", 0, None, 0, None, 0, None, 0, None, 0, None, 0]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"base": "2027-1", "loans": "x"}, 400),
        ({"base": "2027-1", "loans": "CT9999:5"}, 400),
        ({"base": "2028-1"}, 404),
        ({"base": "2028-open"}, 404),
    ],
)
def test_file_of_what_cannot_be_asked_is_refused(world, client, ending, asked, status):
    assert client.get(f"/what-if/what-if.{ending}", asked).status_code == status


def test_route_answers_the_same_question(world, client):
    asked = {"base": "2027-1", "appropriation": "-20%", "not_participating": "CT0003"}

    answer = client.get("/api/v1/what-if/", asked).json()

    assert answer["notice"] == NOTICE
    assert answer["then"]["paid"] == "800.00"
    assert answer["lines"][2] == {
        "library": "CT0003",
        "name": "Canton Library",
        "now": {
            "loans": 0,
            "borrows": 0,
            "net_plus": 0,
            "transactions_share": "0.00",
            "net_plus_share": "0.00",
            "payment": "0.00",
            "withheld": "0.00",
        },
        "then": None,
        "difference": "0.00",
    }
    assert answer["page_url"] == (
        "http://testserver/what-if/?base=2027-1&appropriation=-20%25&not_participating=CT0003"
    )


@pytest.mark.parametrize(
    ("asked", "status", "code", "field"),
    [
        ({}, 400, "missing_parameter", "base"),
        ({"base": "x"}, 400, "invalid_parameter", "base"),
        ({"base": "2027-1", "color": "red"}, 400, "unknown_parameter", "color"),
        ({"base": "2027-1", "loans": "CT0003:5"}, 400, "invalid_parameter", "loans"),
        ({"base": "2027-1", "not_in_order": "CT0001", "in_order": "CT0001"}, 400, "invalid_parameter", None),
        ({"base": "2027-1", "loans": "CT0001:5,CT0001:6"}, 400, "invalid_parameter", "loans"),
        ({"base": "2028-1"}, 404, "not_found", None),
        ({"base": "2027-1", "in_order": "CT9999"}, 404, "not_found", None),
        ({"base": "2027-1", "loans": "CT9999:5,CT9999:6"}, 404, "not_found", None),
    ],
)
def test_route_refuses_with_code_and_field(world, client, asked, status, code, field):
    answer = client.get("/api/v1/what-if/", asked)

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, field)


def test_route_answers_staff_about_an_open_year(world, client):
    answer = client.get("/api/v1/what-if/", {"base": "2028-open"}, headers=token_of(world.staff))

    assert answer.json()["estimated"] is True


def test_page_is_in_the_navigation(world, client):
    assert reverse("payments:what_if") == PAGE
    assert 'href="/what-if/"' in text_of(client.get("/"))
