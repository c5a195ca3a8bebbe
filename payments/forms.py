"""Forms of the pages about money: amounts are typed in dollars and read as whole cents, or refused."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms

from connecticard.form_fields import DayField
from connecticard.models import MessageKind, MessageState
from libraries.models import SiteKind
from payments.models import (
    Appropriation,
    BoardOrder,
    ContactHow,
    ExpenditureReport,
    OrderKind,
    PaymentRun,
)
from payments.owing import delivery_overview
from payments.owing.work_list import SORTS, STATES
from payments.rules.cents import dollars, parse_dollars, plain_dollars
from payments.rules.expenditure_reporting import Problem
from payments.services import FIRST_YEAR_FILED_HERE
from transactions.rules._wording import written_day
from transactions.rules.delivery_quarters import Quarter

_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?")


class DollarsField(forms.CharField):
    """An amount in dollars, such as 1,234.50 or $1,234.50; whole cents, or None where it was left blank."""

    def __init__(self, **kwargs: Any):
        kwargs.setdefault(
            "widget",
            forms.TextInput(attrs={"inputmode": "decimal", "class": "amount", "autocomplete": "off"}),
        )
        super().__init__(**{"max_length": 30, **kwargs})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        digits = text.removeprefix("$").strip()
        if _GROUPED.fullmatch(digits):
            digits = digits.replace(",", "")
        try:
            return parse_dollars(digits)
        except ValueError:
            raise forms.ValidationError(
                f"{text} is not an amount. Enter dollars and cents, such as 1234.50."
            ) from None

    def prepare_value(self, value: Any) -> Any:
        return plain_dollars(value) if isinstance(value, int) else value


class ReasonForm(forms.Form):
    """Why something is undone; the reason stays on record."""

    reason = forms.CharField(label="Reason", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class NameSearchForm(forms.Form):
    """Which libraries of a list to show."""

    q = forms.CharField(label="Library", required=False, max_length=100)


# Expenditure reports


class ExpenditureForm(forms.Form):
    """What was spent in each category, in dollars; blank says nothing, 0 says that nothing was spent."""

    def __init__(
        self,
        data: Any = None,
        *,
        categories: Mapping[str, str],
        report: ExpenditureReport | None,
        in_ledger: bool,
        paid_cents: int | None = None,
        year_before: ExpenditureReport | None = None,
    ):
        """Make the form of a report, begun or not.

        `paid_cents` is what the certified payment of the year says, offered where the ledger says nothing;
        `year_before` the certified report before it, whose figures stand beside the fields.
        """
        lines = {line.category: line for line in report.lines.all()} if report else {}
        before = {line.category: line.cents for line in year_before.lines.all()} if year_before else {}
        initial: dict[str, Any] = {"received": paid_cents}
        initial |= {f"spent_{code}": line.cents for code, line in lines.items()}
        if report:
            initial["unspent"] = report.unspent_cents
            if report.received_cents is not None:
                initial["received"] = report.received_cents
        initial["note_other"] = lines["other"].note if "other" in lines else ""
        super().__init__(data, initial=initial)
        self.categories = categories
        if not in_ledger:
            self.fields["received"] = DollarsField(
                label="Money received in the fiscal year",
                required=False,
                help_text="The ledger of the State Library does not say. "
                + (
                    "Here is what the certified payment says; correct it to what reached the library."
                    if paid_cents is not None
                    else "Enter what reached the library."
                ),
            )
        for code, name in categories.items():
            self.fields[f"spent_{code}"] = DollarsField(
                label=name,
                required=False,
                help_text=f"The year before: {dollars(before[code])}" if before.get(code) else "",
            )
        if "other" in categories:
            self.fields["note_other"] = forms.CharField(
                label="What the other purposes were", required=False, max_length=250
            )
        self.fields["unspent"] = DollarsField(label="Unspent and still held for the library", required=False)

    def spent(self) -> dict[str, int]:
        """Return cents by code of category, for those that hold an amount."""
        amounts = {code: self.cleaned_data.get(f"spent_{code}") for code in self.categories}
        return {code: cents for code, cents in amounts.items() if cents is not None}

    def show(self, problems: tuple[Problem, ...]) -> None:
        """Put each problem beside its field; one of the whole, or of a field that is not there, on top."""
        for problem in problems:
            places = (problem.field, f"spent_{problem.field}")
            self.add_error(next((place for place in places if place in self.fields), None), problem.message)

    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """Return the field of each category, with the field that explains it."""
        return [
            (self[f"spent_{code}"], self["note_other"] if code == "other" else None)
            for code in self.categories
        ]


class WaiverForm(forms.Form):
    """A later day for one library's report."""

    until = DayField(label="Accepted through", help_text="The last day on which the report is in time.")
    authority = forms.CharField(
        label="Authority", max_length=250, help_text="Who may grant it, and the document."
    )
    reason = forms.CharField(label="Reason", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class MoneyReceivedForm(forms.Form):
    """What a library received in a fiscal year."""

    cents = DollarsField(label="Amount received", help_text="0 says that it received nothing.")
    received_on = DayField(label="Received on", required=False)
    source = forms.CharField(
        label="Source", max_length=250, help_text="The payment list or ledger, with its date."
    )


class ReportListForm(forms.Form):
    """Which expenditure reports to list."""

    STATES = [
        ("", "Every library"),
        ("owed", "Not certified yet"),
        ("late", "Late"),
        ("missing", "Missing"),
        ("submitted", "Submitted, not certified"),
        ("unknown", "Money received unknown"),
        ("nothing", "Nothing received"),
        ("certified", "Certified"),
    ]
    q = forms.CharField(label="Library", required=False, max_length=100)
    state = forms.ChoiceField(label="Show", choices=STATES, required=False)


class WorkListForm(forms.Form):
    """Which of the things owed to list."""

    q = forms.CharField(label="Library or town", required=False, max_length=100)
    subject = forms.ChoiceField(label="Period", required=False)
    state = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[(state.name, state.words.capitalize()) for state in STATES],
    )
    sort = forms.ChoiceField(
        required=False,
        choices=[("", ""), *((sign + name, name) for name in SORTS for sign in ("", "-"))],
        widget=forms.HiddenInput,
    )

    def __init__(self, *args: Any, subjects: Iterable[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["subject"] = forms.ChoiceField(
            label="Period",
            required=False,
            choices=[("", "All periods and reports"), *((each, each) for each in subjects)],
        )


class DeliveryOverviewForm(forms.Form):
    """Which sites of deliverIT CT to list, of which quarter; the latest that is asked for unless chosen."""

    quarter = forms.ChoiceField(label="Quarter", required=False)
    q = forms.CharField(label="Library, code or town", required=False, max_length=100)
    state = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[(state.name, state.words.capitalize()) for state in delivery_overview.STATES],
    )
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("", "Every kind"), *((kind.value, kind.label) for kind in SiteKind)],
    )
    route = forms.CharField(label="Route", required=False, max_length=1)

    def __init__(self, *args: Any, quarters: Sequence[Quarter], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["quarter"] = forms.ChoiceField(
            label="Quarter",
            required=False,
            choices=[("", "The latest that is due"), *((each.name, each.title) for each in quarters)],
        )

    def choose_routes(self, routes: Sequence[str]) -> None:
        """Offer these routes to choose from, where there are any."""
        self.fields["route"].widget = (
            forms.Select(choices=[("", "Every route"), *((route, route) for route in routes)])
            if routes
            else forms.HiddenInput()
        )


class ContactForm(forms.Form):
    """What was said with a library."""

    on = DayField(label="Day")
    how = forms.ChoiceField(label="How", choices=[(how.value, how.label) for how in ContactHow])
    with_whom = forms.CharField(
        label="With whom", max_length=150, help_text="The name and the post, such as “Pat Lee, director”."
    )
    note = forms.CharField(
        label="What was said",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Write nothing about patrons: no name, card or title that somebody borrowed. The log is a "
        "public record (C.G.S. § 11-25(b)).",
    )


class DaysField(forms.CharField):
    """Numbers of days, such as "14, 3"; blank for none."""

    def __init__(self, **kwargs: Any):
        super().__init__(**{"required": False, "max_length": 60, **kwargs})

    def clean(self, value: Any) -> Any:
        words = super().clean(value).replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and len(word) < 4 for word in words):
            raise forms.ValidationError("Enter numbers of days with commas between them, such as 14, 3.")
        return [int(word) for word in words]


