from datetime import date

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from connecticard.constraints import no_overlap
from libraries.models.library import Library
from libraries.models.town import Town


class ResidencyQuerySet(models.QuerySet["Residency"]):
    def in_force(self, on: date) -> "ResidencyQuerySet":
        return self.filter(valid__contains=on)


class Residency(models.Model):
    """Residents of a town have this library as a home library (1(c)).

    A town's own libraries each have a row; a town without a library has one for the library that is
    designated its principal public library. One row of a town is principal on any day.
    """

    town = models.ForeignKey(Town, on_delete=models.PROTECT, related_name="residencies")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="residencies")
    principal = models.BooleanField()
    valid = DateRangeField()

    objects = ResidencyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "residencies"
        constraints = [
            no_overlap("one_residency_a_day", "town_id", "library_id"),
            no_overlap("one_principal_library_a_day", "town_id", condition=Q(principal=True)),
        ]

    def __str__(self) -> str:
        return f"{self.town} to {self.library}"
