"""How a site stands with its reports: quarter by quarter, with the next step."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from libraries.models import DeliverySite
from transactions.delivery.tallying import months_served
from transactions.models import DeliveryReport
from transactions.rules.delivery_counts import places_missing
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.filing_calendar import eastern_day

QUARTERS_SHOWN = 5


@dataclass(frozen=True)
class QuarterOfSite:
    """One quarter of a site: the report that counts, the draft somebody works on, and what is late."""

    quarter: Quarter
    standing: DeliveryReport | None
    draft: DeliveryReport | None
    is_partial: bool
    today: date

    @property
    def is_over(self) -> bool:
        """Whether the report can be submitted by now."""
        return self.today > self.quarter.last_day

    @property
    def was_late(self) -> bool:
        """Whether the report came in after the day it was due."""
        first = self.standing.first_submitted_at if self.standing else None
        return first is not None and eastern_day(first) > self.quarter.due_on

    @property
    def status(self) -> str:
        """The state as the stylesheet knows it."""
        if self.standing:
            return "submitted"
        if self.today > self.quarter.due_on:
            return "late"
        return "due" if self.is_over else "draft"

    @property
    def status_label(self) -> str:
        """The state in words for people."""
        if self.standing:
            words = "Submitted, with counts missing" if self.is_partial else "Submitted"
            return f"{words}, late" if self.was_late else words
        begun = "Begun" if self.draft else "Not begun"
        if self.today > self.quarter.due_on:
            return f"{begun}, late"
        return f"{begun}, due" if self.is_over else f"{begun}, running"


def quarters_of(site: DeliverySite, today: date, shown: int = QUARTERS_SHOWN) -> list[QuarterOfSite]:
    """Return the quarters of a site in which it was served, the running one first, then those before it."""
    quarters, quarter = [], Quarter.containing(today)
    for _ in range(shown):
        if months_served(site, quarter):
            quarters.append(quarter)
        quarter = quarter.preceding
    return quarters_among(site, quarters, today)


def quarters_among(site: DeliverySite, quarters: Iterable[Quarter], today: date) -> list[QuarterOfSite]:
    """Return how a site stands with each of some quarters."""
    quarters = list(quarters)
    reports = DeliveryReport.objects.filter(
        site=site, quarter__in=[quarter.first_day for quarter in quarters]
    ).prefetch_related("counts")
    standing = {
        report.quarter: report for report in reports if not report.is_draft and not report.superseded_at
    }
    drafts = {report.quarter: report for report in reports if report.is_draft}
    return [
        QuarterOfSite(
            quarter,
            found := standing.get(quarter.first_day),
            drafts.get(quarter.first_day),
            found is not None and bool(places_missing(found.counted(), months_served(site, quarter))),
            today,
        )
        for quarter in quarters
    ]
