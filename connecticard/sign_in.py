"""How allauth and axes behave here: adapters, and what is recorded when somebody's security changes."""

from datetime import timedelta
from typing import Any

from allauth.account import signals as account_signals
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa import signals as mfa_signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connecticard import second_factor
from connecticard.clock import EASTERN
from connecticard.mail import keep_message, send_letter
from connecticard.models import AuditEvent, MessageKind, User
from connecticard.sealed import seal, unseal
from connecticard.services import end_sessions


class AccountAdapter(DefaultAccountAdapter):
    """Accounts come from invitations alone, and a change to them needs the second factor."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a letter that allauth writes, and keep it without the link that works once."""
        letter = self.render_mail(template_prefix, email, context)
        keep_message(
            kind=MessageKind.ACCOUNT,
            to=email,
            subject=letter.subject,
            body=letter.body,
            person=User.objects.filter(email=email.lower()).first(),
            secrets=[context[name] for name in ("password_reset_url",) if name in context],
        )

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong passwords are counted by axes, whose page says when to try again."""

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask again before a second factor is changed; not while the first one is being set up."""
        if app == "allauth.mfa" and not second_factor.has_second_factor(context.request.user):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The password alone is enough only while there is no second factor."""
        methods = super().get_reauthentication_methods(user)
        if len(methods) > 1:
            methods = [method for method in methods if method["id"] != "reauthenticate"]
        words = {
            "mfa_reauthenticate": "Enter a code instead",
            "mfa_reauthenticate:webauthn": "Use a passkey instead",
        }
        return [method | {"description": words.get(method["id"], "Use your password")} for method in methods]


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors: secrets are encrypted in the database, and the last one cannot be removed."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "This is your only second factor. Set up another one first.",
        "incorrect_code": "This code is not right. Enter the six digits that your app shows now.",
    }

    def encrypt(self, text: str) -> str:
        return seal(text, purpose="second factor")

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, purpose="second factor")

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return bool(_signing(authenticator.user).exclude(pk=authenticator.pk).exists())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return super().get_public_key_credential_rp_entity() | {"name": settings.PROGRAM_NAME}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        return f"Passkey of {timezone.now().astimezone(EASTERN):%B %-d, %Y}"


def typed_address(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return the e-mail address of an attempt to sign in, for axes to count by, as long as its column."""
    typed = (credentials or {}).get("email") or request.POST.get("login") or ""
    return typed.strip().lower()[:255]


def client_address(request: HttpRequest) -> str | None:
    """Return the network address of whoever asks, behind the proxies that settings count."""
    address: str | None = get_client_ip(request)
    return address


def locked_out(request: HttpRequest, original: Any = None, credentials: Any = None) -> HttpResponse:
    """Say that sign-in is closed for a while, and until when."""
    latest = (
        AccessAttempt.objects.filter(username=typed_address(request, credentials))
        .order_by("-attempt_time")
        .first()
    )
    since = latest.attempt_time if latest else timezone.now()
    until = since + timedelta(hours=settings.AXES_COOLOFF_TIME)
    response = render(request, "account/locked_out.html", {"until": until.astimezone(EASTERN)}, status=429)
    response["Retry-After"] = str(max(1, int((until - timezone.now()).total_seconds())))
    return response


@receiver(user_logged_in)
def _signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    AuditEvent.record("signed_in", target=user, by=user)


@receiver(account_signals.password_changed)
@receiver(account_signals.password_reset)
@receiver(account_signals.password_set)
def _password_changed(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    AuditEvent.record("password_changed", target=user, by=user)
    send_letter(
        "security_changed", to=user.email, person=user, what="The password of your account was changed."
    )


def _signing(user: User) -> Any:
    return Authenticator.objects.filter(user=user, type__in=second_factor.SIGNING_TYPES)


def _end_other_sessions(request: HttpRequest, user: User) -> None:
    """With the first second factor, end the sessions that were begun by the password alone."""
    end_sessions(user)
    user.refresh_from_db(fields=["session_generation"])
    update_session_auth_hash(request, user)


def _what(authenticator: Authenticator) -> str:
    return {
        Authenticator.Type.TOTP: "authenticator app",
        Authenticator.Type.WEBAUTHN: "passkey",
        Authenticator.Type.RECOVERY_CODES: "set of recovery codes",
    }[Authenticator.Type(authenticator.type)]


@receiver(mfa_signals.authenticator_added)
@receiver(mfa_signals.authenticator_reset)
def _second_factor_added(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    what = _what(authenticator)
    AuditEvent.record("second_factor_added", target=user, by=user, after={"what": what})
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        if not _signing(user).exclude(pk=authenticator.pk).exists():
            _end_other_sessions(request, user)
        # Who just showed a new one need not show it again to see the recovery codes.
        record_authentication(request, user, "mfa", type=authenticator.type, reauthenticated=True)
        send_letter(
            "security_changed", to=user.email, person=user, what=f"A new {what} was added to your account."
        )


@receiver(mfa_signals.authenticator_removed)
def _second_factor_removed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    what = _what(authenticator)
    request.session.pop(second_factor.SECOND_FACTOR_SET, None)
    AuditEvent.record("second_factor_removed", target=user, by=user, before={"what": what})
    send_letter(
        "security_changed", to=user.email, person=user, what=f"The {what} was removed from your account."
    )
