"""What people ask of an assessment, and what they add to it."""

from decimal import Decimal
from typing import Any

from django import forms

from payments.models import PaymentRun
from reports.assessment.own import LARGEST_FILE
from reports.assessment.selection import EVERY, Selection, sections_of
from reports.contents.advocacy import AVERAGE_PAYMENT_CENTS, COST_CENTS, PRICE_CENTS
from reports.forms import AdvocacyForm
from reports.models import CirculationMonths


class AssessmentForm(AdvocacyForm):
    """The year of an assessment, what it assumes, and which sections it shows in which order."""

    average = forms.DecimalField(
        label="Usual payment of a loan, in dollars",
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal("99.99"),
        decimal_places=2,
        help_text="What the State pays for a loan on the average, to compare with what was paid.",
    )
    sections = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def clean_sections(self) -> tuple[Any, ...]:
        try:
            return sections_of(self.cleaned_data["sections"])
        except ValueError as unknown:
            raise forms.ValidationError(
                "The address names a section that there is not, or one twice. Begin with all of them."
            ) from unknown

    def selection(self) -> Selection:
        """Return what was asked for; as published and with every section where the form is not in order."""
        if not self.is_valid():
            return Selection()
        return Selection(
            sections=self.cleaned_data["sections"] or EVERY,
            fiscal_year=self.cleaned_data["year"],
            price_cents=self.cents("price", PRICE_CENTS),
            cost_cents=self.cents("cost", COST_CENTS),
            average_cents=self.cents("average", AVERAGE_PAYMENT_CENTS),
        )


class LogoForm(forms.Form):
    """A logo to be shown on an assessment."""

    file = forms.FileField(
        label="Your logo",
        help_text="A PNG or JPEG file, at most 4 MB. It is made smaller where a page needs less.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
        error_messages={"required": "Choose the file of your logo."},
    )

    def clean_file(self) -> bytes:
        sent = self.cleaned_data["file"]
        if getattr(sent, "is_too_large", False):
            raise forms.ValidationError(
                f"The file is larger than {LARGEST_FILE // 1024**2} MB. Save the logo smaller."
            )
        content: bytes = sent.read()
        return content


class CirculationForm(forms.Form):
    """What a library circulated in a year to anybody."""

    year = forms.TypedChoiceField(label="Fiscal year of the payments", coerce=int)
    months = forms.TypedChoiceField(
        label="Twelve months that the figure covers",
        choices=CirculationMonths,
        coerce=CirculationMonths,
        widget=forms.RadioSelect,
        help_text="Payments measure March to February; the annual statistical report covers July to June.",
    )
    items = forms.IntegerField(
        label="Items circulated",
        min_value=1,
        max_value=2_147_483_647,
        help_text="Everything that was lent, to anybody. Leave out downloads, which no payment counts.",
    )
    source = forms.CharField(
        label="Where the figure comes from",
        max_length=250,
        help_text="Such as: annual statistical report of fiscal year 2018.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        years = PaymentRun.objects.published().order_by("-fiscal_year").values_list("fiscal_year", flat=True)
        self.fields["year"].choices = [(year, year) for year in years]  # type: ignore[attr-defined]
