import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.models import User
from payments.models.payment_batch import PaymentBatch


class BatchReinstatement(models.Model):
    """A withdrawn batch put back in force with a reason: the Comptroller took it after all.

    It keeps what the withdrawal said, so that both stay on record.
    """

    batch = models.ForeignKey(PaymentBatch, on_delete=models.PROTECT, related_name="reinstatements")
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField()
    withdrawn_because = models.TextField()
    reinstated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reinstated_at = models.DateTimeField()
    because = models.TextField("why the batch is in force again")

    class Meta:
        ordering = ["reinstated_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "withdrawn_at"], name="a_withdrawal_ends_once"),
            models.CheckConstraint(name="reinstatement_says_why", condition=~Q(because="")),
        ]
        triggers = [
            pgtrigger.Protect(name="reinstatement_stays", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="reinstatement_keeps_the_withdrawal",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentbatch AS batch
                        WHERE batch.id = NEW.batch_id AND batch.withdrawn_at = NEW.withdrawn_at
                        AND batch.withdrawn_by_id = NEW.withdrawn_by_id
                        AND batch.withdrawn_because = NEW.withdrawn_because
                    ) THEN
                        RAISE EXCEPTION 'a reinstatement keeps what the withdrawal of its batch said';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch} put back in force"
