"""Forms of the pages on which money goes out: the Board's order, payees, batches."""

from django import forms

from connecticard.form_fields import DayField
from payments.disbursing.payees import why_not_name, why_not_vendor_number
from payments.models import OrderKind, PayeeKind


class OrderForm(forms.Form):
    """An order of the Board, as its minutes have it."""

    kind = forms.ChoiceField(
        label="What the order has paid",
        choices=[(kind.value, kind.label) for kind in OrderKind],
        widget=forms.RadioSelect,
    )
    number = forms.CharField(
        label="Number of the order",
        max_length=40,
        help_text="As the Board's minutes have it, such as 2027-08.",
    )
    dated = DayField(label="Date of the order", help_text="The day on which the Board made it.")
    text = forms.CharField(
        label="What the Board ordered, in its words",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_kind(self) -> OrderKind:
        return OrderKind(self.cleaned_data["kind"])


class PayeeForm(forms.Form):
    """Who is paid what a library is due."""

    kind = forms.ChoiceField(
        label="Payee",
        choices=[(kind.value, kind.label) for kind in PayeeKind],
        widget=forms.RadioSelect,
        help_text="Municipality: the town or city receives the money for its library. Association: the "
        "body that keeps the library receives it itself.",
    )
    name = forms.CharField(
        label="Name in the Comptroller's vendor record", max_length=120, help_text="Such as Town of Avon."
    )
    vendor_number = forms.CharField(
        label="Vendor number of the Comptroller",
        required=False,
        max_length=20,
        help_text="Leave it blank while it is not known: the payment waits until it is here. Never a tax or "
        "Social Security number.",
    )
    begins = DayField(
        label="From this day on",
        help_text="The day on which the payee on record began corrects it; a later day ends it and begins "
        "this one.",
    )

    def clean_kind(self) -> PayeeKind:
        return PayeeKind(self.cleaned_data["kind"])

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if problem := why_not_name(name):
            raise forms.ValidationError(problem)
        return name

    def clean_vendor_number(self) -> str:
        number: str = self.cleaned_data["vendor_number"].strip().upper()
        if problem := why_not_vendor_number(number):
            raise forms.ValidationError(problem)
        return number


class PayeeListForm(forms.Form):
    """Which payees to list."""

    STATES = [
        ("", "Every library"),
        ("missing", "Something is missing"),
        ("no_payee", "No payee"),
        ("no_vendor_number", "No vendor number"),
        ("complete", "Complete"),
    ]
    q = forms.CharField(label="Library or payee", required=False, max_length=100)
    state = forms.ChoiceField(label="Show", choices=STATES, required=False)
