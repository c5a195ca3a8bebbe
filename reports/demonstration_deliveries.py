"""Deliveries of the demonstration: made-up colleges and codes, and five quarters of made-up counts.

The State Library publishes neither the list of sites nor their codes, so both are made up and say so. Of the
quarter that was due last most sites reported, some late, some with counts missing, some not at all.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.clock import EASTERN
from connecticard.demo_people import DemoPerson, DemoSignIn, ensure_demo_people
from connecticard.models import AuditEvent, Role, RoleAssignment, User
from libraries.models import DeliveryCode, DeliverySite, SiteKind
from transactions.delivery.services import amend_report, save_counts, set_tally, submit_report
from transactions.models import DeliveryCount, DeliveryReport
from transactions.rules.delivery_counts import ASKED, DeliveryReportStatus, Measure
from transactions.rules.delivery_quarters import Quarter

MADE_UP = "Demonstration: made up"
SITES_IN_ALL = 215
ROUTES = "CDEFGHJKLM"
REPORTER = DemoPerson("college@example.org", "Colin College", Role.DELIVERY_REPORTER, delivery_site="DEMO-1")
ON_STAGE = "CT0004"
QUARTERS = 5


def load_deliveries(on: date) -> list[DemoSignIn]:
    """Make sites, codes and reports where there are none, and return how the people of a site sign in."""
    with transaction.atomic():
        is_new = not DeliveryCode.objects.exists()
        if is_new:
            _make_sites()
        signs_in = ensure_demo_people([REPORTER])
        if is_new:
            sites = list(DeliverySite.objects.served_on(on).select_related("town").order_by("key"))
            _give_codes(sites)
            _report(sites, on)
    return signs_in


def _make_sites() -> None:
    """Add colleges and law libraries until there are as many sites as the State Library serves."""
    missing = SITES_IN_ALL - DeliverySite.objects.count()
    added = DeliverySite.objects.bulk_create(
        DeliverySite(
            key=f"DEMO-{number}",
            name=f"Demonstration College {number}"
            if number <= 20
            else f"Demonstration Law Library {number - 20}",
            kind=SiteKind.ACADEMIC if number <= 20 else SiteKind.OTHER,
            valid=DateRange(None, None),
            note=MADE_UP,
        )
        for number in range(1, missing + 1)
    )
    AuditEvent.record_each(
        "delivery_site_added", targets=[(site, None, {"source": MADE_UP}) for site in added], by=None
    )


def _give_codes(sites: Sequence[DeliverySite]) -> None:
    codes = DeliveryCode.objects.bulk_create(
        DeliveryCode(
            site=site,
            route=ROUTES[number % len(ROUTES)],
            number=str(number // len(ROUTES) + 1),
            valid=DateRange(None, None),
            note=MADE_UP,
        )
        for number, site in enumerate(sites)
    )
    AuditEvent.record_each(
        "delivery_code_set", targets=[(code, None, {"source": MADE_UP}) for code in codes], by=None
    )


@dataclass(frozen=True)
class _Reported:
    """One report to be recorded: when it came in and what it says by month."""

    site: DeliverySite
    quarter: Quarter
    by: User
    at: datetime
    counts: dict[date, dict[Measure, int]]


def _report(sites: Sequence[DeliverySite], on: date) -> None:
    """Record the quarters that ended, and let the site on stage and a college count the one that runs."""
    reporters = _reporters(sites)
    running = Quarter.containing(on)
    quarter, reported = running, []
    for back in range(1, QUARTERS + 1):
        quarter = quarter.preceding
        for number, site in enumerate(sites):
            one = _of_site(site, number, quarter, reporters[site.pk], on, is_last=back == 1)
            if one is not None:
                reported.append(one)
    _record(reported)
    _count_now(sites, running, reporters, on)


def _reporters(sites: Sequence[DeliverySite]) -> dict[int, User]:
    """Return who reports for each site: the library's director, and one person for all that have none."""
    of_library = {
        held.library_id: held.user
        for held in RoleAssignment.objects.filter(
            role=Role.LIBRARY_FILER, user__email__startswith="director."
        ).select_related("user")
    }
    other = User.objects.get(email=REPORTER.email)
    return {site.pk: of_library.get(site.library_id, other) for site in sites}


def _of_site(
    site: DeliverySite, number: int, quarter: Quarter, by: User, on: date, *, is_last: bool
) -> _Reported | None:
    """Return a site's report of a quarter; None where none came. The last one due shows every state."""
    if number % 17 == 5 if is_last else number % 43 == 6:
        return None
    is_late = number % 11 == 3
    day = (
        quarter.due_on + timedelta(days=4 + number % 9)
        if is_late
        else quarter.due_on - timedelta(number % 12)
    )
    at = _at(max(quarter.last_day + timedelta(days=1), day))
    if at.date() > on:
        return None
    counts = {month: _counts(site, month) for month in quarter.months}
    if number % 13 == 4:
        del counts[quarter.months[2]][Measure.ITEMS_OUT]
        if is_last:
            del counts[quarter.months[1]]
    return _Reported(site, quarter, by, at, counts)


