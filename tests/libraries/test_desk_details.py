"""What libraries say of themselves for the desk: how they are reached, and what they ask for late items."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from connecticard.models import AuditEvent, Role
from libraries import desk_services
from libraries.exchange import ContactResource
from libraries.models import LibraryContact, LibraryFines
from libraries.refused import RosterChangeRefused
from libraries.roster import load_roster
from reports.demonstration_desk import load_desk_details
from tests.factories import make_library, make_signed_in_client, make_town, make_user
from transactions.desk.answering import outcome_of
from transactions.desk.form import DeskForm
from transactions.rules.desk import TABLES

pytestmark = pytest.mark.django_db
TODAY, CHANGE = date(2026, 11, 20), date(2026, 12, 1)
WORDS = {"phone": "860-555-0100", "hours": "Monday to Friday 10 to 6", "web_site": "https://avon.example.org"}


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def avon():
    return make_library("Avon Library", town=make_town("Avon", number=4), key="CT0004")


@pytest.fixture
def filer(avon):
    return make_user(Role.LIBRARY_FILER, library=avon)


def test_own_people_say_how_a_library_is_reached_and_when_that_was_checked(avon, filer):
    desk_services.say_how_reached(library=avon, by=filer, **WORDS)

    contact = LibraryContact.objects.get()
    assert (contact.phone, contact.last_checked_on) == ("860-555-0100", TODAY)
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.by, event.after) == ("contact_said", filer, WORDS)


def test_what_is_left_blank_is_not_known_any_more(avon, filer):
    desk_services.say_how_reached(library=avon, by=filer, **WORDS)

    assert desk_services.say_how_reached(library=avon, phone="", hours=" ", web_site="", by=filer) is None

    assert not LibraryContact.objects.exists()
    assert AuditEvent.objects.latest("pk").action == "contact_removed"


def test_a_rule_on_fines_ends_where_the_next_begins(avon, filer):
    desk_services.set_fines(library=avon, from_day=TODAY, cents_a_day=10, grace_days=2, by=filer)
    desk_services.set_fines(
        library=avon, from_day=CHANGE, cents_a_day=0, grace_days=2, most_cents=5, by=filer
    )

    first, second = LibraryFines.objects.order_by("valid")
    assert first.valid == DateRange(TODAY, CHANGE)
    assert (second.cents_a_day, second.grace_days, second.most_cents) == (0, 0, None)
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.before["cents_a_day"], event.after["from"]) == ("fines_set", 10, "2026-12-01")


def test_a_rule_of_the_same_day_is_replaced_and_an_earlier_one_refused(avon, filer):
    desk_services.set_fines(library=avon, from_day=TODAY, cents_a_day=10, by=filer)
    desk_services.set_fines(library=avon, from_day=TODAY, cents_a_day=20, by=filer)

    assert LibraryFines.objects.get().cents_a_day == 20
    with pytest.raises(RosterChangeRefused, match="on record from November 20, 2026"):
        desk_services.set_fines(library=avon, from_day=date(2026, 1, 1), cents_a_day=5, by=filer)


def test_fines_taken_off_the_record_stay_for_the_days_before(avon, filer):
    desk_services.set_fines(library=avon, from_day=date(2026, 1, 1), cents_a_day=10, by=filer)

    desk_services.forget_fines(library=avon, by=filer)

    assert LibraryFines.objects.get().valid == DateRange(date(2026, 1, 1), TODAY)
    assert not avon.fines.in_force(TODAY).exists()


def test_people_of_another_library_are_refused(avon):
    stranger = make_user(Role.LIBRARY_FILER, library=make_library(town=make_town("Bethel")))

    with pytest.raises(PermissionDenied):
        desk_services.say_how_reached(library=avon, by=stranger, **WORDS)
    with pytest.raises(PermissionDenied):
        desk_services.set_fines(library=avon, from_day=TODAY, cents_a_day=10, by=stranger)
    with pytest.raises(PermissionDenied):
        desk_services.forget_fines(library=avon, by=stranger)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("fines_are_of_a_sensible_size", {"cents_a_day": 10_001}),
        ("fines_are_of_a_sensible_size", {"cents_a_day": 1, "grace_days": 366}),
        ("fines_are_of_a_sensible_size", {"cents_a_day": 1, "most_cents": 100_001}),
        ("who_levies_no_fines_has_no_rule_on_them", {"cents_a_day": 0, "grace_days": 2}),
        ("days_charged_later_are_days_without_charge", {"cents_a_day": 5, "charges_grace_days": True}),
        ("fines_hold_a_day", {"cents_a_day": 5, "valid": DateRange(TODAY, TODAY)}),
    ],
)
def test_the_database_refuses_what_no_rule_on_fines_can_be(avon, constraint, fields):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        LibraryFines.objects.create(library=avon, **{"valid": DateRange(TODAY, None), **fields})


def test_a_library_has_one_rule_on_fines_a_day(avon):
    LibraryFines.objects.create(library=avon, valid=DateRange(TODAY, None), cents_a_day=5)

    with pytest.raises(IntegrityError, match="one_rule_on_fines_a_day"), transaction.atomic():
        LibraryFines.objects.create(library=avon, valid=DateRange(CHANGE, None), cents_a_day=5)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [("contact_says_something", {}), ("web_site_begins_with_http", {"web_site": "javascript:alert(1)"})],
)
def test_the_database_refuses_what_reaches_nobody(avon, constraint, fields):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        LibraryContact.objects.create(library=avon, last_checked_on=TODAY, **fields)


def test_the_page_saves_both_and_the_desk_fills_the_fines_in(avon):
    client = make_signed_in_client(Role.LIBRARY_FILER, avon)
    address = reverse("libraries:desk_details", args=[avon.key])

    client.post(address, {"what": "contact", **WORDS})
    client.post(
        address,
        {
            "what": "fines",
            "from_day": "2026-11-01",
            "cents_a_day": "10",
            "grace_days": "2",
            "most_cents": "60",
        },
    )

    shown = client.get(address).content.decode()
    assert "Last checked on November 20, 2026" in shown
    assert "$0.10" in shown
    said = {"due": "2026-11-02", "handed_in": "2026-11-12", "lender": avon.key, "receiver": avon.key}
    answer = outcome_of(DeskForm(TABLES["fine"], said), TODAY).step
    assert answer.headline_in_full == "Due: $0.60, payable at the library that lent it"


def test_a_library_known_to_levy_no_fines_is_not_asked_for_its_rate(avon):
    LibraryFines.objects.create(library=avon, valid=DateRange(None, None), cents_a_day=0)
    said = {"returned_to": "elsewhere", "receiver": avon.key}

    assert outcome_of(DeskForm(TABLES["fine"], said), TODAY).step.row == "elsewhere_levies_none"


def test_the_page_of_another_library_is_closed(avon):
    stranger = make_signed_in_client(Role.LIBRARY_FILER, make_library(town=make_town("Bethel")))

    assert stranger.get(reverse("libraries:desk_details", args=[avon.key])).status_code == 403


def test_a_file_says_how_libraries_are_reached_and_changes_nothing_when_read_again(avon):
    staff = make_user(Role.STATE_STAFF)
    row = {"library": avon, **WORDS}

    said = ContactResource().keep(row, by=staff)
    again = ContactResource().keep(row, by=staff)

    assert (said, again) == ("It is on record how Avon Library is reached.", "")
    assert LibraryContact.objects.get().hours == "Monday to Friday 10 to 6"


def test_the_demonstration_says_it_once():
    load_roster()
    make_user(Role.STATE_STAFF, email="staff@example.org")

    load_desk_details()
    load_desk_details()

    assert (LibraryContact.objects.count(), LibraryFines.objects.count()) == (24, 24)
