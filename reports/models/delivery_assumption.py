import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.models import User
from transactions.rules.delivery_quarters import Quarter


class DeliveryAssumption(models.Model):
    """How many items a bin of deliverIT CT is taken to hold, from a quarter on; a later row replaces it.

    Before the first row the rulebook's number holds. Rows are never changed: another one is added, and each
    report shows which number it took.
    """

    begins_on = models.DateField("first day of the quarter")
    items_per_bin = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=250)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["-begins_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="delivery_assumption_holds_items",
                condition=Q(items_per_bin__gte=1, items_per_bin__lte=500),
            ),
            models.CheckConstraint(name="delivery_assumption_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="delivery_assumption_begins_a_quarter",
                condition=Q(begins_on__day=1, begins_on__month__in=[1, 4, 7, 10]),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="delivery_assumption_stays", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.items_per_bin} items in a bin from {self.begins_on}"

    @property
    def quarter(self) -> Quarter:
        """The quarter from which it holds."""
        return Quarter(self.begins_on)
