from datetime import date
from enum import StrEnum

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Concat

from connecticard.constraints import holds_a_day, no_overlap
from libraries.models.library import Library
from libraries.models.town import Town


class SiteKind(StrEnum):
    """What stands at a stop of deliverIT CT."""

    PUBLIC = "public"
    ACADEMIC = "academic"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The kind in words for people."""
        return {
            SiteKind.PUBLIC: "Public library",
            SiteKind.ACADEMIC: "Academic library",
            SiteKind.OTHER: "Other",
        }[self]


class DeliverySiteQuerySet(models.QuerySet["DeliverySite"]):
    def served_on(self, on: date) -> "DeliverySiteQuerySet":
        """Sites that the delivery serves on a day."""
        return self.filter(valid__contains=on)

    def served_between(self, first_day: date, last_day: date) -> "DeliverySiteQuerySet":
        """Sites that the delivery serves on any day from the first to the last."""
        return self.filter(valid__overlap=(first_day, date.fromordinal(last_day.toordinal() + 1)))

    def with_code(self, on: date) -> "DeliverySiteQuerySet":
        """Sites with `code_on_day` and `route_on_day`, those in force on a day; None where none is known."""
        in_force = DeliveryCode.objects.in_force(on).filter(site=OuterRef("pk"))
        return self.annotate(
            code_on_day=Subquery(in_force.values("code")[:1]),
            route_on_day=Subquery(in_force.values("route")[:1]),
        )


class DeliverySite(models.Model):
    """A place that deliverIT CT brings to and fetches from: a library, public or academic, or another.

    A public library takes part through its site, which bears the library's key, name and town: the database
    keeps them the same. The others are in no loan program and have no library.
    """

    key = models.CharField("key, the library's own where it is one", max_length=12, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=[(kind.value, kind.label) for kind in SiteKind])
    library = models.OneToOneField(
        Library, on_delete=models.PROTECT, null=True, blank=True, related_name="delivery_site"
    )
    town = models.ForeignKey(
        Town, on_delete=models.PROTECT, null=True, blank=True, related_name="delivery_sites"
    )
    valid = DateRangeField(
        "served", help_text="From the first day until the day after the last; open ends are unknown."
    )
    note = models.CharField(max_length=250, blank=True, help_text="Where this is known from.")

    objects = DeliverySiteQuerySet.as_manager()

    class Meta:
        ordering = ["name", "key"]
        constraints = [
            models.CheckConstraint(
                name="public_delivery_site_is_a_library",
                condition=Q(kind=SiteKind.PUBLIC, library__isnull=False)
                | ~Q(kind=SiteKind.PUBLIC) & Q(library__isnull=True),
            ),
            models.CheckConstraint(
                name="delivery_site_key_is_letters_digits_hyphens", condition=Q(key__regex=r"^[A-Za-z0-9-]+$")
            ),
            models.CheckConstraint(name="delivery_site_has_a_name", condition=~Q(name="")),
            holds_a_day("delivery_site_is_served_a_day"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="delivery_site_bears_its_library",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__library__isnull=False),
                func="SELECT key, name, town_id INTO NEW.key, NEW.name, NEW.town_id "
                "FROM libraries_library WHERE id = NEW.library_id; RETURN NEW;",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind_label(self) -> str:
        """The kind in words for people."""
        return SiteKind(self.kind).label


class _TextRange(Func):
    """A text as a range of one number, its hash, so that a GiST index can compare it without an extension."""

    function = "int8range"
    template = (
        "%(function)s(hashtextextended(%(expressions)s, 0), hashtextextended(%(expressions)s, 0), '[]')"
    )
    output_field = models.Field()


class DeliveryCodeQuerySet(models.QuerySet["DeliveryCode"]):
    def in_force(self, on: date) -> "DeliveryCodeQuerySet":
        """Codes that hold on a day."""
        return self.filter(valid__contains=on)


class DeliveryCode(models.Model):
    """The code that a site bears on routing slips from a day until a day: a route letter before a number.

    Since March 2016 a letter says by which of ten routes a site is served, and it changes with the routes
    (ctillnews.wordpress.com/2016/03/16/deliverit-ct/). A code of before then has none.
    """

    site = models.ForeignKey(DeliverySite, on_delete=models.PROTECT, related_name="codes")
    route = models.CharField("route letter", max_length=1, blank=True)
    number = models.CharField(max_length=11)
    code = models.GeneratedField(
        expression=Concat("route", "number"), output_field=models.CharField(max_length=12), db_persist=True
    )
    valid = DateRangeField(help_text="From the first day until the day after the last.")
    note = models.CharField(max_length=250, blank=True, help_text="Where this is known from.")

    objects = DeliveryCodeQuerySet.as_manager()

    class Meta:
        ordering = ["site__name", "-valid"]
        constraints = [
            no_overlap("one_delivery_code_a_day", "site_id"),
            ExclusionConstraint(
                name="one_site_of_a_delivery_code_a_day",
                index_type="gist",
                expressions=[
                    (_TextRange(F("code")), RangeOperators.OVERLAPS),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="delivery_route_is_a_capital_letter", condition=Q(route__regex=r"^[A-Z]?$")
            ),
            models.CheckConstraint(
                name="delivery_number_is_capitals_digits_hyphens", condition=Q(number__regex=r"^[A-Z0-9-]+$")
            ),
            holds_a_day("delivery_code_holds_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.code}, {self.site}"
