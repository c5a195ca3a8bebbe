import pgtrigger
from django.db import models

from connecticard.models import User
from payments.models.payment_run import PaymentRun


class RunPublication(models.Model):
    """The day on which a certified run became a public record; it stays one, also when the run is voided."""

    run = models.OneToOneField(PaymentRun, on_delete=models.PROTECT, related_name="publication")
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = [
            pgtrigger.Protect(name="publication_stays", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="only_a_certified_run_is_published",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=(
                    "IF NOT EXISTS (SELECT 1 FROM payments_paymentrun "
                    "WHERE id = NEW.run_id AND status = 'certified') "
                    "THEN RAISE EXCEPTION 'only a certified payment run is published'; END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Publication of {self.run}"
