"""The roster under /admin/: each change is a service's, each table is exchanged as a file."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html

from connecticard.exchange import last_of
from connecticard.form_fields import DayField
from connecticard.reference_admin import ReferenceAdmin
from connecticard.templatetags.figures import days
from libraries import (
    consortium_services,
    delivery_admin,  # noqa: F401 - registers its pages
    exchange,
    services,
)
from libraries.dated_admin import DatedAdmin, RosterForm
from libraries.models import (
    Consortium,
    ConsortiumMembership,
    LetterOfAgreement,
    Library,
    LibraryContact,
    LibraryName,
    LibrarySuccession,
    Residency,
    Town,
)


def _a_library(label: str, **options: Any) -> "forms.ModelChoiceField[Library]":
    return forms.ModelChoiceField(Library.objects.order_by("name"), label=label, **options)


def _document(help_text: str = "What says so, with its date.", **options: Any) -> forms.CharField:
    return forms.CharField(label="Document", max_length=250, help_text=help_text, **options)


# Towns


@admin.register(Town)
class TownAdmin(ReferenceAdmin):
    """The 169 towns, which no one changes here: their principal libraries are under residencies."""

    list_display = ("name", "number", "county", "planning_region", "population")
    search_fields = ("name",)
    list_filter = ("county", "planning_region")
    facts = ("name", "number", "county", "planning_region", "geoid", "population")
    resource = exchange.TownResource
    reads_files = False


# Libraries


class _WhereForm(RosterForm):
    state_library_number = forms.CharField(label="State Library number", max_length=12, required=False)
    address = forms.CharField(max_length=120, required=False)
    postal_city = forms.CharField(max_length=60, required=False)
    zip_code = forms.CharField(label="ZIP code", max_length=10, required=False)
    latitude = forms.DecimalField(
        min_value=-90, max_value=90, max_digits=9, decimal_places=6, required=False, help_text="In degrees."
    )
    longitude = forms.DecimalField(
        min_value=-180,
        max_value=180,
        max_digits=9,
        decimal_places=6,
        required=False,
        help_text="West is negative.",
    )

    def where(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in services.DETAILS}


class OpenLibraryForm(_WhereForm):
    """A library that opens."""

    key = forms.CharField(label="FSCS key or State Library key", max_length=12)
    name = forms.CharField(max_length=120)
    town = forms.ModelChoiceField(Town.objects.all())
    first_day = DayField(label="First day", help_text="It is a home library of its town from this day on.")
    document = _document()
    field_order = ("key", "name", "town", "first_day", "document")

    def act(self, values: dict[str, Any]) -> models.Model:
        return services.open_library(
            by=self.by,
            **{name: values[name] for name in ("key", "name", "town", "first_day", "document")},
            **self.where(values),
        )


class CorrectLibraryForm(_WhereForm):
    """Where a library is, its legal standing, and its end."""

    title = "Correct"
    has_legal_standing = forms.BooleanField(
        label="Legal standing is met",
        required=False,
        help_text="The State Library's determination (C.G.S. 11-24a).",
    )
    legal_standing_evidence = forms.CharField(
        label="Evidence", widget=forms.Textarea(attrs={"rows": 3}), max_length=2000, required=False
    )

    last_day = DayField(
        label="Last day", required=False, help_text="Leave it empty while the library is open."
    )
    closing_document = _document(required=False)
    principal_after = _a_library(
        "Principal library in its place",
        required=False,
        help_text="Where it is the principal library of a town: the one that follows it.",
    )
    CLOSING = ("last_day", "closing_document", "principal_after")

    def of_record(self, record: Any) -> dict[str, Any]:
        return {name: getattr(record, name) for name in self.base_fields if name not in self.CLOSING}

    def act(self, values: dict[str, Any]) -> models.Model:
        library: Library = self.instance
        library = services.correct_library(library=library, by=self.by, **self.where(values))
        standing = values["has_legal_standing"], values["legal_standing_evidence"]
        if standing != (library.has_legal_standing, library.legal_standing_evidence):
            library = services.set_legal_standing(
                library=library, met=standing[0], evidence=standing[1], by=self.by
            )
        if values["last_day"]:
            library = services.close_library(
                library=library,
                last_day=values["last_day"],
                document=values["closing_document"],
                principal_after=values["principal_after"],
                by=self.by,
            )
        return library


@admin.register(Library)
class LibraryAdmin(ReferenceAdmin):
    """Libraries: opened, corrected and closed here; renamed and succeeded under the two kinds below."""

    list_display = ("name", "key", "town", "open_days")
    list_select_related = ("town",)
    search_fields = ("name", "key", "town__name", "former_names__name")
    list_filter = ("has_legal_standing", "town__planning_region")
    facts = ("name", "key", "town", "open_days", "page")
    adding = OpenLibraryForm
    changing = CorrectLibraryForm
    resource = exchange.LibraryResource

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or obj.open_during.upper is not None:
            return super().get_fieldsets(request, obj)
        correct = [name for name in CorrectLibraryForm.base_fields if name not in CorrectLibraryForm.CLOSING]
        return [
            ("On record", {"fields": self.facts}),
            ("Correct", {"fields": correct}),
            ("Close", {"fields": CorrectLibraryForm.CLOSING, "classes": ["collapse"]}),
        ]

    @admin.display(description="Open", ordering="open_during")
    def open_days(self, library: Library) -> str:
        return days(library.open_during)

    @admin.display(description="Its page")
    def page(self, library: Library) -> str:
        return format_html('<a href="{}">{}</a>', library.get_absolute_url(), library.name)


class RenameForm(RosterForm):
    """A library's new name from a day on; the former one stays for the days before."""

    library = _a_library("Library")
    name = forms.CharField(label="New name", max_length=120)
    from_day = DayField(label="From", help_text="The first day of the new name.")

    def act(self, values: dict[str, Any]) -> models.Model:
        library = services.rename_library(by=self.by, **values)
        return library.former_names.latest("valid")


