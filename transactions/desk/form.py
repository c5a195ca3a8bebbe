"""What is said about a question of the desk, read from an address: one form for the page and for REST.

Its fields are made from the description of the table. None is required here: which are needed, the table
says. No field holds anything about a borrower.
"""

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from connecticard.form_fields import DayField
from libraries.models import Library
from transactions.rules.desk._table import TAKES_PART, Amount, Kind, Question, Table, Whose

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_AMOUNT = re.compile(r"\$? ?(?=[0-9.])([0-9]{1,4}|[0-9],[0-9]{3}|)(?:\.([0-9]{1,2}))?")
_KEY = re.compile(r"[A-Za-z0-9-]{1,12}")
ON = "day"
"""The parameter that names the day asked about, where a table has one."""
OWN_LIBRARY = "library"
"""The parameter that names the library at whose desk it is asked."""
UNKNOWN_LIBRARY = "unknown_library"
"""The code of the mistake of naming a library that is not on record."""


def plain_dollars(cents: int) -> str:
    """Return cents as they stand in an address and in JSON: 1234.50."""
    return f"{cents // 100}.{cents % 100:02}"


class CentsField(forms.CharField):
    """Dollars such as 0.10 or $1,250; whole cents, or None where it was left blank."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "amount", "autocomplete": "off"})

    def __init__(self, *, greatest: int, **settings: Any):
        super().__init__(max_length=12, **settings)
        self.greatest = greatest

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = _AMOUNT.fullmatch(text)
        cents = (
            int(found[1].replace(",", "") or 0) * 100 + int((found[2] or "").ljust(2, "0")) if found else None
        )
        if cents is None or cents > self.greatest:
            raise forms.ValidationError(
                _("Enter dollars and cents, such as 0.10, and no more than %(most)s.")
                % {"most": plain_dollars(self.greatest)}
            )
        return cents

    def prepare_value(self, value: Any) -> Any:
        return plain_dollars(value) if isinstance(value, int) else value


class LibraryField(forms.Field):
    """A library by its key, chosen among those open today; the library itself, or None."""

    widget = forms.Select

    def clean(self, value: Any) -> Library | None:
        if value in self.empty_values:
            return None
        found = Library.objects.filter(key=value).first() if _KEY.fullmatch(str(value)) else None
        if found is None:
            raise forms.ValidationError(
                _("There is no library %(key)s. Choose one from the list.") % {"key": value},
                code=UNKNOWN_LIBRARY,
            )
        return found


def library_fields(table: Table) -> "dict[str, StrOrPromise]":
    """Return the parameters of a table that name libraries, each with its label."""
    named: dict[str, StrOrPromise] = {}
    if TAKES_PART.name in {question.name for question in table.questions}:
        named[OWN_LIBRARY] = gettext_lazy("Your library")
    if {amount.setting_of for amount in table.amounts} & {Whose.LENDER, Whose.RECEIVER}:
        named[Whose.LENDER] = gettext_lazy("Library that lent it")
        named[Whose.RECEIVER] = gettext_lazy("Library where it was handed in")
    return named


class DeskForm(forms.Form):
    """Everything that can be said about a question of the desk."""

    use_required_attribute = False  # what is on record need not be typed

    def __init__(self, table: Table, data: Any):
        super().__init__(data)
        self.table = table
        for question in table.questions:
            self.fields[question.name] = _choice_field(question)
        for amount in table.amounts:
            self.fields[amount.name] = _amount_field(amount)
        for name, label in library_fields(table).items():
            self.fields[name] = LibraryField(
                label=label if name == OWN_LIBRARY else _("Name of the library"), required=False
            )
        if table.dated:
            self.fields[ON] = DayField(label=gettext(table.dated), required=False)

    @property
    def given(self) -> dict[str, str | int | date]:
        """What was said in answer to questions and as amounts, without what was left blank or is wrong."""
        names = {each.name for each in self.table.all_that_can_be_said}
        return {
            name: value for name, value in self._cleaned.items() if name in names and value not in (None, "")
        }

    @property
    def libraries(self) -> dict[str, Library]:
        """The libraries that were named, by parameter."""
        return {name: value for name, value in self._cleaned.items() if isinstance(value, Library)}

    @property
    def day(self) -> date | None:
        """The day that was named."""
        return self._cleaned.get(ON)

    @property
    def _cleaned(self) -> dict[str, Any]:
        self.is_valid()
        return self.cleaned_data

    def offer_libraries(self, open_libraries: list[tuple[str, str]], none: str) -> None:
        """Fill the lists of libraries with keys and names; `none` is what stands first."""
        for name in library_fields(self.table):
            widget = self.fields[name].widget
            assert isinstance(widget, forms.Select)
            widget.choices = [("", none), *open_libraries]


def _choice_field(question: Question) -> forms.Field:
    return forms.ChoiceField(
        label=gettext(question.label),
        required=False,
        choices=[(choice.value, gettext(choice.label)) for choice in question.choices],
        error_messages={
            "invalid_choice": _("%(value)s is not one of the answers. Choose one of those shown.")
        },
    )


def _amount_field(amount: Amount) -> forms.Field:
    said: dict[str, Any] = {
        "label": gettext(amount.label),
        "help_text": gettext(amount.help) if amount.help else "",
        "required": False,
    }
    match amount.kind:
        case Kind.DAY:
            return DayField(**said)
        case Kind.CENTS:
            return CentsField(greatest=amount.greatest, **said)
        case Kind.SWITCH:
            return forms.TypedChoiceField(
                choices=[("", _("As on record, otherwise no")), ("true", _("Yes")), ("false", _("No"))],
                coerce=lambda value: int(value == "true"),
                empty_value=None,
                **said,
            )
        case Kind.NUMBER:
            return forms.IntegerField(min_value=amount.least, max_value=amount.greatest, **said)
    raise TypeError(f"{amount.kind} has no field")
