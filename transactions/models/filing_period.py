from django.db import models
from django.db.models import F, Q

from transactions.rules.filing_calendar import Cadence, PeriodDates, Span


class FilingPeriodQuerySet(models.QuerySet["FilingPeriod"]):
    def within(self, span: Span) -> "FilingPeriodQuerySet":
        return self.filter(first_day__gte=span.first_day, last_day__lte=span.last_day)


class FilingPeriod(models.Model):
    """A stretch of months for which libraries of one cadence file, with its dates (2(a)).

    The dates are fixed when the period opens; a later change is audited. Payment is judged by `law_due_on`;
    `due_on` is what libraries are asked for, and may be a day of practice beside it.
    """

    cadence = models.CharField(max_length=12, choices=[(item.value, item.value) for item in Cadence])
    first_day = models.DateField()
    last_day = models.DateField()
    opens_on = models.DateField("first day on which counts may be entered")
    law_due_on = models.DateField("last day on time by the law, to 23:59:59 Eastern")
    due_on = models.DateField("day by which libraries are asked to file, to 23:59:59 Eastern")
    accepted_until = models.DateField("last day on which a late filing is accepted")
    closes_on = models.DateField("last day on which anything may be entered")

    objects = FilingPeriodQuerySet.as_manager()

    class Meta:
        ordering = ["first_day", "last_day"]
        constraints = [
            models.UniqueConstraint(fields=["cadence", "first_day"], name="one_period_of_a_cadence"),
            models.CheckConstraint(
                name="filing_period_dates_in_order",
                condition=Q(first_day__lte=F("last_day"))
                & Q(last_day__lt=F("law_due_on"))
                & Q(last_day__lt=F("due_on"))
                & Q(due_on__lte=F("accepted_until"))
                & Q(accepted_until__lte=F("closes_on")),
            ),
        ]

    def __str__(self) -> str:
        return self.span.title

    @property
    def span(self) -> Span:
        return Span(self.first_day, self.last_day)

    @property
    def dates(self) -> PeriodDates:
        """The period as the rules of the calendar know it, with the dates on record."""
        return PeriodDates(
            Cadence(self.cadence),
            self.span,
            self.opens_on,
            self.law_due_on,
            self.due_on,
            self.accepted_until,
            self.closes_on,
        )
