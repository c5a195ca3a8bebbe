from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.models import User
from payments.models.payment_batch import PaymentBatchLine
from payments.models.payment_run import PaymentRun


class ResultStatus(StrEnum):
    """What became of a line that was sent to the Comptroller."""

    PAID = "paid"
    RETURNED = "returned"

    @property
    def label(self) -> str:
        """The status in words for people."""
        return self.value.capitalize()


class ResultFile(models.Model):
    """A file of the Comptroller that says what became of payments, kept as it came."""

    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="result_files")
    name = models.CharField("name of the file", max_length=250)
    content = models.BinaryField("the file as it came")
    sha256 = models.CharField("SHA-256 of the file", max_length=64)
    imported_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["imported_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "sha256"], name="a_result_file_is_imported_once"),
        ]
        triggers = [
            pgtrigger.Protect(name="result_file_stays", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"Result file {self.name}"


class PaymentResult(models.Model):
    """The Comptroller paid a line, or got the money back, on a day under a reference; kept as it came.

    A payment that was paid can come back later: it then has both results, and the return is what stands.
    """

    line = models.ForeignKey(PaymentBatchLine, on_delete=models.PROTECT, related_name="results")
    status = models.CharField(max_length=8, choices=[(item.value, item.label) for item in ResultStatus])
    on = models.DateField()
    reference = models.CharField(max_length=60)
    file = models.ForeignKey(ResultFile, on_delete=models.PROTECT, related_name="results")

    class Meta:
        ordering = ["on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["line", "status"], name="one_result_of_a_kind_for_a_line"),
            models.CheckConstraint(name="payment_result_has_a_reference", condition=~Q(reference="")),
        ]
        triggers = [
            pgtrigger.Protect(name="payment_result_stays", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="result_is_of_a_line_that_was_sent",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentbatchline AS line
                        JOIN payments_paymentbatch AS batch ON batch.id = line.batch_id
                        JOIN payments_resultfile AS file ON file.id = NEW.file_id
                        WHERE line.id = NEW.line_id AND line.stands AND batch.run_id = file.run_id
                        AND batch.withdrawn_at IS NULL
                        AND (batch.exported_at AT TIME ZONE 'America/New_York')::date <= NEW."on"
                        AND (file.imported_at AT TIME ZONE 'America/New_York')::date >= NEW."on"
                    ) THEN
                        RAISE EXCEPTION 'a result is of a line that was sent, between its export and today';
                    END IF;
                    IF EXISTS (
                        SELECT 1 FROM payments_paymentresult AS earlier
                        WHERE earlier.line_id = NEW.line_id
                        AND (earlier.status = 'returned' OR NEW.status = 'paid' OR earlier."on" > NEW."on")
                    ) THEN
                        RAISE EXCEPTION 'after its result a line can only be returned';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line} {self.status}, reference {self.reference}"

    @property
    def status_label(self) -> str:
        """The status in words for people."""
        return ResultStatus(self.status).label
