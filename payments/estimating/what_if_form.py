"""The form in which a what-if question is put together, one library after the other."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments.estimating.what_if_question import PATTERNS, BadQuestion, Question, parameters, read
from payments.forms import DollarsField
from payments.rules.cents import plain_dollars

OF_A_LIBRARY = {
    "not_participating": _("does not participate"),
    "not_in_order": _("is not in order"),
    "in_order": _("is in order"),
    "loans": _("lent more or less"),
}
"""What can be otherwise about one library: the parameter that says so, and in words."""

_HIDDEN = tuple(OF_A_LIBRARY)
_MINUS = "\N{MINUS SIGN}"


class WhatIfForm(forms.Form):
    """A question, as typed: amounts with commas and dollar signs, changes with a sign for percent or without.

    The libraries that the question changes already are carried along; `library`, `what` and `by` add one.
    """

    base = forms.ChoiceField(label=_("Year"))
    appropriation = forms.CharField(
        label=_("Appropriation"),
        required=False,
        max_length=30,
        help_text=_("An amount such as 600,000, or a change such as -20%. Blank leaves it."),
    )
    withheld = forms.ChoiceField(
        label=_("Shares of who is not in order"),
        required=False,
        choices=[
            ("", _("As in that year")),
            ("keep", _("Kept for them, withheld")),
            ("redistribute", _("Divided among the others")),
        ],
    )
    net_plus = forms.ChoiceField(
        label=_("Net plus"),
        required=False,
        choices=[("", _("Of each library, as it is paid")), ("town", _("Of each town"))],
    )
    all_loans = forms.CharField(
        label=_("Loans of every library"),
        required=False,
        max_length=20,
        help_text=_("A change such as -10%. Blank leaves them."),
    )
    library = forms.ChoiceField(label=_("Library"), required=False)
    what = forms.ChoiceField(
        label=_("What is otherwise"), required=False, choices=[("", _("Choose")), *OF_A_LIBRARY.items()]
    )
    by = forms.CharField(
        label=_("Loans"),
        required=False,
        max_length=20,
        help_text=_("Only where it lent more or less: a number such as 5,000, or a change such as -20%."),
    )
    not_participating = forms.CharField(
        label=_("Not participating"), required=False, widget=forms.HiddenInput
    )
    not_in_order = forms.CharField(label=_("Not in order"), required=False, widget=forms.HiddenInput)
    in_order = forms.CharField(label=_("In order"), required=False, widget=forms.HiddenInput)
    loans = forms.CharField(label=_("Loans of a library"), required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        bases: Iterable[tuple[str, str]],
        libraries: Iterable[tuple[str, str]],
        **kwargs: Any,
    ):
        super().__init__(data, **kwargs)
        base = self.fields["base"]
        assert isinstance(base, forms.ChoiceField)
        base.choices = list(bases)
        base.error_messages["invalid_choice"] = _("%(value)s is no year that you may ask about. Choose one.")
        base.error_messages["required"] = _("Choose the year that you ask about.")
        library = self.fields["library"]
        assert isinstance(library, forms.ChoiceField)
        library.choices = [("", _("Choose")), *libraries]
        library.error_messages["invalid_choice"] = _(
            "%(value)s is no library that took part in that year. Choose one of the list."
        )

    def clean_appropriation(self) -> str:
        text = str(self.cleaned_data["appropriation"]).strip().replace(_MINUS, "-")
        if not text or text.endswith("%"):
            return _percent(text)
        if text.startswith(("-", "+")):
            raise forms.ValidationError(
                gettext(
                    "%(text)s may be dollars or percent. Write %(text)s%% for a change in percent, else the "
                    "amount that would be divided."
                )
                % {"text": text}
            )
        return plain_dollars(DollarsField(max_length=30).clean(text))

    def clean_all_loans(self) -> str:
        text = str(self.cleaned_data["all_loans"]).strip().replace(_MINUS, "-")
        return _percent(text if not text or text.endswith("%") else f"{text}%")

    def clean_by(self) -> str:
        text = str(self.cleaned_data["by"]).strip().replace(_MINUS, "-")
        if text.startswith(("-", "+")) and not text.endswith("%"):
            raise forms.ValidationError(
                gettext(
                    "%(text)s may be loans or percent. Write %(text)s%% for a change, else the number lent."
                )
                % {"text": text}
            )
        return _percent(text) if text.endswith("%") else text.replace(",", "")

    def clean(self) -> None:
        values = self.cleaned_data
        self.question: Question | None = None
        if self.errors:
            return
        given = {name: values[name] for name in PATTERNS if values.get(name)}
        if added := self._added(values):
            name, key, entry = added
            # What is said of a library last takes the place of what was said before.
            try:
                given = parameters(read(given).without(key))
            except BadQuestion as bad:
                self.show(bad.problems)
                return
            given[name] = ",".join(filter(None, [given.get(name, ""), entry]))
        try:
            self.question = read(given)
        except BadQuestion as bad:
            self.show(bad.problems)

    def _added(self, values: Mapping[str, Any]) -> tuple[str, str, str] | None:
        """Return the parameter, the library and the entry of the library added last; None for none."""
        key, what, by = values["library"], values["what"], values["by"]
        if not key and not what and not by:
            return None
        if not key:
            self.add_error("library", gettext("Choose the library."))
        elif not what:
            self.add_error("what", gettext("Choose what is otherwise about it."))
        elif what == "loans" and not by:
            self.add_error("by", gettext("Enter how many loans, or a change such as -20%."))
        elif what != "loans" and by:
            self.add_error("by", gettext("Leave this blank, or choose that the library lent more or less."))
        else:
            return what, key, f"{key}:{by}" if what == "loans" else key
        return None

    def show(self, problems: Mapping[str, str]) -> None:
        """Put each problem beside its field, by the name of the parameter; any other on top."""
        for name, message in problems.items():
            shown = name if name in self.fields and name not in _HIDDEN else None
            self.add_error(shown, message)

    def unknown(self, given: QueryDict) -> list[str]:
        """Return the names in an address that nothing here asks by."""
        return sorted(set(given) - set(self.fields) - {"sort"})


def _percent(text: str) -> str:
    """Return a change as it stands in an address; read strictly afterwards."""
    return f"{text.removesuffix('%').strip().removeprefix('+')}%" if text else ""
