"""The form of a webhook."""

from typing import Any

from django import forms

from connecticard.models import RoleAssignment, User
from connecticard.webhook_services import CHOSEN, roles_to_choose


class WebhookForm(forms.Form):
    """Which program is told of what, in which of one's roles."""

    name = forms.CharField(label="Name", max_length=80, help_text="Which program it is, such as “Dashboard”.")
    address = forms.CharField(
        label="Address",
        max_length=400,
        help_text="Where it listens, such as https://example.org/hooks/borrowit",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ModelChoiceField(
        label="Sees what this role sees", queryset=RoleAssignment.objects.none(), empty_label=None
    )
    events = forms.MultipleChoiceField(
        label="Is told when",
        choices=[(each.value, each.label) for each in CHOSEN],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        role.queryset = roles_to_choose(user)  # type: ignore[attr-defined]
        role.label_from_instance = lambda held: held.title  # type: ignore[attr-defined]
