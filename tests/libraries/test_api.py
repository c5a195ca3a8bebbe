"""Towns, libraries and residencies by REST."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import Library, LibraryName
from tests.factories import make_home_library, make_letter, make_library, make_residency, make_town

pytestmark = pytest.mark.django_db
API = "/api/v1/"
TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


def rows(client, address):
    answer = client.get(API + address)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_shipped_roster_is_read_in_a_query_each(client, roster, django_assert_num_queries):
    with django_assert_num_queries(1):
        towns = rows(client, "towns/")
    with django_assert_num_queries(1):
        libraries = rows(client, "libraries/")
    with django_assert_num_queries(1):
        homes = rows(client, "residencies/?principal=true")

    assert len(towns) == 169
    assert len(libraries) == 192
    assert len({home["town"] for home in homes}) == len(homes) == 169


def test_town_is_read_with_links_that_lead_on(client):
    library = make_home_library("Avon Library", town=make_town("Avon", number=4), key="CT0001")

    town = client.get(f"{API}towns/4/").json()
    (home,) = client.get(town["residencies_url"]).json()["results"]

    assert town == {
        "number": 4,
        "name": "Avon",
        "county": "Hartford",
        "planning_region": "Capitol",
        "geoid": library.town.geoid,
        "population": 10_000,
        "url": "http://testserver/api/v1/towns/4/",
        "residencies_url": "http://testserver/api/v1/residencies/?town=4",
    }
    assert client.get(home["library_url"]).json()["name"] == "Avon Library"
    assert client.get(home["town_url"]).json() == town


def test_library_says_since_when_and_whether_it_takes_part(client):
    make_letter(make_library(key="CT0001"))
    closed = make_library(key="CT0002", latitude="41.500000", longitude="-72.700000")
    Library.objects.filter(pk=closed.pk).update(open_during=DateRange(date(1990, 1, 1), date(2020, 7, 1)))

    first, second = rows(client, "libraries/")

    assert (first["participates"], first["opened_on"], first["last_open_on"]) == (True, None, None)
    assert (second["participates"], second["opened_on"], second["last_open_on"]) == (
        False,
        "1990-01-01",
        "2020-06-30",
    )
    assert (second["latitude"], second["longitude"]) == ("41.500000", "-72.700000")


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("town=1", ["A"]),
        ("participates=true", ["B"]),
        ("participates=false", ["A"]),
        ("search=oldname", ["B"]),
        ("search=nothing", []),
    ],
)
def test_libraries_are_chosen(client, query, keys):
    make_library("Avon Library", key="A", town=make_town(number=1))
    bethel = make_library("Bethel Library", key="B")
    make_letter(bethel)
    LibraryName.objects.create(
        library=bethel, name="Oldname Library", valid=DateRange(date(1990, 1, 1), date(2000, 1, 1))
    )

    assert [library["key"] for library in rows(client, f"libraries/?{query}")] == keys


@pytest.mark.parametrize(
    ("query", "libraries"),
    [
        ("town=1", ["A", "B", "B"]),
        ("library=A", ["A"]),
        ("principal=true", ["A", "B"]),
        ("on=2024-12-31&principal=true", ["A"]),
        ("on=2025-01-01&principal=true", ["B"]),
    ],
)
def test_residencies_are_chosen(client, query, libraries):
    town, change = make_town(number=1), date(2025, 1, 1)
    first, second = make_library(key="A", town=town), make_library(key="B", town=town)
    make_residency(town, first, ends=change)
    make_residency(town, second, principal=False, ends=change)
    make_residency(town, second, begins=change)

    assert [row["library"] for row in rows(client, f"residencies/?{query}")] == libraries


def test_last_day_of_a_residency_is_a_day_on_which_it_held(client):
    town = make_town(number=1)
    make_residency(town, make_library(town=town), begins=date(2020, 1, 1), ends=date(2025, 1, 1))

    (residency,) = rows(client, "residencies/")

    assert (residency["first_day"], residency["last_day"]) == ("2020-01-01", "2024-12-31")
