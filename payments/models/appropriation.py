from django.db import models
from django.db.models import Q


class Appropriation(models.Model):
    """What the General Assembly appropriated for the program in a state fiscal year."""

    fiscal_year = models.PositiveSmallIntegerField(
        "state fiscal year, named for the year in which it ends", unique=True
    )
    cents = models.PositiveBigIntegerField("amount in cents")
    act = models.CharField("public or special act", max_length=200)
    enacted_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["-fiscal_year"]

    def __str__(self) -> str:
        return f"Appropriation of fiscal year {self.fiscal_year}"

    @property
    def available_cents(self) -> int:
        """The amount with every dated change, such as an allotment reduction."""
        return self.cents + sum(change.cents for change in self.changes.all())


class AppropriationChange(models.Model):
    """A dated change of the amount available, with the document that made it."""

    appropriation = models.ForeignKey(Appropriation, on_delete=models.PROTECT, related_name="changes")
    cents = models.BigIntegerField("change in cents; a reduction is negative")
    on = models.DateField()
    document = models.CharField(max_length=250)

    class Meta:
        ordering = ["on", "pk"]
        constraints = [
            models.CheckConstraint(name="appropriation_change_is_a_change", condition=~Q(cents=0)),
        ]
