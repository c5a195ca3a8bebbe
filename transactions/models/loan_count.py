import pgtrigger
from django.db import models
from django.db.models import Q

from libraries.models import Library
from transactions.models.filing import Filing


def _refuse_certified(operation: pgtrigger.Operation, rows: str, verb: str) -> pgtrigger.Trigger:
    """One statement looks at all the rows it touched, so that a bulk load costs one query."""
    return pgtrigger.Trigger(
        name=f"certified_counts_stay_on_{verb}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**{rows: "touched"}),
        func="""
            IF EXISTS (
                SELECT 1 FROM transactions_filing
                WHERE status = 'certified' AND id IN (SELECT filing_id FROM touched)
            ) THEN
                RAISE EXCEPTION 'the counts of a certified filing cannot change';
            END IF;
            RETURN NULL;
        """,
    )


class LoanCount(models.Model):
    """Units lent on the cards of one home library in one month, or in the whole period (1(f), 2(c)).

    No row is a blank: nothing was said. A row of 0 says that none were lent.
    """

    filing = models.ForeignKey(Filing, on_delete=models.CASCADE, related_name="loan_counts")
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
        triggers = [
            _refuse_certified(pgtrigger.Insert, "new", "insert"),
            _refuse_certified(pgtrigger.Update, "old", "update"),
            _refuse_certified(pgtrigger.Delete, "old", "delete"),
        ]
