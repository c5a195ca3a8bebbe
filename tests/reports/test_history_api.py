"""REST: figures of past years, each with its kind and source."""

import pytest

from payments.models import Measure, PublishedFigure
from tests.api_world import TODAY, make_world

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/statistics/history/"


@pytest.fixture
def world(settings):
    settings.DEMO_TODAY = TODAY
    made = make_world()
    avon = made.libraries["CT0001"]
    for library, year, value in [(None, 2017, 50), (avon, 2017, None), (avon, 2018, 0), (avon, 2027, 31)]:
        PublishedFigure.objects.create(
            library=library, measure=Measure.LOANS, fiscal_year=year, value=value, source="A profile"
        )
    return made


def rows(client, query=""):
    return client.get(f"{ADDRESS}{query}").json()["results"]


def in_short(found):
    return [(row["subject"], row["fiscal_year"], row["value"], row["kind"]) for row in found]


def test_blank_is_null_and_none_is_zero(client, world):
    found = rows(client, "?subject=CT0001")

    assert in_short(found) == [
        ("CT0001", 2017, None, "published"),
        ("CT0001", 2018, 0, "published"),
        ("CT0001", 2027, 30, "filed"),
        ("CT0001", 2027, 31, "published"),
    ]
    assert found[0]["library_url"] == "http://testserver/api/v1/libraries/CT0001/"
    assert [row["source"] for row in found[2:]] == ["Payment run 2027-1", "A profile"]


def test_state_has_its_own_figures(client, world):
    found = rows(client, "?subject=state")

    assert [(row["measure"], row["fiscal_year"], row["value"]) for row in found] == [
        ("appropriation_cents", 2027, 100_000),
        ("loans", 2017, 50),
        ("loans", 2027, 50),
    ]
    assert found[0]["library_url"] is None


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 9),
        ("?fiscal_year=2017", 2),
        ("?kind=filed", 4),
        ("?measure=appropriation_cents", 1),
        ("?subject=CT9999", 0),
        ("?subject=CT0001&kind=published&fiscal_year=2018", 1),
    ],
)
def test_figures_are_chosen(client, world, query, number):
    found = rows(client, query)

    assert len(found) == number, in_short(found)


def test_figures_come_in_pages_both_ways(client, world):
    whole = rows(client)

    pages, address = [], f"{ADDRESS}?page_size=3"
    while address:
        pages.append(client.get(address).json())
        address = pages[-1]["next"]

    assert [row for page in pages for row in page["results"]] == whole
    assert client.get(pages[1]["previous"]).json()["results"] == pages[0]["results"]
    assert pages[0]["previous"] is None


def test_damaged_cursor_is_refused(client, world):
    assert client.get(f"{ADDRESS}?cursor=x").status_code == 404


def test_run_that_is_not_published_gives_no_figure(client, world):
    assert rows(client, "?fiscal_year=2028") == []
