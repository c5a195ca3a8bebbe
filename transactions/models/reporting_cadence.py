from django.contrib.postgres.fields import DateRangeField
from django.db import models

from connecticard.constraints import holds_a_day, no_overlap
from libraries.models import Library
from transactions.rules.filing_calendar import Cadence


class ReportingCadence(models.Model):
    """How often a library files, from a 1 March or 1 September on (2(a)).

    Where a day has no row, the cadence is the one that holds for everybody.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="cadences")
    cadence = models.CharField(max_length=12, choices=[(item.value, item.value) for item in Cadence])
    valid = DateRangeField()

    class Meta:
        constraints = [
            no_overlap("one_cadence_a_day", "library_id"),
            holds_a_day("cadence_holds_a_day"),
            models.CheckConstraint(
                name="cadence_begins_and_ends_on_a_half_year",
                condition=(
                    models.Q(valid__startswith__isnull=True)
                    | models.Q(valid__startswith__day=1, valid__startswith__month__in=[3, 9])
                )
                & (
                    models.Q(valid__endswith__isnull=True)
                    | models.Q(valid__endswith__day=1, valid__endswith__month__in=[3, 9])
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library}: {self.cadence}"

    @property
    def label(self) -> str:
        """The cadence in words for people."""
        return Cadence(self.cadence).label
