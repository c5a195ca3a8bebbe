"""Resets of somebody's second factor: asked for, approved, done. Each leaves an audit event."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from connecticard import clock, permissions
from connecticard.mail import send_letter
from connecticard.models import AuditEvent, SecondFactorReset, User
from connecticard.models.role_assignment import STATE_ROLES
from connecticard.permissions import Action
from connecticard.services import Refused, end_sessions


@transaction.atomic
def request_second_factor_reset(*, user: User, reason: str, by: User) -> SecondFactorReset:
    """Remove somebody's second factor; for who holds a state role, ask a second person to approve first."""
    permissions.check(by, Action.MANAGE_LIBRARY_PEOPLE)
    if user == by:
        raise Refused("Somebody else must reset your second factor.")
    if SecondFactorReset.objects.filter(user=user, done_at__isnull=True, withdrawn_at__isnull=True).exists():
        raise Refused("A reset for this person already waits for approval.")
    reset = SecondFactorReset.objects.create(
        user=user,
        reason=reason,
        needs_approval=any(held.role in STATE_ROLES for held in permissions.assignments(user)),
        requested_by=by,
        requested_at=clock.now(),
    )
    AuditEvent.record("second_factor_reset_requested", target=reset, by=by, after={"reason": reason})
    if not reset.needs_approval:
        _reset(reset, by)
    return reset


@transaction.atomic
def approve_second_factor_reset(*, reset: SecondFactorReset, by: User) -> None:
    """Approve, as a second person, that the second factor of somebody with a state role is removed."""
    permissions.check(by, Action.MANAGE_STATE_PEOPLE)
    reset = SecondFactorReset.objects.select_for_update().get(pk=reset.pk)
    if reset.done_at or reset.withdrawn_at:
        raise Refused("This reset was done or withdrawn already.")
    if by in (reset.requested_by, reset.user):
        raise Refused("A second person must approve: not who asked, and not who lost the second factor.")
    reset.approved_by, reset.approved_at = by, clock.now()
    reset.save(update_fields=["approved_by", "approved_at"])
    AuditEvent.record("second_factor_reset_approved", target=reset, by=by)
    _reset(reset, by)


@transaction.atomic
def withdraw_second_factor_reset(*, reset: SecondFactorReset, by: User) -> None:
    """Take back a reset that waits for approval."""
    permissions.check(by, Action.MANAGE_LIBRARY_PEOPLE)
    reset = SecondFactorReset.objects.select_for_update().get(pk=reset.pk)
    if reset.done_at:
        raise Refused("This reset was done already.")
    reset.withdrawn_at = clock.now()
    reset.save(update_fields=["withdrawn_at"])
    AuditEvent.record("second_factor_reset_withdrawn", target=reset, by=by)


@transaction.atomic
def reset_second_factor_from_server(*, user: User, reason: str) -> None:
    """Remove somebody's second factor from the server's command line, where nobody else can approve."""
    reset = SecondFactorReset.objects.create(
        user=user, reason=reason, needs_approval=False, requested_by=None, requested_at=clock.now()
    )
    AuditEvent.record("second_factor_reset_requested", target=reset, by=None, after={"reason": reason})
    _reset(reset, None)


def _reset(reset: SecondFactorReset, by: User | None) -> None:
    Authenticator.objects.filter(user=reset.user).delete()
    end_sessions(reset.user)
    reset.done_at = clock.now()
    reset.save(update_fields=["done_at"])
    AuditEvent.record("second_factor_reset_done", target=reset, by=by)
    send_letter("second_factor_reset", to=reset.user.email, person=reset.user, by=by, reset=reset)
