import pgtrigger
from django.db import models
from django.db.models import Q, Sum

from libraries.models import Library
from payments.models.payment_batch import PaymentBatchLine


class PastPaymentQuerySet(models.QuerySet["PastPayment"]):
    def cents_by_library(self) -> dict[int, int]:
        """What each library received by these rows in all, in cents, by its id."""
        sums = self.order_by().values_list("library_id").annotate(received=Sum("cents"))
        return dict(sums)


class PastPayment(models.Model):
    """What a library received from the program in a state fiscal year, on record with its source.

    A year has at most one row entered by hand or imported, and one for each line that the Comptroller paid:
    a payment ordered in June can arrive in July, beside that of the year. The rows add up to what was
    received. A row of 0 says that nothing was received. No row says that nobody knows.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="past_payments")
    fiscal_year = models.PositiveSmallIntegerField("state fiscal year of receipt")
    cents = models.PositiveBigIntegerField("amount received in cents")
    received_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=250)
    batch_line = models.OneToOneField(
        PaymentBatchLine,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="receipt",
        help_text="The line that the Comptroller paid; none where it was entered by hand or imported.",
    )

    objects = PastPaymentQuerySet.as_manager()

    class Meta:
        ordering = ["-fiscal_year", "received_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["library", "fiscal_year"],
                name="one_past_payment_a_fiscal_year",
                condition=Q(batch_line__isnull=True),
            ),
            models.CheckConstraint(
                name="past_payment_received_in_its_fiscal_year",
                condition=Q(received_on__isnull=True)
                | Q(received_on__year=models.F("fiscal_year"), received_on__month__lte=6)
                | Q(received_on__year=models.F("fiscal_year") - 1, received_on__month__gte=7),
            ),
            models.CheckConstraint(
                name="payment_of_a_line_says_when",
                condition=Q(batch_line__isnull=True) | Q(received_on__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="payment_of_a_line_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__batch_line__isnull=False)
                | pgtrigger.Q(new__batch_line__isnull=False),
            ),
            pgtrigger.Trigger(
                name="payment_of_a_line_is_as_paid",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__batch_line__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentbatchline AS line
                        JOIN payments_paymentresult AS result ON result.line_id = line.id
                        WHERE line.id = NEW.batch_line_id AND line.cents = NEW.cents
                        AND line.paid_to_id = NEW.library_id AND result.status = 'paid'
                        AND result."on" = NEW.received_on
                    ) THEN
                        RAISE EXCEPTION 'what a line paid is what the ledger holds';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="payment_of_a_line_leaves_when_returned",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__batch_line__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentresult AS result
                        WHERE result.line_id = OLD.batch_line_id AND result.status = 'returned'
                    ) THEN
                        RAISE EXCEPTION 'what a line paid stays in the ledger unless it was returned';
                    END IF;
                    RETURN OLD;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library}, received in fiscal year {self.fiscal_year}"
