"""The glossary and the directory of the help center under /admin/."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models

from connecticard import clock
from connecticard.form_fields import DayField
from connecticard.help import exchange, services
from connecticard.models import HELP_LANGUAGES, DirectoryEntry, GlossaryTerm
from connecticard.reference_admin import ActForm, ReferenceAdmin


class _RowForm(ActForm):
    refusals = (services.HelpRefused,)


class _NewRow(_RowForm):
    kind: ClassVar[Any]
    key = forms.SlugField(max_length=60, help_text="Its name for programs; the same in each language.")
    language = forms.ChoiceField(choices=[(each, each) for each in HELP_LANGUAGES])

    def act(self, values: dict[str, Any]) -> models.Model:
        key, language = values.pop("key"), values.pop("language")
        added: models.Model = services.add_row(
            kind=self.kind, key=key, language=language, values=values, by=self.by
        )
        return added


class _RowOnRecord(_RowForm):
    title = "Change"
    withdrawn = forms.BooleanField(required=False, help_text="Shown to nobody any more.")

    def of_record(self, record: Any) -> dict[str, Any]:
        held = {name: getattr(record, name) for name in self.base_fields if name != "withdrawn"}
        return held | {"withdrawn": record.withdrawn_at is not None}

    def act(self, values: dict[str, Any]) -> models.Model:
        changed: models.Model = services.change_row(row=self.instance, values=values, by=self.by)
        return changed


def _link(label: str) -> forms.URLField:
    return forms.URLField(label=label, max_length=300, required=False, assume_scheme="https")


def _checked() -> DayField:
    return DayField(
        label="Last checked on",
        initial=clock.today,
        help_text="The day on which somebody looked whether it is so.",
    )


class _TermForm(_RowForm):
    term = forms.CharField(max_length=60)
    also = forms.CharField(
        label="Also written as", max_length=600, required=False, help_text="With semicolons between them."
    )
    stands_for = forms.CharField(max_length=120, required=False)
    meaning = forms.CharField(max_length=600, widget=forms.Textarea(attrs={"rows": 4}))
    explained = forms.BooleanField(
        label="Explained wherever it stands",
        required=False,
        initial=True,
        help_text="Otherwise in the glossary alone.",
    )
    link = _link("Where to read more")
    last_checked_on = _checked()

    def clean_also(self) -> list[str]:
        return exchange.spellings(self.cleaned_data["also"])


class AddTermForm(_TermForm, _NewRow):
    """A word of the glossary."""

    kind = GlossaryTerm


class ChangeTermForm(_RowOnRecord, _TermForm):
    """What a word means, and whether it is shown."""

    def of_record(self, record: Any) -> dict[str, Any]:
        return super().of_record(record) | {"also": exchange.spelt(record.also)}


class _EntryForm(_RowForm):
    group = forms.CharField(label="Heading under which it stands", max_length=80)
    position = forms.IntegerField(
        min_value=0, max_value=32_767, initial=100, help_text="Small numbers come first."
    )
    name = forms.CharField(max_length=120)
    purpose = forms.CharField(label="What for", max_length=400, widget=forms.Textarea(attrs={"rows": 3}))
    link = _link("Web page")
    email = forms.EmailField(label="E-mail", required=False)
    phone = forms.CharField(max_length=30, required=False)
    last_checked_on = _checked()


class AddEntryForm(_EntryForm, _NewRow):
    """An office, list or service to turn to."""

    kind = DirectoryEntry


class ChangeEntryForm(_RowOnRecord, _EntryForm):
    """How to reach an office, list or service, and whether it is shown."""


class _HelpAdmin(ReferenceAdmin):
    facts = ("key", "language", "is_shown", "kept_by_staff_since")

    @admin.display(description="Shown", boolean=True, ordering="withdrawn_at")
    def is_shown(self, row: Any) -> bool:
        return row.withdrawn_at is None

    @admin.display(description="Kept by staff", boolean=True, ordering="kept_by_staff_since")
    def is_kept(self, row: Any) -> bool:
        return row.kept_by_staff_since is not None


@admin.register(GlossaryTerm)
class GlossaryTermAdmin(_HelpAdmin):
    """Words of the glossary; one changed here stays so when a release brings another text."""

    list_display = ("term", "language", "stands_for", "explained", "last_checked_on", "is_shown", "is_kept")
    search_fields = ("term", "key", "stands_for", "meaning")
    list_filter = ("language", "explained")
    adding = AddTermForm
    changing = ChangeTermForm
    resource = exchange.GlossaryTermResource


@admin.register(DirectoryEntry)
class DirectoryEntryAdmin(_HelpAdmin):
    """Offices, lists and services; one changed here stays so when a release brings another text."""

    list_display = ("name", "language", "group", "position", "last_checked_on", "is_shown", "is_kept")
    search_fields = ("name", "key", "purpose", "email", "phone")
    list_filter = ("language", "group")
    adding = AddEntryForm
    changing = ChangeEntryForm
    resource = exchange.DirectoryEntryResource
