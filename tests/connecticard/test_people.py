"""Invitations, roles with dates, second factors reset, and the pages for it."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse

from connecticard import clock, permissions, second_factor_services, services
from connecticard.models import (
    AuditEvent,
    Invitation,
    Message,
    MessageKind,
    Role,
    RoleAssignment,
    SecondFactorReset,
    User,
)
from connecticard.permissions import Action
from tests.factories import (
    PASSWORD,
    give_role,
    make_consortium,
    make_library,
    make_signed_in_client,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_user(Role.STATE_ADMINISTRATOR)


def invite(by, email="new.person@example.org", role=Role.LIBRARY_FILER, **whose):
    if role in (Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER):
        whose.setdefault("library", make_library())
    return services.invite_person(
        email=email, role=role, valid=DateRange(clock.today(), None), by=by, **whose
    )


def accept(client, link, name="New Person", password="plenty of words here"):
    return client.post(link, {"name": name, "password": password, "password_again": password})


# Invitations


def test_invitation_makes_a_person_who_must_set_up_a_second_factor(client, staff):
    invitation, link = invite(staff)

    assert invitation.title in client.get(link).content.decode()
    answer = accept(client, link)

    user = User.objects.get(email="new.person@example.org")
    assert answer.url == reverse("connecticard:second_factor_setup")
    assert client.get(reverse("connecticard:account")).url == reverse("connecticard:second_factor_setup")
    assert permissions.may(user, Action.ENTER_COUNTS, invitation.library)


def test_invitation_is_sent_by_e_mail_without_keeping_the_token(
    staff, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        invitation, link = invite(staff)

    [letter] = mailoutbox
    token = link.rstrip("/").rpartition("/")[2]
    assert letter.to == ["new.person@example.org"]
    assert link in letter.body
    assert invitation.token_sha256 == services.sha256_of_token(token)
    assert token not in str(AuditEvent.objects.values_list("before", "after", "target_label"))
    assert token not in Message.objects.get(kind=MessageKind.INVITATION).body


def test_invitation_works_once(client, staff):
    _, link = invite(staff)
    accept(client, link)

    assert accept(Client(), link).status_code == 410
    assert User.objects.filter(email="new.person@example.org").count() == 1


def test_invitation_expires_after_seven_days(client, staff):
    invitation, link = invite(staff)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=clock.now() - timedelta(seconds=1))

    assert client.get(link).status_code == 410
    assert accept(client, link).status_code == 410


def test_invitation_revoked(client, staff):
    invitation, link = invite(staff)

    services.revoke_invitation(invitation=invitation, by=staff)

    assert accept(client, link).status_code == 410


def test_invitation_sent_again_replaces_the_link(
    client, staff, mailoutbox, django_capture_on_commit_callbacks
):
    invitation, first = invite(staff)

    with django_capture_on_commit_callbacks(execute=True):
        services.resend_invitation(invitation=invitation, by=staff)

    second = next(line for line in mailoutbox[-1].body.splitlines() if "/invitation/" in line)
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_invitation_of_somebody_with_an_account_adds_the_role_after_sign_in(staff):
    user = make_user()
    invitation, link = invite(staff, email=user.email)

    assert "Sign in" in Client().get(link).content.decode()
    accept(Client(), link)
    assert not permissions.assignments(user)
    make_signed_in_client(user=user).post(link)

    assert permissions.may(user, Action.ENTER_COUNTS, invitation.library)
    assert user.check_password(PASSWORD)


def test_invitation_cannot_be_taken_by_somebody_else_signed_in(staff):
    _, link = invite(staff)
    other = make_signed_in_client()

    answer = other.post(link)

    assert "Sign in as that person" in answer.content.decode()
    assert not permissions.assignments(other.user)


def test_invitation_with_a_weak_password(client, staff):
    _, link = invite(staff)

    answer = accept(client, link, password="short")

    assert "too short" in answer.content.decode()
    assert not User.objects.filter(email="new.person@example.org").exists()


def test_staff_cannot_invite_to_a_state_role(staff):
    with pytest.raises(PermissionDenied):
        invite(staff, role=Role.AUDITOR)


def test_administrator_invites_to_every_role(administrator):
    invite(administrator, role=Role.AUDITOR)
    invite(administrator, role=Role.CONSORTIUM_FILER, consortium=make_consortium())

    assert Invitation.objects.count() == 2


def test_invite_page(staff):
    client = make_signed_in_client(user=staff)
    library = make_library()
    page = client.get(reverse("connecticard:invite"))
    assert Role.AUDITOR.label not in page.content.decode()

    answer = client.post(
        reverse("connecticard:invite"),
        {
            "email": "X@example.org",
            "role": Role.LIBRARY_CERTIFIER,
            "library": library.pk,
            "first_day": "2026-01-01",
        },
        follow=True,
    )

    assert "x@example.org is invited" in answer.content.decode()


def test_invite_page_needs_the_library_of_a_library_role(staff):
    client = make_signed_in_client(user=staff)

    answer = client.post(
        reverse("connecticard:invite"),
        {"email": "x@example.org", "role": Role.LIBRARY_CERTIFIER, "first_day": "2026-01-01"},
    )

    assert "Choose the library" in answer.content.decode()


# Roles


def test_role_ended_at_once_signs_out_and_takes_away_what_it_permitted(administrator):
    library = make_library()
    client = make_signed_in_client(Role.LIBRARY_FILER, library)
    [assignment] = permissions.assignments(client.user)
    assert client.get(reverse("connecticard:account")).status_code == 200

    services.end_role(assignment=assignment, last_day=None, reason="left", by=administrator)

    assert not permissions.may(client.user, Action.ENTER_COUNTS, library)
    assert client.get(reverse("connecticard:account")).status_code == 302
    assert AuditEvent.objects.get(action="role_ended").after["reason"] == "left"


def test_role_ended_at_once_was_held_the_day_before(administrator):
    library = make_library()
    user = make_user(Role.LIBRARY_FILER, library=library)
    [assignment] = permissions.assignments(user)
    services.end_role(assignment=assignment, last_day=None, reason="left", by=administrator)
    yesterday = clock.today() - timedelta(days=1)

    assert permissions.may(user, Action.ENTER_COUNTS, library, on=yesterday)


def test_role_ends_after_a_day_to_come(administrator):
    library = make_library()
    user = make_user(Role.LIBRARY_CERTIFIER, library=library)
    [assignment] = permissions.assignments(user)
    last = clock.today() + timedelta(days=10)

    services.end_role(assignment=assignment, last_day=last, reason="deputy until then", by=administrator)

    assert permissions.may(user, Action.CERTIFY_FILING, library, on=last)
    assert not permissions.may(user, Action.CERTIFY_FILING, library, on=last + timedelta(days=1))


def test_last_administrator_cannot_be_ended(administrator):
    [assignment] = permissions.assignments(administrator)

    with pytest.raises(services.Refused, match="last administrator"):
        services.end_role(assignment=assignment, last_day=None, reason="x", by=administrator)


def test_staff_cannot_end_a_state_role(staff, administrator):
    client = make_signed_in_client(user=staff)
    [assignment] = permissions.assignments(administrator)

    assert client.get(reverse("connecticard:end_role", args=[assignment.pk])).status_code == 403


def test_role_of_the_wrong_kind_is_refused_by_the_database():
    user = make_user()

    with pytest.raises(IntegrityError, match="role_belongs_to_its_kind"), transaction.atomic():
        give_role(user, Role.STATE_STAFF, library=make_library())
    with pytest.raises(IntegrityError, match="role_belongs_to_its_kind"), transaction.atomic():
        give_role(user, Role.LIBRARY_FILER)


# Second factors


def test_second_factor_of_library_people_is_reset_by_one_person(staff):
    client = make_signed_in_client(Role.LIBRARY_FILER, make_library())

    second_factor_services.request_second_factor_reset(
        user=client.user, reason="phone lost, called back", by=staff
    )

    assert not Authenticator.objects.filter(user=client.user).exists()
    assert client.get(reverse("connecticard:account")).status_code == 302


def test_second_factor_of_state_people_needs_a_second_person(staff, administrator):
    lost = make_user(Role.STATE_STAFF)

    reset = second_factor_services.request_second_factor_reset(
        user=lost, reason="phone lost", by=administrator
    )

    assert Authenticator.objects.filter(user=lost).exists()
    with pytest.raises(services.Refused, match="second person"):
        second_factor_services.approve_second_factor_reset(reset=reset, by=administrator)
    with pytest.raises(PermissionDenied):
        second_factor_services.approve_second_factor_reset(reset=reset, by=staff)
    second_factor_services.approve_second_factor_reset(reset=reset, by=make_user(Role.STATE_ADMINISTRATOR))
    assert not Authenticator.objects.filter(user=lost).exists()


def test_second_factor_reset_second_person_is_held_by_the_database(administrator):
    lost = make_user(Role.STATE_STAFF)
    reset = second_factor_services.request_second_factor_reset(
        user=lost, reason="phone lost", by=administrator
    )
    row = SecondFactorReset.objects.filter(pk=reset.pk)
    now = clock.now()

    with pytest.raises(IntegrityError, match="approved_by_another_person"), transaction.atomic():
        row.update(approved_by=administrator, approved_at=now)
    with pytest.raises(IntegrityError, match="approved_by_another_person"), transaction.atomic():
        row.update(approved_by=lost, approved_at=now)
    with pytest.raises(IntegrityError, match="done_when_approved"), transaction.atomic():
        row.update(done_at=now)


def test_own_second_factor_cannot_be_reset(administrator):
    with pytest.raises(services.Refused, match="Somebody else"):
        second_factor_services.request_second_factor_reset(user=administrator, reason="x", by=administrator)


def test_reset_and_approval_on_the_pages():
    first = make_signed_in_client(Role.STATE_STAFF)
    second = make_signed_in_client(Role.STATE_ADMINISTRATOR)
    lost = make_user(Role.AUDITOR)

    first.post(reverse("connecticard:reset_second_factor", args=[lost.pk]), {"reason": "new phone"})
    reset = SecondFactorReset.objects.get()
    assert "second person must approve" in second.get(reverse("connecticard:people")).content.decode()
    second.post(reverse("connecticard:approve_reset", args=[reset.pk]))

    assert not Authenticator.objects.filter(user=lost).exists()


# Pages


def test_people_page_lists_and_filters(staff):
    client = make_signed_in_client(user=staff)
    library = make_library("Russell Library")
    filer = make_user(Role.LIBRARY_FILER, library=library, name="Fay Filer")
    make_user(Role.LIBRARY_FILER, library=make_library(), name="Other Filer")

    page = client.get(reverse("connecticard:people"), {"library": library.pk, "role": Role.LIBRARY_FILER})

    assert "Fay Filer" in page.content.decode()
    assert "Other Filer" not in page.content.decode()
    assert client.get(reverse("connecticard:person", args=[filer.pk])).status_code == 200


@pytest.mark.parametrize("url_name", ["connecticard:people", "connecticard:invite", "connecticard:audit"])
def test_people_and_audit_pages_are_closed_to_libraries(url_name):
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, make_library())

    assert client.get(reverse(url_name)).status_code == 403


def test_auditor_reads_people_and_changes_nothing():
    client = make_signed_in_client(Role.AUDITOR)
    filer = make_user(Role.LIBRARY_FILER, library=make_library())
    [assignment] = RoleAssignment.objects.filter(user=filer)

    assert client.get(reverse("connecticard:people")).status_code == 200
    assert client.get(reverse("connecticard:person", args=[filer.pk])).status_code == 200
    for page, key in (("end_role", assignment.pk), ("reset_second_factor", filer.pk)):
        assert client.post(reverse(f"connecticard:{page}", args=[key]), {"reason": "x"}).status_code == 403


def test_audit_page_filters():
    client = make_signed_in_client(Role.AUDITOR)
    somebody = make_user(name="Ann Example")
    AuditEvent.record("role_given", target=somebody, by=somebody, after={"from": "2026-07-01"})
    AuditEvent.record("person_renamed", target=client.user, by=None)

    page = client.get(reverse("connecticard:audit"), {"who": "Ann", "action": "role_given"}).content.decode()

    assert "Ann Example" in page
    assert "2026-07-01" in page
    assert "the system" not in page


def test_account_page_changes_the_name():
    client = make_signed_in_client(Role.AUDITOR)

    client.post(reverse("connecticard:rename"), {"name": "Robin Reader"})

    assert User.objects.get(pk=client.user.pk).name == "Robin Reader"
