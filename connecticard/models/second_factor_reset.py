from django.db import models
from django.db.models import F, Q

from connecticard.constraints import paired


class SecondFactorReset(models.Model):
    """Somebody lost the second factor and the State Library removed it, so that a new one can be set up.

    For who holds a state role a second person must approve. A reset without a requester was made on the
    server's command line.
    """

    user = models.ForeignKey(
        "connecticard.User", on_delete=models.PROTECT, related_name="second_factor_resets"
    )
    reason = models.CharField(max_length=250)
    needs_approval = models.BooleanField()
    requested_by = models.ForeignKey(
        "connecticard.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        "connecticard.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            paired("second_factor_reset_approved_by_and_at", "approved_by", "approved_at"),
            models.CheckConstraint(
                name="second_factor_reset_approved_by_another_person",
                condition=~Q(approved_by=F("requested_by")) & ~Q(approved_by=F("user")),
            ),
            models.CheckConstraint(
                name="second_factor_reset_requested_by_another_person",
                condition=~Q(requested_by=F("user")),
            ),
            models.CheckConstraint(
                name="second_factor_reset_done_when_approved",
                condition=Q(done_at__isnull=True)
                | Q(needs_approval=False)
                | Q(approved_by__isnull=False)
                | Q(requested_by__isnull=True),
            ),
            models.UniqueConstraint(
                name="one_open_second_factor_reset",
                fields=["user"],
                condition=Q(done_at__isnull=True, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Second factor of {self.user}"
