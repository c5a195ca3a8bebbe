"""Files of delivery counts that sites sent: tried first, then taken, all or nothing."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied

from connecticard.exchange import Wrong
from connecticard.models import Role
from tests.connecticard.test_reference_admin import send
from tests.factories import make_delivery_site, make_signed_in_client, make_user
from transactions.delivery.exchange import DeliveryCountResource, a_count, a_month
from transactions.models import DeliveryReport
from transactions.rules.delivery_counts import ASKED, Measure

pytestmark = pytest.mark.django_db
JULY, AUGUST, SEPTEMBER = (date(2026, month, 1) for month in (7, 8, 9))


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = date(2026, 10, 5)


@pytest.fixture
def keep():
    by = make_user(Role.STATE_STAFF, second_factor=False)

    def keeping(site, month, by=by, **more):
        whole = {measure.value: 7 for measure in ASKED}
        return DeliveryCountResource().keep({"site": site, "month": month, **whole, **more}, by=by)

    return keeping


def test_last_month_of_a_quarter_submits_the_report(keep):
    site = make_delivery_site("A College")

    assert keep(site, JULY) == "Saves July 2026 in the draft of A College."
    keep(site, AUGUST)
    assert keep(site, SEPTEMBER) == "Submits the report of A College for July to September 2026."

    report = DeliveryReport.objects.standing().get()
    assert report.counted()[SEPTEMBER, Measure.BINS_IN] == 7
    assert keep(site, SEPTEMBER) == ""
    with pytest.raises(Wrong, match="submitted with other counts"):
        keep(site, SEPTEMBER, bins_in=8)


def test_reason_submits_a_report_with_places_missing(keep):
    site = make_delivery_site()

    keep(site, JULY, items_out=None, missing_because="Closed.")

    assert DeliveryReport.objects.standing().get().missing_because == "Closed."


def test_only_the_state_reads_files_in(keep):
    site = make_delivery_site()
    reporter = make_user(Role.DELIVERY_REPORTER, delivery_site=site, second_factor=False)

    with pytest.raises(PermissionDenied):
        keep(site, JULY, by=reporter)


def test_cells_are_read_as_people_write_them():
    assert (a_count("1,250"), a_count("12.0"), a_count(" 0 ")) == (1250, 12, 0)
    assert a_month("2026-07") == a_month("2026-07-01 00:00:00") == JULY
    for read, cell in ((a_count, "-1"), (a_count, "1.5"), (a_month, "July")):
        with pytest.raises(ValueError, match="is no"):
            read(cell)


def test_file_is_tried_before_it_is_taken():
    site = make_delivery_site("A College")
    lines = [f"{site.key},2026-0{month},7,7,7,7" for month in (7, 8, 9)]
    file = "\n".join(["site,month,bins_in,bins_out,items_in,items_out", *lines]).encode()

    answer = send(make_signed_in_client(Role.STATE_STAFF), "transactions/deliverycount", file)

    assert answer.context.get("mistakes") == []
    assert [change.words for change in answer.context["changing"]][-1].startswith("Submits the report")
    assert not DeliveryReport.objects.exists()
