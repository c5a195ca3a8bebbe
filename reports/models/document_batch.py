"""The work of making documents: batches and their lines."""

from django.db import models
from django.db.models import Q

from connecticard.constraints import paired
from connecticard.models import User
from libraries.models import Library
from payments.models import PaymentRun
from reports.models.document import Document, DocumentKind
from reports.models.edition import Edition


class DocumentBatchLineQuerySet(models.QuerySet["DocumentBatchLine"]):
    def to_make(self) -> "DocumentBatchLineQuerySet":
        """Lines whose document is not made, failed ones too."""
        return self.filter(document__isnull=True)

    def wanted(self) -> "DocumentBatchLineQuerySet":
        """Lines of batches that nobody cancelled."""
        return self.filter(batch__cancelled_at__isnull=True)


class DocumentBatch(models.Model):
    """Documents of a payment run, asked for at once; each line is made on its own and only once.

    Who cancels it stops the work between two documents: what is made stays, and the rest can be asked for.

    They are all of the run's own, or the reports of one edition with the correction statement behind it.
    """

    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="document_batches")
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, null=True, related_name="document_batches")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-requested_at"]
        constraints = [paired("batch_cancellation_is_whole", "cancelled_at", "cancelled_by")]

    def __str__(self) -> str:
        return f"Documents of {self.run}"

    def progress(self) -> tuple[int, int, int]:
        """Return how many documents are made, failed, and asked for."""
        counts = self.lines.aggregate(
            made=models.Count("pk", filter=Q(document__isnull=False)),
            failed=models.Count("pk", filter=~Q(failure="")),
            asked=models.Count("pk"),
        )
        return counts["made"], counts["failed"], counts["asked"]


class DocumentBatchLine(models.Model):
    """One document of a batch: still to be made, made, or failed with a reason."""

    batch = models.ForeignKey(DocumentBatch, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=30, choices=[(kind.value, kind.label) for kind in DocumentKind])
    library = models.ForeignKey(Library, on_delete=models.PROTECT, null=True, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="+")
    failure = models.CharField(max_length=500, blank=True)

    objects = DocumentBatchLineQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "kind", "library"], name="one_line_of_a_document", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="a_line_is_made_or_failed", condition=Q(document__isnull=True) | Q(failure="")
            ),
        ]
