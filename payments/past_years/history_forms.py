"""Forms of the import of past years."""

from typing import Any

from django import forms

from payments.past_years.history_files import HistoryKind


class HistoryImportForm(forms.Form):
    """Where the figures of a file come from, and whether they may replace others; each kind asks its own."""

    program_year = forms.IntegerField(
        label="Program year",
        min_value=1974,
        max_value=2999,
        help_text="The year in which it ends: 2018 is March 2017 to February 2018.",
    )
    source = forms.CharField(
        label="Source",
        max_length=120,
        help_text="The publication or record, so that it can be found again. It is shown with the figures.",
    )
    estimated = forms.CharField(
        label="What is estimated, and how",
        max_length=120,
        required=False,
        help_text="Leave it blank for figures as they were published. Estimates are marked wherever shown.",
    )
    replace = forms.CharField(
        label="Reason to put other figures in place of those on record",
        max_length=200,
        required=False,
        help_text="Leave it blank to have rows refused that say something else than what is on record.",
    )

    def __init__(self, data: Any = None, *, kind: HistoryKind):
        super().__init__(data)
        if kind is not HistoryKind.LOANS:
            del self.fields["program_year"], self.fields["estimated"]
