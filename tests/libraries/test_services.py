from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import AuditEvent, Role
from libraries import services
from libraries.models import Library, Residency, Town
from libraries.refused import RosterChangeRefused
from tests.factories import (
    make_consortium,
    make_delivery_site,
    make_home_library,
    make_letter,
    make_library,
    make_residency,
    make_town,
    make_user,
)

pytestmark = pytest.mark.django_db
CHANGE = date(2026, 7, 1)
DAY_BEFORE = date(2026, 6, 30)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 11, 20)


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


def homes(town: Town, on: date) -> dict[Library, bool]:
    return {row.library: row.principal for row in Residency.objects.homes(on).filter(town=town)}


def last_event() -> AuditEvent:
    return AuditEvent.objects.latest("pk")


# Letters of agreement


def test_letter_makes_a_library_participate_from_its_day_on(staff):
    library = make_library()

    services.record_letter(library=library, filed_on=CHANGE, signatory=" Ada Reed ", by=staff)

    assert not Library.objects.participating(DAY_BEFORE).exists()
    assert Library.objects.participating(CHANGE).get() == library
    assert library.letters.get().signatory == "Ada Reed"
    assert (last_event().action, last_event().by) == ("letter_recorded", staff)
    assert last_event().after["from"] == "2026-07-01"


def test_second_letter_is_refused_while_one_is_on_file(staff):
    library = make_library("Avon Free Public Library")
    make_letter(library, begins=date(2020, 1, 1))

    with pytest.raises(RosterChangeRefused, match=r"on file from January 1, 2020 on\. Record its withdrawal"):
        services.record_letter(library=library, filed_on=CHANGE, signatory="Ada Reed", by=staff)


def test_letter_before_one_on_file_is_refused(staff):
    library = make_library()
    make_letter(library, begins=CHANGE)

    with pytest.raises(RosterChangeRefused, match="from July 1, 2026 on"):
        services.record_letter(library=library, filed_on=date(2020, 1, 1), signatory="Ada Reed", by=staff)


def test_letter_of_a_day_to_come_is_refused(staff):
    with pytest.raises(RosterChangeRefused, match="November 21, 2026 is to come"):
        services.record_letter(
            library=make_library(), filed_on=date(2026, 11, 21), signatory="Ada Reed", by=staff
        )


def test_letter_of_a_closed_library_is_refused(staff):
    library = make_library()
    Library.objects.update(open_during=DateRange(None, CHANGE))

    with pytest.raises(RosterChangeRefused, match="was not open on July 1, 2026"):
        services.record_letter(library=library, filed_on=CHANGE, signatory="Ada Reed", by=staff)


def test_letter_without_signatory_is_refused(staff):
    with pytest.raises(RosterChangeRefused, match="who signed"):
        services.record_letter(library=make_library(), filed_on=CHANGE, signatory=" ", by=staff)


def test_day_of_withdrawal_is_the_last_day_of_participation(staff):
    library = make_library()
    letter = make_letter(library)

    services.withdraw_letter(letter=letter, withdrawn_on=DAY_BEFORE, reason="Board vote", by=staff)

    assert Library.objects.participating(DAY_BEFORE).exists()
    assert not Library.objects.participating(CHANGE).exists()
    assert Library.objects.without_letter(CHANGE).get() == library
    assert last_event().before == {"from": "2000-01-01", "until": None}
    assert last_event().after["reason"] == "Board vote"


def test_new_letter_may_follow_a_withdrawn_one(staff):
    library = make_library()
    make_letter(library, ends=CHANGE)

    services.record_letter(library=library, filed_on=CHANGE, signatory="Ada Reed", by=staff)

    assert Library.objects.participating(DAY_BEFORE).get() == library
    assert Library.objects.participating(CHANGE).get() == library