@admin.register(LibraryName)
class LibraryNameAdmin(DatedAdmin):
    """Names that libraries bore; a new name is recorded by adding one."""

    list_display = ("name", "library", "holds")
    list_select_related = ("library",)
    search_fields = ("name", "library__name", "library__key")
    facts = ("library", "name", "holds")
    adding = RenameForm
    resource = exchange.LibraryNameResource


class SucceedForm(RosterForm):
    """The legal successor of a library that closed or merged: its cards and unpaid shares pass to it."""

    predecessor = _a_library("Library that closed or merged")
    successor = _a_library("Legal successor")
    on = DayField(label="From", help_text="The day from which it takes its place.")
    document = _document()

    def act(self, values: dict[str, Any]) -> models.Model:
        return services.record_succession(by=self.by, **values)


@admin.register(LibrarySuccession)
class LibrarySuccessionAdmin(ReferenceAdmin):
    """Legal successors."""

    list_display = ("predecessor", "successor", "on", "document")
    list_select_related = ("predecessor", "successor")
    search_fields = ("predecessor__name", "successor__name")
    facts = ("predecessor", "successor", "on", "document")
    adding = SucceedForm
    resource = exchange.SuccessionResource


# Residency


class PrincipalForm(RosterForm):
    """A town's principal library from a day on; the other rows of the town follow (1(c))."""

    town = forms.ModelChoiceField(Town.objects.all())
    principal = _a_library("Principal library")
    from_day = DayField(
        label="From", help_text="Loan counts of months before it are judged by the rows of then."
    )
    source = _document("The order or vote that names the library, with its date.")

    def act(self, values: dict[str, Any]) -> models.Model:
        services.change_residency(by=self.by, **values)
        return Residency.objects.get(town=values["town"], principal=True, valid__contains=values["from_day"])


