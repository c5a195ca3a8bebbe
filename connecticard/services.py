"""Writes about people: invitations, roles, API tokens. Each leaves an audit event."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F
from django.urls import reverse

from connecticard import clock, permissions
from connecticard.mail import About, send_letter
from connecticard.models import (
    ApiToken,
    AuditEvent,
    Invitation,
    MessageKind,
    Role,
    RoleAssignment,
    User,
)
from connecticard.models.invitation import VALID_FOR
from connecticard.models.role_assignment import STATE_ROLES
from connecticard.permissions import Action, Scope
from connecticard.templatetags.figures import day


class Refused(Exception):
    """The act cannot be done; the text says why and what to do."""


def action_to_manage(role: str) -> Action:
    """Return what somebody must be allowed to do in order to give or end this role."""
    if role in STATE_ROLES:
        return Action.MANAGE_STATE_PEOPLE
    return Action.NAME_DEPUTY if role == Role.DEPUTY_CERTIFIER else Action.MANAGE_LIBRARY_PEOPLE


def check_may_manage(*, by: User, role: str, library: Any = None) -> None:
    """Raise PermissionDenied unless somebody may give and end this role, for the library it is held for."""
    permissions.check(by, action_to_manage(role), library)


def sha256_of_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def end_sessions(user: User) -> None:
    """Sign somebody out everywhere, from the next request on."""
    User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)


# Invitations


@transaction.atomic
def invite_person(
    *,
    email: str,
    role: Role,
    library: Any = None,
    consortium: Any = None,
    delivery_site: Any = None,
    valid: DateRange,
    by: User | None,
) -> tuple[Invitation, str]:
    """Ask somebody by e-mail to take a role; return the invitation and its link, which works once.

    `by` None is the server's command line, which prints the link and sends no letter.
    """
    if by is not None:
        check_may_manage(by=by, role=role, library=library)
    email = email.strip().lower()
    wanted = {
        "role": role,
        "library": library,
        "consortium": consortium,
        "delivery_site": delivery_site,
    }
    if _held(email, wanted):
        raise Refused(f"{email} holds this role already.")
    for earlier in Invitation.objects.open().filter(email=email, **wanted).select_for_update(of=("self",)):
        _revoke(earlier, by)
    token, now = secrets.token_urlsafe(32), clock.now()
    invitation = Invitation.objects.create(
        email=email,
        **wanted,
        valid=valid,
        token_sha256=sha256_of_token(token),
        invited_by=by,
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    AuditEvent.record("invitation_sent", target=invitation, by=by, after=_dates(valid))
    return invitation, _send_invitation(invitation, token)


@transaction.atomic
def resend_invitation(*, invitation: Invitation, by: User) -> None:
    """Send a new link for an invitation; the old link stops working."""
    check_may_manage(by=by, role=invitation.role, library=invitation.library)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at or invitation.revoked_at:
        raise Refused("This invitation was accepted or revoked. Make a new one.")
    token = secrets.token_urlsafe(32)
    invitation.token_sha256 = sha256_of_token(token)
    invitation.expires_at = clock.now() + VALID_FOR
    invitation.save(update_fields=["token_sha256", "expires_at"])
    AuditEvent.record("invitation_sent_again", target=invitation, by=by)
    _send_invitation(invitation, token)


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: User) -> None:
    """Take an invitation back."""
    check_may_manage(by=by, role=invitation.role, library=invitation.library)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at:
        raise Refused("This invitation was accepted. End the role instead.")
    if invitation.revoked_at is None:
        _revoke(invitation, by)


def revoke_from_server(invitation: Invitation) -> None:
    """Take back an invitation from the server's command line."""
    _revoke(invitation, None)