@pytest.mark.parametrize(
    ("ends", "withdrawn_on", "reason", "message"),
    [
        (CHANGE, CHANGE, "Vote", "nothing is left to withdraw"),
        (None, date(1999, 12, 31), "Vote", "filed on January 1, 2000"),
        (None, CHANGE, " ", "Enter the reason"),
    ],
)
def test_withdrawal_that_cannot_be_is_refused(staff, ends, withdrawn_on, reason, message):
    letter = make_letter(make_library(), ends=ends)

    with pytest.raises(RosterChangeRefused, match=message):
        services.withdraw_letter(letter=letter, withdrawn_on=withdrawn_on, reason=reason, by=staff)


@pytest.mark.parametrize("role", [Role.AUDITOR, None])
def test_roster_is_changed_by_state_library_staff_alone(role):
    with pytest.raises(PermissionDenied):
        services.record_letter(
            library=make_library(), filed_on=CHANGE, signatory="Ada Reed", by=make_user(role)
        )


# Home libraries of a town


def test_another_library_of_the_town_becomes_principal_from_a_day_on(staff):
    first = make_home_library()
    second = make_home_library(town=first.town, principal=False)

    services.change_residency(
        town=first.town, principal=second, from_day=CHANGE, source="Town vote", by=staff
    )

    assert homes(first.town, DAY_BEFORE) == {first: True, second: False}
    assert homes(first.town, CHANGE) == {second: True, first: False}
    assert Residency.objects.get(library=second, principal=True).source == "Town vote"
    assert last_event().action == "residency_changed"


def test_designated_library_of_a_town_without_one_is_replaced(staff):
    town = make_town("Bozrah")
    first, second = make_home_library(), make_home_library()
    make_residency(town, first)

    services.change_residency(town=town, principal=second, from_day=CHANGE, source="Board vote", by=staff)

    assert homes(town, DAY_BEFORE) == {first: True}
    assert homes(town, CHANGE) == {second: True}
    assert set(first.towns_served(DAY_BEFORE)) == {first.town, town}
    assert set(first.towns_served(CHANGE)) == {first.town}
    assert set(second.towns_served(CHANGE)) == {second.town, town}


def test_new_library_of_a_town_joins_its_home_libraries(staff):
    town = make_town("Bozrah")
    designated = make_home_library()
    make_residency(town, designated)
    new = make_library(town=town)

    services.change_residency(town=town, principal=new, from_day=CHANGE, source="Opening", by=staff)

    assert homes(town, CHANGE) == {new: True}


def test_change_of_the_same_day_is_replaced(staff):
    town = make_town("Bozrah")
    first, second = make_home_library(), make_home_library()
    make_residency(town, first)
    change = {"town": town, "from_day": CHANGE, "source": "Board vote", "by": staff}
    services.change_residency(principal=second, **change)

    services.change_residency(principal=first, **change)

    assert homes(town, DAY_BEFORE) == homes(town, CHANGE) == {first: True}


def test_library_of_another_town_is_not_principal_where_a_town_has_its_own(staff):
    first, elsewhere = make_home_library("Avon Free Public Library"), make_home_library()

    with pytest.raises(RosterChangeRefused, match=r"1\(c\)\)\. Choose Avon Free Public Library"):
        services.change_residency(
            town=first.town, principal=elsewhere, from_day=CHANGE, source="Vote", by=staff
        )


def test_change_before_a_later_one_on_record_is_refused(staff):
    town = make_town("Bozrah")
    first, second = make_home_library(), make_home_library()
    make_residency(town, first, ends=CHANGE)
    make_residency(town, second, begins=CHANGE)

    with pytest.raises(RosterChangeRefused, match="on record for July 1, 2026"):
        services.change_residency(
            town=town, principal=second, from_day=date(2020, 7, 1), source="Vote", by=staff
        )


def test_change_that_changes_nothing_is_refused(staff):
    library = make_home_library()

    with pytest.raises(RosterChangeRefused, match="already; nothing changes"):
        services.change_residency(
            town=library.town, principal=library, from_day=CHANGE, source="Vote", by=staff
        )


