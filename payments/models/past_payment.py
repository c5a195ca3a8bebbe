from django.db import models
from django.db.models import Q

from libraries.models import Library


class PastPayment(models.Model):
    """What a library received from the program in a state fiscal year, on record with its source.

    A row of 0 says that nothing was received. No row says that nobody knows.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="past_payments")
    fiscal_year = models.PositiveSmallIntegerField("state fiscal year of receipt")
    cents = models.PositiveBigIntegerField("amount received in cents")
    received_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=250)

    class Meta:
        ordering = ["-fiscal_year"]
        constraints = [
            models.UniqueConstraint(fields=["library", "fiscal_year"], name="one_past_payment_a_fiscal_year"),
            models.CheckConstraint(
                name="past_payment_received_in_its_fiscal_year",
                condition=Q(received_on__isnull=True)
                | Q(received_on__year=models.F("fiscal_year"), received_on__month__lte=6)
                | Q(received_on__year=models.F("fiscal_year") - 1, received_on__month__gte=7),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library}, received in fiscal year {self.fiscal_year}"
