"""The page of each library and of each town."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse

from connecticard.models import Role
from libraries.models import Library, Town
from libraries.services import record_succession
from tests.api_world import TODAY
from tests.factories import make_home_library, make_letter, make_library, make_residency, make_town, make_user
from tests.page_text import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


def shown_at(client: Client, place: Library | Town) -> str:
    response = client.get(place.get_absolute_url())
    assert response.status_code == 200
    return text(response)


def test_library_page_shows_whom_it_serves_and_since_when_it_takes_part(client):
    library = make_home_library("Salem Free Public Library")
    make_residency(make_town("Bozrah"), library, begins=date(2020, 7, 1))
    make_letter(library, begins=date(2019, 3, 1))
    library.former_names.create(name="Salem Library", valid=DateRange(None, date(2018, 1, 1)))

    shown = shown_at(client, library)

    assert "Participates" in shown
    assert "Bozrah" in shown
    assert "from July 1, 2020 on" in shown
    assert "from March 1, 2019 on" in shown
    assert "Salem Library, through December 31, 2017" in shown
    assert "Record its withdrawal" not in shown


def test_closed_library_keeps_its_page_and_names_its_successor(client):
    old, new = make_home_library("Old Library"), make_home_library("New Library")
    record_succession(
        predecessor=old,
        successor=new,
        on=date(2026, 7, 1),
        document="Act 26-1",
        by=make_user(Role.STATE_STAFF),
    )

    assert "Closed" in shown_at(client, old)
    assert "took its place on July 1, 2026 (Act 26-1)" in shown_at(client, old)
    assert "took the place of" in shown_at(client, new)


def test_unknown_library_is_not_found(client):
    assert client.get(reverse("reports:library_page", args=["CT9999"])).status_code == 404


def test_town_without_a_row_today_says_so(client):
    town = make_town("Bozrah")
    make_residency(town, make_library(), ends=date(2020, 1, 1))

    shown = shown_at(client, town)

    assert "No home library is on record for Bozrah today." in shown
    assert "through December 31, 2019" in shown


# Figures of the newest published year


def test_library_page_joins_its_loans_and_its_payment(client, world):
    shown = shown_at(client, world.libraries["CT0001"])
    payment = world.certified_run.payments.get(library__key="CT0001")

    assert "30 lent to residents of other towns" in shown
    assert "20 borrowed elsewhere on its cards" in shown
    assert "+10 net: lent less borrowed" in shown
    assert f"${payment.payment_cents / 100:,.2f} payment of the year" in shown
    assert "1 Bethel Library 20 100.0% +10" in shown
    assert "1 Bethel Library 30 100.0% +10" in shown


def test_library_page_leads_to_all_that_is_told_elsewhere(client, world):
    page = client.get("/libraries/CT0001/").content.decode()

    for address in ("payments/2027/", "advocacy/", "trend/", "documents/", "payments/"):
        assert f'href="/libraries/CT0001/{address}"' in page


def test_page_of_a_library_that_took_no_part_says_so(client, world):
    shown = shown_at(client, Library.objects.get(key="CT0005"))

    assert "It has no line in the payments of this year" in shown
    assert "not reported lent to residents of other towns That is not zero." in shown


def test_page_of_a_library_that_lent_nothing_shows_zero(client, world):
    shown = shown_at(client, world.libraries["CT0003"])

    assert "0 lent to residents of other towns" in shown
    assert "It lent nothing to residents of other towns in these twelve months." in shown
    assert "Nothing borrowed elsewhere on its cards is counted in these twelve months." in shown


def test_page_of_a_library_that_opened_later_has_no_figures_of_the_year(client, world):
    later = make_home_library("New Library")
    later.open_during = DateRange(date(2028, 1, 1), None)
    later.save()

    shown = shown_at(client, later)

    assert "It has no line in the payments of this year" in shown
    assert "lent to residents" not in shown


def test_town_page_shows_both_directions(client, world):
    shown = shown_at(client, Town.objects.get(number=2))

    assert "The home library of residents of Bethel is Bethel Library" in shown
    assert "20 lent to residents of other towns" in shown
    assert "30 borrowed elsewhere on its cards" in shown
    assert "−10 net: lent less borrowed" in shown


def test_page_of_a_town_without_a_library_leads_to_where_it_is_counted(client, world):
    shown = shown_at(client, Town.objects.get(number=4))

    assert "Dunes has no public library." in shown
    assert "was on cards of Canton Library , and is counted with Canton" in shown


def test_neighbors_are_the_libraries_of_the_town_and_of_those_that_border_on_it(client, world):
    make_library("Bolton Library", town=make_town("Bolton", number=12))
    make_library("Second Library", town=world.libraries["CT0001"].town)

    shown = shown_at(client, world.libraries["CT0001"])  # town 1 of the map is Andover, which Bolton borders

    assert "Second Library Avon same town: not counted Bolton Library Bolton 0 0" in shown
    assert "Canton Library" not in shown


@pytest.mark.parametrize(
    "address",
    [
        "",
        "advocacy/",
        "advocacy.pdf",
        "trend/",
        "trend/loans.csv",
        "payments/",
        "payments/2027/",
        "documents/",
    ],
)
def test_key_in_small_letters_leads_to_the_key_on_record(client, world, address):
    answer = client.get(f"/libraries/ct0001/{address}?year=2027")

    assert answer.status_code == 301
    assert answer.url == f"/libraries/CT0001/{address}?year=2027"