def test_change_without_a_source_is_refused(staff):
    library = make_home_library()

    with pytest.raises(RosterChangeRefused, match="Enter the document"):
        services.change_residency(town=library.town, principal=library, from_day=CHANGE, source=" ", by=staff)


def test_closed_library_is_not_designated(staff):
    closed = make_library()
    Library.objects.update(open_during=DateRange(None, CHANGE))

    with pytest.raises(RosterChangeRefused, match="is not open on July 1, 2026"):
        services.change_residency(
            town=make_town(), principal=closed, from_day=CHANGE, source="Vote", by=staff
        )


# A library's name, standing, end and successor


def test_renamed_library_keeps_its_old_name_for_the_days_before(staff):
    library = make_library("Prosser Public Library")

    services.rename_library(library=library, name="Bloomfield Public Library", from_day=CHANGE, by=staff)

    library.refresh_from_db()
    assert library.name_on(DAY_BEFORE) == "Prosser Public Library"
    assert library.name_on(CHANGE) == library.name == "Bloomfield Public Library"


def test_library_renamed_twice_keeps_both_old_names(staff):
    library = make_library("First")
    services.rename_library(library=library, name="Second", from_day=date(2020, 1, 1), by=staff)
    services.rename_library(library=library, name="Third", from_day=CHANGE, by=staff)

    names = [library.name_on(on) for on in (date(2019, 12, 31), date(2020, 1, 1), DAY_BEFORE)]

    assert names == ["First", "Second", "Second"]


@pytest.mark.parametrize(
    ("name", "from_day", "message"),
    [
        ("Today", CHANGE, "Enter the new name"),
        ("New", date(2027, 1, 1), "Record the new name on January 1, 2027"),
        ("New", date(2019, 1, 1), "was called Old through December 31, 2019"),
    ],
)
def test_name_that_cannot_be_is_refused(staff, name, from_day, message):
    library = make_library("Today")
    library.former_names.create(name="Old", valid=DateRange(None, date(2020, 1, 1)))

    with pytest.raises(RosterChangeRefused, match=message):
        services.rename_library(library=library, name=name, from_day=from_day, by=staff)


def test_legal_standing_is_determined_with_evidence(staff):
    library = make_library()

    services.set_legal_standing(library=library, met=False, evidence="No separate board", by=staff)

    library.refresh_from_db()
    assert (library.has_legal_standing, library.legal_standing_evidence) == (False, "No separate board")
    assert last_event().before["met"] is True


def test_legal_standing_without_evidence_is_refused(staff):
    with pytest.raises(RosterChangeRefused, match="Enter the evidence"):
        services.set_legal_standing(library=make_library(), met=True, evidence="", by=staff)


def test_successor_takes_the_place_of_a_merged_library_from_that_day(staff):
    old = make_home_library("Old Library")
    new = make_home_library("New Library", town=old.town, principal=False)
    bozrah = make_town("Bozrah")
    make_residency(bozrah, old)
    consortium = make_consortium(members=(old,))
    make_letter(old)

    services.record_succession(predecessor=old, successor=new, on=CHANGE, document="Act 26-1", by=staff)

    old.refresh_from_db()
    assert old.open_during == DateRange(None, CHANGE)
    assert homes(old.town, DAY_BEFORE) == {old: True, new: False}
    assert homes(old.town, CHANGE) == {new: True}
    assert homes(bozrah, CHANGE) == {new: True}
    assert Library.objects.participating(DAY_BEFORE).get() == old
    assert not Library.objects.participating(CHANGE).exists()
    assert consortium.memberships.get().valid.upper == CHANGE
    assert old.succession.successor == new


def test_successor_of_a_library_that_closed_earlier_leaves_residency_alone(staff):
    old, new = make_library(), make_home_library()
    Library.objects.filter(pk=old.pk).update(open_during=DateRange(None, date(2020, 1, 1)))

    services.record_succession(predecessor=old, successor=new, on=CHANGE, document="Order", by=staff)

    old.refresh_from_db()
    assert old.open_during.upper == date(2020, 1, 1)
    assert homes(new.town, CHANGE) == {new: True}


