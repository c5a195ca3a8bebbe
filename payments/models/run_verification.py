from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.models import User
from payments.models.payment_run import PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus


class RulebookEdition(models.Model):
    """The entries of one rulebook edition, kept word for word with the runs that were worked out under it.

    `sha256` is that of the canonical JSON of `entries`, so that a row proves itself.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    entries = models.JSONField()
    kept_at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="rulebook_edition_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.sha256


class VerifiedBecause(StrEnum):
    """Why a run was worked out again."""

    NIGHTLY = "nightly"
    COMMAND = "command"
    PAGE = "page"

    @property
    def label(self) -> str:
        """The reason in words for people."""
        return {
            VerifiedBecause.NIGHTLY: "every night",
            VerifiedBecause.COMMAND: "by command",
            VerifiedBecause.PAGE: "by hand",
        }[self]


class RunVerificationQuerySet(models.QuerySet["RunVerification"]):
    def latest_of_certified_runs(self) -> "RunVerificationQuerySet":
        """The last verification of each run that was ever certified, void ones too."""
        latest = (
            RunVerification.objects.filter(run__certified_at__isnull=False)
            .order_by("run_id", "-pk")
            .distinct("run_id")
        )
        return self.filter(pk__in=latest.values("pk"))

    def alarms(self) -> "RunVerificationQuerySet":
        """The last verifications that found a difference: what everybody at the State Library must know."""
        return self.latest_of_certified_runs().filter(same=False).select_related("run").order_by("-run")


class RunVerification(models.Model):
    """One time that a run was worked out again from what was frozen with it, and what came out.

    `differences` holds what, recorded and recomputed of each. `manifest_sha256` is what the run bore then.
    """

    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="verifications")
    verified_at = models.DateTimeField()
    because = models.CharField(max_length=10, choices=[(item.value, item.label) for item in VerifiedBecause])
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    code_version = models.CharField(max_length=60, blank=True)
    manifest_sha256 = models.CharField(max_length=64)
    same = models.BooleanField()
    differences = models.JSONField(default=list)

    objects = RunVerificationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["run", "-id"], name="verification_latest")]
        constraints = [
            models.CheckConstraint(
                name="verification_is_the_same_or_says_what_differs",
                condition=Q(same=True, differences=[]) | Q(same=False) & ~Q(differences=[]),
            ),
            models.CheckConstraint(
                name="verification_from_a_page_says_by_whom",
                condition=Q(because=VerifiedBecause.PAGE, by__isnull=False)
                | ~Q(because=VerifiedBecause.PAGE) & Q(by__isnull=True),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="run_verification_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.run}: {'the same' if self.same else 'not the same'}"

    @property
    def is_of_the_run_as_it_is(self) -> bool:
        """Whether the run was not calculated again since."""
        return self.manifest_sha256 == self.run.manifest_sha256

    @property
    def run_is_void(self) -> bool:
        """Whether the run does not count any more."""
        return self.run.status == PaymentRunStatus.VOID
