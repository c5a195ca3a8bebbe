"""Sites and codes: added, corrected, ended and given a new code, each on the audit trail."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import AuditEvent, Role
from libraries import delivery_services as services
from libraries.models import DeliverySite
from libraries.refused import RosterChangeRefused
from tests.factories import make_delivery_site, make_library, make_town, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def by():
    return make_user(Role.STATE_STAFF, second_factor=False)


def test_site_of_a_library_is_added_with_its_name(by):
    library = make_library("Canton Public")

    site = services.add_site(library=library, by=by)

    assert (site.key, site.name, site.town) == (library.key, "Canton Public", library.town)
    assert AuditEvent.objects.latest("pk").after["kind"] == "public"
    with pytest.raises(RosterChangeRefused, match="on record already"):
        services.add_site(library=library, by=by)


def test_college_is_added_corrected_and_ended(by):
    site = services.add_site(key="COL1", name="A College", kind="academic", by=by)
    services.set_code(site=site, code="A12", from_day=None, by=by)
    town = make_town()

    services.correct_site(site=site, name="The College", town=town, note="A letter", by=by)
    services.end_service(site=site, last_day=date(2026, 6, 30), by=by)

    site.refresh_from_db()
    assert (site.name, site.town, site.note) == ("The College", town, "A letter")
    assert not DeliverySite.objects.served_on(date(2026, 7, 1)).exists()
    assert site.codes.get().valid.upper == date(2026, 7, 1)
    with pytest.raises(RosterChangeRefused, match="on record as served"):
        services.end_service(site=site, last_day=date(2026, 7, 30), by=by)


def test_a_code_to_come_ends_with_the_service_too(by):
    site = services.add_site(key="COL1", name="A College", kind="academic", by=by)
    services.set_code(site=site, code="A12", from_day=None, by=by)
    services.set_code(site=site, code="B12", from_day=date(2026, 9, 1), by=by)

    services.end_service(site=site, last_day=date(2026, 6, 30), by=by)

    assert [(code.code, code.valid.upper) for code in site.codes.all()] == [("A12", date(2026, 7, 1))]


def test_site_is_a_library_s_or_has_a_key_and_a_name(by):
    for refused, said in (
        ({"key": "COL1", "name": "A College", "kind": "public"}, "Choose both or neither"),
        ({"library": make_library(), "kind": "academic"}, "Choose both or neither"),
        ({"key": " ", "name": "A College", "kind": "other"}, "Enter the key and the name"),
    ):
        with pytest.raises(RosterChangeRefused, match=said):
            services.add_site(**refused, by=by)
    with pytest.raises(RosterChangeRefused, match="Enter the name"):
        services.correct_site(site=make_delivery_site(), name=" ", town=None, note="", by=by)


def test_new_code_ends_the_one_before(by):
    site = make_delivery_site()
    services.set_code(site=site, code=" a 12 ", from_day=None, by=by)

    services.set_code(site=site, code="B3", from_day=date(2026, 7, 1), by=by)

    assert [(code.code, code.valid) for code in site.codes.order_by("pk")] == [
        ("A12", DateRange(None, date(2026, 7, 1))),
        ("B3", DateRange(date(2026, 7, 1), None)),
    ]
    assert services.set_code(site=site, code="B3", from_day=date(2026, 7, 1), by=by).code == "B3"
    assert site.codes.count() == 2


def test_code_that_cannot_be_is_refused(by):
    site, other = make_delivery_site(), make_delivery_site("Other College", code="C1")
    services.set_code(site=site, code="A12", from_day=date(2026, 7, 1), by=by)
    for code, from_day, said in (
        ("12 A!", None, "is no delivery code"),
        ("C1", date(2026, 8, 1), "Other College bears C1"),
        ("B3", date(2026, 7, 1), "Enter a later day"),
        ("B3", None, "Enter a later day"),
    ):
        with pytest.raises(RosterChangeRefused, match=said):
            services.set_code(site=site, code=code, from_day=from_day, by=by)
    assert other.codes.count() == site.codes.count() == 1


@pytest.mark.parametrize("role", [Role.AUDITOR, None])
def test_only_staff_keep_sites_and_codes(role):
    stranger = make_user(role, second_factor=False)

    with pytest.raises(PermissionDenied):
        services.set_code(site=make_delivery_site(), code="A1", from_day=None, by=stranger)
    with pytest.raises(PermissionDenied):
        services.add_site(library=make_library(), by=stranger)
