from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connecticard import clock
from connecticard.form_fields import DayField
from libraries.models import Library, Town
from libraries.models.desk_details import MOST_CENTS_A_DAY, MOST_CENTS_OF_ITEM, MOST_GRACE_DAYS


class LibrarySearchForm(forms.Form):
    """Which libraries to list."""

    q = forms.CharField(label=_("Name, town or address"), required=False, max_length=100)
    town = forms.ModelChoiceField(
        Town.objects.all(),
        label=_("Home library of residents of"),
        to_field_name="number",
        required=False,
        empty_label=_("Any town"),
    )

    def libraries(self) -> Any:
        """Return the libraries asked for, every one where nothing was."""
        libraries = Library.objects.all()
        if not self.is_valid():
            return libraries
        if town := self.cleaned_data["town"]:
            libraries = libraries.filter(residencies__in=town.residencies.in_force(clock.today()))
        return libraries.matching(self.cleaned_data["q"])


class RecordLetterForm(forms.Form):
    """A letter of agreement that the State Library received."""

    filed_on = DayField(label="Placed on file on", help_text="The library participates from this day on.")
    signatory = forms.CharField(label="Signed by", max_length=150, help_text="Name and office.")
    document = forms.CharField(
        label="Where the letter is kept", max_length=250, required=False, help_text="File name or number."
    )


class WithdrawLetterForm(forms.Form):
    """The end of a letter of agreement."""

    withdrawn_on = DayField(
        label="Withdrawn on", help_text="The last day on which the library participates. It may be to come."
    )
    reason = forms.CharField(
        label="Reason",
        max_length=250,
        help_text="Name the document that withdraws the letter, with its date.",
    )


class PrincipalLibraryForm(forms.Form):
    """Which library is a town's principal library from a day on."""

    principal = forms.ModelChoiceField(Library.objects.none(), label="Principal library")
    from_day = DayField(
        label="From",
        help_text="The first day. Loan counts of months before it are judged by the rows of those months.",
    )
    source = forms.CharField(
        label="Document", max_length=250, help_text="The order or vote that names the library, with its date."
    )

    def __init__(self, *args: Any, town: Town, **kwargs: Any):
        super().__init__(*args, **kwargs)
        open_libraries = Library.objects.open_on(clock.today()).select_related("town")
        own = open_libraries.filter(town=town)
        field = self.fields["principal"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = own if own.exists() else open_libraries


class SuccessionForm(forms.Form):
    """Which library takes the place of one that closed or merged."""

    successor = forms.ModelChoiceField(
        Library.objects.none(), label="Legal successor", empty_label="Choose the library"
    )
    on = DayField(
        label="From",
        help_text="The first day on which the successor stands in its place; cards pass to it then.",
    )
    document = forms.CharField(
        label="Document",
        max_length=250,
        help_text="The act, vote or agreement that makes it the legal successor, with its date.",
    )

    def __init__(self, *args: Any, predecessor: Library, **kwargs: Any):
        super().__init__(*args, **kwargs)
        field = self.fields["successor"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Library.objects.open_on(clock.today()).exclude(pk=predecessor.pk)


class ContactForm(forms.Form):
    """How a library is reached; what is blank is not known."""

    phone = forms.CharField(label="Telephone", max_length=30, required=False)
    hours = forms.CharField(
        label="Opening hours",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="One line for each day or group of days.",
    )
    web_site = forms.URLField(
        label="Web site", max_length=200, required=False, assume_scheme="https", help_text="With https://."
    )


class FinesForm(forms.Form):
    """What a library asks for items that come back late, from a day on."""

    from_day = DayField(label="From", help_text="What held before ends the day before.")
    cents_a_day = forms.IntegerField(
        label="Fine a day, in cents",
        min_value=0,
        max_value=MOST_CENTS_A_DAY,
        help_text="10 is ten cents. 0: the library charges no overdue fines.",
    )
    grace_days = forms.IntegerField(
        label="Days late without charge", min_value=0, max_value=MOST_GRACE_DAYS, initial=0
    )
    charges_grace_days = forms.BooleanField(
        label="Once they have passed, these days are charged too", required=False
    )
    most_cents = forms.IntegerField(
        label="Most for one item, in cents",
        min_value=0,
        max_value=MOST_CENTS_OF_ITEM,
        required=False,
        help_text="500 is five dollars. Blank where there is no limit.",
    )
