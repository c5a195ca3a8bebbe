"""The desk's pages and routes: answer first, the same by both, nothing stored and nothing logged."""

import itertools
import re
from datetime import date
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse

from connecticard import clock
from libraries.models import LibraryFines
from tests.factories import make_letter, make_library, make_town
from transactions.desk.answering import outcome_of
from transactions.desk.form import DeskForm
from transactions.desk.page import query_of
from transactions.rules.desk import TABLES
from transactions.rules.desk._table import Answer, Kind

pytestmark = pytest.mark.django_db
FIGURES = {
    "due": "2026-11-02",
    "handed_in": "2026-11-12",
    "lender_rate": "0.10",
    "receiver_rate": "0.25",
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def page_of(key: str, status: int = 200, **query: str) -> str:
    response = Client().get(reverse("transactions:desk_question", args=[key]), query)
    assert response.status_code == status
    return response.content.decode()


def words_of(key: str, **query: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page_of(key, **query))).split())


def asked_by_program(key: str, status: int = 200, **query: str):
    response = Client().get(f"/api/v1/desk/{key}/", query)
    assert response.status_code == status, response.content
    return response.json()


def in_address(amount):
    return FIGURES.get(amount.name, "true" if amount.kind is Kind.SWITCH else str(amount.least + 1))


@every_table
def test_page_and_program_are_given_the_same_answer_for_every_row(table):
    seen = set()
    amounts = {amount.name: in_address(amount) for amount in table.amounts}
    for values in itertools.product(*(question.values for question in table.questions)):
        query = dict(zip((question.name for question in table.questions), values, strict=True)) | amounts
        decided = outcome_of(DeskForm(table, query), clock.today()).step
        assert isinstance(decided, Answer)
        if decided.row in seen:
            continue
        seen.add(decided.row)

        told = asked_by_program(table.key, **query)
        shown = words_of(table.key, **query)

        assert (told["verdict"], told["row"], told["ask"]) == (decided.verdict, decided.row, [])
        assert told["headline"] in shown
        assert told["reason"] in shown
        assert told["next_step"] in shown
        assert all(rule["citation"] in shown for rule in told["rules"])
        address = urlsplit(told["page_url"])
        assert told["headline"] in words_of(table.key, **dict(parse_qsl(address.query)))


@every_table
def test_each_choice_on_the_page_leads_to_the_next_question_and_at_last_to_an_answer(table):
    address = reverse("transactions:desk_question", args=[table.key])
    for _tap in range(4):
        html = Client().get(address).content.decode()
        if 'id="the-answer"' in html or "desk-form" in html:
            return
        question = html[html.index('<section aria-labelledby="question"') :]
        address = unescape(re.search(r'href="([^"]+)"', question)[1])

    raise AssertionError(f"no answer after four taps: {address}")


def test_desk_lists_every_question_and_keeps_the_library_named():
    library = make_library(town=make_town("Avon", number=4), key="CT0004")

    html = Client().get(reverse("transactions:desk"), {"library": library.key}).content.decode()

    for table in TABLES.values():
        assert table.title in unescape(html)
    assert 'href="/desk/card/?library=CT0004"' in html
    assert 'href="/desk/fine/?receiver=CT0004"' in html


def test_what_is_on_record_about_the_library_is_not_taken_for_granted():
    library = make_library(town=make_town("Avon", number=4), key="CT0004")
    card = {"shown": "card", "card": "right", "issuer": "home", "library": "CT0004"}

    without_letter = asked_by_program("card", **card)
    make_letter(library)
    with_letter = asked_by_program("card", **card)

    assert (without_letter["verdict"], without_letter["row"]) == ("refer", "library_does_not_participate")
    assert with_letter["verdict"] == "yes"
    assert with_letter["on_record"] == [{"name": "participates", "value": "yes"}]
    assert with_letter["taken_for_granted"] == [{"name": "identification", "value": "no"}]
    assert "by the record" in words_of("card", **card)


def test_what_is_said_goes_before_what_is_on_record():
    make_library(town=make_town("Avon", number=4), key="CT0004")

    told = asked_by_program(
        "card", shown="card", card="right", issuer="home", library="CT0004", participates="yes"
    )

    assert (told["verdict"], told["on_record"]) == ("yes", [])


def test_a_loan_is_judged_on_its_day():
    library = make_library(town=make_town("Avon", number=4), key="CT0004")
    make_letter(library, begins=date(2026, 7, 1))
    loan = {"lives": "other_town", "card": "home", "lent": "other_item", "library": "CT0004"}

    before = asked_by_program("loan", day="2026-06-30", **loan)
    after = asked_by_program("loan", day="2026-07-01", **loan)

    assert (before["row"], before["units"]) == ("lender_does_not_participate", None)
    assert (after["verdict"], after["units"]) == ("yes", 1)


def test_two_libraries_say_where_an_item_was_handed_in():
    lender = make_library(town=make_town("Avon", number=4), key="CT0004")
    receiver = make_library(town=make_town("Bethel", number=9), key="CT0009")
    make_letter(lender)
    dates = {"due": "2026-11-02", "handed_in": "2026-11-12", "lender_rate": "0.10", "levies": "yes"}

    outside = asked_by_program("fine", lender="CT0004", receiver="CT0009", **dates)
    make_letter(receiver)
    elsewhere = asked_by_program("fine", lender="CT0004", receiver="CT0009", receiver_rate="0.25", **dates)
    at_home = asked_by_program("fine", lender="CT0004", receiver="CT0004", **dates)

    assert [asked["name"] for asked in outside["ask"]] == ["reached"]
    assert [found["fine"] for found in elsewhere["fines"]] == ["2.50", "1.00"]
    assert at_home["headline"] == "Due: $1.00, payable at the library that lent it"