class ReminderScheduleForm(forms.Form):
    """On which days reminders go out by themselves."""

    is_on = forms.TypedChoiceField(
        label="Reminders by themselves",
        choices=[("on", "Go out on these days"), ("off", "Are switched off")],
        coerce=lambda value: value == "on",
        widget=forms.RadioSelect,
    )
    days_before = DaysField(label="Days before something is due", help_text="Such as 14, 3. Blank for none.")
    days_after = DaysField(label="Days after it was due", help_text="Such as 1, 7, 14. Blank for none.")
    begins_on = DayField(label="From this day on")
    reason = forms.CharField(label="Why", max_length=250)


class MailFilterForm(forms.Form):
    """Which messages to list."""

    q = forms.CharField(label="Library", required=False, max_length=100)
    to = forms.CharField(label="To", required=False, max_length=100)
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("", "Every kind"), *((kind.value, kind.label) for kind in MessageKind)],
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "Every state"), *((state.value, state.label) for state in MessageState)],
    )


# Appropriations and payment runs


class AppropriationForm(forms.Form):
    """What was appropriated for a fiscal year."""

    fiscal_year = forms.IntegerField(
        label="Fiscal year",
        min_value=1974,
        max_value=2200,
        help_text="The year in which it ends: 2027 is July 2026 to June 2027.",
    )
    cents = DollarsField(label="Amount appropriated")
    act = forms.CharField(label="Public or special act", max_length=200)
    enacted_on = DayField(label="Enacted on", required=False)
    source = forms.CharField(label="Where it is published", max_length=250, required=False)


