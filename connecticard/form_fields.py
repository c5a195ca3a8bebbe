"""Fields that the forms of every app share."""

from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2199, 12, 31)
_OUTSIDE = "Enter a day in the years 1800 to 2199."


class DayField(forms.DateField):
    """A day, entered with the browser's own calendar; one that has a day before and after it in any zone."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_validators = [MinValueValidator(FIRST_DAY, _OUTSIDE), MaxValueValidator(LAST_DAY, _OUTSIDE)]
