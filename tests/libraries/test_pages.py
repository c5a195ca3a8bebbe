from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse

from connecticard.models import Role
from libraries.models import LetterOfAgreement, Library, LibrarySuccession, Residency
from tests.factories import (
    make_home_library,
    make_letter,
    make_library,
    make_residency,
    make_signed_in_client,
    make_town,
)

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(f"libraries:{name}", args=args), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


# Public pages


def test_anybody_sees_every_library_with_its_participation(client, roster, django_assert_max_num_queries):
    make_letter(Library.objects.get(key="CT0001"))

    with django_assert_max_num_queries(5):
        listed = page(client, "library_list")

    assert "192 libraries, November 20, 2026" in listed
    assert listed.count("No letter on file") == 191
    assert listed.count("Participates") == 1


def test_library_is_found_by_typed_text(client, roster):
    listed = page(client, "library_list", q="prosser")

    assert "1 library," in listed
    assert "Bloomfield Public Library" in listed


def test_home_library_of_a_town_without_one_is_found_by_the_town(client, roster):
    assert "Salem Free Public Library" in page(client, "library_list", town=13)
    assert "Salem Free Public Library" in page(client, "library_list", q="Bozrah")


def test_search_that_finds_nothing_says_what_to_do(client, roster):
    assert "No library fits" in page(client, "library_list", q="Zanzibar")


def test_search_for_an_unknown_town_says_so(client, roster):
    assert "Select a valid choice" in page(client, "library_list", town=999)


def test_anybody_sees_the_towns_with_their_home_libraries(client, roster, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        listed = page(client, "town_list")

    assert "169 towns, November 20, 2026" in listed
    assert "Salem Free Public Library</a> in Salem" in listed


# Pages of the State Library


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("letter_list", []),
        ("letter_record", ["CT0001"]),
        ("letter_withdraw", [1]),
        ("principal_library_change", [1]),
        ("succession_record", ["CT0001"]),
    ],
)
def test_pages_that_change_the_roster_are_closed_to_others(client, name, arguments):
    address = reverse(f"libraries:{name}", args=arguments)

    assert client.get(address).status_code == 302
    assert make_signed_in_client(Role.AUDITOR).get(address).status_code == 403


def test_staff_see_which_libraries_have_no_letter(staff):
    make_home_library("Avon Free Public Library")
    withdrawn = make_home_library("Berlin-Peck Memorial Library")
    make_letter(withdrawn, ends=date(2020, 1, 1))
    make_letter(make_home_library("Canton Public Library"))

    listed = page(staff, "letter_list")

    assert "2 libraries, November 20, 2026" in listed
    assert "1 library has a letter on file today and participates" in listed
    assert 'data-label="Earlier letters"> 1 </td>' in listed
    assert listed.index("Avon Free") < listed.index("Berlin-Peck") < listed.index("Canton")


def test_staff_record_a_letter(staff):
    library = make_home_library("Avon Free Public Library")

    response = staff.post(
        reverse("libraries:letter_record", args=[library.key]),
        {"filed_on": "2026-11-02", "signatory": "Ada Reed, Director", "document": "2026/114"},
        follow=True,
    )

    assert response.redirect_chain == [(library.get_absolute_url(), 302)]
    assert "Avon Free Public Library participates from November 2, 2026 on." in response.content.decode()
    assert LetterOfAgreement.objects.get().document == "2026/114"


def test_letter_that_cannot_be_recorded_is_shown_with_the_reason(staff):
    library = make_home_library()

    response = staff.post(
        reverse("libraries:letter_record", args=[library.key]),
        {"filed_on": "2026-12-01", "signatory": "Ada Reed"},
    )

    assert "December 1, 2026 is to come" in response.content.decode()
    assert not LetterOfAgreement.objects.exists()


def test_letter_form_left_empty_asks_for_what_is_missing(staff):
    response = staff.post(reverse("libraries:letter_record", args=[make_home_library().key]), {})

    assert response.context["form"].errors.keys() == {"filed_on", "signatory"}


def test_staff_record_a_withdrawal(staff):
    library = make_home_library("Avon Free Public Library")
    letter = make_letter(library)
    address = reverse("libraries:letter_withdraw", args=[letter.pk])
    assert staff.get(address).status_code == 200

    response = staff.post(
        address, {"withdrawn_on": "2026-11-19", "reason": "Board vote of Nov 3"}, follow=True
    )

    assert "participates through November 19, 2026." in response.content.decode()
    assert "No letter on file" in response.content.decode()


def test_staff_change_the_principal_library(staff):
    first = make_home_library("First Library")
    second = make_home_library("Second Library", town=first.town, principal=False)
    elsewhere = make_home_library("Elsewhere Library")
    address = reverse("libraries:principal_library_change", args=[first.town.number])
    choices = set(staff.get(address).context["form"].fields["principal"].queryset)

    response = staff.post(
        address, {"principal": second.pk, "from_day": "2026-07-01", "source": "Town vote"}, follow=True
    )

    assert elsewhere not in choices
    assert "Second Library is the principal library of" in response.content.decode()
    assert Residency.objects.in_force(TODAY).get(town=first.town, principal=True).library == second


def test_any_open_library_may_be_designated_for_a_town_without_one(staff):
    town = make_town("Bozrah")
    library = make_home_library("Salem Free Public Library")
    make_residency(town, library)

    response = staff.get(reverse("libraries:principal_library_change", args=[town.number]))

    assert set(response.context["form"].fields["principal"].queryset) == {library}


def test_staff_record_the_successor_of_a_library(staff):
    old, new = make_home_library("Old Library"), make_home_library("New Library")
    address = reverse("libraries:succession_record", args=[old.key])
    typed = {"successor": new.pk, "on": "2026-11-01", "document": "Special Act 26-4 of June 1, 2026"}

    assert "Record the library that takes its place" in " ".join(
        staff.get(old.get_absolute_url()).content.decode().split()
    )
    refused = staff.post(address, typed | {"document": ""})
    assert b"This field is required" in refused.content
    done = staff.post(address, typed, follow=True)

    assert b"New Library takes the place of Old Library from November 1, 2026 on." in done.content
    succession = LibrarySuccession.objects.get()
    assert (succession.predecessor, succession.successor) == (old, new)
    assert b"A successor is recorded once" in staff.get(address).content
    staff.post(address, typed)
    assert LibrarySuccession.objects.count() == 1


def test_successor_that_cannot_be_is_refused_in_words(staff):
    old, new = make_home_library("Old Library"), make_library("New Library")
    new.open_during = DateRange(date(2026, 11, 10), None)
    new.save()

    refused = staff.post(
        reverse("libraries:succession_record", args=[old.key]),
        {"successor": new.pk, "on": "2026-11-01", "document": "Special Act 26-4"},
    )

    assert b"New Library is not open on November 1, 2026" in refused.content
    assert not LibrarySuccession.objects.exists()
