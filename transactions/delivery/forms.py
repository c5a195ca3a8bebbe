"""The forms of a delivery report and of a day's tally: a number for each thing counted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from connecticard.form_fields import DayField
from transactions.delivery.tallying import Content, Place
from transactions.rules._wording import written_month
from transactions.rules.delivery_counts import LARGEST, Measure


class CountField(forms.CharField):
    """A whole number of things, blank where nothing is said; 1,250 is read as people write it."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def __init__(self, *, label: str, **kwargs: Any):
        super().__init__(label=label, required=False, max_length=20, **kwargs)

    def clean(self, value: Any) -> int | None:
        text = str(super().clean(value) or "").strip()
        if not text:
            return None
        if not re.fullmatch(r"[0-9]{1,9}|[0-9]{1,3}(,[0-9]{3}){1,2}", text):
            raise ValidationError(
                f"{self.label}: “{text}” is no whole number. Enter digits only, or leave it blank."
            )
        number = int(text.replace(",", ""))
        if number > LARGEST:
            raise ValidationError(f"{self.label}: enter a whole number from 0 to {LARGEST:,}.")
        return number


def place_name(place: Place) -> str:
    """Return the name of a place's field: 2026-07-bins_in."""
    month, measure = place
    return f"{month:%Y-%m}-{measure}"


@dataclass(frozen=True)
class FormRow:
    """One line of the form: what is counted, its fields by month and its sum so far."""

    measure: Measure
    fields: list[BoundField]
    total: int | None


class ReportForm(forms.Form):
    """The counts of a quarter: a line for each thing counted, a column for each month.

    A place where nothing is entered shows the sum of the days tallied. `missing_because` is asked for where
    places stay empty.
    """

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    missing_because = forms.CharField(
        label="Why counts are missing",
        help_text="For example: the library was closed in August. The State Library shows the report as "
        "partial.",
        max_length=250,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, content: Content, revision: int, missing_because: str = ""):
        super().__init__(data, initial={"revision": revision, "missing_because": missing_because})
        self.content = content
        self.places = [(month, measure) for measure in Measure for month in content.months]
        for month, measure in self.places:
            field = CountField(label=f"{measure.label}, {written_month(month)}")
            number = content.counts.get((month, measure))
            field.initial = "" if number is None else str(number)
            field.widget.attrs["aria-label"] = field.label
            self.fields[place_name((month, measure))] = field

    def counts(self) -> dict[Place, int | None]:
        """Return what was entered by place, None for a blank; a place that was not sent is not in it."""
        return {
            place: self.cleaned_data[name]
            for place in self.places
            if (name := place_name(place)) in self.data and name in self.cleaned_data
        }

    def mark(self, problems: Mapping[Place, str]) -> None:
        """Show what is wrong beside the places."""
        for place, message in problems.items():
            self.add_error(place_name(place) if place in self.places else None, message)

    @property
    def rows(self) -> list[FormRow]:
        """The lines as the page shows them."""
        return [
            FormRow(
                measure,
                [self[place_name((month, measure))] for month in self.content.months],
                sum(numbers) if (numbers := self._numbers(measure)) else None,
            )
            for measure in Measure
        ]

    def _numbers(self, measure: Measure) -> list[int]:
        counts = self.content.counts
        return [counts[month, measure] for month in self.content.months if (month, measure) in counts]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """The id of each place in which something is wrong, and what."""
        return [
            (self[place_name(place)].auto_id, str(message))
            for place in self.places
            for message in self.errors.get(place_name(place), [])
        ]


class DayForm(forms.Form):
    """The day that is tallied."""

    day = DayField(label="Day")

    def __init__(self, data: Any = None, *, day: date):
        super().__init__(data, initial={"day": day})


class TallyForm(forms.Form):
    """The numbers of one day, typed."""

    def __init__(self, data: Any = None, *, numbers: Mapping[Measure, int | None]):
        super().__init__(data)
        for measure in Measure:
            number = numbers.get(measure)
            field = CountField(label=measure.label, initial="" if number is None else str(number))
            self.fields[measure.value] = field

    def numbers(self) -> dict[Measure, int | None]:
        """Return what was entered; a measure that was not sent is not in it."""
        return {measure: self.cleaned_data[measure] for measure in Measure if measure.value in self.data}
