from datetime import date
from enum import StrEnum

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from connecticard.constraints import holds_a_day, no_overlap
from libraries.models import Library


class PayeeKind(StrEnum):
    """To whom the Comptroller pays what a library is due."""

    MUNICIPALITY = "municipality"
    ASSOCIATION = "association"

    @property
    def label(self) -> str:
        """The kind in words for people."""
        return {PayeeKind.MUNICIPALITY: "Municipality", PayeeKind.ASSOCIATION: "Association"}[self]


class PayeeQuerySet(models.QuerySet["Payee"]):
    def on(self, day: date) -> "PayeeQuerySet":
        """The payees of a day; a library has at most one."""
        return self.filter(valid__contains=day)


class Payee(models.Model):
    """Who is paid what a library is due: its town, or the association that keeps it; on which days.

    The vendor number is the Comptroller's; blank where it is not known yet. It is never shown to the public.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="payees")
    kind = models.CharField(max_length=12, choices=[(item.value, item.label) for item in PayeeKind])
    name = models.CharField("name in the Comptroller's vendor record", max_length=120)
    vendor_number = models.CharField("vendor number of the Comptroller", max_length=20, blank=True)
    valid = DateRangeField(help_text="From the first day until the day after the last; open: until changed.")

    objects = PayeeQuerySet.as_manager()

    class Meta:
        ordering = ["library__name", "valid"]
        constraints = [
            no_overlap("one_payee_of_a_library_on_a_day", "library_id"),
            holds_a_day("payee_holds_a_day"),
            models.CheckConstraint(
                name="payee_name_is_no_formula", condition=Q(name__regex=r"^[^\s=+\-@]") & ~Q(name="")
            ),
            models.CheckConstraint(
                name="payee_vendor_number_is_plain",
                condition=Q(vendor_number="") | Q(vendor_number__regex=r"^[0-9A-Z]([0-9A-Z-]*[0-9A-Z])?$"),
            ),
        ]

    def __str__(self) -> str:
        return f"Payee of {self.library}: {self.name}"

    @property
    def kind_label(self) -> str:
        """The kind in words for people."""
        return PayeeKind(self.kind).label
