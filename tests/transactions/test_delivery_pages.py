"""The pages of deliverIT CT: list, site, report, form of a quarter, tally and sheet."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from connecticard.models import Role
from tests.factories import make_delivery_site, make_library, make_signed_in_client
from transactions.models import DeliveryReport, DeliveryTally
from transactions.rules.delivery_counts import ASKED, Measure

pytestmark = pytest.mark.django_db
JULY = date(2026, 7, 1)
MONTHS = ("2026-07", "2026-08", "2026-09")


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = date(2026, 10, 5)


@pytest.fixture
def site():
    return make_delivery_site("A College", code="C12")


@pytest.fixture
def client(site):
    return make_signed_in_client(Role.DELIVERY_REPORTER, delivery_site=site)


def address(page, site, *more):
    return reverse(f"transactions:delivery_{page}", args=[site.key, *more])


def text(response):
    return " ".join(response.content.decode().split())


def typed(counts=None, **more):
    whole = {f"{month}-{measure}": "7" for month in MONTHS for measure in ASKED}
    return {**whole, "revision": "0", **(counts or {}), **more}


def test_who_counts_for_one_site_goes_there_at_once(client, site):
    response = client.get(reverse("transactions:delivery_list"), follow=True)

    page = text(response)
    assert response.redirect_chain == [(address("site", site), 302)]
    assert "Delivery code <strong>C12</strong>, route C" in page
    assert "Due <strong>Thursday, October 15, 2026</strong>" in page
    assert "Not begun, due" in page


def test_staff_see_every_site_and_search_by_name():
    make_delivery_site("A College")
    make_delivery_site(library=make_library("Canton Public"))
    staff = make_signed_in_client(Role.STATE_STAFF)

    every = text(staff.get(reverse("transactions:delivery_list")))
    found = text(staff.get(reverse("transactions:delivery_list"), {"name": "canton"}))
    none = text(staff.get(reverse("transactions:delivery_list"), {"name": "zzz"}))

    assert "A College" in every
    assert "Canton Public" in every
    assert "A College" not in found
    assert "No site has a name like that" in none


def test_counts_are_entered_saved_and_submitted(client, site):
    enter = address("enter", site, "2026-07")
    page = text(client.get(enter))
    assert "Submit the report" in page

    saved = client.post(enter, typed({"2026-07-bins_in": "1,250"}, then="stay"), follow=True)
    assert "Saved. The report is a draft" in text(saved)
    assert 'value="1250"' in text(saved)

    done = client.post(enter, typed(revision="1", then="submit"), follow=True)

    assert done.redirect_chain == [(address("report", site, "2026-07"), 302)]
    assert "is submitted. Thank you." in text(done)
    assert DeliveryReport.objects.standing().get().counted()[JULY, Measure.BINS_IN] == 7
    assert client.get(enter).status_code == 302


def test_number_that_is_none_is_named_and_kept(client, site):
    response = client.post(
        address("enter", site, "2026-07"), typed({"2026-08-items_in": "about 20"}, then="submit")
    )

    page = text(response)
    assert "Loose items in, August 2026: “about 20” is no whole number." in page
    assert 'value="about 20"' in page
    assert not DeliveryReport.objects.exists()


def test_report_with_places_missing_is_saved_and_the_reason_asked_for(client, site):
    enter = address("enter", site, "2026-07")

    asked = text(client.post(enter, typed({"2026-08-items_in": ""}, then="submit")))

    assert "Saved, but not submitted yet" in asked
    assert "No count of loose items in in August 2026" in asked
    assert "Why counts are missing" in asked
    done = client.post(
        enter,
        typed({"2026-08-items_in": ""}, revision="1", missing_because="Closed.", then="submit"),
        follow=True,
    )
    assert "Submitted, with counts missing" in text(done)
    assert "Closed." in text(done)


def test_saving_while_typing_answers_with_the_state_alone(client, site):
    enter = address("enter", site, "2026-07")

    saved = text(client.post(enter, typed(), headers={"HX-Request": "true"}))
    stale = text(client.post(enter, typed(), headers={"HX-Request": "true"}))
    wrong = text(client.post(enter, typed({"2026-07-bins_in": "x"}), headers={"HX-Request": "true"}))

    assert 'name="revision" value="1"' in saved
    assert "<html" not in saved
    assert "Not saved: Somebody else saved this report" in stale
    assert "“x” is no whole number" in wrong


def test_stale_form_is_refused_and_keeps_what_was_typed(client, site):
    enter = address("enter", site, "2026-07")
    client.post(enter, typed(then="stay"))

    response = client.post(enter, typed({"2026-07-bins_in": "99"}, then="submit"))

    assert response.status_code == 409
    assert 'value="99"' in text(response)


def test_submitted_report_is_amended_and_the_amendment_undone(client, site):
    client.post(address("enter", site, "2026-07"), typed(then="submit"))
    amend = address("amend", site, "2026-07")
    assert "version 1" in text(client.get(amend))

    begun = client.post(amend, {"reason": "A bin was missed."}, follow=True)
    assert "You are amending a submitted report." in text(begun)
    undone = client.post(address("undo", site, "2026-07"), follow=True)

    assert "The amendment is undone." in text(undone)
    assert client.post(address("undo", site, "2026-07")).status_code == 404
    assert client.get(address("amend", site, "2026-04")).status_code == 404


def test_tally_counts_by_taps_and_by_numbers_typed(client, site):
    tally = address("tally", site)

    for tap in ("bins_in:1", "bins_in:10", "bins_in:-1", "items_out:1"):
        client.post(f"{tally}?day=2026-10-02", {"tap": tap})
    client.post(f"{tally}?day=2026-10-01", {"numbers": "1", "bins_in": "3", "loans_sent": ""})

    page = text(client.get(f"{tally}?day=2026-10-02"))
    assert "2 days tallied" in page
    assert 'aria-labelledby="tally-bins_in">10</output>' in page
    assert DeliveryTally.objects.get(day=date(2026, 10, 1)).bins_in == 3
    assert DeliveryTally.objects.get(day=date(2026, 10, 1)).loans_sent is None


def test_tally_refuses_what_it_cannot_count(client, site):
    tally = address("tally", site)

    below = text(client.post(tally, {"tap": "bins_in:-1"}, follow=True))
    wrong = text(client.post(tally, {"numbers": "1", "bins_in": "x"}))

    assert "there is nothing left to take off" in below
    assert "“x” is no whole number" in wrong
    assert client.post(tally, {"tap": "bins:1"}).status_code == 404
    assert client.post(tally, {"tap": "bins_in:5"}).status_code == 404
    assert client.get(f"{tally}?day=yesterday").status_code == 404


def test_tally_of_a_submitted_quarter_says_so(client, site):
    client.post(address("enter", site, "2026-07"), typed(then="submit"))

    assert "its days are closed" in text(client.get(f"{address('tally', site)}?day=2026-08-01"))


def test_tally_stands_in_the_form_until_something_is_entered(client, site):
    client.post(f"{address('tally', site)}?day=2026-07-02", {"tap": "bins_in:10"})

    page = text(client.get(address("enter", site, "2026-07")))

    assert "1 day tallied" in page
    assert 'name="2026-07-bins_in" value="10"' in page


def test_sheet_has_a_line_for_each_day_and_what_is_tallied_when_asked_for(client, site):
    client.post(f"{address('tally', site)}?day=2026-10-02", {"tap": "bins_in:10"})
    sheet = address("sheet", site)

    blank = text(client.get(sheet))
    filled = text(client.get(f"{sheet}?day=2026-10-01&filled=1"))

    assert blank.count('<th scope="row">') == 32
    assert "delivery code C12" in blank
    assert "<td>10</td>" not in blank
    assert filled.count("<td>10</td>") == 2


def test_quarter_without_service_and_words_that_are_none_are_not_found(client, site):
    site.valid = DateRange(date(2026, 9, 15), None)
    site.save()

    assert client.get(address("enter", site, "2026-04")).status_code == 404
    assert client.get(address("enter", site, "2026-08")).status_code == 404
    assert client.get(address("enter", site, "9999-10")).status_code == 404
    page = text(client.get(address("enter", site, "2026-07")))
    assert "2026-09-bins_in" in page
    assert "2026-08-bins_in" not in page


def test_auditor_reads_and_enters_nothing(site):
    auditor = make_signed_in_client(Role.AUDITOR)

    assert auditor.get(address("site", site)).status_code == 200
    assert auditor.get(address("report", site, "2026-07")).status_code == 200
    assert auditor.get(address("enter", site, "2026-07")).status_code == 403
    assert (
        make_signed_in_client(Role.LIBRARY_FILER, make_library()).get(address("site", site)).status_code
        == 404
    )
