"""What people may ask of the published pages."""

from django import forms
from django.db.models import QuerySet

from connecticard.form_fields import DayField
from libraries.models import Library


class RulebookDayForm(forms.Form):
    """The day whose law is shown."""

    on = DayField(
        label="The law in force on",
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": "Enter a day as year, month and day, such as 2026-03-01."},
    )


class StatementSearchForm(forms.Form):
    """The library whose statements are looked for."""

    q = forms.CharField(label="Name, town or address of a library", required=False, max_length=100)

    def libraries(self) -> QuerySet[Library] | None:
        """Return the libraries that fit; None where nothing was asked for."""
        if not self.is_valid() or not self.cleaned_data["q"]:
            return None
        return Library.objects.matching(self.cleaned_data["q"]).select_related("town")
