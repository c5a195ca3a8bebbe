"""Delivery counts of many sites as a file: a line for each site and month."""

from datetime import date
from operator import methodcaller
from typing import Any

from connecticard import clock, permissions
from connecticard.exchange import Column, ReferenceResource, Wrong, a_text, find
from connecticard.models import User
from connecticard.permissions import Action
from libraries.models import DeliverySite
from transactions.delivery.services import DeliveryRefused, save_counts, submit_report
from transactions.delivery.tallying import content
from transactions.models import DeliveryCount, DeliveryReport
from transactions.rules.delivery_counts import Measure
from transactions.rules.delivery_quarters import Quarter
from transactions.services.refusals import FilingRefused

a_site = find(DeliverySite, "key", "site", "its key, such as CT0003")


def a_month(cell: str) -> date:
    """Read a month, 2026-07, as its first day."""
    try:
        return date.fromisoformat(f"{cell.strip()[:7]}-01")
    except ValueError:
        raise ValueError(f"“{cell}” is no month. Enter year and month: 2026-07.") from None


def a_count(cell: str) -> int:
    """Read a whole number of bins, items or loans."""
    plain = cell.strip().replace(",", "").removesuffix(".0")
    if not (plain.isascii() and plain.isdecimal() and len(plain) < 10):
        raise ValueError(f"“{cell}” is no whole number. Enter digits only, or leave the cell empty.")
    return int(plain)


class DeliveryCountResource(ReferenceResource):
    """Counts as sites sent them to the State Library, by site and month.

    A line is saved in the site's report of its quarter. The line with which all places of a quarter that is
    over are filled submits the report; with a reason in `missing_because` it is submitted as it stands.
    """

    refusals = (FilingRefused,)
    columns = (
        Column("site", lambda row: row.report.site.key, a_site, "Its key; a library's own.", required=True),
        Column("month", lambda row: f"{row.month:%Y-%m}", a_month, "Such as 2026-07.", required=True),
        *(
            Column(
                measure.value,
                methodcaller("number", measure),
                a_count,
                f"{measure.label}; 0 for none, empty for no count.",
            )
            for measure in Measure
        ),
        Column(
            "missing_because",
            lambda row: row.report.missing_because,
            a_text(250),
            "On the last line of a site's quarter: why counts are missing.",
        ),
    )

    class Meta(ReferenceResource.Meta):
        model = DeliveryCount

    def get_queryset(self) -> Any:
        standing = DeliveryReport.objects.standing()
        return DeliveryCount.objects.filter(report__in=standing).select_related("report__site")

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        permissions.check(by, Action.IMPORT_DELIVERY)
        site, month, at = values["site"], values["month"], clock.now()
        quarter = Quarter.containing(month)
        given = {(month, measure): values[measure] for measure in Measure if measure.value in values}
        reports = DeliveryReport.objects.of(quarter).filter(site=site)
        draft, standing = reports.drafts().first(), reports.standing().first()
        if standing is not None and draft is None:
            on_record = standing.counted()
            if all(on_record.get(place) == number for place, number in given.items()):
                return ""
            raise Wrong("month", f"The report for {quarter} is submitted with other counts. Amend it first.")
        report = save_counts(
            site=site,
            quarter=quarter,
            counts=given,
            by=by,
            at=at,
            expected=draft.revision if draft else 0,
        )
        because = values.get("missing_because") or ""
        is_over = clock.today() > quarter.last_day
        if is_over and (because or not content(site, quarter, report).missing):
            try:
                submit_report(
                    site=site,
                    quarter=quarter,
                    by=by,
                    at=at,
                    expected=report.revision,
                    missing_because=because,
                )
            except DeliveryRefused as refused:
                raise Wrong("month", str(refused)) from refused
            return f"Submits the report of {site} for {quarter}."
        return f"Saves {month:%B %Y} in the draft of {site}."
