from datetime import date

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from connecticard.constraints import holds_a_day, no_overlap
from libraries.models.library import Library
from libraries.models.town import Town


class ResidencyQuerySet(models.QuerySet["Residency"]):
    def in_force(self, on: date) -> "ResidencyQuerySet":
        """Rows that hold on that day."""
        return self.filter(valid__contains=on)

    def homes(self, on: date) -> "ResidencyQuerySet":
        """Rows that hold on that day with their libraries, for each town the principal one first."""
        return (
            self.in_force(on)
            .select_related("library", "library__town")
            .order_by("town__name", "-principal", "library__name")
        )


class Residency(models.Model):
    """Residents of a town have this library as a home library (1(c)).

    A town's own libraries each have a row; a town without a library has one for the library that is
    designated its principal public library. One row of a town is principal on any day.
    """

    town = models.ForeignKey(Town, on_delete=models.PROTECT, related_name="residencies")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="residencies")
    principal = models.BooleanField()
    valid = DateRangeField()
    source = models.CharField(
        max_length=250, blank=True, help_text="The document or survey that says so, and its date."
    )

    objects = ResidencyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "residencies"
        constraints = [
            no_overlap("one_residency_a_day", "town_id", "library_id"),
            no_overlap("one_principal_library_a_day", "town_id", condition=Q(principal=True)),
            holds_a_day("residency_holds_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.town} to {self.library}"