@admin.register(Residency)
class ResidencyAdmin(DatedAdmin):
    """Home libraries of towns; a change is recorded by adding the principal library that follows."""

    list_display = ("town", "library", "principal", "holds", "source")
    list_select_related = ("town", "library")
    search_fields = ("town__name", "library__name", "library__key")
    list_filter = ("principal",)
    facts = ("town", "library", "principal", "holds", "source")
    adding = PrincipalForm
    resource = exchange.ResidencyResource


# Letters of agreement


class LetterForm(RosterForm):
    """A letter of agreement: from its day on the library participates (1(d))."""

    library = _a_library("Library")
    filed_on = DayField(label="Placed on file on")
    signatory = forms.CharField(label="Signed by", max_length=150, help_text="Name and office.")
    document = forms.CharField(
        label="Where the letter is kept", max_length=250, required=False, help_text="File name or number."
    )

    def act(self, values: dict[str, Any]) -> models.Model:
        return services.record_letter(by=self.by, **values)


class WithdrawForm(RosterForm):
    """The end of a letter of agreement."""

    title = "Record its withdrawal"
    withdrawn_on = DayField(label="Withdrawn on", help_text="The last day on which the library participates.")
    reason = forms.CharField(max_length=250, help_text="Name the document, with its date.")

    def act(self, values: dict[str, Any]) -> models.Model:
        return services.withdraw_letter(letter=self.instance, by=self.by, **values)


@admin.register(LetterOfAgreement)
class LetterAdmin(DatedAdmin):
    """Letters of agreement."""

    list_display = ("library", "holds", "signatory", "document")
    list_select_related = ("library",)
    search_fields = ("library__name", "library__key", "signatory")
    facts = ("library", "holds", "signatory", "document")
    adding = LetterForm
    changing = WithdrawForm
    resource = exchange.LetterResource

    def may_change(self, record: Any) -> bool:
        return last_of(record.valid) is None


# How libraries are reached


@admin.register(LibraryContact)
class ContactAdmin(ReferenceAdmin):
    """Telephone, hours and web site of libraries; each library's page "at the desk" changes them."""

    list_display = ("library", "phone", "web_site", "last_checked_on")
    list_select_related = ("library",)
    search_fields = ("library__name", "library__key")
    facts = ("library", "phone", "hours", "web_site", "last_checked_on")
    resource = exchange.ContactResource


# Consortia


class NameConsortiumForm(RosterForm):
    """A consortium."""

    name = forms.CharField(max_length=120)

    def act(self, values: dict[str, Any]) -> models.Model:
        return consortium_services.name_consortium(by=self.by, **values)


@admin.register(Consortium)
class ConsortiumAdmin(ReferenceAdmin):
    """Groups of libraries that share a circulation system."""

    list_display = ("name",)
    search_fields = ("name",)
    facts = ("name",)
    adding = NameConsortiumForm
    resource = exchange.ConsortiumResource


class JoinForm(RosterForm):
    """A library that joins a consortium."""

    library = _a_library("Library")
    consortium = forms.ModelChoiceField(Consortium.objects.all())
    from_day = DayField(label="From")

    def act(self, values: dict[str, Any]) -> models.Model:
        return consortium_services.join_consortium(by=self.by, **values)


class LeaveForm(RosterForm):
    """The end of a membership."""

    title = "Record that it left"
    last_day = DayField(label="Last day")

    def act(self, values: dict[str, Any]) -> models.Model:
        return consortium_services.leave_consortium(membership=self.instance, by=self.by, **values)


@admin.register(ConsortiumMembership)
class MembershipAdmin(DatedAdmin):
    """Which library belongs to which consortium."""

    list_display = ("library", "consortium", "holds")
    list_select_related = ("library", "consortium")
    search_fields = ("library__name", "consortium__name")
    list_filter = ("consortium",)
    facts = ("library", "consortium", "holds")
    adding = JoinForm
    changing = LeaveForm
    resource = exchange.MembershipResource

    def may_change(self, record: Any) -> bool:
        return last_of(record.valid) is None
