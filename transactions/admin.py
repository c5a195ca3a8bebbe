"""Holidays and delivery counts under /admin/."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from connecticard.form_fields import DayField
from connecticard.reference_admin import ActForm, ReferenceAdmin
from transactions.delivery.exchange import DeliveryCountResource
from transactions.exchange import HolidayResource
from transactions.models import DeliveryCount, DeliveryReport, Holiday
from transactions.rules.delivery_counts import Measure
from transactions.services.holidays import add_holiday, correct_holiday
from transactions.services.refusals import FilingRefused


class CorrectHolidayForm(ActForm):
    """What a day on record is called, and on what it rests."""

    title = "Correct"
    refusals = (FilingRefused,)
    name = forms.CharField(max_length=120)
    source = forms.CharField(max_length=200, help_text="The statute or the proclamation, with its date.")

    def of_record(self, record: Any) -> dict[str, Any]:
        return {"name": record.name, "source": record.source}

    def act(self, values: dict[str, Any]) -> models.Model:
        return correct_holiday(holiday=self.instance, by=self.by, **values)


class AddHolidayForm(CorrectHolidayForm):
    """A day on which the State Library is closed."""

    day = DayField(help_text="The day on which it is observed: a day of the week, not a weekend.")
    field_order = ("day", "name", "source")

    def of_record(self, record: Any) -> dict[str, Any]:
        return {}

    def act(self, values: dict[str, Any]) -> models.Model:
        return add_holiday(by=self.by, **values)


@admin.register(Holiday)
class HolidayAdmin(ReferenceAdmin):
    """Days on which the State Library is closed. Periods that are open keep their dates."""

    list_display = ("day", "name", "source")
    search_fields = ("name", "source")
    date_hierarchy = "day"
    facts = ("day", "removal")
    adding = AddHolidayForm
    changing = CorrectHolidayForm
    resource = HolidayResource

    @admin.display(description="Not a holiday?")
    def removal(self, holiday: Holiday) -> str:
        address = reverse("transactions:holiday_remove", args=[holiday.pk])
        return format_html('<a href="{}">Take it off the record, with a reason</a>', address)


@admin.register(DeliveryCount)
class DeliveryCountAdmin(ReferenceAdmin):
    """Counts of deliverIT CT that stand, by site and month; files that sites sent are read in here."""

    list_display = ("month", "site", *(measure.value for measure in Measure))
    list_select_related = ("report__site",)
    search_fields = ("report__site__name", "report__site__key")
    date_hierarchy = "month"
    facts = ("month", "site", *(measure.value for measure in Measure))
    resource = DeliveryCountResource

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[DeliveryCount]:
        return super().get_queryset(request).filter(report__in=DeliveryReport.objects.standing())

    @admin.display(description="Site", ordering="report__site__name")
    def site(self, count: DeliveryCount) -> str:
        return str(count.report.site)