def _counts(site: DeliverySite, month: date) -> dict[Measure, int]:
    """Return made-up counts of a month, the same each time: more where a town has more people."""
    dice = random.Random(f"{site.key} {month:%Y-%m}")  # noqa: S311 - a demonstration's figures guard nothing
    population = site.town.population if site.town else 9_000
    bins = 10 + min(population, 60_000) // 1_500
    busy = 90 if month.month in (7, 8, 12) else 100
    counts = {
        Measure.BINS_IN: dice.randint(bins * 8, bins * 12) * busy // 1_000 + 4,
        Measure.BINS_OUT: dice.randint(bins * 8, bins * 12) * busy // 1_000 + 4,
        Measure.ITEMS_IN: dice.randint(0, bins),
        Measure.ITEMS_OUT: dice.randint(0, bins),
    }
    if dice.random() < 0.6:
        counts[Measure.LOANS_SENT] = dice.randint(5, bins * 4)
        counts[Measure.LOANS_RECEIVED] = dice.randint(5, bins * 4)
    return counts


def _record(reported: Sequence[_Reported]) -> None:
    """Record reports together, as services would have one by one: begun, counted, submitted."""
    reports = DeliveryReport.objects.bulk_create(
        DeliveryReport(
            site=one.site,
            quarter=one.quarter.first_day,
            version=1,
            created_at=one.at,
            created_by=one.by,
            saved_at=one.at,
            revision=1,
        )
        for one in reported
    )
    DeliveryCount.objects.bulk_create(
        DeliveryCount(
            report=report, month=month, **{measure.value: number for measure, number in numbers.items()}
        )
        for report, one in zip(reports, reported, strict=True)
        for month, numbers in one.counts.items()
    )
    for report, one in zip(reports, reported, strict=True):
        report.status = DeliveryReportStatus.SUBMITTED
        report.submitted_by, report.submitted_at, report.first_submitted_at = one.by, one.at, one.at
        is_whole = all(set(ASKED) <= one.counts.get(month, {}).keys() for month in one.quarter.months)
        report.missing_because = "" if is_whole else "The delivery shelf was being rebuilt; nobody counted."
    DeliveryReport.objects.bulk_update(
        reports,
        ["status", "submitted_by", "submitted_at", "first_submitted_at", "missing_because"],
        batch_size=500,
    )
    AuditEvent.record_each(
        "delivery_report_submitted",
        targets=[(report, None, {"version": 1, "source": MADE_UP}) for report in reports],
        by=None,
    )


def _count_now(sites: Sequence[DeliverySite], running: Quarter, reporters: dict[int, User], on: date) -> None:
    """Let two sites tally the last days and enter the months before, and one amend what it submitted."""
    for site in (each for each in sites if each.key in (ON_STAGE, REPORTER.delivery_site)):
        by = reporters[site.pk]
        for back in range(1, 13):
            day = on - timedelta(days=back)
            if day.weekday() < 5 and day >= running.first_day:
                dice = random.Random(f"{site.key} {day}")  # noqa: S311
                numbers = {measure: dice.randint(0, 4) for measure in ASKED}
                set_tally(site=site, day=day, numbers=numbers, by=by, at=_at(day))
        entered = {
            (month, measure): number
            for month in running.months
            if month < on.replace(day=1)
            for measure, number in _counts(site, month).items()
        }
        if entered:
            save_counts(site=site, quarter=running, counts=entered, by=by, at=_at(on), expected=0)
    amended = DeliveryReport.objects.of(running.preceding).standing().filter(site__key="CT0002").first()
    if amended is not None:
        site, by = amended.site, amended.submitted_by or reporters[amended.site_id]
        draft = amend_report(report=amended, reason="A bin was counted twice.", by=by, at=_at(on))
        first = draft.counts.order_by("month")[0]
        less = {(first.month, Measure.BINS_IN): (first.bins_in or 1) - 1}
        save_counts(site=site, quarter=running.preceding, counts=less, by=by, at=_at(on), expected=0)
        submit_report(
            site=site,
            quarter=running.preceding,
            by=by,
            at=_at(on),
            expected=1,
            missing_because=amended.missing_because,
        )


def _at(day: date) -> datetime:
    return datetime.combine(day, time(10), tzinfo=EASTERN)
