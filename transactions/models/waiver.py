from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from connecticard.constraints import paired
from connecticard.models import User
from libraries.models import Library
from transactions.models.filing_period import FilingPeriod


class WaiverKind(StrEnum):
    """An extension is given before the day, a late acceptance after it."""

    EXTENSION = "extension"
    LATE_ACCEPTANCE = "late_acceptance"

    @property
    def label(self) -> str:
        """The kind in words for people."""
        return "Extension" if self is WaiverKind.EXTENSION else "Late acceptance"


class WaiverTerms(models.Model):
    """A later day than the law's, with who may grant it and why; it holds once a second person approves."""

    kind = models.CharField(max_length=16, choices=[(item.value, item.value) for item in WaiverKind])
    until = models.DateField("accepted to the end of this day")
    authority = models.CharField(max_length=250)
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        constraints = [
            paired("%(class)s_approval_is_whole", "approved_at", "approved_by"),
            models.CheckConstraint(
                name="%(class)s_approved_by_another",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
            ),
        ]

    @property
    def kind_label(self) -> str:
        """The kind in words for people."""
        return WaiverKind(self.kind).label


class Waiver(WaiverTerms):
    """A waiver for one library and filing period."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="waivers")
    period = models.ForeignKey(FilingPeriod, on_delete=models.PROTECT, related_name="waivers")

    class Meta(WaiverTerms.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.kind} for {self.library}, {self.period}"