def test_library_neither_succeeds_itself_nor_has_two_successors(staff):
    old, new = make_home_library(), make_home_library()
    succession = {"predecessor": old, "on": CHANGE, "document": "Order", "by": staff}

    with pytest.raises(RosterChangeRefused, match="cannot succeed itself"):
        services.record_succession(successor=old, **succession)
    services.record_succession(successor=new, **succession)
    with pytest.raises(RosterChangeRefused, match="on record already"):
        services.record_succession(successor=new, **succession)


def test_libraries_never_succeed_one_another_in_a_circle(staff):
    first, second = make_home_library(), make_home_library()
    services.record_succession(predecessor=first, successor=second, on=CHANGE, document="Order", by=staff)

    with pytest.raises(RosterChangeRefused, match=r"not open|took another library's place"):
        services.record_succession(
            predecessor=second, successor=first, on=date(2020, 1, 1), document="Order", by=staff
        )


def test_closed_library_leaves_its_town_to_the_one_designated(staff):
    old, neighbor = make_home_library(), make_home_library()

    services.close_library(
        library=old, last_day=DAY_BEFORE, document="Vote", principal_after=neighbor, by=staff
    )

    assert homes(old.town, CHANGE) == {neighbor: True}
    assert not Library.objects.open_on(CHANGE).filter(pk=old.pk).exists()


def test_second_library_of_a_town_closes_without_more(staff):
    first = make_home_library()
    second = make_home_library(town=first.town, principal=False)

    services.close_library(library=second, last_day=DAY_BEFORE, document="Vote", by=staff)

    assert homes(first.town, CHANGE) == {first: True}


def test_principal_library_does_not_close_without_one_in_its_place(staff):
    old = make_home_library()

    with pytest.raises(RosterChangeRefused, match="Choose the library that takes its place"):
        services.close_library(library=old, last_day=DAY_BEFORE, document="Vote", by=staff)

    old.refresh_from_db()
    assert old.open_during.upper is None


def test_delivery_of_a_closed_library_ends_with_its_last_day(staff):
    first = make_home_library()
    second = make_home_library(town=first.town, principal=False)
    site = make_delivery_site(library=second, code="A12")

    services.close_library(library=second, last_day=DAY_BEFORE, document="Vote", by=staff)

    site.refresh_from_db()
    assert (site.valid, site.codes.get().valid) == (DateRange(None, CHANGE), DateRange(None, CHANGE))
    event = AuditEvent.objects.get(action="delivery_service_ended")
    assert (event.by, event.after) == (staff, {"through": "2026-06-30"})


def test_delivery_that_ended_before_its_library_closed_stays_so(staff):
    first = make_home_library()
    second = make_home_library(town=first.town, principal=False)
    site = make_delivery_site(library=second, valid=DateRange(None, date(2026, 1, 1)))

    services.close_library(library=second, last_day=DAY_BEFORE, document="Vote", by=staff)

    site.refresh_from_db()
    assert site.valid == DateRange(None, date(2026, 1, 1))


# Reading


def test_library_is_found_by_every_word_in_name_former_name_or_town():
    library = make_library("Bloomfield Public Library", town=make_town("Bloomfield"))
    library.former_names.create(name="Prosser Public Library", valid=DateRange(None, CHANGE))
    make_library("Avon Free Public Library")

    found = {
        text: Library.objects.matching(text).count() for text in ("prosser bloom", "public", "prosser avon")
    }

    assert found == {"prosser bloom": 1, "public": 2, "prosser avon": 0}


def test_library_with_a_letter_is_marked_as_participating():
    library = make_library()
    make_letter(library, begins=CHANGE)

    marks = [Library.objects.with_participation(on).get().participates for on in (DAY_BEFORE, CHANGE)]

    assert marks == [False, True]