def test_fines_of_a_library_outside_the_program_are_not_taken_for_those_of_who_collects():
    lender = make_library(town=make_town("Avon", number=4), key="CT0004")
    outside = make_library(town=make_town("Bethel", number=9), key="CT0009")
    make_letter(lender)
    LibraryFines.objects.create(library=outside, valid=DateRange(None, None), cents_a_day=50)

    told = asked_by_program("fine", lender="CT0004", receiver="CT0009", reached="elsewhere")

    assert [asked["name"] for asked in told["ask"]] == ["levies"]
    assert {known["name"] for known in told["on_record"]} == {"returned_to"}


@pytest.mark.parametrize(("most", "shown"), [("150.00", "$150.00"), ("1000", "$1,000.00")])
def test_a_large_limit_is_taken_by_program_as_by_page(most, shown):
    given = {
        "returned_to": "lender",
        "due": "2026-11-02",
        "handed_in": "2026-11-12",
        "lender_rate": "0.10",
        "lender_most": most,
    }

    assert asked_by_program("fine", **given)["fines"][0]["fine"] == "1.00"
    assert shown in words_of("fine", **given)


def test_a_fine_is_worked_out_line_by_line():
    told = asked_by_program(
        "fine",
        returned_to="lender",
        due="2026-11-02",
        handed_in="2026-11-12",
        lender_rate="0.10",
        lender_grace="2",
        lender_most="0.60",
        items="3",
    )

    assert [(line["label"], line["value"]) for line in told["fines"][0]["working"]] == [
        ("Due date", "2026-11-02"),
        ("Day handed in", "2026-11-12"),
        ("Days late", "10"),
        ("Days without charge", "2"),
        ("Days charged", "8"),
        ("Fine a day", "0.10"),
        ("Days charged × fine a day", "0.80"),
        ("Most for one item", "0.60"),
        ("For one item", "0.60"),
        ("Items", "3"),
        ("Fine", "1.80"),
    ]


def test_figures_are_asked_for_and_what_is_lacking_is_said_beside_its_field():
    afresh = page_of("fine", returned_to="lender")
    typed = words_of("fine", returned_to="lender", due="", handed_in="2026-11-12", lender_rate="a dime")

    assert "error-summary" not in afresh
    assert f'value="{clock.today().isoformat()}"' in afresh
    assert "Due date – Enter a day." in typed
    assert "Enter dollars and cents, such as 0.10" in typed


@pytest.mark.parametrize(
    ("typed", "cents"), [("0.10", 10), (".5", 50), ("$1", 100), ("$ 1.25", 125), ("100.00", 10_000)]
)
def test_dollars_are_read_as_people_type_them(typed, cents):
    assert DeskForm(TABLES["fine"], {"lender_rate": typed}).given == {"lender_rate": cents}


@pytest.mark.parametrize("typed", ["", ".", "$", "1.234", "-1", "100.01", "1,00", "10c", "٣"])
def test_what_is_no_amount_is_not_read(typed):
    assert DeskForm(TABLES["fine"], {"lender_rate": typed}).given == {}


def test_a_choice_that_is_none_is_told_and_asked_again():
    shown = words_of("card", shown="passport")

    assert "passport is not one of the answers. Choose one of those shown." in shown
    assert "What does the borrower show?" in shown


def test_a_program_is_told_what_it_must_say():
    told = asked_by_program("card", shown="card")

    assert told["verdict"] is None
    assert [asked["name"] for asked in told["ask"]] == ["card"]
    assert [choice["value"] for choice in told["ask"][0]["choices"]][:2] == ["right", "somebody_else"]


@pytest.mark.parametrize(
    "query",
    [
        {"shown": "passport"},
        {"borrower": "Ann"},
        {"library": "no library"},
    ],
)
def test_a_program_is_refused_what_means_nothing(query):
    told = asked_by_program("card", status=400, **query)

    assert told["field"] == next(iter(query))


def test_there_is_no_other_question():
    page_of("borrower", status=404)


def test_what_is_asked_is_neither_kept_by_a_cache_nor_logged(caplog):
    response = Client().get("/desk/card/", {"shown": "telephone", "card": "right", "issuer": "home"})

    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    assert "telephone" not in caplog.text


def test_addresses_hold_only_what_decided():
    form = DeskForm(TABLES["card"], {"shown": "nothing", "card": "right", "issuer": "home"})

    assert query_of(outcome_of(form, date(2026, 11, 22))) == {"shown": "nothing"}


@pytest.mark.parametrize(
    ("key", "said", "why"),
    [
        ("lending", {"library": "CT9999"}, "There is no library CT9999"),
        ("fine", {"handed_in": "1408-05-11"}, "years 1800 to 2199"),
    ],
)
def test_program_is_told_what_is_not_on_record(key, said, why):
    told = asked_by_program(key, 404, **said)

    assert told["code"] == "not_found"
    assert why in told["detail"]
