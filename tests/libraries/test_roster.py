from collections import Counter
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import AuditEvent, User
from libraries import roster_files
from libraries.models import (
    Consortium,
    ConsortiumMembership,
    LetterOfAgreement,
    Library,
    Residency,
    Town,
)
from libraries.roster import load_roster

DAYS = [date(2017, 3, 1), date(2026, 11, 21), date(2027, 7, 1)]


def test_shipped_libraries_are_those_of_fiscal_year_2018():
    libraries = roster_files.libraries()
    towns = roster_files.towns()
    principal = {town.principal_library for town in towns}

    assert len(towns) == 169
    assert len(libraries) == 192
    assert len(principal) == 165
    assert len({library.key for library in libraries} - principal) == 27


def test_shipped_towns_by_number_of_own_libraries():
    own = Counter(library.town for library in roster_files.libraries())
    towns = Counter(min(own[town.name], 2) for town in roster_files.towns())

    assert towns == {1: 145, 2: 20, 0: 4}


def test_shipped_residency_agrees_with_the_towns_that_the_survey_says_are_served():
    served: dict[str, set[str]] = {}
    for row in roster_files.residencies(roster_files.towns(), roster_files.libraries()):
        if row.principal:
            served.setdefault(row.library, set()).add(row.town)

    said = {
        row["fscs_key"]: set(row["towns_served_as_principal"].split("; "))
        for row in roster_files._rows("libraries.csv")
        if row["towns_served_as_principal"]
    }
    assert served == said


@pytest.mark.parametrize("on", DAYS)
def test_each_town_has_exactly_one_principal_library_on_every_day(roster, on):
    principal = Counter(
        Residency.objects.in_force(on).filter(principal=True).values_list("town_id", flat=True)
    )

    assert set(principal) == set(Town.objects.values_list("pk", flat=True))
    assert set(principal.values()) == {1}


def test_each_library_is_a_home_library_of_its_own_town(roster):
    pairs = set(Residency.objects.values_list("library_id", "town_id"))

    assert {(library.pk, library.town_id) for library in Library.objects.all()} <= pairs


@pytest.mark.parametrize(
    ("town", "library"),
    [
        ("Barkhamsted", "Beardsley & Memorial Library"),
        ("Colebrook", "Beardsley & Memorial Library"),
        ("Bozrah", "Salem Free Public Library"),
        ("Lisbon", "Slater Library"),
    ],
)
def test_town_without_a_library_has_the_one_designated_for_it(roster, town, library):
    home = Residency.objects.get(town__name=town)

    assert (home.library.name, home.principal, home.valid) == (library, True, DateRange(None, None))


def test_consortia_are_those_of_fiscal_year_2018(roster):
    assert dict(Counter(ConsortiumMembership.objects.values_list("consortium__name", flat=True))) == {
        "Bibliomation": 64,
        "Library Connection, Inc. (LCI)": 29,
        "LION (Libraries Online, Inc.)": 28,
    }
    assert Consortium.objects.count() == 3


def test_library_bears_the_name_of_fiscal_year_2018_in_that_year(roster):
    library = Library.objects.get(key="CT0012")

    assert library.name_on(date(2018, 3, 1)) == "Prosser Public Library"
    assert library.name_on(date(2026, 3, 1)) == "Bloomfield Public Library"


def test_legal_standing_ships_as_met_and_names_its_source(roster):
    assert not Library.objects.filter(has_legal_standing=False).exists()
    assert not Library.objects.exclude(legal_standing_evidence__contains="IMLS").exists()
    doubtful = Library.objects.filter(legal_standing_evidence__contains="may have left or closed")
    assert set(doubtful.values_list("key", flat=True)) == {"CT0196", "CT0125"}


def test_load_creates_no_person_and_no_letter(roster):
    assert not User.objects.exists()
    assert not LetterOfAgreement.objects.exists()


def test_load_is_on_the_audit_trail(roster):
    assert AuditEvent.objects.filter(action="library_loaded", by=None).count() == 192


def test_command_says_what_it_added(db):
    output = StringIO()

    call_command("load_roster", stdout=output)

    assert output.getvalue().splitlines() == [
        "towns: 169 added, 169 on record",
        "libraries: 192 added, 192 on record",
        "former names: 1 added, 1 on record",
        "delivery sites: 192 added, 192 on record",
        "residencies: 196 added, 196 on record",
        "consortia: 3 added, 3 on record",
        "consortium memberships: 121 added, 121 on record",
    ]


def test_loading_again_changes_nothing(roster, django_assert_max_num_queries):
    with django_assert_max_num_queries(13):
        again = load_roster()

    assert {added for added, _ in again.counts.values()} == {0}
    assert again.differences == []


def test_loading_again_adds_what_is_missing(roster):
    ConsortiumMembership.objects.filter(library__key="CT0002").delete()

    again = load_roster()

    assert again.counts["consortium memberships"] == (1, 121)


def test_loading_again_keeps_what_staff_changed_and_says_so(roster):
    Library.objects.filter(key="CT0001").update(name="Andover Library")

    again = load_roster()

    assert Library.objects.get(key="CT0001").name == "Andover Library"
    assert again.differences == [
        "libraries: Andover Public Library: name today is Andover Library, shipped Andover Public Library"
    ]


def test_loading_again_keeps_a_residency_that_staff_closed(roster):
    changed = date(2026, 7, 1)
    Residency.objects.filter(town__name="Bozrah").update(valid=DateRange(None, changed))
    bozrah = Town.objects.get(name="Bozrah")
    norwich = Library.objects.get(name="Otis Library")
    Residency.objects.create(town=bozrah, library=norwich, principal=True, valid=DateRange(changed, None))

    again = load_roster()

    assert again.counts["residencies"] == (0, 197)
    assert [line.split(":")[1] for line in again.differences] == [" Bozrah to Salem Free Public Library"]


def test_loading_again_adds_nothing_that_contradicts_the_record(roster):
    bozrah = Town.objects.get(name="Bozrah")
    norwich = Library.objects.get(name="Otis Library")
    Residency.objects.filter(town=bozrah).update(library=norwich)

    again = load_roster()

    assert Residency.objects.get(town=bozrah).library == norwich
    assert again.differences == [
        "residencies: Bozrah to Salem Free Public Library was not added; it contradicts a row on record"
    ]
