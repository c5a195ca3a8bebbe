from django.db import models
from django.db.models import Q

from connecticard.constraints import frozen_rows
from libraries.models import Library
from transactions.models.filing import Filing


class LoanCount(models.Model):
    """Units lent on the cards of one home library in one month, or in the whole period (1(f), 2(c)).

    No row is a blank: nothing was said. A row of 0 says that none were lent.
    """

    # Found through the unique constraint, whose index begins with it.
    filing = models.ForeignKey(Filing, on_delete=models.CASCADE, related_name="loan_counts", db_index=False)
    home_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField("first day of the month; none for a period total", null=True)
    loans = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["filing", "home_library", "month"],
                name="one_count_of_a_home_library_and_month",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="month_is_its_first_day", condition=Q(month__isnull=True) | Q(month__day=1)
            ),
        ]
        triggers = frozen_rows(
            "certified_counts_stay",
            "SELECT 1 FROM transactions_filing "
            "WHERE status = 'certified' AND id IN (SELECT filing_id FROM touched)",
            "the counts of a certified filing cannot change",
        )
