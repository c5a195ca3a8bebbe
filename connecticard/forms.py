"""Forms of the sign-in, account, people and audit pages."""

from datetime import timedelta
from typing import Any

from allauth.account.fields import PasswordField, SetPasswordField
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from allauth.core import context
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _

from connecticard import clock, second_factor
from connecticard.form_fields import DayField
from connecticard.models import Role, RoleAssignment, User
from connecticard.models.role_assignment import CONSORTIUM_ROLES, DELIVERY_ROLES, LIBRARY_ROLES
from connecticard.permissions import Scope


class _Plain:
    """Leaves out the words that allauth writes into empty fields: each has its label above it."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # type: ignore[attr-defined]
            field.widget.attrs.pop("placeholder", None)
            if isinstance(field, forms.EmailField):
                field.label = _("E-mail address")


class SignInForm(_Plain, LoginForm):
    """E-mail address and password."""


class AskForPasswordLinkForm(_Plain, ResetPasswordForm):
    """The address to which a link is sent."""


class NewPasswordForm(_Plain, ResetPasswordKeyForm):
    """A new password, after the link was opened."""


class ChangePasswordForm(_Plain, AllauthChangePasswordForm):
    """The password now, and a new one."""


class SetUpAppForm(_Plain, ActivateTOTPForm):
    """The first code of a new authenticator app."""


class SignInCodeForm(forms.Form):
    """The code at sign-in, under the same rules as the code beside a signature."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("Six digits from your authenticator app, or an unused recovery code."),
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


class NameForm(forms.Form):
    """The name under which somebody signs."""

    name = forms.CharField(
        label=_("Your name"),
        help_text=_("As it should stand on what you certify."),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class AcceptInvitationForm(NameForm):
    """What a new person gives when taking up an invitation."""

    password = SetPasswordField(
        label=_("Password"), help_text=_("At least 12 characters. A few words in a row are good.")
    )
    password_again = PasswordField(label=_("The same password again"), autocomplete="new-password")

    def __init__(self, *args: Any, email: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["password"].user = User(email=email)  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password, again = cleaned.get("password"), cleaned.get("password_again")
        if password and again and password != again:
            self.add_error("password_again", _("The two passwords differ. Type the same one twice."))
        return cleaned


class InvitationForm(forms.Form):
    """Whom to invite to which role."""

    email = forms.EmailField(
        label="E-mail address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role")
    library: Any = forms.ModelChoiceField(
        label="Library",
        queryset=None,
        required=False,
        help_text="For a library filer, a library certifier or a deputy.",
    )
    consortium: Any = forms.ModelChoiceField(
        label="Consortium", queryset=None, required=False, help_text="For a consortium filer."
    )
    delivery_site: Any = forms.ModelChoiceField(
        label="Site of deliverIT CT",
        queryset=None,
        required=False,
        help_text="For a delivery reporter of a site that is no public library.",
    )
    first_day = DayField(label="First day")
    last_day = DayField(
        label="Last day",
        required=False,
        help_text="A deputy has one; for others, where the end is known. Empty: until ended.",
    )

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        self.fields["library"].queryset = apps.get_model("libraries", "Library").objects.all()  # type: ignore[attr-defined]
        self.fields["consortium"].queryset = apps.get_model("libraries", "Consortium").objects.all()  # type: ignore[attr-defined]
        sites = apps.get_model("libraries", "DeliverySite").objects
        self.fields["delivery_site"].queryset = sites.filter(library__isnull=True)  # type: ignore[attr-defined]
        self.fields["first_day"].initial = clock.today

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        role = cleaned.get("role")
        for field, noun, roles in (
            ("library", "library", LIBRARY_ROLES),
            ("consortium", "consortium", CONSORTIUM_ROLES),
            ("delivery_site", "site of deliverIT CT", DELIVERY_ROLES),
        ):
            if role in roles and not cleaned.get(field) and field not in self.errors:
                self.add_error(field, f"Choose the {noun} for which the role is held.")
            if role and role not in roles and cleaned.get(field):
                self.add_error(field, f"A {Role(role).label} belongs to no {noun}. Leave this empty.")
        first_day, last_day = cleaned.get("first_day"), cleaned.get("last_day")
        if first_day and last_day and last_day < first_day:
            self.add_error("last_day", "The last day is before the first.")
        if role == Role.DEPUTY_CERTIFIER and not last_day and "last_day" not in self.errors:
            self.add_error("last_day", "Enter the last day on which the deputy stands in.")
        return cleaned

    @property
    def valid(self) -> DateRange:
        last_day = self.cleaned_data["last_day"]
        return DateRange(self.cleaned_data["first_day"], last_day + timedelta(days=1) if last_day else None)


class DeputyForm(forms.Form):
    """Who stands in for the certifier of a library, on which days."""

    email = forms.EmailField(
        label="E-mail address of the deputy",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    first_day = DayField(label="First day", help_text="The deputy may certify from this day on.")
    last_day = DayField(label="Last day", help_text="The role ends by itself after this day.")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["first_day"].initial = clock.today

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first_day, last_day = cleaned.get("first_day"), cleaned.get("last_day")
        if first_day and last_day and last_day < first_day:
            self.add_error("last_day", "The last day is before the first.")
        elif last_day and last_day < clock.today():
            self.add_error("last_day", "The last day is past. Enter today or a later day.")
        return cleaned


class EndRoleForm(forms.Form):
    """When and why a role ends."""

    reason = forms.CharField(label="Reason", max_length=250, help_text="Kept in the audit trail.")
    last_day = DayField(
        label="Last day",
        required=False,
        help_text="Empty: the role ends now, and the person is signed out everywhere.",
    )


class ReasonForm(forms.Form):
    """Why a second factor is reset."""

    reason = forms.CharField(
        label="Reason", max_length=250, help_text="How you made sure who is asking. Kept in the audit trail."
    )


class ApiTokenForm(forms.Form):
    """A key for another system."""

    name = forms.CharField(
        label="Name", max_length=80, help_text="Which system will use it, such as “Circulation export”."
    )
    role = forms.ModelChoiceField(
        label="Acts in the role", queryset=RoleAssignment.objects.none(), empty_label=None
    )
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=[(scope.value, scope.label) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="Works for",
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (365, "1 year")],
        initial=90,
        help_text="It ends sooner when the role ends or when you revoke it.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        role.queryset = (  # type: ignore[attr-defined]
            RoleAssignment.objects.filter(user=user)
            .in_force(clock.today())
            .select_related("library", "consortium", "delivery_site")
        )
        role.label_from_instance = lambda held: held.title  # type: ignore[attr-defined]


class PeopleFilterForm(forms.Form):
    """Whom the list of people shows."""

    name = forms.CharField(label="Name or e-mail", required=False)
    role = forms.ChoiceField(
        label="Role", required=False, choices=[("", "Any role"), *((role.value, role.label) for role in Role)]
    )
    library: Any = forms.ModelChoiceField(
        label="Library", queryset=None, required=False, empty_label="Any library"
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["library"].queryset = apps.get_model("libraries", "Library").objects.all()  # type: ignore[attr-defined]


class AuditFilterForm(forms.Form):
    """Which events the audit page shows."""

    who = forms.CharField(label="Done by", required=False, help_text="Name or e-mail")
    action = forms.ChoiceField(label="What", required=False)
    record = forms.CharField(label="Done to", required=False, help_text="Part of its name")
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)

    def __init__(self, *args: Any, actions: list[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = [  # type: ignore[attr-defined]
            ("", "Anything"),
            *((action, action.replace("_", " ")) for action in actions),
        ]
