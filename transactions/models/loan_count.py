from datetime import date

from django.db import models
from django.db.models import Exists, OuterRef, Q

from connecticard.constraints import frozen_rows
from libraries.models import Library
from transactions.models.filing import Filing
from transactions.rules.filing_checks import NOT_COUNTED, NotCounted


class LoanCountQuerySet(models.QuerySet["LoanCount"]):
    def by_cell(self) -> dict[tuple[int, date | None], int | NotCounted]:
        """Return the counts of one filing by id of the home library and month, None for a period total."""
        rows = self.values_list("home_library_id", "month", "loans")
        return {(home, month): NOT_COUNTED if loans is None else loans for home, month, loans in rows}


class LoanCount(models.Model):
    """Units lent on the cards of one home library in one month, or in the whole period (1(f), 2(c)).

    No row is a blank: nothing was said. A row of 0 says that none were lent. A row without a number says that
    the library has no count here: it adds nothing to any sum.
    """

    # Found through the unique constraint, whose index begins with it.
    filing = models.ForeignKey(Filing, on_delete=models.CASCADE, related_name="loan_counts", db_index=False)
    home_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField("first day of the month; none for a period total", null=True)
    loans = models.PositiveIntegerField("units lent; none for not counted", null=True)

    objects = LoanCountQuerySet.as_manager()

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


def reports_loans(filing: str) -> Q:
    """Return the condition that a filing, in the named column, reports loans or that there were none.

    One in which nothing but “not counted” stands does neither: to the public it is not reported, not zero.
    """
    counts = LoanCount.objects.filter(filing=OuterRef(filing))
    return Q(Exists(counts.filter(loans__isnull=False))) | ~Q(Exists(counts))
