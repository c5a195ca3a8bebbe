"""The form of a source that is harvested."""

from typing import Any

from django import forms

from connecticard import permissions
from connecticard.models.role_assignment import STATE_ROLES
from connecticard.permissions import Action
from libraries.models import Consortium, Library
from transactions.models import HarvestSchedule, HarvestSource


class HarvestSourceForm(forms.Form):
    """Where counts are harvested; whose they are is chosen once. The credential is never shown again."""

    owner = forms.ChoiceField(label="Whose counts it offers")
    name = forms.CharField(
        label="Name", max_length=80, help_text="How you call the system, such as “Sound Libraries, Sierra”."
    )
    address = forms.CharField(
        label="Address",
        max_length=400,
        help_text="What comes before /status, such as https://ils.example.org/harvest",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    credential = forms.CharField(
        label="Credential",
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Sent as Authorization: Bearer. It is kept encrypted and not shown again.",
    )
    schedule = forms.ChoiceField(
        label="Harvested", choices=[(each.value, each.label) for each in HarvestSchedule]
    )

    def __init__(self, data: Any = None, *, user: Any, source: HarvestSource | None = None):
        kept = ("name", "address", "schedule")
        super().__init__(data, initial={name: getattr(source, name) for name in kept} if source else None)
        if source is not None:
            del self.fields["owner"]
            self.fields["credential"].help_text += " Leave it empty to keep the one on record."
            return
        self._owners: dict[str, Consortium | Library] = {
            f"consortium-{each.pk}": each
            for each in permissions.consortia_for(user, Action.KEEP_HARVEST).order_by("name")
        }
        if any(held.role in STATE_ROLES for held in permissions.assignments(user)):
            libraries = permissions.libraries_for(user, Action.KEEP_HARVEST).order_by("name")
            self._owners |= {f"library-{each.pk}": each for each in libraries}
        self.fields["owner"].choices = [  # type: ignore[attr-defined]
            (name, str(owner)) for name, owner in self._owners.items()
        ]

    def clean_owner(self) -> Consortium | Library:
        return self._owners[self.cleaned_data["owner"]]

    def clean_credential(self) -> str:
        given: str = self.cleaned_data["credential"]
        if not given.isascii() or not given.isprintable():
            raise forms.ValidationError("A credential has no line breaks and no letters beyond a to z.")
        return given
