"""Sites of deliverIT CT and their codes under /admin/."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models

from connecticard.form_fields import DayField
from libraries import delivery_exchange, delivery_services
from libraries.dated_admin import DatedAdmin, RosterForm
from libraries.models import DeliveryCode, DeliverySite, Library, SiteKind, Town


class AddSiteForm(RosterForm):
    """A site that the delivery begins to serve."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in SiteKind])
    library = forms.ModelChoiceField(
        Library.objects.filter(delivery_site=None).order_by("name"),
        required=False,
        help_text="For a public library: the site bears its key, name and town.",
    )
    key = forms.CharField(
        max_length=12, required=False, help_text="Of any other site: letters, digits, hyphens."
    )
    name = forms.CharField(max_length=120, required=False)
    town = forms.ModelChoiceField(Town.objects.all(), required=False)
    first_day = DayField(label="First day", required=False, help_text="Empty where it is not known.")
    note = forms.CharField(max_length=250, required=False, help_text="Where this is known from.")

    def act(self, values: dict[str, Any]) -> models.Model:
        return delivery_services.add_site(by=self.by, **values)


class CorrectSiteForm(RosterForm):
    """The name and town of a site, and the end of its service."""

    title = "Correct"
    name = forms.CharField(max_length=120, help_text="A library's site bears the name of the library.")
    town = forms.ModelChoiceField(Town.objects.all(), required=False)
    note = forms.CharField(max_length=250, required=False)
    last_day = DayField(label="Last day", required=False, help_text="Leave it empty while it is served.")

    def of_record(self, record: Any) -> dict[str, Any]:
        return {"name": record.name, "town": record.town, "note": record.note}

    def act(self, values: dict[str, Any]) -> models.Model:
        last_day = values.pop("last_day")
        site = delivery_services.correct_site(site=self.instance, by=self.by, **values)
        if last_day:
            site = delivery_services.end_service(site=site, last_day=last_day, by=self.by)
        return site


@admin.register(DeliverySite)
class DeliverySiteAdmin(DatedAdmin):
    """Where deliverIT CT stops: public libraries, academic ones and others."""

    list_display = ("name", "key", "kind_label", "town", "holds")
    list_select_related = ("town",)
    search_fields = ("name", "key", "town__name")
    list_filter = ("kind",)
    facts = ("name", "key", "kind_label", "town", "holds", "note")
    adding = AddSiteForm
    changing = CorrectSiteForm
    resource = delivery_exchange.DeliverySiteResource


class SetCodeForm(RosterForm):
    """The code that a site bears from a day on; the one before ends by itself."""

    site = forms.ModelChoiceField(DeliverySite.objects.order_by("name"))
    bears = forms.CharField(label="Code", max_length=12, help_text="The route letter and the number: A12.")
    from_day = DayField(label="From", required=False, help_text="Empty for a first code: since always.")
    note = forms.CharField(max_length=250, required=False, help_text="Where this is known from.")

    def act(self, values: dict[str, Any]) -> models.Model:
        return delivery_services.set_code(code=values.pop("bears"), by=self.by, **values)


@admin.register(DeliveryCode)
class DeliveryCodeAdmin(DatedAdmin):
    """Delivery codes; a new one is recorded by adding it, from its first day."""

    list_display = ("code", "site", "route", "holds")
    list_select_related = ("site",)
    search_fields = ("code", "site__name", "site__key")
    list_filter = ("route",)
    facts = ("code", "site", "route", "holds", "note")
    adding = SetCodeForm
    resource = delivery_exchange.DeliveryCodeResource
