"""The second factor, asked for again when somebody signs something.

A page that signs (certifies a filing, an expenditure report, a payment run) puts the question beside its
button and confirms before it calls the service::

    form = SecondFactorForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():    # validate this form last: a code works once
        certify_filing(filing=filing, by=request.user, at=clock.now())

    <form method="post">{% csrf_token %}
      {% include "_components/second_factor.html" with form=form %}
      <button class="usa-button" name="action" value="certify">Certify</button>
    </form>

A page with a form of its own derives it from SecondFactorForm; the code is looked at only when every other
field is in order, so that a mistake elsewhere does not use it up. `confirm` is the same thing without a form.

A code is what the authenticator app shows, or an unused recovery code. Each works once: a code seen before,
at sign-in too, is refused until the app shows the next. A passkey is the other way; its answer arrives in
the field `credential`, filled in by static/js/passkey.js.
"""

import json
import time
from typing import Any

from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal import auth as passkeys
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext

from connecticard import one_time_code
from connecticard.models import User

SECOND_FACTOR_SET = "second_factor_set"  # a session's note that its person has a second factor
SIGNING_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorRefused(Exception):
    """The person did not show a second factor; the text says what to do."""


def has_second_factor(user: User) -> bool:
    """Return whether somebody has set up an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user=user, type__in=SIGNING_TYPES).exists())


def has_passkey(user: User) -> bool:
    """Return whether somebody has set up a passkey."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists())


def demonstration_code(user: Any) -> str | None:
    """Return the code to enter now, for a person of the demonstration; None for anybody else."""
    if settings.PRODUCTION or not isinstance(user, User) or not user.is_demonstration:
        return None
    authenticator = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    return unused_code(authenticator) if authenticator else None


def unused_code(authenticator: Authenticator) -> str:
    """Return the code of an authenticator app that will be accepted next."""
    step = max(one_time_code.step_at(time.time()), authenticator.data.get("last_step", 0) + 1)
    return one_time_code.code_of(decrypt(authenticator.data["secret"]), step)


def confirm(request: HttpRequest, code: str = "", credential: str = "") -> None:
    """Make sure that the person of this request holds the second factor now.

    Takes the code typed, or the passkey's answer as JSON. Raises SecondFactorRefused, with a sentence for
    the person, when neither is right or after five wrong attempts in five minutes.
    """
    user = request.user
    if not isinstance(user, User):
        raise SecondFactorRefused(gettext("Sign in first."))
    if not code and not credential:
        raise SecondFactorRefused(gettext("Enter the code that your authenticator app shows."))
    with _limited(request, user):
        if credential:
            accept_passkey(request, user, credential)
        else:
            accept_code(user, code)


def limited_code(request: HttpRequest, user: User, code: str) -> Authenticator:
    """Accept a code of somebody who is still signing in; counted like any other attempt."""
    with _limited(request, user):
        return accept_code(user, code)


@transaction.atomic
def accept_code(user: User, code: str) -> Authenticator:
    """Use up a code of the authenticator app, or a recovery code, and return what it belongs to.

    Raises SecondFactorRefused. The row is locked, so that two requests cannot use one code.
    """
    typed = "".join(character for character in code if character.isalnum())
    held = (
        Authenticator.objects.select_for_update().filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN)
    )
    for authenticator in held.order_by("-type"):
        if authenticator.type == Authenticator.Type.TOTP:
            step = one_time_code.matching_step(decrypt(authenticator.data["secret"]), typed, time.time())
            if step is None:
                continue
            if step <= authenticator.data.get("last_step", 0):
                raise SecondFactorRefused(
                    gettext(
                        "This code was used already. Wait until your app shows the next one, then enter that."
                    )
                )
            authenticator.data["last_step"] = step
            authenticator.save(update_fields=["data"])
        elif not authenticator.wrap().validate_code(typed):
            continue
        else:
            authenticator.refresh_from_db()
        authenticator.record_usage()
        return authenticator
    raise SecondFactorRefused(
        gettext(
            "This code is not right. Enter the six digits that your authenticator app shows now, "
            "or a recovery code that you have not used."
        )
    )


def accept_passkey(request: HttpRequest, user: User, credential: str) -> Authenticator:
    """Return the passkey that answered the challenge kept in this session. Raises SecondFactorRefused."""
    try:
        answer = json.loads(credential)
        passkeys.parse_authentication_response(answer)
        authenticator = passkeys.complete_authentication(user, answer)
    except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as problem:
        raise SecondFactorRefused(
            gettext("The passkey was not accepted. Try again, or enter a code instead.")
        ) from problem
    authenticator.record_usage()
    return authenticator


class _limited:
    """Counts wrong answers of one person: five in five minutes, then a pause."""

    def __init__(self, request: HttpRequest, user: User):
        self.request, self.key = request, f"second-factor-{user.pk}"

    def __enter__(self) -> None:
        if not ratelimit.consume(self.request, action="second_factor", key=self.key):
            raise SecondFactorRefused(gettext("Too many wrong codes. Wait five minutes, then try again."))

    def __exit__(self, problem: Any, *rest: Any) -> None:
        if problem is None:
            ratelimit.clear(self.request, action="second_factor", key=self.key)


class SecondFactorForm(forms.Form):
    """Asks for the second factor; derive from it, or use it beside a button."""

    code = forms.CharField(
        label="Code from your authenticator app",
        help_text="Six digits, or an unused recovery code. Needed each time you sign.",
        max_length=20,
        error_messages={"required": "Enter the code that your authenticator app shows."},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )
    credential = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.request = request
        self.has_passkey = isinstance(request.user, User) and has_passkey(request.user)
        self.fields["code"].required = not self.has_passkey
        self.demonstration_code = demonstration_code(request.user)

    def full_clean(self) -> None:
        """Look at the code last: whatever else is wrong is said first and leaves the code unused."""
        super().full_clean()
        if self.is_bound and not self.errors:
            try:
                confirm(self.request, self.cleaned_data["code"], self.cleaned_data["credential"])
            except SecondFactorRefused as refused:
                self.add_error("code", str(refused))