@transaction.atomic
def link_to_set_password(*, user: User, assignment: RoleAssignment) -> str:
    """Return a link, which works once, for somebody added on the server who has no password yet."""
    wanted = {
        "email": user.email,
        **_wanted(assignment),
    }
    for earlier in Invitation.objects.open().filter(**wanted).select_for_update(of=("self",)):
        _revoke(earlier, None)
    token, now = secrets.token_urlsafe(32), clock.now()
    invitation = Invitation.objects.create(
        **wanted,
        valid=assignment.valid,
        token_sha256=sha256_of_token(token),
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    AuditEvent.record("invitation_sent", target=invitation, by=None)
    return _send_invitation(invitation, token)


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation whose link works now; None for an unknown, used, revoked or expired link."""
    invitation = Invitation.objects.filter(token_sha256=sha256_of_token(token)).first()
    return invitation if invitation is not None and invitation.is_open(clock.now()) else None


@transaction.atomic
def accept_invitation(
    *, invitation: Invitation, by: User | None = None, name: str = "", password: str = ""
) -> User:
    """Take the role of an invitation: as the person signed in, or as a new person with a name and password.

    Raises Refused when the link was used meanwhile or belongs to another address.
    """
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not invitation.is_open(clock.now()):
        raise Refused("This invitation was used, revoked or has expired. Ask for a new one.")
    if invitation.valid.upper and invitation.valid.upper <= clock.today():
        raise Refused("The last day of this role is past. Ask for a new invitation.")
    if by is None:
        user = User.objects.filter(email=invitation.email).first()
        if user is None:
            user = User.objects.create_user(invitation.email, password, name=name)
            AuditEvent.record("person_added", target=user, by=user)
        elif user.has_usable_password():
            raise Refused("You have an account already. Sign in, then open the link again.")
        else:
            user.name = name
            user.set_password(password)
            user.save(update_fields=["name", "password"])
            AuditEvent.record("password_set", target=user, by=user)
    elif by.email != invitation.email:
        raise Refused(f"This invitation is for {invitation.email}. Sign in as that person.")
    else:
        user = by
    invitation.accepted_by, invitation.accepted_at = user, clock.now()
    invitation.save(update_fields=["accepted_by", "accepted_at"])
    AuditEvent.record("invitation_accepted", target=invitation, by=user)
    if not _held(user.email, _wanted(invitation)):
        _give(user, invitation, by=invitation.invited_by)
    return user


def _give(user: User, wanted: Invitation, *, by: User | None) -> RoleAssignment:
    return give_role(user=user, **_wanted(wanted), valid=wanted.valid, by=by)


def _revoke(invitation: Invitation, by: User | None) -> None:
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    AuditEvent.record("invitation_revoked", target=invitation, by=by)


def _send_invitation(invitation: Invitation, token: str) -> str:
    link = settings.SITE_URL + reverse("connecticard:accept_invitation", args=[token])
    if invitation.invited_by is not None:
        send_letter(
            "invitation",
            to=invitation.email,
            kind=MessageKind.INVITATION,
            person=User.objects.filter(email=invitation.email).first(),
            about=[About(f"Invitation: {invitation.title}", library=invitation.library)],
            by=invitation.invited_by,
            secrets=[link],
            invitation=invitation,
            link=link,
        )
    return link


# Roles


def _wanted(role: Invitation | RoleAssignment) -> dict[str, Any]:
    """Return what somebody is or is asked to be, and for whom."""
    return {
        "role": Role(role.role),
        "library": role.library,
        "consortium": role.consortium,
        "delivery_site": role.delivery_site,
    }


def _held(email: str, wanted: dict[str, Any]) -> bool:
    held = RoleAssignment.objects.in_force(clock.today()).filter(user__email=email, **wanted)
    return held.exists()


@transaction.atomic
def give_role(
    *,
    user: User,
    role: Role,
    library: Any = None,
    consortium: Any = None,
    delivery_site: Any = None,
    valid: DateRange,
    by: User | None,
) -> RoleAssignment:
    """Give somebody a role for some days. `by` None is the server's command line."""
    assignment = RoleAssignment.objects.create(
        user=user,
        role=role,
        library=library,
        consortium=consortium,
        delivery_site=delivery_site,
        valid=valid,
    )
    AuditEvent.record("role_given", target=assignment, by=by, after=_dates(valid))
    return assignment


@transaction.atomic
def name_deputy(
    *, library: Any, email: str, first_day: date, last_day: date, by: User
) -> RoleAssignment | Invitation:
    """Let somebody certify for a library from a first to a last day, in place of its certifier.

    Who holds a role of the library takes this one at once and is told; anybody else is invited. Raises
    PermissionDenied for who names no deputies of this library, Refused for days that are past or none, for
    somebody who certifies for the library anyway, and for days on which the person is deputy already.
    """
    check_may_manage(by=by, role=Role.DEPUTY_CERTIFIER, library=library)
    today, email = clock.today(), email.strip().lower()
    if last_day < max(first_day, today):
        raise Refused("The last day is past or before the first. Enter a later one.")
    # Two people who name the same deputy at once follow one another
    type(library).objects.select_for_update(no_key=True).get(pk=library.pk)
    valid = DateRange(first_day, last_day + timedelta(days=1))
    of_library = RoleAssignment.objects.filter(user__email=email, library=library)
    if of_library.filter(role=Role.LIBRARY_CERTIFIER).in_force(max(first_day, today)).exists():
        raise Refused(f"{email} certifies for {library} anyway, and needs no deputy's days.")
    same = of_library.filter(role=Role.DEPUTY_CERTIFIER, ended_at__isnull=True, valid__overlap=valid).first()
    if same and not same.has_ended(today):
        raise Refused(
            f"{same.user} is deputy through {day(same.last_day)} already. "
            "End that first, or begin on a later day."
        )
    person = User.objects.filter(email=email, is_active=True).first()
    if person is None or not of_library.in_force(today).exists():
        invitation, _ = invite_person(
            email=email, role=Role.DEPUTY_CERTIFIER, library=library, valid=valid, by=by
        )
        return invitation
    for invitation in Invitation.objects.open().filter(
        email=email, role=Role.DEPUTY_CERTIFIER, library=library
    ):
        _revoke(invitation, by)
    assignment = give_role(user=person, role=Role.DEPUTY_CERTIFIER, library=library, valid=valid, by=by)
    send_letter(
        "deputy_named",
        to=person.email,
        person=person,
        about=[About(f"Role: {assignment.title}", library=library)],
        by=by,
        assignment=assignment,
    )
    return assignment


@transaction.atomic
def end_role(*, assignment: RoleAssignment, last_day: date | None, reason: str, by: User) -> RoleAssignment:
    """End a role after a day still to come, or at once where no day is given.

    At once also signs the person out everywhere and revokes the role's API tokens. The State Library keeps
    at least one administrator: the last one's role cannot be ended.
    """
    check_may_manage(by=by, role=assignment.role, library=assignment.library)
    # One lock for all administrators: two of them ending each other's role must not both succeed.
    list(
        RoleAssignment.objects.select_for_update()
        .filter(role=Role.STATE_ADMINISTRATOR)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    assignment = RoleAssignment.objects.select_for_update().get(pk=assignment.pk)
    if assignment.has_ended(clock.today()):
        raise Refused("This role has ended already.")
    if assignment.role == Role.STATE_ADMINISTRATOR and not _other_administrator(assignment):
        raise Refused("This is the last administrator. Invite another one first.")
    before = _dates(assignment.valid)
    if last_day is None:
        assignment.ended_at = clock.now()
        assignment.save(update_fields=["ended_at"])
        for token in assignment.api_tokens.filter(revoked_at__isnull=True):
            _revoke_token(token, by)
        end_sessions(assignment.user)
    else:
        if last_day < clock.today():
            raise Refused("The last day is past. Leave it empty to end the role at once.")
        if assignment.valid.lower and last_day < assignment.valid.lower:
            raise Refused("The role begins after that day. Leave the day empty to end it at once.")
        if assignment.valid.upper and last_day >= assignment.valid.upper:
            raise Refused("The role ends before that day already. To make it longer, give it anew.")
        assignment.valid = DateRange(assignment.valid.lower, last_day + timedelta(days=1))
        assignment.save(update_fields=["valid"])
    after = _dates(assignment.valid) | {"reason": reason}
    if assignment.ended_at:
        after["ended_at"] = assignment.ended_at.isoformat()
    AuditEvent.record("role_ended", target=assignment, by=by, before=before, after=after)
    send_letter(
        "role_ended",
        to=assignment.user.email,
        person=assignment.user,
        about=[About(f"Role: {assignment.title}", library=assignment.library)],
        by=by,
        assignment=assignment,
        at_once=last_day is None,
    )
    return assignment


def _other_administrator(assignment: RoleAssignment) -> bool:
    return (
        RoleAssignment.objects.in_force(clock.today())
        .filter(role=Role.STATE_ADMINISTRATOR, user__is_active=True, valid__upper_inf=True)
        .exclude(user=assignment.user)
        .exists()
    )


@transaction.atomic
def rename_person(*, user: User, name: str, by: User) -> None:
    """Change the name under which somebody signs."""
    before, user.name = user.name, name
    user.save(update_fields=["name"])
    AuditEvent.record("person_renamed", target=user, by=by, before={"name": before}, after={"name": name})


@transaction.atomic
def sign_out_everywhere(*, user: User, by: User) -> None:
    """End every session of somebody, this one too."""
    end_sessions(user)
    AuditEvent.record("signed_out_everywhere", target=user, by=by)


# API tokens


@transaction.atomic
def make_api_token(
    *, assignment: RoleAssignment, name: str, scopes: Iterable[Scope], expires_at: datetime, by: User
) -> tuple[ApiToken, str]:
    """Make a token that acts in one of one's own roles; return it with its text, which is not kept."""
    if assignment.user_id != by.pk or not assignment.is_in_force(clock.today()):
        raise Refused("A token can be made only for a role that you hold.")
    text = f"ctk_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        role_assignment=assignment,
        name=name,
        scopes=sorted(Scope(scope).value for scope in scopes),
        prefix=text[:12],
        sha256=sha256_of_token(text),
        created_at=clock.now(),
        expires_at=expires_at,
    )
    after = {"scopes": token.scopes, "expires_on": expires_at.date().isoformat(), "role": assignment.title}
    AuditEvent.record("api_token_made", target=token, by=by, after=after)
    send_letter("api_token_made", to=by.email, person=by, token=token)
    return token, text


@transaction.atomic
def revoke_api_token(*, token: ApiToken, by: User) -> None:
    """Make a token useless at once: one's own, or one of a person whose roles one manages."""
    if token.user != by:
        held = token.role_assignment
        check_may_manage(by=by, role=held.role, library=held.library)
    token = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    if token.revoked_at is None:
        _revoke_token(token, by)


def _revoke_token(token: ApiToken, by: User) -> None:
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    AuditEvent.record("api_token_revoked", target=token, by=by)


def _dates(valid: DateRange) -> dict[str, str | None]:
    return {
        "from": valid.lower.isoformat() if valid.lower else None,
        "until": valid.upper.isoformat() if valid.upper else None,
    }
