"""What the database itself refuses; each test fails without its constraint."""

from contextlib import contextmanager
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import ConsortiumMembership, Library, LibraryName, LibrarySuccession, Residency
from tests.factories import (
    make_consortium,
    make_home_library,
    make_letter,
    make_library,
    make_residency,
    make_town,
)

pytestmark = pytest.mark.django_db
CHANGE = date(2026, 7, 1)
EMPTY = DateRange(CHANGE, CHANGE)


@contextmanager
def refused_by(constraint: str):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        yield


def test_residency_of_a_town_and_a_library_never_overlaps():
    library = make_home_library(principal=False)

    with refused_by("one_residency_a_day"):
        make_residency(library.town, library, principal=False, begins=CHANGE)


def test_residency_may_begin_again_on_the_day_after_it_ended():
    library = make_library()
    make_residency(library.town, library, ends=CHANGE)

    make_residency(library.town, library, principal=False, begins=CHANGE)

    assert Residency.objects.in_force(CHANGE).get().principal is False


def test_town_never_has_two_principal_libraries_on_a_day():
    library = make_home_library()

    with refused_by("one_principal_library_a_day"):
        make_home_library(town=library.town)


def test_town_may_have_several_home_libraries():
    library = make_home_library()

    make_home_library(town=library.town, principal=False)
    make_home_library(town=library.town, principal=False)

    assert library.town.residencies.in_force(CHANGE).count() == 3


def test_letters_of_a_library_never_overlap():
    library = make_library()
    make_letter(library, ends=CHANGE)
    make_letter(library, begins=CHANGE)

    with refused_by("one_letter_a_day"):
        make_letter(library, begins=date(2027, 1, 1))


def test_memberships_of_a_library_in_a_consortium_never_overlap():
    library = make_library()
    consortium = make_consortium(members=(library,))

    with refused_by("one_membership_a_day"):
        ConsortiumMembership.objects.create(
            library=library, consortium=consortium, valid=DateRange(CHANGE, None)
        )


def test_former_names_of_a_library_never_overlap():
    library = make_library()
    LibraryName.objects.create(library=library, name="Old", valid=DateRange(None, CHANGE))

    with refused_by("one_former_name_a_day"):
        LibraryName.objects.create(library=library, name="Older", valid=DateRange(None, date(2020, 1, 1)))


def test_former_name_has_ended():
    library = make_library()

    with refused_by("former_name_has_ended"):
        LibraryName.objects.create(library=library, name="Old", valid=DateRange(CHANGE, None))


def test_library_does_not_succeed_itself():
    library = make_library()

    with refused_by("library_does_not_succeed_itself"):
        LibrarySuccession.objects.create(predecessor=library, successor=library, on=CHANGE, document="Vote")


def test_library_has_one_successor():
    library = make_library()
    LibrarySuccession.objects.create(
        predecessor=library, successor=make_library(), on=CHANGE, document="Vote"
    )

    with refused_by("predecessor_id"):
        LibrarySuccession.objects.create(
            predecessor=library, successor=make_library(), on=CHANGE, document="Vote"
        )


def test_library_key_is_unique():
    make_library(key="CT0001")

    with refused_by("libraries_library_key"):
        make_library(key="CT0001")


def test_row_that_holds_no_day_is_refused():
    library = make_library()
    town = make_town()

    with refused_by("residency_holds_a_day"):
        Residency.objects.create(town=town, library=library, principal=True, valid=EMPTY)
    with refused_by("letter_holds_a_day"):
        make_letter(library, begins=CHANGE, ends=CHANGE)
    with refused_by("former_name_has_ended"):
        LibraryName.objects.create(library=library, name="Old", valid=EMPTY)
    with refused_by("membership_holds_a_day"):
        ConsortiumMembership.objects.create(library=library, consortium=make_consortium(), valid=EMPTY)
    with refused_by("library_is_open_a_day"):
        Library.objects.filter(pk=library.pk).update(open_during=EMPTY)


@pytest.mark.parametrize("key", ["", "SL 1", "CT/0001", "..", "CT0001\n"])
def test_key_of_a_library_can_stand_in_an_address_and_in_the_name_of_a_file(key):
    town = make_town()

    with refused_by("library_key_is_letters_digits_hyphens"):
        Library.objects.create(key=key, name="A library", town=town, open_during=DateRange(None, None))
