"""Forms beside the grid: reasons and explanations, and what staff keep that filing depends on."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from connecticard.form_fields import DayField
from libraries.models import Library
from transactions.count_grid_form import column_name
from transactions.models import FilingPeriod
from transactions.rules.explanations import Reason
from transactions.rules.filing_calendar import Cadence, cadences_to_choose
from transactions.rules.receipt_numbers import as_written, is_receipt_number
from transactions.services import Finding


class ReasonForm(forms.Form):
    """A reason that is kept with what it explains."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=2000)

    def __init__(self, data: Any = None, *, label: str, help_text: str):
        super().__init__(data)
        self.fields["reason"].label = label
        self.fields["reason"].help_text = help_text


class ExplanationForm(forms.Form):
    """Why a finding is right, among many on one page; left empty it says nothing.

    `unsent` shows what somebody typed and did not save, without judging it.
    """

    reason = forms.ChoiceField(
        label="Reason",
        choices=[("", "Choose a reason"), *((reason.value, reason.label) for reason in Reason)],
        error_messages={"required": "Choose the reason that fits best, so that your words are kept."},
    )
    text = forms.CharField(
        label="In your words", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data: Any = None, *, finding: Finding, initial: Any = None):
        super().__init__(
            data,
            prefix=self.prefix_of(finding),
            initial=initial,
            empty_permitted=True,
            use_required_attribute=False,
        )

    @classmethod
    def unsent(cls, finding: Finding, typed: Mapping[str, str] | None = None) -> "ExplanationForm":
        earlier, prefix = finding.earlier_explanation, cls.prefix_of(finding)
        initial = {"reason": earlier.reason, "text": earlier.text} if earlier else {}
        if typed:
            initial |= {
                name: typed[f"{prefix}-{name}"] for name in cls.base_fields if f"{prefix}-{name}" in typed
            }
        return cls(finding=finding, initial=initial)

    @staticmethod
    def prefix_of(finding: Finding) -> str:
        return f"{finding.check}-{finding.home_library or 'all'}-{column_name(finding.month)}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if chosen := cleaned.get("reason"):
            cleaned["reason"] = reason = Reason(chosen)
            if reason.needs_text and not cleaned.get("text") and "text" not in self.errors:
                self.add_error("text", "Say in words what the reason is, or choose another one.")
        return cleaned


class HolidayForm(forms.Form):
    """A day on which the State Library is closed."""

    day = DayField(
        label="Day", help_text="The day on which it is observed: a day of the week, not a weekend."
    )
    name = forms.CharField(label="Name", max_length=120)
    source = forms.CharField(
        label="Source", max_length=200, help_text="The statute or the proclamation, with its date."
    )


class PeriodDatesForm(forms.Form):
    """The three dates of a filing period that staff keep; `looked_at` are those whose effects were shown."""

    due_on = DayField(label="Libraries are asked for it by", help_text="To the end of this day.")
    accepted_until = DayField(label="Last accepted as late", help_text="No waiver may run beyond this day.")
    closes_on = DayField(
        label="Closed to entry after",
        help_text="The last day on which a library can enter or correct anything itself.",
    )
    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        help_text="Kept in the audit trail: why, and by which document.",
    )
    looked_at = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, period: FilingPeriod):
        super().__init__(
            data, initial={name: getattr(period, name) for name in ("due_on", "accepted_until", "closes_on")}
        )

    @property
    def dates(self) -> dict[str, date]:
        """The three dates that were entered."""
        return {name: self.cleaned_data[name] for name in ("due_on", "accepted_until", "closes_on")}

    @property
    def sign(self) -> str:
        """The three dates as one text."""
        return " ".join(day.isoformat() for day in self.dates.values())

    def was_looked_at(self) -> bool:
        """Whether the effects of just these dates were shown; from now on they have been."""
        shown: bool = self.cleaned_data["looked_at"] == self.sign
        entered = {name: self.data.get(name) for name in self.fields}
        self.data = {**entered, "looked_at": self.sign}
        return shown


class WaiverForm(forms.Form):
    """A later day than the law's for one library and period."""

    until = DayField(label="Accepted through", help_text="To the end of this day, Eastern time.")
    authority = forms.CharField(
        label="Authority", max_length=250, help_text="Who may grant this, and the document that says so."
    )
    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        help_text="Printed on the payment run and on the library's statement.",
    )


class WaiversForm(WaiverForm):
    """A later day than the law's for many libraries at once."""

    libraries = forms.ModelMultipleChoiceField(
        label="Libraries", queryset=Library.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    field_order = ("libraries",)

    def __init__(self, data: Any = None, *, libraries: QuerySet[Library], chosen: Iterable[int] = ()):
        super().__init__(data, initial={"libraries": list(chosen)})
        self.fields["libraries"].queryset = libraries  # type: ignore[attr-defined]


class CadenceForm(forms.Form):
    """How often a library files from the day `on`."""

    cadence = forms.ChoiceField(label="File", widget=forms.RadioSelect)

    def __init__(self, data: Any = None, *, on: date):
        super().__init__(data)
        self.fields["cadence"].choices = [  # type: ignore[attr-defined]
            (cadence.value, cadence.label) for cadence in cadences_to_choose(on)
        ]

    def clean_cadence(self) -> Cadence:
        return Cadence(self.cleaned_data["cadence"])


class ReceiptNumberForm(forms.Form):
    """The number of a receipt, as somebody reads it off a page or hears it."""

    number = forms.CharField(
        label=_("Number of the receipt"),
        max_length=80,
        help_text=_("For example CT0012-202603-202608-1-C2-7KQ4X. Capitals and spaces make no difference."),
        error_messages={"required": _("Enter the number that stands at the top of the receipt.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_number(self) -> str:
        number = as_written(self.cleaned_data["number"])
        if not is_receipt_number(number):
            raise ValidationError(
                _(
                    "No receipt can have this number: at least one character is missing or wrong. "
                    "Compare it with the receipt, group by group."
                )
            )
        return number


class DigestForm(forms.Form):
    """A SHA-256 to compare with that of a receipt."""

    sha256 = forms.CharField(
        label=_("Compare a SHA-256"),
        max_length=200,
        help_text=_("64 digits, from a document or from your own computation."),
        error_messages={"required": _("Paste the SHA-256 that you want to compare.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_sha256(self) -> str:
        digest = re.sub(r"[\s:]", "", self.cleaned_data["sha256"]).lower()
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValidationError(
                _("A SHA-256 has 64 digits from 0 to 9 and a to f. Copy the whole of it and nothing else.")
            )
        return digest
