"""What every site of deliverIT CT reported of a quarter, for the overview and the statewide report."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, Sum

from libraries.models import DeliverySite
from transactions.delivery.tallying import months_served
from transactions.models import DeliveryCount, DeliveryReport
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.delivery_volume import MonthCounts, SiteQuarter, Volume
from transactions.rules.filing_calendar import eastern_day

_NOTHING = MonthCounts()


@dataclass(frozen=True)
class SiteReport:
    """A site in a quarter: its standing report, what it is working on, and its counts as the rules read them.

    `months` are the first days of the months for which it is asked, those of `counted`. `site` bears its code
    and route of the last day of the quarter, as `DeliverySiteQuerySet.with_code` gives them.
    """

    site: DeliverySite
    quarter: Quarter
    report: DeliveryReport | None
    draft: DeliveryReport | None
    months: tuple[date, ...]
    counted: SiteQuarter

    @property
    def route(self) -> str:
        """The letter of its route; empty where none is known."""
        return getattr(self.site, "route_on_day", None) or ""


def reports_of(quarter: Quarter, *, keys: Collection[str] | None = None) -> list[SiteReport]:
    """Return every site that was served on a day of a quarter, or reported it, by name.

    `keys` names the sites where only some are wanted.
    """
    standing = {
        report.site_id: report
        for report in DeliveryReport.objects.standing().of(quarter).prefetch_related("counts")
    }
    drafts = {report.site_id: report for report in DeliveryReport.objects.drafts().of(quarter)}
    served = DeliverySite.objects.served_between(quarter.first_day, quarter.last_day)
    reporting = DeliverySite.objects.filter(pk__in=standing)
    sites = (served | reporting).with_code(quarter.last_day).select_related("town", "library")
    if keys is not None:
        sites = sites.filter(key__in=keys)
    return [
        _site_report(site, quarter, standing.get(site.pk), drafts.get(site.pk))
        for site in sites.order_by("name", "key")
    ]


def quarters_reported() -> list[Quarter]:
    """Return each quarter of which a site submitted a report, the latest first."""
    days = DeliveryReport.objects.standing().order_by("-quarter").values_list("quarter", flat=True)
    return [Quarter(day) for day in days.distinct()]


def volume_by_quarter() -> dict[Quarter, Volume]:
    """Return what all sites together reported of each quarter, the earliest first."""
    names = ("bins_in", "items_in", "bins_out", "items_out")
    counted = ~Q(**{f"{name}__isnull": True for name in names})
    rows = (
        DeliveryCount.objects.filter(report__in=DeliveryReport.objects.standing())
        .values("report__quarter")
        .order_by("report__quarter")
        .annotate(*map(Sum, names), months=Count("pk", filter=counted))
        .values_list("report__quarter", *(f"{name}__sum" for name in names), "months")
    )
    return {Quarter(day): Volume(*(number or 0 for number in numbers)) for day, *numbers in rows}


def _site_report(
    site: DeliverySite, quarter: Quarter, report: DeliveryReport | None, draft: DeliveryReport | None
) -> SiteReport:
    counts = {count.month: _month(count) for count in report.counts.all()} if report else {}
    served = months_served(site, quarter)
    months = tuple(month for month in quarter.months if month in counts or month in served)
    submitted_at = report.first_submitted_at if report else None
    return SiteReport(
        site=site,
        quarter=quarter,
        report=report,
        draft=draft,
        months=months,
        counted=SiteQuarter(
            key=site.key,
            lends=site.library_id is not None,
            months=tuple(counts.get(month, _NOTHING) for month in months),
            submitted_on=eastern_day(submitted_at) if submitted_at else None,
            due_on=quarter.due_on,
        ),
    )


def _month(count: DeliveryCount) -> MonthCounts:
    return MonthCounts(
        bins_in=count.bins_in,
        items_in=count.items_in,
        bins_out=count.bins_out,
        items_out=count.items_out,
        loans_sent=count.loans_sent,
        loans_received=count.loans_received,
    )
