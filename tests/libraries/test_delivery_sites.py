"""Sites of deliverIT CT and their codes: what the database holds true."""

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import DeliveryCode, DeliverySite
from libraries.roster import load_roster
from tests.factories import make_delivery_site, make_library

pytestmark = pytest.mark.django_db
SPRING = DateRange(date(2026, 3, 1), date(2026, 6, 1))


def refused(constraint):
    return pytest.raises(IntegrityError, match=constraint)


def test_site_of_a_library_bears_its_key_name_and_town_and_follows_them():
    library = make_library("Canton Public")
    site = make_delivery_site("Something else", library=library, key="X")

    library.name = "Canton Free Library"
    library.save()

    site.refresh_from_db()
    assert (site.key, site.name, site.town) == (library.key, "Canton Free Library", library.town)


@pytest.mark.parametrize("kind", ["academic", "other"])
def test_public_site_is_a_library_and_no_other_is(kind):
    with refused("public_delivery_site_is_a_library"), transaction.atomic():
        make_delivery_site(kind="public")
    with refused("public_delivery_site_is_a_library"), transaction.atomic():
        make_delivery_site(library=make_library(), kind=kind)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"key": "A B"}, "delivery_site_key_is_letters_digits_hyphens"),
        ({"name": ""}, "delivery_site_has_a_name"),
        ({"valid": DateRange(empty=True)}, "delivery_site_is_served_a_day"),
    ],
)
def test_site_has_a_plain_key_a_name_and_a_day(fields, constraint):
    with refused(constraint), transaction.atomic():
        DeliverySite.objects.create(
            **({"key": "S1", "name": "A college", "kind": "academic", "valid": SPRING} | fields)
        )


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"route": "a"}, "delivery_route_is_a_capital_letter"),
        ({"number": ""}, "delivery_number_is_capitals_digits_hyphens"),
        ({"number": "1 2"}, "delivery_number_is_capitals_digits_hyphens"),
        ({"valid": DateRange(empty=True)}, "delivery_code_holds_a_day"),
    ],
)
def test_code_is_a_letter_and_a_number(fields, constraint):
    with refused(constraint), transaction.atomic():
        make_delivery_site().codes.create(**({"route": "A", "number": "12", "valid": SPRING} | fields))


def test_site_has_one_code_a_day():
    site = make_delivery_site()
    site.codes.create(route="A", number="12", valid=SPRING)
    with refused("one_delivery_code_a_day"), transaction.atomic():
        site.codes.create(route="B", number="3", valid=DateRange(date(2026, 5, 31), None))

    site.codes.create(route="B", number="3", valid=DateRange(date(2026, 6, 1), None))

    assert site.codes.in_force(date(2026, 5, 31)).get().code == "A12"
    assert site.codes.in_force(date(2026, 6, 1)).get().code == "B3"


def test_code_names_one_site_a_day():
    make_delivery_site(code="A12")
    other = make_delivery_site()
    with refused("one_site_of_a_delivery_code_a_day"), transaction.atomic():
        other.codes.create(route="A", number="12", valid=SPRING)

    other.codes.create(route="A", number="13", valid=SPRING)


def test_sites_of_a_day_with_their_codes():
    served = make_delivery_site("Served College", code="C7")
    make_delivery_site("Former College", valid=DateRange(None, date(2020, 1, 1)))
    nameless = make_delivery_site("New College")

    found = DeliverySite.objects.served_on(date(2026, 7, 1)).with_code(date(2026, 7, 1))

    assert [(site, site.code_on_day, site.route_on_day) for site in found] == [
        (nameless, None, None),
        (served, "C7", "C"),
    ]


def test_every_library_of_the_roster_has_a_site_and_no_code():
    load_roster()

    assert DeliverySite.objects.filter(kind="public", library__isnull=False).count() == 192
    assert not DeliveryCode.objects.exists()


def test_site_of_a_library_cannot_be_given_another_name():
    site = make_delivery_site(library=make_library("Canton Public"))

    DeliverySite.objects.filter(pk=site.pk).update(name="Avon")

    site.refresh_from_db()
    assert site.name == "Canton Public"


def test_library_with_a_site_is_kept():
    site = make_delivery_site(library=make_library())

    with pytest.raises(DatabaseError), transaction.atomic():
        site.library.delete()
