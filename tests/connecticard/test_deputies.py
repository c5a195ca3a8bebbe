"""Deputy certifiers: named for some days by the director or the State Library, and by nobody else."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from connecticard import services
from connecticard.models import AuditEvent, Invitation, Message, Role, RoleAssignment
from connecticard.permissions import PERMITTED, Action, acting_as, may
from tests.factories import give_role, make_consortium, make_library, make_signed_in_client, make_user
from tests.page_text import text

pytestmark = pytest.mark.django_db

TODAY = date(2027, 3, 5)
FIRST, LAST = date(2027, 3, 8), date(2027, 3, 19)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def avon():
    return make_library("Avon Library")


@pytest.fixture
def director(avon):
    return make_user(Role.LIBRARY_CERTIFIER, library=avon)


@pytest.fixture
def filer(avon):
    return make_user(Role.LIBRARY_FILER, library=avon, name="Fay Filer")


def name(avon, email, by, first_day=FIRST, last_day=LAST):
    return services.name_deputy(library=avon, email=email, first_day=first_day, last_day=last_day, by=by)


def address(library, view="deputies", *args):
    return reverse(f"connecticard:{view}", args=[library.key, *args])


def test_a_deputy_signs_and_corrects_but_decides_nothing_lasting():
    certifier = {action for action in Action if Role.LIBRARY_CERTIFIER in PERMITTED[action]}
    deputy = {action for action in Action if Role.DEPUTY_CERTIFIER in PERMITTED[action]}

    assert certifier - deputy == {Action.NAME_DEPUTY, Action.CHOOSE_CADENCE}
    assert deputy - certifier == set()


def test_who_works_for_the_library_is_deputy_at_once_and_only_on_these_days(avon, director, filer):
    assignment = name(avon, f" {filer.email.upper()} ", director)

    assert isinstance(assignment, RoleAssignment)
    assert assignment.last_day == LAST
    for day, allowed in (
        (FIRST - timedelta(days=1), False),
        (FIRST, True),
        (LAST, True),
        (LAST + timedelta(days=1), False),
    ):
        assert may(filer, Action.CERTIFY_FILING, avon, on=day) == allowed
    assert "from March 8, 2027 through March 19, 2027" in Message.objects.get().body
    assert AuditEvent.objects.get(action="role_given").by == director


def test_anybody_else_is_invited_for_these_days(avon, director, client):
    invitation = name(avon, "new@example.org", director)

    assert isinstance(invitation, Invitation)
    assert (invitation.role, invitation.library) == (Role.DEPUTY_CERTIFIER, avon)
    user = services.accept_invitation(invitation=invitation, name="New Person", password="x" * 20)
    assert may(user, Action.CERTIFY_FILING, avon, on=LAST)
    assert not may(user, Action.CERTIFY_FILING, avon, on=LAST + timedelta(days=1))


def test_an_invitation_is_not_taken_up_once_its_days_are_past(avon, director, settings):
    invitation = name(avon, "new@example.org", director, TODAY, TODAY)
    settings.DEMO_TODAY = TODAY + timedelta(days=1)

    with pytest.raises(services.Refused, match="last day of this role is past"):
        services.accept_invitation(invitation=invitation, name="New Person", password="x" * 20)


@pytest.mark.parametrize("role", [Role.STATE_STAFF, Role.STATE_ADMINISTRATOR])
def test_the_state_library_names_deputies_too(avon, filer, role):
    assert name(avon, filer.email, make_user(role)).user == filer


@pytest.mark.parametrize(
    "role", [Role.LIBRARY_FILER, Role.DEPUTY_CERTIFIER, Role.CONSORTIUM_FILER, Role.AUDITOR]
)
def test_nobody_else_names_or_ends_a_deputy(avon, director, filer, role):
    from_library = role in (Role.LIBRARY_FILER, Role.DEPUTY_CERTIFIER)
    person = make_user(
        role,
        library=avon if from_library else None,
        consortium=make_consortium(members=(avon,)) if role is Role.CONSORTIUM_FILER else None,
    )
    named = name(avon, filer.email, director)

    with pytest.raises(PermissionDenied):
        name(avon, "new@example.org", person)
    with pytest.raises(PermissionDenied):
        services.end_role(assignment=named, last_day=None, reason="x", by=person)


def test_the_director_of_another_library_names_no_deputy_here(avon, filer, director):
    other = make_user(Role.LIBRARY_CERTIFIER, library=make_library())
    named = name(avon, filer.email, director)

    with pytest.raises(PermissionDenied):
        name(avon, "new@example.org", other)
    with pytest.raises(PermissionDenied):
        services.end_role(assignment=named, last_day=None, reason="x", by=other)


def test_a_director_ends_no_other_role(avon, director, filer):
    with pytest.raises(PermissionDenied):
        services.end_role(assignment=filer.role_assignments.get(), last_day=None, reason="x", by=director)


@pytest.mark.parametrize(
    ("first_day", "last_day"),
    [(FIRST, FIRST - timedelta(days=1)), (TODAY - timedelta(days=9), TODAY - timedelta(days=1))],
)
def test_days_that_are_none_or_past_are_refused(avon, director, filer, first_day, last_day):
    with pytest.raises(services.Refused, match="Enter a later one"):
        name(avon, filer.email, director, first_day, last_day)


def test_who_certifies_anyway_needs_no_days(avon, director):
    with pytest.raises(services.Refused, match="certifies for Avon Library anyway"):
        name(avon, director.email, director)


def test_the_same_days_are_not_given_twice(avon, director, filer):
    name(avon, filer.email, director)

    with pytest.raises(services.Refused, match="deputy through March 19, 2027 already"):
        name(avon, filer.email, director, LAST, LAST + timedelta(days=3))

    assert name(avon, filer.email, director, LAST + timedelta(days=1), LAST + timedelta(days=3))


def test_a_deputy_is_ended_early_and_named_again(avon, director, filer):
    named = name(avon, filer.email, director, TODAY, LAST)

    services.end_role(assignment=named, last_day=None, reason="Back from leave", by=director)

    assert not may(filer, Action.CERTIFY_FILING, avon)
    assert AuditEvent.objects.get(action="role_ended").after["reason"] == "Back from leave"
    assert name(avon, filer.email, director, TODAY, LAST)


def test_ending_never_makes_the_days_longer(avon, director, filer):
    named = name(avon, filer.email, director)

    with pytest.raises(services.Refused, match="ends before that day already"):
        services.end_role(assignment=named, last_day=LAST + timedelta(days=1), reason="x", by=director)

    services.end_role(assignment=named, last_day=FIRST, reason="x", by=director)
    named.refresh_from_db()
    assert named.last_day == FIRST


@pytest.mark.parametrize("valid", [DateRange(None, LAST), DateRange(FIRST, None), DateRange(None, None)])
def test_database_holds_that_a_deputy_has_days(avon, filer, valid):
    with pytest.raises(IntegrityError, match="deputy_has_a_first_and_a_last_day"), transaction.atomic():
        RoleAssignment.objects.create(user=filer, role=Role.DEPUTY_CERTIFIER, library=avon, valid=valid)


def test_a_lasting_role_goes_before_a_deputys_days(avon, director):
    give_role(director, Role.DEPUTY_CERTIFIER, library=avon)

    assert acting_as(director, Action.CERTIFY_FILING, avon).role == Role.LIBRARY_CERTIFIER


# Pages


def test_the_director_names_sees_and_ends_a_deputy(avon, director, filer):
    client = make_signed_in_client(user=director)
    assert "Fay Filer" in text(client.get(address(avon)))

    page = client.post(
        address(avon),
        {"email": filer.email, "first_day": TODAY.isoformat(), "last_day": LAST.isoformat()},
        follow=True,
    )

    assert "Fay Filer is deputy certifier on the days that you chose" in text(page)
    assert "may certify" in text(page)
    named = RoleAssignment.objects.get(role=Role.DEPUTY_CERTIFIER)
    end = address(avon, "deputy_end", named.pk)
    assert "End Fay Filer’s days as deputy?" in text(client.get(end))
    page = client.post(end, {"reason": "Back from leave", "last_day": ""}, follow=True)
    assert "The end of Fay Filer as deputy is recorded" in text(page)
    assert "Before Fay Filer, from March 5, 2027 through" in text(page)
    again = client.post(end, {"reason": "Back from leave"}, follow=True)
    assert "nothing had to be ended" in text(again)


def test_an_invited_deputy_is_listed_and_the_invitation_taken_back(avon, director):
    client = make_signed_in_client(user=director)
    page = client.post(
        address(avon),
        {"email": "new@example.org", "first_day": FIRST.isoformat(), "last_day": LAST.isoformat()},
        follow=True,
    )
    assert "new@example.org, from March 8, 2027 through March 19, 2027" in text(page)

    invitation = Invitation.objects.get()
    page = client.post(address(avon, "deputy_invitation_revoke", invitation.pk), follow=True)

    assert "is taken back" in text(page)
    assert "Invited, not taken up" not in text(page)


def test_mistakes_are_said_beside_their_fields(avon, director):
    client = make_signed_in_client(user=director)

    assert "The last day is before the first" in text(
        client.post(
            address(avon),
            {"email": "new@example.org", "first_day": LAST.isoformat(), "last_day": FIRST.isoformat()},
        )
    )
    assert "The last day is past" in text(
        client.post(
            address(avon),
            {"email": "new@example.org", "first_day": "2027-01-01", "last_day": "2027-01-02"},
        )
    )
    assert not Invitation.objects.exists()


def test_pages_of_deputies_are_closed_to_others(avon, director, filer):
    named = name(avon, filer.email, director, TODAY, LAST)
    invitation = name(avon, "new@example.org", director)
    stranger = make_signed_in_client(Role.LIBRARY_CERTIFIER, make_library())
    deputy = make_signed_in_client(Role.DEPUTY_CERTIFIER, avon)
    for view, *args in (
        ("deputies",),
        ("deputy_end", named.pk),
        ("deputy_invitation_revoke", invitation.pk),
    ):
        assert stranger.post(address(avon, view, *args)).status_code == 404
        assert deputy.post(address(avon, view, *args)).status_code == 403


def test_staff_invite_a_deputy_with_a_last_day_only(avon):
    client = make_signed_in_client(Role.STATE_STAFF)
    wanted = {
        "email": "new@example.org",
        "role": Role.DEPUTY_CERTIFIER,
        "library": avon.pk,
        "first_day": FIRST.isoformat(),
    }

    assert "Enter the last day on which the deputy stands in" in text(
        client.post(reverse("connecticard:invite"), wanted)
    )
    client.post(reverse("connecticard:invite"), {**wanted, "last_day": LAST.isoformat()})

    assert Invitation.objects.get().valid == DateRange(FIRST, LAST + timedelta(days=1))
