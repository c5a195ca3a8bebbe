from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connecticard import clock
from connecticard.form_fields import DayField
from libraries.models import Library, Town


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
