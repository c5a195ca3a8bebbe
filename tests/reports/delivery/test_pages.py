"""The page, the PDF and the files of the statewide report, and what a bin is taken to hold."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from connecticard.models import AuditEvent, Role
from reports.delivery.assumption import AssumptionRefused, assumption_in, set_assumption
from reports.models import DeliveryAssumption
from tests.factories import (
    make_delivery_report,
    make_delivery_site,
    make_library,
    make_signed_in_client,
    make_user,
)
from tests.reports.delivery.test_volume import DUE, QUARTER, TODAY, WHOLE, at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def reported():
    by = make_user(second_factor=False)
    for name, on in (("Avon", DUE), ("Bolton", TODAY)):
        site = make_delivery_site(library=make_library(name), code="A1" if name == "Avon" else "")
        make_delivery_report(site, QUARTER.first_day, dict.fromkeys(QUARTER.months, WHOLE), at=at(on), by=by)


@pytest.mark.parametrize("period", ["2026-10", "FY2027"])
def test_anybody_sees_the_report(client, reported, period):
    page = client.get(reverse("reports:delivery_volume", args=[period])).content.decode()

    assert "What deliverIT CT carried" in page
    assert "660" in page  # two libraries: 3 x (4 x 25 + 10) each
    assert "Bolton" in page
    assert "1 report came late." in page


def test_the_page_is_in_spanish_too(client, reported):
    page = client.get("/es/deliverit/volume/2026-10/").content.decode()

    assert "Lo que transportó deliverIT CT" in page
    assert "Octubre a diciembre de 2026" in page
    assert "llegó tarde" in page


def test_the_files_are_given(client, reported):
    pdf = client.get(reverse("reports:delivery_volume_pdf", args=["2026-10"]))
    rows = client.get(reverse("reports:delivery_volume_csv", args=["2026-10", "libraries"])).content.decode()
    book = client.get(reverse("reports:delivery_volume_xlsx", args=["2026-10"]))

    assert pdf.content.startswith(b"%PDF")
    assert rows.startswith("site,name,kind,town,route,code,came_in,")
    assert ",late," in rows
    assert book.content.startswith(b"PK")


def test_a_reason_that_begins_like_a_formula_is_text_in_the_file(client):
    site = make_delivery_site(library=make_library("Avon"))
    make_delivery_report(
        site,
        QUARTER.first_day,
        {QUARTER.first_day: WHOLE},
        at=at(DUE),
        by=make_user(second_factor=False),
        missing_because="=1+1",
    )

    rows = client.get(reverse("reports:delivery_volume_csv", args=["2026-10", "libraries"])).content.decode()

    assert ",'=1+1," in rows


def test_the_page_asks_no_more_for_more_sites(client, django_assert_max_num_queries):
    by = make_user(second_factor=False)
    for number in range(12):
        site = make_delivery_site(library=make_library(f"Library {number}"))
        for quarter in (QUARTER, QUARTER.preceding):
            counts = dict.fromkeys(quarter.months, WHOLE)
            make_delivery_report(site, quarter.first_day, counts, at=at(DUE), by=by)

    with django_assert_max_num_queries(22):
        client.get(reverse("reports:delivery_volume", args=["2026-10"]))


def test_the_newest_quarter_or_the_one_chosen_is_led_to(client):
    newest = reverse("reports:delivery_volume_newest")

    assert client.get(newest).url == reverse("reports:delivery_volume", args=["2026-10"])
    assert client.get(newest + "?period=FY2027").url == reverse("reports:delivery_volume", args=["FY2027"])


@pytest.mark.parametrize("period", ["2026-11", "FY99", "2999-01", "x", "2027-04"])
def test_no_such_period_is_not_found(client, period):
    assert client.get(reverse("reports:delivery_volume", args=[period])).status_code == 404


def test_a_period_without_reports_says_so(client):
    page = client.get(reverse("reports:delivery_volume", args=["2026-10"])).content.decode()

    assert "No library has reported this period yet." in page


def test_staff_set_what_a_bin_holds_and_it_is_audited():
    client = make_signed_in_client(Role.STATE_STAFF)
    assert assumption_in(QUARTER).items_per_bin == 25

    client.post(
        reverse("reports:delivery_assumption"),
        {"quarter": QUARTER.name, "items_per_bin": "31", "reason": "120 bins counted."},
    )

    assert (assumption_in(QUARTER).items_per_bin, assumption_in(QUARTER.preceding).items_per_bin) == (31, 25)
    assert AuditEvent.objects.filter(action="delivery_assumption_set").exists()
    assert "120 bins counted." in client.get(reverse("reports:delivery_assumption")).content.decode()


def test_a_bin_that_holds_nothing_is_refused():
    staff = make_user(Role.STATE_STAFF)

    for number, reason in ((0, "Counted."), (501, "Counted."), (30, " ")):
        with pytest.raises(AssumptionRefused):
            set_assumption(quarter=QUARTER, items_per_bin=number, reason=reason, by=staff, at=at(TODAY))


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"items_per_bin": 0}, "delivery_assumption_holds_items"),
        ({"reason": ""}, "delivery_assumption_says_why"),
        ({"begins_on": TODAY}, "delivery_assumption_begins_a_quarter"),
    ],
)
def test_the_database_holds_an_assumption_true(fields, constraint):
    whole = {"begins_on": QUARTER.first_day, "items_per_bin": 30, "reason": "Counted.", "set_at": at(TODAY)}
    by = make_user(second_factor=False)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        DeliveryAssumption.objects.create(**(whole | fields), set_by=by)
