from enum import StrEnum

from django.contrib.postgres.functions import RandomUUID
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


class WaiverState(StrEnum):
    """How far a proposal has come."""

    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The state in words for people."""
        return "Waiting for approval" if self is WaiverState.WAITING else self.value.capitalize()


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


class WaiverQuerySet(models.QuerySet["Waiver"]):
    def granted(self) -> "WaiverQuerySet":
        """Those that hold, because a second person has approved them, in order of their day."""
        return self.filter(approved_at__isnull=False).select_related("approved_by").order_by("until")

    def waiting(self) -> "WaiverQuerySet":
        """Those that wait for a second person."""
        return self.filter(approved_at__isnull=True, declined_at__isnull=True)


class Waiver(WaiverTerms):
    """A waiver for one library and filing period.

    Those with the same `proposal` were proposed together, as after a storm, and are settled together. One
    that is declined never held: refused by another person, or withdrawn by the one who proposed it.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="waivers")
    period = models.ForeignKey(FilingPeriod, on_delete=models.PROTECT, related_name="waivers")
    proposal = models.UUIDField(db_default=RandomUUID(), editable=False)
    declined_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True)
    declined_because = models.TextField(blank=True)

    objects = WaiverQuerySet.as_manager()

    class Meta(WaiverTerms.Meta):
        abstract = False
        constraints = [
            *WaiverTerms.Meta.constraints,
            paired("waiver_declining_is_whole", "declined_at", "declined_by"),
            models.CheckConstraint(
                name="declined_waiver_says_why_and_is_not_approved",
                condition=Q(declined_at__isnull=True, declined_because="")
                | (Q(declined_at__isnull=False, approved_at__isnull=True) & ~Q(declined_because="")),
            ),
            models.UniqueConstraint(
                fields=["library", "period"],
                name="one_waiver_waits_for_approval",
                condition=Q(approved_at__isnull=True, declined_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind_label} for {self.library}, {self.period}"

    @property
    def state(self) -> WaiverState:
        """Whether it waits, holds, or was refused or withdrawn."""
        if self.approved_at:
            return WaiverState.GRANTED
        if not self.declined_at:
            return WaiverState.WAITING
        withdrawn = self.declined_by_id == self.proposed_by_id
        return WaiverState.WITHDRAWN if withdrawn else WaiverState.REFUSED
