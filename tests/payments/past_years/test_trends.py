"""The program through the years: kinds stay apart, a blank is not zero, the open year is not shown."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.urls import reverse

from connecticard.models import Role
from libraries.models import Library, Town
from libraries.roster import load_roster
from payments import services
from payments.disbursing.result_services import import_results
from payments.models import Measure, PastPayment, PublishedFigure
from payments.past_years.history import figures
from payments.past_years.shipped_history import load_history
from payments.past_years.town_trend import town_trend
from payments.past_years.trends import LEFT_BLANK, NOT_ON_RECORD, NOT_YET, library_trend, state_trend
from tests.api_world import TODAY, make_world
from tests.factories import make_home_library, make_library, make_residency, make_town, make_user
from tests.payments.disbursed import AT, exported, ready_run
from tests.payments.explaining.test_course_of_payment import RESULTS
from tests.payments.records import FISCAL_YEAR, appropriation, certified
from transactions.models import Provenance
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db

SHIPPED_DAY = date(2027, 3, 22)


@pytest.fixture
def shipped(settings):
    settings.DEMO_TODAY = SHIPPED_DAY
    load_roster()
    load_history()


@pytest.fixture
def world(settings):
    settings.DEMO_TODAY = TODAY
    return make_world()


def published(library, fiscal_year, value, **fields):
    values = {"measure": Measure.LOANS, "source": "A profile"} | fields
    return PublishedFigure.objects.create(library=library, fiscal_year=fiscal_year, value=value, **values)


def year_of(trend, fiscal_year):
    return next(year for year in trend.years if year.fiscal_year == fiscal_year)


def numbers(year):
    return [(told.value, [figure.kind.value for figure in told.sources]) for told in year.told]


def rows_of(client, name, *args):
    answer = client.get(reverse(name, args=args))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


# The state


@pytest.mark.parametrize(
    ("fiscal_year", "dollars_a_loan"),
    [
        ("2015", "0.1137543634"),
        ("2016", "0.1075991844"),
        ("2017", "0.1038695120"),
        ("2018", "0.0982641313"),
    ],
)
def test_page_divides_half_the_appropriation_by_the_published_loans(
    client, shipped, fiscal_year, dollars_a_loan
):
    page = client.get(reverse("payments:trend_state")).content.decode()
    rows = rows_of(client, "payments:trend_state_csv")

    assert f"${dollars_a_loan}" in page
    assert [
        row["value"]
        for row in rows
        if (row["fiscal_year"], row["measure"]) == (fiscal_year, "dollars a loan")
    ] == [dollars_a_loan]


def test_years_without_a_figure_are_gaps(shipped):
    trend = state_trend(SHIPPED_DAY)

    assert [year.fiscal_year for year in trend.years] == list(range(2003, 2028))
    assert {year.fiscal_year for year in trend.years if not year.loans.told} == {
        *range(2019, 2023),
        *range(2024, 2028),
    }
    assert year_of(trend, 2019).loans.missing == NOT_ON_RECORD
    assert year_of(trend, 2027).loans.missing == NOT_YET
    assert year_of(trend, 2014).rates == ()
    assert year_of(trend, 2025).rates == ()
    assert len(trend.loans_chart.wide.pieces) == 15


def test_sum_of_libraries_stands_beside_the_total_and_is_explained(client, shipped):
    trend = state_trend(SHIPPED_DAY)

    assert [year.fiscal_year for year in trend.differing] == [2008, 2009, 2010, 2011, 2012]
    assert year_of(trend, 2008).sum_of_libraries.difference == -2_624
    assert year_of(trend, 2018).sum_of_libraries.value == 3_580_340
    assert numbers(year_of(trend, 2018).loans) == [(3_580_340, ["published"])]
    page = client.get(reverse("payments:trend_state")).content.decode()
    assert "Restated as 4,616,152" in page
    assert "−2,624 beside the state’s total" in page
    assert "Why the libraries do not add up" in page


def test_published_figures_are_attributed(client, shipped):
    for address in ("/trends/", "/libraries/CT0004/trend/", "/towns/4/trend/"):
        page = client.get(address).content.decode()
        assert "CC BY-SA 4.0" in page
        assert "A Statistical Profile" in page


def test_nothing_on_record_is_said(client):
    assert "No figure of a past year is on record" in client.get("/trends/").content.decode()


def test_published_run_joins_as_filed_beside_what_was_published(world):
    published(None, FISCAL_YEAR, 49)

    year = year_of(state_trend(TODAY), FISCAL_YEAR)

    assert numbers(year.loans) == [(50, ["filed"]), (49, ["published"])]
    assert year.appropriation.told[0].value == 100_000
    assert [(each.dollars, each.kind.value) for each in year.rates] == [("10.0000000000", "filed")]


def test_rate_of_published_figures_stands_before_that_of_the_run(world):
    published(None, FISCAL_YEAR, 49)
    published(None, FISCAL_YEAR, 98_000, measure=Measure.APPROPRIATION)

    assert [(each.dollars, each.kind.value) for each in year_of(state_trend(TODAY), FISCAL_YEAR).rates] == [
        ("10.0000000000", "published")
    ]


def test_run_of_counts_that_no_library_certified_is_not_shown_as_filed():
    a, b = (make_library(key=key) for key in ("A", "B"))
    make_residency(b.town, b)
    for lender, home in ((a, b), (b, a)):
        certified(
            lender,
            {home: 7},
            first_day=date(2024, 3, 1),
            cadence=Cadence.ANNUAL,
            published="A profile" if lender == a else "",
        )
    staff, administrator = make_user(Role.STATE_STAFF), make_user(Role.STATE_ADMINISTRATOR)
    run = services.create_run(
        appropriation=appropriation(fiscal_year=2025), by=staff, at=AT, assumed_eligible=True
    )
    run = services.calculate_run(run=run, by=staff, at=AT)
    run = services.certify_run(run=run, by=administrator, at=AT)
    services.record_publication(run=run, by=administrator, at=AT)

    year = year_of(state_trend(TODAY), 2025)
    of_town = year_of(town_trend(b.town, TODAY), 2025)

    assert numbers(year.loans) == [(14, ["published"])]
    assert [each.kind for each in year.rates] == [Provenance.PUBLISHED]
    assert "not certified by the library" in year.loans.told[0].sources[0].note
    assert (of_town.borrows, of_town.borrows_kind) == (7, Provenance.PUBLISHED)


def test_library_of_two_published_sources_is_added_up_once():
    a, b = (make_library(key=key) for key in ("A", "B"))
    certified(a, {b: 7}, first_day=date(2024, 3, 1), cadence=Cadence.ANNUAL, published="A profile")
    published(a, 2025, 8)
    published(b, 2025, 5)
    published(None, 2025, 13)

    found = year_of(state_trend(TODAY), 2025).sum_of_libraries

    assert (found.value, found.libraries, found.difference) == (13, 2, 0)


# A library


def test_library_is_shown_with_every_source(world):
    avon = world.libraries["CT0001"]
    published(avon, 2025, None)
    published(avon, FISCAL_YEAR, 31)

    trend = library_trend(avon, TODAY)

    assert year_of(trend, 2025).missing == LEFT_BLANK
    assert numbers(year_of(trend, FISCAL_YEAR)) == [(30, ["filed"]), (31, ["published"])]
    assert trend.differing == [year_of(trend, FISCAL_YEAR)]
    assert year_of(trend, FISCAL_YEAR + 1).missing == NOT_YET


def test_sources_that_agree_are_one_number(world):
    avon = world.libraries["CT0001"]
    published(avon, FISCAL_YEAR, 30)

    assert numbers(year_of(library_trend(avon, TODAY), FISCAL_YEAR)) == [(30, ["filed", "published"])]


def test_zero_is_a_number(world):
    canton = world.libraries["CT0003"]

    assert numbers(year_of(library_trend(canton, TODAY), FISCAL_YEAR)) == [(0, ["filed"])]


def test_filing_is_not_shown_before_its_run_is_published(world):
    """What a library filed waits for its run, also after the year is over."""
    library = make_home_library()
    certified(library, {world.libraries["CT0001"]: 7})

    assert figures(libraries=[library.pk], today=date(2030, 1, 2)) == []


def test_imported_estimate_of_a_past_year_is_shown_as_such(world):
    library = make_home_library()
    certified(
        library,
        {world.libraries["CT0001"]: 7},
        first_day=date(2024, 3, 1),
        cadence=Cadence.ANNUAL,
        estimated="From a sample",
    )

    (figure,) = figures(libraries=[library.pk], today=TODAY)

    assert (figure.value, figure.kind, figure.note) == (7, Provenance.ESTIMATED, "From a sample")
    assert figures(libraries=[library.pk], today=date(2025, 6, 30)) == []


def test_part_of_an_imported_year_says_so(world):
    library = make_home_library()
    certified(library, {world.libraries["CT0001"]: 7}, first_day=date(2024, 3, 1), estimated="From a sample")

    (figure,) = figures(libraries=[library.pk], today=TODAY)

    assert figure.note == "From a sample; only March 2024 to August 2024"


def test_payments_on_record_are_listed(client, world):
    avon = world.libraries["CT0001"]
    PastPayment.objects.create(
        library=avon, fiscal_year=2019, cents=12_345, received_on=date(2019, 5, 2), source="Warrant 7"
    )

    rows = rows_of(client, "payments:trend_library_payments_csv", avon.key)
    page = client.get(reverse("payments:trend_library", args=[avon.key])).content.decode()

    assert rows[0] == {
        "fiscal_year": "2019",
        "amount": "123.45",
        "what": "received",
        "on": "2019-05-02",
        "source": "Warrant 7",
    }
    assert [row["what"] for row in rows if row["fiscal_year"] == str(FISCAL_YEAR)] == ["payment"]
    assert "Warrant 7" in page
    assert "$123.45" in page


def test_money_of_a_run_is_shown_once_the_run_is_published(client):
    run = ready_run()
    exported(run)
    staff = make_user(Role.STATE_STAFF)
    import_results(run=run, content=RESULTS, name="r.csv", by=staff, at=AT + timedelta(days=15))
    a = Library.objects.get(key="A")

    before = [(record.what, record.cents) for record in library_trend(a, TODAY).payments]
    services.record_publication(run=run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    after = [(record.what, record.cents) for record in library_trend(a, TODAY).payments]

    assert before == [("received", 0)]
    assert after == [("received", 0), ("payment", 800_00), ("received", 800_00)]


def test_library_without_history_says_that_it_is_not_zero(client):
    library = make_library()

    page = client.get(reverse("payments:trend_library", args=[library.key])).content.decode()

    assert "That is not zero" in page
    assert "That does not say that it received nothing" in page


def test_csv_leaves_an_unknown_figure_empty(client, shipped):
    rows = rows_of(client, "payments:trend_library_loans_csv", "CT0004")

    of_2013 = next(row for row in rows if row["fiscal_year"] == "2013")
    assert (of_2013["value"], of_2013["note"]) == ("", NOT_ON_RECORD)
    assert next(row for row in rows if row["fiscal_year"] == "2018")["value"] == "57502"


# A town


def test_town_adds_up_only_what_each_of_its_libraries_has(shipped):
    fairfield = Town.objects.get(name="Fairfield")

    trend = town_trend(fairfield, SHIPPED_DAY)

    assert len(trend.libraries) == 2
    assert year_of(trend, 2018).loans == 89_369
    assert year_of(trend, 2011).loans is None
    assert len(year_of(trend, 2011).parts) == 1


def test_town_takes_figures_of_one_kind_where_it_can(world):
    avon = world.libraries["CT0001"]
    beside = make_library(town=avon.town)
    published(avon, FISCAL_YEAR, 31)
    published(beside, FISCAL_YEAR, 5)

    year = year_of(town_trend(avon.town, TODAY), FISCAL_YEAR)

    assert (year.loans, year.kind) == (36, Provenance.PUBLISHED)


def test_town_shows_what_its_cards_borrowed_elsewhere(world):
    avon = world.libraries["CT0001"]
    served = make_town("Easthaven")
    make_residency(served, avon)

    trend = town_trend(avon.town, TODAY)

    year = year_of(trend, FISCAL_YEAR)
    assert (year.borrows, year.borrows_kind) == (20, Provenance.FILED)
    assert [town.name for town in trend.shared_with] == ["Easthaven"]


def test_town_of_which_a_home_library_has_no_line_tells_no_borrowing(world):
    avon = world.libraries["CT0001"]
    make_residency(avon.town, make_library(town=avon.town), principal=False)

    year = year_of(town_trend(avon.town, TODAY), FISCAL_YEAR)

    assert year.borrows is None


def test_town_borrowed_on_the_cards_of_the_home_libraries_of_that_year(world):
    avon = world.libraries["CT0001"]
    moved = make_town("Easthaven")
    make_residency(moved, make_library(town=moved), begins=date(FISCAL_YEAR, 3, 1))
    make_residency(moved, avon, principal=False, ends=date(FISCAL_YEAR, 3, 1))

    assert year_of(town_trend(moved, TODAY), FISCAL_YEAR).borrows == 20


def test_town_without_a_library_leads_to_its_home_library(client, shipped):
    bozrah = Town.objects.get(name="Bozrah")

    page = client.get(reverse("payments:trend_town", args=[bozrah.number])).content.decode()

    assert "has no public library" in page
    assert reverse("payments:trend_library", args=["CT0005"]) not in page
    assert Library.objects.get(name__startswith="Salem Free").name in page


def test_pages_lead_to_one_another(client, shipped):
    library = Library.objects.get(key="CT0004")

    assert (
        reverse("payments:trend_library", args=["CT0004"])
        in client.get(library.get_absolute_url()).content.decode()
    )
    assert reverse("payments:trend_town", args=[4]) in client.get("/towns/4/").content.decode()
    assert reverse("payments:trend_state") in client.get("/").content.decode()


@pytest.mark.parametrize("address", ["/libraries/CT9999/trend/", "/towns/999/trend/"])
def test_unknown_subject_is_not_found(client, address):
    assert client.get(address).status_code == 404
