"""Key dates, the finder, downloads and the feed; and what the front page tells of the years."""

import re
from datetime import date
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from connecticard.models import Role
from libraries.models import Library, Town
from libraries.nearest import miles_between, nearest
from libraries.roster import load_roster
from libraries.town_map import middles
from payments import services as payment_services
from payments.models import PublishedFigure
from reports import key_dates
from reports.finder import find
from reports.front_page import loans_through_the_years
from tests.factories import make_letter, make_user
from tests.page_text import text as text_of
from tests.reports.conftest import AT

ATOM = "{http://www.w3.org/2005/Atom}"
TODAY = date(2027, 4, 20)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY
    settings.SITE_URL = "https://borrow.example.org"


@pytest.fixture(scope="module")
def _roster(once):
    once(load_roster)


@pytest.fixture
def roster(_roster, db):
    """The real towns and libraries; those of these towns take part."""
    for library in Library.objects.filter(town__name__in=["Mansfield", "Coventry", "Windham", "Avon"]):
        make_letter(library)


def shown(client, name, **question):
    answer = client.get(reverse(f"reports:{name}"), question)
    assert answer.status_code == 200
    return text_of(answer)


# The finder


def test_a_village_leads_to_the_home_library_and_the_nearest_that_take_part(client, roster):
    page = shown(client, "finder", q="storrs")

    assert "Storrs is in the town of Mansfield." in page
    assert "Home library Mansfield Public Library Participates 54 Warrenville Rd." in page
    assert page.index("Booth & Dimock Memorial Library") < page.index("Guilford Smith Memorial Library")
    assert "Babcock Library" not in page  # Ashford has no letter on file


def test_a_town_without_a_library_leads_to_the_one_designated_for_it(client, roster):
    without = Town.objects.exclude(libraries__isnull=False).first()

    page = shown(client, "finder", q=without.name.upper())

    assert f"{without} has no public library." in page


def test_the_finder_tells_of_a_library_by_its_name(client, roster):
    page = shown(client, "finder", q="dimock")

    assert "Libraries that fit Booth & Dimock Memorial Library , Coventry" in page


@pytest.mark.parametrize(
    ("asked", "towns", "more"), [("avon", 1, 0), ("cant", 2, 0), ("e", 0, 100), ("zzz", 0, 0)]
)
def test_what_is_found_is_told_in_full_or_listed(roster, asked, towns, more):
    found = find(asked, TODAY)

    assert len(found.towns) == towns
    assert len(found.more_towns) >= more
    assert bool(found) is (asked != "zzz")


def test_the_finder_says_what_to_do_where_nothing_fits(client, roster):
    assert "No town, village or library of Connecticut is called that." in shown(client, "finder", q="zzz")
    assert "Enter the town or village where you live" in shown(client, "finder", q="")


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["nowhere green", "nowhere"])
def test_a_village_of_a_town_not_on_record_leads_nowhere(monkeypatch, asked):
    monkeypatch.setattr("reports.finder.villages", lambda: {"Nowhere Green": ("Nowhere",)})

    assert not find(asked, date(2027, 3, 22))


def test_the_middle_of_every_town_is_within_the_state_and_miles_are_miles():
    found = middles()

    assert len(found) == 169
    assert all(-73.8 < x < -71.7 and 40.9 < y < 42.1 for x, y in found.values())
    # Hartford to New Haven, by their city halls, is 34 miles as the crow flies.
    assert 33 < miles_between((-72.6734, 41.7637), (-72.9246, 41.3079)) < 36


def test_a_library_without_a_place_stands_in_the_middle_of_its_town(roster):
    library = Library.objects.select_related("town").get(name="Mansfield Public Library")
    library.latitude = library.longitude = None

    [near] = nearest(library.town.number, [library], most=1)

    assert near.miles == 0


# Key dates


