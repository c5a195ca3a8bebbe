from django.db import models

from connecticard.models import User
from libraries.models import Library
from payments.models.payment_run import WITHHELD_POLICIES, PaymentRun, frozen_with_run


class EarlierCalculation(models.Model):
    """What a run came to before it was calculated again, kept so that the two can be compared."""

    run = models.ForeignKey(PaymentRun, on_delete=models.CASCADE, related_name="earlier_calculations")
    number = models.PositiveSmallIntegerField("number of the calculation within its run")
    calculated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    calculated_at = models.DateTimeField()
    withheld_policy = models.CharField(max_length=12, choices=WITHHELD_POLICIES)
    appropriation_cents = models.PositiveBigIntegerField("amount split, in cents")
    manifest_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_earlier_calculation_of_a_number"),
        ]
        triggers = frozen_with_run()

    def __str__(self) -> str:
        return f"Calculation {self.number} of {self.run}"


class EarlierLine(models.Model):
    """A library's line of an earlier calculation."""

    calculation = models.ForeignKey(EarlierCalculation, on_delete=models.CASCADE, related_name="lines")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    loans = models.PositiveBigIntegerField()
    borrows = models.PositiveBigIntegerField()
    net_plus = models.PositiveBigIntegerField()
    payment_cents = models.PositiveBigIntegerField()
    withheld_cents = models.PositiveBigIntegerField()
    eligible = models.BooleanField()

    class Meta:
        ordering = ["library__key"]
        constraints = [
            models.UniqueConstraint(
                fields=["calculation", "library"], name="one_line_of_a_library_in_a_calculation"
            ),
        ]
        triggers = frozen_with_run(
            "SELECT run_id FROM payments_earliercalculation WHERE id IN (SELECT calculation_id FROM touched)"
        )


class RunHandOver(models.Model):
    """A calculation handed to the administrators, who were told by mail that it waits to be certified."""

    run = models.ForeignKey(PaymentRun, on_delete=models.CASCADE, related_name="hand_overs")
    manifest_sha256 = models.CharField("SHA-256 of the calculation handed over", max_length=64)
    handed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    handed_at = models.DateTimeField()
    note = models.CharField("what the administrator should know", max_length=1000, blank=True)

    class Meta:
        ordering = ["-handed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "manifest_sha256"], name="a_calculation_is_handed_over_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run}, handed over"
