from django.contrib.postgres.fields import DateRangeField
from django.db import models

from connecticard.constraints import holds_a_day, no_overlap
from libraries.models.library import Library


class Consortium(models.Model):
    """A group of libraries that share a circulation system."""

    name = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "consortia"

    def __str__(self) -> str:
        return self.name


class ConsortiumMembership(models.Model):
    """A library belongs to a consortium from a day until a day."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="consortium_memberships")
    consortium = models.ForeignKey(Consortium, on_delete=models.PROTECT, related_name="memberships")
    valid = DateRangeField()

    class Meta:
        constraints = [
            no_overlap("one_membership_a_day", "library_id", "consortium_id"),
            holds_a_day("membership_holds_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.library} in {self.consortium}"
