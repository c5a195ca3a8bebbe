"""Reading what was tallied by day, and what a site's report of a quarter says with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from libraries.models import DeliverySite
from transactions.models import DeliveryReport, DeliveryTally
from transactions.rules.delivery_counts import Counts, Measure, places_missing
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.filing_calendar import Span

Place = tuple[date, Measure]


@dataclass(frozen=True)
class MonthTallied:
    """The days of one month summed: on how many days something was tallied, and each measure's sum."""

    days: int
    numbers: Mapping[Measure, int]


def tallied(site: DeliverySite, first_day: date, last_day: date) -> dict[date, MonthTallied]:
    """Return the days from the first to the last summed by month, by its first day; a month without is out.

    A measure that was tallied on no day of a month has no number there.
    """
    sums = {_SUM_OF[measure]: Sum(measure.value) for measure in Measure}
    days = DeliveryTally.objects.filter(site=site, day__gte=first_day, day__lte=last_day).order_by()
    months = days.annotate(month=TruncMonth("day")).values("month")
    rows: Iterable[Any] = months.annotate(days=Count("pk"), **sums)
    return {
        row["month"]: MonthTallied(
            row["days"],
            {measure: row[column] for measure, column in _SUM_OF.items() if row[column] is not None},
        )
        for row in rows
    }


_SUM_OF = {measure: f"sum_of_{measure}" for measure in Measure}


@dataclass(frozen=True)
class Content:
    """What a site's report of a quarter says: what is on record and, in a draft, what the tally adds.

    A count that somebody entered stands; where nothing was entered the tally of the month does. `months` are
    those in which the delivery served the site.
    """

    months: tuple[date, ...]
    entered: Counts
    tallied: Mapping[date, MonthTallied] = field(default_factory=dict)

    @property
    def of_tally(self) -> Counts:
        """What stands by the tally alone."""
        return {
            (month, measure): number
            for month, sums in self.tallied.items()
            for measure, number in sums.numbers.items()
            if month in self.months and (month, measure) not in self.entered
        }

    @property
    def counts(self) -> Counts:
        """Everything that the report says."""
        return {**self.of_tally, **self.entered}

    @property
    def missing(self) -> list[Place]:
        """The places that should have a count and have none."""
        return places_missing(self.counts, self.months)


def months_served(site: DeliverySite, quarter: Quarter) -> tuple[date, ...]:
    """Return the months of a quarter on a day of which the delivery served the site."""
    first, after = site.valid.lower or date.min, site.valid.upper or date.max
    return tuple(
        month for month in quarter.months if first <= Span.of_month(month).last_day and month < after
    )


def content(site: DeliverySite, quarter: Quarter, report: DeliveryReport | None) -> Content:
    """Return what a site's report says, or would say where none is begun."""
    months = months_served(site, quarter)
    if report is not None and not report.is_draft:
        return Content(months, report.counted())
    entered = report.counted() if report else {}
    return Content(months, entered, tallied(site, quarter.first_day, quarter.last_day))
