import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.constraints import ChangedWhile, frozen_rows, paired
from connecticard.models import User
from libraries.models import Library
from transactions.models import WaiverTerms
from transactions.rules.filing_status import FilingStatus

_STANDING = Q(status=FilingStatus.CERTIFIED, superseded_at__isnull=True)
_OPEN = ~Q(status=FilingStatus.CERTIFIED)


class ExpenditureReportQuerySet(models.QuerySet["ExpenditureReport"]):
    def standing(self) -> "ExpenditureReportQuerySet":
        """Certified reports that no later certified version replaces."""
        return self.filter(_STANDING)


class ExpenditureReport(models.Model):
    """How a library spent the money it received in a state fiscal year, in one version (2(e), 4(d))."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="expenditure_reports")
    fiscal_year = models.PositiveSmallIntegerField("state fiscal year of receipt")
    version = models.PositiveSmallIntegerField()
    status = models.CharField(
        max_length=12, choices=[(item.value, item.value) for item in FilingStatus], default=FilingStatus.DRAFT
    )
    received_cents = models.PositiveBigIntegerField("money received, in cents", null=True)
    unspent_cents = models.PositiveBigIntegerField(
        "unspent and still held for the library, in cents", null=True
    )
    amends_because = models.TextField("reason for this version", blank=True)
    returned_because = models.TextField("why it was last returned", blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    first_submitted_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    certified_at = models.DateTimeField(null=True)
    certified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    attestation = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    superseded_at = models.DateTimeField(null=True)

    objects = ExpenditureReportQuerySet.as_manager()

    class Meta:
        ordering = ["-fiscal_year", "library__name", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["library", "fiscal_year", "version"], name="one_expenditure_report_of_a_version"
            ),
            models.UniqueConstraint(
                fields=["library", "fiscal_year"], name="one_open_expenditure_report", condition=_OPEN
            ),
            models.UniqueConstraint(
                fields=["library", "fiscal_year"], name="one_standing_expenditure_report", condition=_STANDING
            ),
            paired("expenditure_submission_is_whole", "submitted_at", "submitted_by"),
            paired("expenditure_certification_is_whole", "certified_at", "certified_by"),
            models.CheckConstraint(
                name="certified_expenditure_report_is_signed",
                condition=_OPEN
                | Q(
                    certified_at__isnull=False,
                    first_submitted_at__isnull=False,
                    received_cents__isnull=False,
                    unspent_cents__isnull=False,
                )
                & ~Q(attestation="")
                & ~Q(sha256=""),
            ),
            models.CheckConstraint(
                name="later_expenditure_version_has_a_reason", condition=Q(version=1) | ~Q(amends_because="")
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="certified_expenditure_report_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(
                    pgtrigger.Q(old__status=FilingStatus.CERTIFIED.value), exclude=["superseded_at"]
                ),
            ),
            pgtrigger.Protect(
                name="certified_expenditure_report_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__status=FilingStatus.CERTIFIED.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library}, money received in fiscal year {self.fiscal_year}, version {self.version}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on this version."""
        return self.status != FilingStatus.CERTIFIED

    @property
    def is_standing(self) -> bool:
        """Whether this version counts."""
        return self.status == FilingStatus.CERTIFIED and self.superseded_at is None

    @property
    def may_be_edited(self) -> bool:
        """Whether amounts may be entered and changed."""
        return FilingStatus(self.status).may_be_edited


class ExpenditureLine(models.Model):
    """Money spent in one category of the form in force."""

    report = models.ForeignKey(ExpenditureReport, on_delete=models.CASCADE, related_name="lines")
    category = models.CharField("key of the category in the rulebook", max_length=60)
    cents = models.PositiveBigIntegerField()
    note = models.CharField(max_length=250, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "category"], name="one_line_of_a_category"),
        ]
        triggers = frozen_rows(
            "certified_lines_stay",
            "SELECT 1 FROM payments_expenditurereport "
            "WHERE status = 'certified' AND id IN (SELECT report_id FROM touched)",
            "the lines of a certified expenditure report cannot change",
        )


class ExpenditureReportWaiver(WaiverTerms):
    """A waiver of the due date of one library's expenditure report."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="expenditure_report_waivers")
    fiscal_year = models.PositiveSmallIntegerField("state fiscal year of receipt")

    class Meta(WaiverTerms.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.kind} for {self.library}, expenditure report of fiscal year {self.fiscal_year}"