class AppropriationChangeForm(forms.Form):
    """A dated change of the amount available."""

    direction = forms.ChoiceField(
        label="Change",
        choices=[("-1", "Less is available"), ("1", "More is available")],
        widget=forms.RadioSelect,
    )
    cents = DollarsField(label="By how much")
    on = DayField(label="Dated")
    document = forms.CharField(
        label="Document", max_length=250, help_text="The order or act that makes the change, with its date."
    )

    def clean_cents(self) -> int:
        cents = self.cleaned_data["cents"]
        if not cents:
            raise forms.ValidationError("Enter an amount above 0.")
        return int(cents)

    @property
    def change_cents(self) -> int:
        """The change in cents; a reduction is negative."""
        return int(self.cleaned_data["direction"]) * int(self.cleaned_data["cents"])


POLICIES = [
    ("keep", "Keep their shares for them, withheld (section 4(b) as written)"),
    ("redistribute", "Divide their shares among the others (needs a decision of the Board)"),
]


class PolicyForm(forms.Form):
    """What becomes of the shares of libraries that are not in order."""

    withheld_policy = forms.ChoiceField(
        label="Libraries that are not in order",
        choices=POLICIES,
        initial="keep",  # section 4(b) as written
        widget=forms.RadioSelect,
    )
    board_decision = forms.CharField(
        label="Decision of the Board to redistribute",
        required=False,
        max_length=250,
        help_text="Date and number; only where shares are divided among the others.",
    )

    def clean(self) -> None:
        values = self.cleaned_data
        if values.get("withheld_policy") == "redistribute" and not values.get("board_decision"):
            self.add_error(
                "board_decision", "Name the Board's recorded decision: redistributing departs from 4(b)."
            )


class HandOverForm(forms.Form):
    """What the administrator should know of a run."""

    note = forms.CharField(
        label="Note to the administrator",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What you looked at, and what is unusual. It stays on record.",
    )


class RunForm(PolicyForm):
    """A new payment run."""

    appropriation = forms.ModelChoiceField(
        Appropriation.objects.all(), label="Fiscal year", empty_label="Choose a fiscal year"
    )
    assumed_eligible = forms.BooleanField(
        label="Take every library that was open as participating and in order",
        required=False,
        help_text=f"Only for fiscal years before {FIRST_YEAR_FILED_HERE}, whose letters and filings are not "
        "on record here: a replay of published figures.",
    )

    field_order = ("appropriation", "withheld_policy", "board_decision", "assumed_eligible")

    def clean(self) -> None:
        super().clean()
        values = self.cleaned_data
        appropriation = values.get("appropriation")
        if (
            values.get("assumed_eligible")
            and appropriation
            and appropriation.fiscal_year >= FIRST_YEAR_FILED_HERE
        ):
            self.add_error(
                "assumed_eligible",
                f"Libraries file for fiscal year {appropriation.fiscal_year} here; who is in order is on "
                "record.",
            )


# Withheld money


class CutoffForm(forms.Form):
    """The last day on which the Comptroller takes payments of a fiscal year."""

    last_day = DayField(
        label="Last day",
        help_text="The last day on which an order can release money, to 11:59:59 p.m. Eastern.",
    )
    source = forms.CharField(
        label="Comptroller’s notice", max_length=250, help_text="Its number or subject, with its date."
    )


class OrderField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An order of the Board, named by its number and date."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj}, dated {written_day(obj.dated)}"


class ReleaseForm(forms.Form):
    """By which order of the Board money withheld is released, and how the default was cured."""

    order = OrderField(BoardOrder.objects.none(), label="Order of the Board", empty_label="Choose the order")
    reason = forms.CharField(
        label="How the default was cured", max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, run: PaymentRun, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.orders = run.board_orders.standing().filter(kind=OrderKind.RELEASE)
        field = self.fields["order"]
        assert isinstance(field, OrderField)
        field.queryset = self.orders