def test_key_dates_are_on_a_page_and_in_a_calendar(client):
    page = shown(client, "key_dates")
    calendar = client.get(reverse("reports:key_dates_calendar"))
    text = calendar.content.decode()

    assert "Wednesday, September 8, 2027 Loans of March 2027 to August 2027" in page
    assert calendar["Content-Type"] == "text/calendar; charset=utf-8"
    assert text.count("BEGIN:VEVENT") == len(key_dates.key_dates(TODAY)) == text.count("END:VEVENT")
    assert "DTSTART;VALUE=DATE:20270908\r\nDTEND;VALUE=DATE:20270909\r\n" in text
    assert "SUMMARY:Due: Loans of March 2027 to August 2027\r\n" in text
    uids = re.findall("UID:.*", text)
    assert len(set(uids)) == len(uids)


def test_a_line_of_a_calendar_is_escaped_and_folded():
    escaped = key_dates._escaped("a, b; c\\d\ne")
    folded = list(key_dates._folded("é" * 100))

    assert escaped == "a\\, b\\; c\\\\d\\ne"
    assert all(len(part.encode()) <= 75 for part in folded)
    assert folded[0] + "".join(part[1:] for part in folded[1:]) == "é" * 100


# The feed


def test_the_feed_tells_of_a_publication_and_of_its_end(client, published_run):
    payment_services.void_run(
        run=published_run, reason="Avon < Bethel & more.", by=make_user(Role.STATE_ADMINISTRATOR), at=AT
    )

    answer = client.get("/feed.atom")
    feed = ElementTree.fromstring(answer.content)
    entries = feed.findall(f"{ATOM}entry")

    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert {entry.findtext(f"{ATOM}title") for entry in entries} == {
        "Payments of fiscal year 2027 published, run 1",
        "Payments of fiscal year 2027, run 1, void",
    }
    assert any("Avon &lt; Bethel &amp; more." in entry.findtext(f"{ATOM}summary") for entry in entries)
    for part in (feed, *entries):  # RFC 4287: each has these, and identifiers differ
        assert all(part.findtext(f"{ATOM}{name}") for name in ("id", "title", "updated"))
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 2
    links = [link.get("href") for link in feed.iter(f"{ATOM}link")]
    assert all(link.startswith("https://borrow.example.org/") for link in links)


def test_a_feed_without_an_entry_is_one(client):
    feed = ElementTree.fromstring(client.get("/feed.atom").content)

    assert feed.findtext(f"{ATOM}updated")


# Downloads


def test_downloads_lead_to_every_file_of_a_published_year(client, published_run):
    html = client.get(reverse("reports:downloads")).content.decode()

    for name in ("run_inputs", "run_payments", "run_manifest", "run_files"):
        assert reverse(f"payments:{name}", args=[published_run.pk]) in html
    for name in ("payments:trend_state_csv", "payments:recompute_script", "api:reference", "reports:feed"):
        assert reverse(name) in html


def test_downloads_before_any_year_is_published(client, certified_run):
    assert "No year is published yet." in shown(client, "downloads")


# The front page


def test_the_front_page_draws_the_years_with_their_table(client):
    for year, loans in ((2003, 1_000), (2017, 750), (2018, 600)):
        PublishedFigure.objects.create(fiscal_year=year, measure="loans", value=loans, source="A profile")

    page = shown(client, "home")

    assert "Items lent each year since 2003" in page
    assert "600 published in fiscal year 2018, 40 percent fewer than the 1,000 of 2003" in page
    assert loans_through_the_years(TODAY).fewer == 40


def test_a_page_names_itself_where_its_address_is_shared(client):
    html = client.get(reverse("reports:key_dates")).content.decode()

    assert "<title>Key dates – borrowIT CT (Connecticard)</title>" in html
    assert '<meta property="og:title" content="Key dates">' in html
    assert re.search(
        r'<meta name="description" property="og:description" content="When loan counts [^"]+">', html
    )
    assert '<meta property="og:url" content="https://borrow.example.org/key-dates/">' in html
