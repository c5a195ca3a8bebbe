import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.constraints import ChangedWhile, frozen_rows
from connecticard.models import User
from libraries.models import DeliverySite
from transactions.rules.delivery_counts import LARGEST, Counts, DeliveryReportStatus, Measure
from transactions.rules.delivery_quarters import Quarter

_DRAFT = Q(status=DeliveryReportStatus.DRAFT)
_STANDING = Q(status=DeliveryReportStatus.SUBMITTED, superseded_at__isnull=True)


class DeliveryReportQuerySet(models.QuerySet["DeliveryReport"]):
    def standing(self) -> "DeliveryReportQuerySet":
        """Submitted reports that no later version replaces: the ones that count."""
        return self.filter(_STANDING)

    def drafts(self) -> "DeliveryReportQuerySet":
        """Reports that somebody still works on."""
        return self.filter(_DRAFT)

    def of(self, quarter: Quarter) -> "DeliveryReportQuerySet":
        """Reports of a quarter."""
        return self.filter(quarter=quarter.first_day)


class DeliveryReport(models.Model):
    """What the delivery brought to a site and took from it in a quarter, in one version.

    A submitted version never changes; an amendment is a new version, and the submitted one stands until the
    new one is submitted.
    """

    site = models.ForeignKey(DeliverySite, on_delete=models.PROTECT, related_name="delivery_reports")
    quarter = models.DateField("first day of the quarter")
    version = models.PositiveSmallIntegerField()
    status = models.CharField(
        max_length=10,
        choices=[(status.value, status.label) for status in DeliveryReportStatus],
        default=DeliveryReportStatus.DRAFT,
    )
    amends_because = models.TextField("reason for this version", blank=True)
    missing_because = models.CharField(
        "why counts are missing", max_length=250, blank=True, help_text="Said where a report is not whole."
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField("number of times that counts were saved", default=0, db_default=0)
    first_submitted_at = models.DateTimeField(
        null=True, help_text="When the first version came in: an amendment never makes a report late."
    )
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    superseded_at = models.DateTimeField(null=True)

    objects = DeliveryReportQuerySet.as_manager()

    class Meta:
        ordering = ["-quarter", "site__name", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "quarter", "version"], name="one_delivery_report_of_a_version"
            ),
            models.UniqueConstraint(
                fields=["site", "quarter"], name="one_draft_of_a_delivery_report", condition=_DRAFT
            ),
            models.UniqueConstraint(
                fields=["site", "quarter"], name="one_standing_delivery_report", condition=_STANDING
            ),
            models.CheckConstraint(
                name="delivery_quarter_is_its_first_day",
                condition=Q(quarter__day=1, quarter__month__in=[1, 4, 7, 10]),
            ),
            models.CheckConstraint(
                name="delivery_report_is_submitted_whole",
                condition=_DRAFT
                & Q(submitted_at__isnull=True, submitted_by__isnull=True, superseded_at__isnull=True)
                | Q(status=DeliveryReportStatus.SUBMITTED)
                & Q(submitted_at__isnull=False, submitted_by__isnull=False, first_submitted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="later_delivery_report_has_a_reason", condition=Q(version=1) | ~Q(amends_because="")
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="submitted_delivery_report_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(
                    pgtrigger.Q(old__status=DeliveryReportStatus.SUBMITTED.value), exclude=["superseded_at"]
                ),
            ),
            pgtrigger.Protect(
                name="delivery_report_superseded_once",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__superseded_at__isnull=False), "superseded_at"),
            ),
            pgtrigger.Protect(
                name="submitted_delivery_report_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__status=DeliveryReportStatus.SUBMITTED.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site}, {self.days_of}, version {self.version}"

    @property
    def days_of(self) -> Quarter:
        """The quarter as the rules know it."""
        return Quarter(self.quarter)

    @property
    def is_draft(self) -> bool:
        """Whether counts may be entered and changed."""
        return self.status == DeliveryReportStatus.DRAFT

    @property
    def status_label(self) -> str:
        """The state in words for people."""
        return DeliveryReportStatus(self.status).label

    def counted(self) -> Counts:
        """Return what is on record by month and measure; a blank has no entry."""
        return {
            (count.month, measure): number
            for count in self.counts.all()
            for measure in Measure
            if (number := count.number(measure)) is not None
        }


def _no_more_than_a_month_brings(name: str) -> models.CheckConstraint:
    """Return the constraint that no count of a row is beyond LARGEST."""
    within = Q()
    for measure in Measure:
        within &= Q(**{f"{measure}__isnull": True}) | Q(**{f"{measure}__lte": LARGEST})
    return models.CheckConstraint(name=name, condition=within)


class _Counted(models.Model):
    """One column for each measure: none where nothing was said, 0 where there were none."""

    bins_in = models.PositiveIntegerField(null=True, blank=True)
    bins_out = models.PositiveIntegerField(null=True, blank=True)
    items_in = models.PositiveIntegerField("loose items in", null=True, blank=True)
    items_out = models.PositiveIntegerField("loose items out", null=True, blank=True)
    loans_sent = models.PositiveIntegerField("interlibrary loans sent", null=True, blank=True)
    loans_received = models.PositiveIntegerField("interlibrary loans received", null=True, blank=True)

    class Meta:
        abstract = True

    def number(self, measure: Measure) -> int | None:
        """Return the count of a measure; None where nothing was said."""
        number: int | None = getattr(self, measure.value)
        return number


class DeliveryCount(_Counted):
    """What a site reports for one month of the quarter."""

    report = models.ForeignKey(
        DeliveryReport, on_delete=models.CASCADE, related_name="counts", db_index=False
    )
    month = models.DateField("first day of the month")

    class Meta:
        ordering = ["month"]
        constraints = [
            models.UniqueConstraint(fields=["report", "month"], name="one_delivery_count_a_month"),
            models.CheckConstraint(name="delivery_month_is_its_first_day", condition=Q(month__day=1)),
            _no_more_than_a_month_brings("delivery_count_is_of_a_month"),
        ]
        triggers = [
            *frozen_rows(
                "submitted_delivery_counts_stay",
                "SELECT 1 FROM transactions_deliveryreport "
                "WHERE status = 'submitted' AND id IN (SELECT report_id FROM touched)",
                "the counts of a submitted delivery report cannot change",
            ),
            pgtrigger.Trigger(
                name="delivery_month_lies_in_its_quarter",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="IF NOT EXISTS (SELECT 1 FROM transactions_deliveryreport WHERE id = NEW.report_id "
                "AND NEW.month >= quarter AND NEW.month < quarter + interval '3 months') "
                "THEN RAISE EXCEPTION 'a delivery count lies in the quarter of its report'; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report}, {self.month:%B %Y}"


class DeliveryTally(_Counted):
    """What a site counted on one day, as the truck came; the days of a month are summed into its report."""

    site = models.ForeignKey(
        DeliverySite, on_delete=models.PROTECT, related_name="delivery_tallies", db_index=False
    )
    day = models.DateField()
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["day"]
        verbose_name_plural = "delivery tallies"
        constraints = [
            models.UniqueConstraint(fields=["site", "day"], name="one_delivery_tally_a_day"),
            _no_more_than_a_month_brings("delivery_tally_is_of_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.site}, {self.day.isoformat()}"
