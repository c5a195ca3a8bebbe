from datetime import date
from enum import StrEnum

import pgtrigger
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from connecticard.constraints import ChangedWhile, no_overlap, paired
from connecticard.models import User
from libraries.models import Library
from transactions.models.filing_period import FilingPeriod
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_status import FilingStatus

_STANDING = Q(status=FilingStatus.CERTIFIED, superseded_at__isnull=True)
_OPEN = Q(status__in=[FilingStatus.DRAFT, FilingStatus.SUBMITTED, FilingStatus.RETURNED])


class FilingBasis(StrEnum):
    """Whether the counts are given month by month or as one total for the period."""

    BY_MONTH = "by_month"
    PERIOD_TOTAL = "period_total"


class Provenance(StrEnum):
    """Where the figures of a filing come from."""

    FILED = "filed"
    PUBLISHED = "published"
    ESTIMATED = "estimated"


class FilingQuerySet(models.QuerySet["Filing"]):
    def standing(self) -> "FilingQuerySet":
        """Certified filings that no later certified version replaces: the ones that count."""
        return self.filter(_STANDING)

    def open(self) -> "FilingQuerySet":
        """Filings that somebody still works on."""
        return self.filter(_OPEN)

    def within(self, span: Span) -> "FilingQuerySet":
        """Filings of periods inside a span."""
        return self.filter(period__first_day__gte=span.first_day, period__last_day__lte=span.last_day)


class Filing(models.Model):
    """A library's record of the units it lent in one filing period, in one version (2(a)).

    A certified version never changes; an amendment is a new version, and the certified one stands until
    the new one is certified.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="filings")
    period = models.ForeignKey(FilingPeriod, on_delete=models.PROTECT, related_name="filings")
    version = models.PositiveSmallIntegerField()
    status = models.CharField(
        max_length=12, choices=[(item.value, item.value) for item in FilingStatus], default=FilingStatus.DRAFT
    )
    basis = models.CharField(max_length=12, choices=[(item.value, item.value) for item in FilingBasis])
    covers = DateRangeField(help_text="The days of the period on which the library was open and took part.")
    form_edition = models.CharField(max_length=40)
    provenance = models.CharField(
        max_length=12, choices=[(item.value, item.value) for item in Provenance], default=Provenance.FILED
    )
    provenance_note = models.CharField(max_length=250, blank=True)
    amends_because = models.TextField("reason for this version", blank=True)
    returned_because = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    saved_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(
        "number of times that the counts were saved", default=0, db_default=0
    )
    nothing_lent = models.BooleanField(
        default=False, db_default=False, help_text="Said for the whole filing: a zero return."
    )
    first_submitted_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    certified_at = models.DateTimeField(null=True)
    certified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    attestation = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    superseded_at = models.DateTimeField(null=True)

    objects = FilingQuerySet.as_manager()

    class Meta:
        ordering = ["period__first_day", "library__name", "version"]
        constraints = [
            models.UniqueConstraint(fields=["library", "period", "version"], name="one_filing_of_a_version"),
            models.UniqueConstraint(fields=["library", "period"], name="one_open_filing", condition=_OPEN),
            models.UniqueConstraint(
                fields=["library", "period"], name="one_standing_certified_filing", condition=_STANDING
            ),
            no_overlap(
                "standing_certified_filings_share_no_day", "library_id", during="covers", condition=_STANDING
            ),
            models.CheckConstraint(
                name="filing_submission_is_whole",
                condition=Q(submitted_at__isnull=True, submitted_by__isnull=True)
                | Q(submitted_at__isnull=False)
                & (Q(submitted_by__isnull=False) | ~Q(provenance=Provenance.FILED)),
            ),
            models.CheckConstraint(
                name="filing_covers_days_from_a_first_to_a_last",
                condition=Q(covers__startswith__isnull=False, covers__endswith__isnull=False),
            ),
            paired("filing_certification_is_whole", "certified_at", "certified_by"),
            models.CheckConstraint(
                name="certified_filing_is_signed",
                condition=~Q(status=FilingStatus.CERTIFIED)
                | (
                    Q(certified_at__isnull=False, first_submitted_at__isnull=False)
                    & Q(submitted_at__isnull=False)
                    & ~Q(attestation="")
                    & ~Q(sha256="")
                ),
            ),
            models.CheckConstraint(
                name="uncertified_filing_is_unsigned",
                condition=Q(status=FilingStatus.CERTIFIED)
                | Q(certified_at__isnull=True, superseded_at__isnull=True),
            ),
            models.CheckConstraint(
                name="submitted_filing_says_when",
                condition=~Q(status=FilingStatus.SUBMITTED) | Q(submitted_at__isnull=False) & ~Q(sha256=""),
            ),
            models.CheckConstraint(
                name="estimated_filing_says_how",
                condition=Q(provenance=Provenance.FILED) | ~Q(provenance_note=""),
            ),
            models.CheckConstraint(
                name="later_version_has_a_reason", condition=Q(version=1) | ~Q(amends_because="")
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="certified_filing_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(
                    pgtrigger.Q(old__status=FilingStatus.CERTIFIED.value), exclude=["superseded_at"]
                ),
            ),
            pgtrigger.Protect(
                name="superseded_once",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__superseded_at__isnull=False), "superseded_at"),
            ),
            pgtrigger.Protect(
                name="certified_filing_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__status=FilingStatus.CERTIFIED.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library}, {self.period}, version {self.version}"

    @property
    def is_standing(self) -> bool:
        """Whether this version counts."""
        return self.status == FilingStatus.CERTIFIED and self.superseded_at is None

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on this version."""
        return self.status != FilingStatus.CERTIFIED

    @property
    def may_be_edited(self) -> bool:
        """Whether counts of this version may be entered and changed."""
        return FilingStatus(self.status).may_be_edited

    @property
    def status_label(self) -> str:
        """The state in words for people; a zero return is told from counts and from a blank."""
        label = FilingStatus(self.status).label
        return f"{label}: zero return" if self.nothing_lent else label

    @property
    def covers_span(self) -> Span:
        """The first and the last day that the filing speaks of."""
        return Span(self.covers.lower, date.fromordinal(self.covers.upper.toordinal() - 1))
