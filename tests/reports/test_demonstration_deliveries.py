"""The deliveries of the demonstration show every state that a site's report can be in."""

from datetime import date

import pytest

from connecticard.models import Role
from libraries.models import DeliveryCode, DeliverySite, Library
from libraries.roster import load_roster
from reports.demonstration_deliveries import MADE_UP, SITES_IN_ALL, load_deliveries
from tests.factories import make_user
from transactions.delivery.standing import quarters_among
from transactions.models import DeliveryReport, DeliveryTally
from transactions.rules.delivery_quarters import Quarter

TODAY = date(2027, 3, 22)


@pytest.mark.django_db
def test_demonstration_has_sites_codes_and_reports_in_every_state(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    load_roster()
    for library in Library.objects.filter(key__in=("CT0002", "CT0004")):
        director = f"director.{library.key.lower()}@example.org"
        make_user(Role.LIBRARY_FILER, library=library, email=director, second_factor=False)

    load_deliveries(TODAY)

    assert DeliverySite.objects.count() == DeliveryCode.objects.count() == SITES_IN_ALL
    assert set(DeliveryCode.objects.values_list("note", flat=True)) == {MADE_UP}
    assert not DeliverySite.objects.filter(library=None).exclude(note=MADE_UP).exists()
    last = Quarter.containing(TODAY).preceding
    sites = DeliverySite.objects.order_by("key")[:40]
    states = {quarters_among(site, [last], TODAY)[0].status_label for site in sites}
    assert states == {
        "Submitted",
        "Submitted, late",
        "Submitted, with counts missing",
        "Not begun, late",
    }
    assert DeliveryReport.objects.of(last).filter(version=2).standing().count() == 1
    assert DeliveryTally.objects.values("site").distinct().count() == 2
    reports, tallies = DeliveryReport.objects.count(), DeliveryTally.objects.count()
    load_deliveries(TODAY)
    assert (DeliveryReport.objects.count(), DeliveryTally.objects.count()) == (reports, tallies)
