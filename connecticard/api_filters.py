"""Query parameters of the REST interface: read strictly, described by the same objects that read them."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict

from connecticard.api_problems import Mistake, Refused

_DIGITS = re.compile(r"[0-9]{1,19}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class WholeNumberField(forms.Field):
    """Digits and nothing else, from a least to a greatest number."""

    def __init__(
        self, *, least: int = 0, greatest: int = 2**31 - 1, example: int | None = None, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.least, self.greatest, self.example = least, greatest, example

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if not _DIGITS.fullmatch(value) or not self.least <= int(value) <= self.greatest:
            raise ValidationError(f"Give a whole number from {self.least} to {self.greatest}, in digits.")
        return int(value)


class DayField(forms.Field):
    """A day as 2026-03-01."""

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise ValidationError("Give a day that is in the calendar, as 2026-03-01.")


class ChosenField(forms.Field):
    """One of a few words."""

    def __init__(self, *, words: Iterable[str], **settings: Any) -> None:
        super().__init__(**settings)
        self.words = tuple(words)

    def to_python(self, value: Any) -> str | None:
        if value in self.empty_values:
            return None
        if value not in self.words:
            raise ValidationError(f"Give one of: {', '.join(self.words)}.")
        return str(value)


class YesNoField(ChosenField):
    """true or false."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(words=("true", "false"), **settings)

    def to_python(self, value: Any) -> Any:
        word = super().to_python(value)
        return None if word is None else word == "true"


class TextField(forms.CharField):
    """Text of a few words at most."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(max_length=60, strip=False, **settings)


class PatternField(forms.Field):
    """Text of one form, such as a few keys with commas between them."""

    def __init__(self, *, pattern: str, example: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.pattern, self.example = pattern, example

    def to_python(self, value: Any) -> str | None:
        if value in self.empty_values:
            return None
        if not re.fullmatch(self.pattern, value):
            raise ValidationError(f"It cannot be read. {self.help_text}")
        return str(value)


class Filter(django_filters.Filter):
    """A filter without a label, which only a form would show."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, label="", **settings)


class NumberFilter(Filter):
    field_class = WholeNumberField


class DayFilter(Filter):
    field_class = DayField


class ChoiceFilter(Filter):
    field_class = ChosenField


class YesNoFilter(Filter):
    field_class = YesNoField


class TextFilter(Filter):
    field_class = TextField


class PatternFilter(Filter):
    field_class = PatternField


def fiscal_year_filter(**settings: Any) -> NumberFilter:
    """Return a filter by state fiscal year, named for the year in which it ends."""
    text = settings.pop("help_text", "State fiscal year, named for the year in which it ends.")
    return NumberFilter(least=1990, greatest=2999, example=2018, help_text=text, **settings)


class Parameters(django_filters.FilterSet):
    """The query parameters that a list knows; all others are refused."""

    @property
    def values(self) -> dict[str, Any]:
        """The parameters' values; Refused with every mistake where one cannot be read."""
        self.refuse_mistakes()
        return dict(self.form.cleaned_data)

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that the parameters choose."""
        self.refuse_mistakes()
        return self.filter_queryset(queryset)

    def refuse_mistakes(self) -> None:
        if self.form.is_valid():
            return
        mistakes = []
        for name, errors in self.form.errors.as_data().items():
            missing = any(error.code == "required" for error in errors)
            cure = self.base_filters[name].extra.get("help_text") or ""
            for error in errors:
                text = " ".join(error.messages)
                mistakes.append(
                    Mistake("missing_parameter", name, f"{name} is missing.", f"Add {name}. {cure}".strip())
                    if missing
                    else Mistake("invalid_parameter", name, f"{name} is {self.data[name]!r}. {text}", text)
                )
        raise Refused(mistakes)


def refuse_unknown(given: QueryDict, known: Iterable[str]) -> None:
    """Raise Refused where a parameter is unknown, is given twice or is empty."""
    names = sorted(known)
    mistakes = []
    for name, values in given.lists():
        if name not in names:
            which = f"This route has: {', '.join(names)}." if names else "This route has no query parameters."
            mistakes.append(Mistake("unknown_parameter", name, f"There is no parameter {name!r}.", which))
        elif len(values) > 1:
            mistakes.append(
                Mistake(
                    "repeated_parameter", name, f"{name} is given {len(values)} times.", f"Give {name} once."
                )
            )
        elif not values[0]:
            mistakes.append(
                Mistake(
                    "invalid_parameter", name, f"{name} is empty.", f"Give {name} a value or leave it out."
                )
            )
    if mistakes:
        raise Refused(mistakes)
