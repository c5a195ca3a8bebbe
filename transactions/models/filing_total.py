from django.db import models

from libraries.models import Library
from transactions.models.filing import Filing


class FilingTotal(models.Model):
    """Units that a certified filing reports for one home library, all months together.

    Derived from the loan counts when the filing is certified; `manage.py rebuild_filing_totals` makes the
    same rows again. A home library with no loans has no row.
    """

    filing = models.ForeignKey(Filing, on_delete=models.CASCADE, related_name="totals", db_index=False)
    home_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", db_index=False)
    loans = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["filing", "home_library"], name="one_total_of_a_home_library"),
        ]
