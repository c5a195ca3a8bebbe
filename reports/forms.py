"""What people may ask of the published pages."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from connecticard.form_fields import DayField
from libraries.models import Library, Town
from payments.models import PaymentRun
from reports.delivery.assumption import FEWEST, MOST
from transactions.rules.delivery_quarters import Quarter


class RulebookDayForm(forms.Form):
    """The day whose law is shown."""

    on = DayField(
        label=_("The law in force on"),
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Enter a day as year, month and day, such as 2026-03-01.")},
    )


class FindForm(forms.Form):
    """The town, village or library that somebody looks for."""

    q = forms.CharField(
        label=_("Your town, village or library"),
        max_length=100,
        error_messages={"required": _("Enter the town or village where you live, such as Storrs.")},
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )


class StatementSearchForm(forms.Form):
    """The library whose statements are looked for."""

    q = forms.CharField(label=_("Name, town or address of a library"), required=False, max_length=100)

    def libraries(self) -> QuerySet[Library] | None:
        """Return the libraries that fit; None where nothing was asked for."""
        if not self.is_valid() or not self.cleaned_data["q"]:
            return None
        return Library.objects.matching(self.cleaned_data["q"]).select_related("town")


class FlowForm(forms.Form):
    """Which published year's flows to show; `of` adds the town or the library of which they are."""

    year = forms.TypedChoiceField(
        label=_("Fiscal year"),
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": _("No payments of year %(value)s are published. Choose a year.")},
    )

    def __init__(self, *args: Any, of: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        years = PaymentRun.objects.published().order_by("-fiscal_year").values_list("fiscal_year", flat=True)
        self.fields["year"].choices = [(year, year) for year in years]  # type: ignore[attr-defined]
        self.fields[of] = (
            forms.ModelChoiceField(
                Town.objects.all(),
                label=_("Town"),
                to_field_name="number",
                required=False,
                empty_label=_("The whole state"),
                error_messages={"invalid_choice": _("No town has this number. Choose a town.")},
            )
            if of == "town"
            else forms.ModelChoiceField(
                Library.objects.order_by("name", "key"),
                label=_("Library"),
                to_field_name="key",
                required=False,
                empty_label=_("The whole state"),
                error_messages={"invalid_choice": _("No library has this key. Choose a library.")},
            )
        )


class AdvocacyForm(forms.Form):
    """The year of an advocacy sheet, and what it assumes, in dollars."""

    year = forms.TypedChoiceField(
        label=_("Fiscal year"),
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": _("No payments of year %(value)s are published. Choose a year.")},
    )
    price = forms.DecimalField(
        label=_("Price of an item, in dollars"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal("999.99"),
        decimal_places=2,
        help_text=_("What an item borrowed elsewhere would have cost to buy."),
    )
    cost = forms.DecimalField(
        label=_("Cost of a loan, in dollars"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal("99.99"),
        decimal_places=2,
        help_text=_("What lending an item costs the library, without the item itself."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        years = PaymentRun.objects.published().order_by("-fiscal_year").values_list("fiscal_year", flat=True)
        self.fields["year"].choices = [(year, year) for year in years]  # type: ignore[attr-defined]

    def cents(self, name: str, default: int) -> int:
        """Return an amount that was entered in cents, the default where none was."""
        entered = self.cleaned_data[name]
        return default if entered is None else int(entered * 100)


class EditionReasonForm(forms.Form):
    """Why there is a new edition of the annual reports."""

    reason = forms.CharField(
        label="Why there is a new edition",
        help_text="One or two sentences, printed in each report before the figures that changed.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
    )

    def __init__(self, *args: Any, is_first: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if is_first:
            self.fields["reason"].required = False
            self.fields["reason"].label = "A note on this edition"
            self.fields["reason"].help_text = "The first edition of a year needs no reason."


class DeliveryAssumptionForm(forms.Form):
    """How many items a bin of deliverIT CT is taken to hold, from which quarter on, and why."""

    quarter = forms.ChoiceField(label="From this quarter on")
    items_per_bin = forms.IntegerField(
        label="Items in a bin",
        min_value=FEWEST,
        max_value=MOST,
        error_messages={
            "min_value": "Enter a number of items from %(limit_value)s on.",
            "max_value": "Enter at most %(limit_value)s items.",
        },
    )
    reason = forms.CharField(
        label="Where the number is from",
        max_length=250,
        help_text="Such as: 120 bins counted at the sorting center in March 2027. It stands beside the "
        "figures.",
    )

    def __init__(self, *args: Any, quarters: Sequence[Quarter], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["quarter"] = forms.ChoiceField(
            label="From this quarter on", choices=[(each.name, each.title) for each in quarters]
        )
