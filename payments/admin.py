"""Categories of expenditure reports under /admin/."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models

from connecticard.exchange import last_of
from connecticard.form_fields import DayField
from connecticard.reference_admin import ActForm, ReferenceAdmin
from connecticard.templatetags.figures import days
from payments.exchange import ExpenditureCategoryResource
from payments.expenditure_categories import CategoryRefused, add_category, end_category, move_category
from payments.models import ExpenditureCategory


class AddCategoryForm(ActForm):
    """A category on the form from a day on."""

    refusals = (CategoryRefused,)
    code = forms.CharField(max_length=60, help_text="Small letters and underscores, such as adult_programs.")
    name = forms.CharField(max_length=120, help_text="As the form shows it.")
    from_day = DayField(label="From")
    authority = forms.CharField(max_length=250, help_text="The rule, practice or order that names it.")
    position = forms.IntegerField(
        min_value=0, max_value=9999, required=False, help_text="Lower numbers come first; empty puts it last."
    )

    def act(self, values: dict[str, Any]) -> models.Model:
        return add_category(by=self.by, **values)


class ChangeCategoryForm(ActForm):
    """A category's place on the form, and its last day there."""

    refusals = (CategoryRefused,)
    title = "Move it, or take it off the form"
    position = forms.IntegerField(min_value=0, max_value=9999, help_text="Lower numbers come first.")
    last_day = DayField(label="Last day", required=False, help_text="Reports made until then keep it.")

    def of_record(self, record: Any) -> dict[str, Any]:
        return {"position": record.position}

    def act(self, values: dict[str, Any]) -> models.Model:
        category: ExpenditureCategory = self.instance
        if values["position"] != category.position:
            category = move_category(category=category, position=values["position"], by=self.by)
        if values["last_day"]:
            category = end_category(category=category, last_day=values["last_day"], by=self.by)
        return category


@admin.register(ExpenditureCategory)
class ExpenditureCategoryAdmin(ReferenceAdmin):
    """Purposes under which libraries tell what they spent; those that ship are explained in the rulebook."""

    list_display = ("name", "code", "position", "on_the_form", "authority")
    search_fields = ("name", "code")
    facts = ("name", "code", "on_the_form", "authority")
    adding = AddCategoryForm
    changing = ChangeCategoryForm
    resource = ExpenditureCategoryResource

    @admin.display(description="On the form", ordering="valid")
    def on_the_form(self, category: ExpenditureCategory) -> str:
        return days(category.valid)

    def may_change(self, record: Any) -> bool:
        return last_of(record.valid) is None
