"""The pages and the files of the flows between towns and between libraries."""

import csv
from datetime import date
from io import StringIO

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from tests.factories import make_library
from tests.page_text import text

pytestmark = pytest.mark.django_db


def test_state_page_names_the_greatest_flows_and_the_net_lenders(client, world):
    page = client.get("/flows/")

    shown = text(page)
    assert "The 2 greatest flows" in shown
    assert "1 Bethel Avon 30 60.0%" in shown
    assert "Avon 30 20 +10" in shown
    assert "Essex not reported 0" in shown
    assert len(page.content) < 150_000


def test_town_page_shows_both_directions_with_net(client, world):
    shown = text(client.get("/flows/?town=1&year=2027"))

    assert "1 Bethel 20 100.0% +10" in shown
    assert "1 Bethel 30 100.0% +10" in shown


def test_library_page_shows_both_directions(client, world):
    shown = text(client.get("/flows/libraries/?library=CT0002"))

    assert "1 Avon Library 30 100.0% −10" in shown
    assert "Where cards of Bethel Library are used" in shown


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (
            "/flows/?town=4",
            "Dunes has no public library of its own. Its residents hold cards of Canton Library",
        ),
        ("/flows/?town=3", "It lent nothing to residents of other towns"),
        ("/flows/libraries/?library=CT0005", "Nothing was reported of what it lent. That is not zero."),
        ("/flows/?year=1999", "No payments of year 1999 are published"),
        ("/flows/?town=999", "No town has this number"),
        ("/flows/libraries/?library=CT9999", "No library has this key"),
    ],
)
def test_empty_and_mistaken_questions_are_answered(client, world, address, sentence):
    assert sentence in text(client.get(address))


def test_library_that_opened_later_is_said_to_have_no_part(client, world):
    library = make_library("New Library", key="CT0009")
    library.open_during = DateRange(date(2028, 1, 1), None)
    library.save()

    assert "The library was not open in these twelve months" in text(
        client.get("/flows/libraries/?library=CT0009")
    )


def rows(response) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(response.content.decode())))


@pytest.mark.parametrize("name", ["towns", "libraries"])
def test_files_hold_every_flow_and_every_balance(client, world, name):
    flows, net = rows(client.get(f"/flows/{name}.csv")), rows(client.get(f"/flows/{name}-net.csv"))

    assert [int(row["loans"]) for row in flows] == [30, 20]
    assert {row["kind"] for row in flows} == {"filed"}
    assert [(row["lent"], row["borrowed"], row["net"]) for row in net] == [
        ("30", "20", "10"),
        ("20", "30", "-10"),
        ("0", "0", "0"),
        ("", "0", ""),
    ]


def test_file_of_one_library_holds_its_flows(client, world):
    assert len(rows(client.get("/flows/libraries.csv?library=CT0001"))) == 2
    assert rows(client.get("/flows/libraries.csv?library=CT0003")) == []
