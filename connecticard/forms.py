"""Forms of the sign-in and account pages."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.internal.flows import post_authentication
from django import forms
from django.core.exceptions import ValidationError

from connecticard import second_factor
from connecticard.models import User


class SignInCodeForm(forms.Form):
    """The code at sign-in, under the same rules as the code beside a signature."""

    code = forms.CharField(
        label="Code",
        help_text="Six digits from your authenticator app, or an unused recovery code.",
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )
    reauthenticated = False

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        try:
            self.authenticator = second_factor.limited_code(context.request, self.user, code)
        except second_factor.SecondFactorRefused as refused:
            raise ValidationError(str(refused)) from refused
        return code

    def save(self) -> None:
        post_authentication(context.request, self.authenticator, reauthenticated=self.reauthenticated)


class ConfirmCodeForm(SignInCodeForm):
    """The code asked for again before the account's security is changed."""

    reauthenticated = True
