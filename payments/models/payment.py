from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from libraries.models import Library
from payments.models.payment_run import PaymentRun, frozen_with_run


class Payment(models.Model):
    """A library's line of a payment run, with every figure it came from (4(b), 4(c))."""

    run = models.ForeignKey(PaymentRun, on_delete=models.CASCADE, related_name="payments")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="payments")
    loans = models.PositiveBigIntegerField("units lent on other libraries' cards")
    borrows = models.PositiveBigIntegerField("units other libraries lent on this library's cards")
    net_plus = models.PositiveBigIntegerField("loans above borrows, or 0")
    transactions_share_cents = models.PositiveBigIntegerField()
    net_plus_share_cents = models.PositiveBigIntegerField()
    payment_cents = models.PositiveBigIntegerField()
    withheld_cents = models.PositiveBigIntegerField()
    eligible = models.BooleanField("has met every requirement for payment")

    class Meta:
        ordering = ["library__key"]
        constraints = [
            models.UniqueConstraint(fields=["run", "library"], name="one_payment_of_a_library_in_a_run"),
            models.CheckConstraint(
                name="net_plus_is_loans_above_borrows",
                condition=Q(net_plus=Greatest(Value(0), F("loans") - F("borrows"))),
            ),
            models.CheckConstraint(
                name="payment_and_withheld_are_the_shares",
                condition=Q(
                    payment_cents=F("transactions_share_cents")
                    + F("net_plus_share_cents")
                    - F("withheld_cents")
                ),
            ),
            models.CheckConstraint(
                name="withheld_where_not_in_order",
                condition=Q(eligible=True, withheld_cents=0) | Q(eligible=False, payment_cents=0),
            ),
        ]
        triggers = frozen_with_run()

    def __str__(self) -> str:
        return f"{self.library}, {self.run}"


class UnmetRequirement(models.Model):
    """A requirement that a library had not met when the run was calculated (4(a))."""

    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="unmet_requirements")
    code = models.CharField("name of the requirement for programs", max_length=40)
    citation = models.CharField(max_length=120)
    reason = models.TextField()
    cure = models.TextField()

    class Meta:
        ordering = ["pk"]
        triggers = frozen_with_run(
            "SELECT run_id FROM payments_payment WHERE id IN (SELECT payment_id FROM touched)"
        )
