"""Every change of a delivery report and of a tally: checked, locked and audited."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import DeliverySite
from transactions.delivery.tallying import Place, content, months_served
from transactions.models import DeliveryReport, DeliveryTally
from transactions.rules._wording import written_day, written_month
from transactions.rules.delivery_counts import LARGEST, Counts, DeliveryReportStatus, Measure
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.filing_calendar import eastern_day
from transactions.services.refusals import FilingChanged, FilingRefused

Entered = Mapping[Place, int | None]
"""Counts by first day of the month and measure, None for a blank."""


class DeliveryRefused(FilingRefused):
    """The change cannot be made; the message is a sentence for the person who asked."""


class PlacesRefused(DeliveryRefused):
    """Counts that cannot be saved: what is wrong by place; nothing was stored."""

    def __init__(self, problems: Mapping[Place, str]):
        super().__init__(" ".join(problems.values()))
        self.problems = problems


class NotWhole(DeliveryRefused):
    """A report in which places are missing and nobody said why."""

    def __init__(self, missing: list[Place]):
        named = ", ".join(f"{measure.label.lower()} in {written_month(month)}" for month, measure in missing)
        super().__init__(f"No count of {named}. Enter them, 0 where there were none, or say why not.")
        self.missing = missing


@transaction.atomic
def save_counts(
    *, site: DeliverySite, quarter: Quarter, counts: Entered, by: User, at: datetime, expected: int
) -> DeliveryReport:
    """Save counts of a site's report, None for a blank, and return the report; the first save begins it.

    Counts not given stay. One that says what the tally says, where nothing was entered before, is not taken
    down, so that the tally goes on counting. `expected` is the revision that the person saw, 0 where no draft
    was there; FilingChanged where somebody saved since. PlacesRefused with every bad count; DeliveryRefused
    where the quarter has not begun or its report is submitted; PermissionDenied.
    """
    site = _held(site, by, at)
    _refuse_strange_quarter(site, quarter, eastern_day(at))
    report = DeliveryReport.objects.of(quarter).drafts().filter(site=site).first()
    if report is None and DeliveryReport.objects.of(quarter).standing().filter(site=site).exists():
        raise DeliveryRefused(f"The report for {quarter} is submitted. Amend it to correct a count.")
    if expected != (report.revision if report else 0):
        raise FilingChanged(
            "Somebody else saved this report while you were entering. Nothing of yours was saved: "
            "reload the page, compare, and enter your counts again."
        )
    said = content(site, quarter, report)
    if problems := _problems(counts, said.months):
        raise PlacesRefused(problems)
    new = {
        place: number
        for place, number in counts.items()
        if place in said.entered or number != said.of_tally.get(place)
    }
    if report is None:
        report = _begin(site, quarter, by, at)
    _store(report, new)
    report.revision += 1
    report.saved_at = at
    report.save(update_fields=["revision", "saved_at"])
    changed = {place: number for place, number in new.items() if number != said.entered.get(place)}
    AuditEvent.record(
        "delivery_counts_saved",
        target=report,
        by=by,
        before=_named({place: said.entered.get(place) for place in changed}),
        after=_named(changed),
    )
    return report


@transaction.atomic
def submit_report(
    *,
    site: DeliverySite,
    quarter: Quarter,
    by: User,
    at: datetime,
    expected: int,
    missing_because: str = "",
) -> DeliveryReport:
    """Submit a site's draft with what was entered and, where nothing was, what was tallied.

    `first_submitted_at` is kept in later versions, so that an amendment never makes a report late. Raises
    NotWhole where places are missing and `missing_because` is empty; DeliveryRefused before the quarter is
    over, where nothing at all was counted and for an amendment that changes nothing; FilingChanged and
    PermissionDenied as `save_counts`.
    """
    site = _held(site, by, at)
    _refuse_strange_quarter(site, quarter, eastern_day(at))
    if eastern_day(at) <= quarter.last_day:
        raise DeliveryRefused(
            f"{quarter} ends on {written_day(quarter.last_day)}. Submit the report after that day."
        )
    reports = DeliveryReport.objects.of(quarter).filter(site=site)
    standing = reports.standing().first()
    report = reports.drafts().first()
    if report is None and standing is not None:
        raise DeliveryRefused(f"The report for {quarter} is submitted already.")
    if expected != (report.revision if report else 0):
        raise FilingChanged("Somebody saved this report after you opened it. Reload the page and look again.")
    said = content(site, quarter, report)
    if not said.counts:
        raise DeliveryRefused("Nothing is counted in this report. Enter the counts, 0 where there were none.")
    if said.missing and not missing_because.strip():
        raise NotWhole(said.missing)
    if standing is not None and standing.counted() == said.counts:
        raise DeliveryRefused(
            f"This says the same as version {standing.version}, which is submitted. "
            "Correct the counts that are wrong, or undo the amendment."
        )
    report = report or _begin(site, quarter, by, at)
    _store(report, said.of_tally)
    reports.standing().update(superseded_at=at)
    report.status = DeliveryReportStatus.SUBMITTED
    report.submitted_at, report.submitted_by = at, by
    report.first_submitted_at = standing.first_submitted_at if standing else at
    report.missing_because = missing_because.strip() if said.missing else ""
    report.save()
    AuditEvent.record(
        "delivery_report_submitted",
        target=report,
        by=by,
        after={"version": report.version, **_named(said.counts), "missing because": report.missing_because},
    )
    return report


@transaction.atomic
def amend_report(*, report: DeliveryReport, reason: str, by: User, at: datetime) -> DeliveryReport:
    """Begin a new version of a submitted report, a draft with its counts; the submitted one stands meanwhile.

    Raises DeliveryRefused without a reason, for a version that does not stand and where a draft is begun.
    """
    site = _held(report.site, by, at)
    report = DeliveryReport.objects.get(pk=report.pk)
    if not reason.strip():
        raise DeliveryRefused("Enter why the submitted report has to be corrected.")
    versions = DeliveryReport.objects.of(report.days_of).filter(site=site)
    if versions.drafts().exists():
        raise DeliveryRefused("A new version of this report is begun already. Open that one.")
    if not versions.standing().filter(pk=report.pk).exists():
        raise DeliveryRefused("Only a submitted report that counts is amended. Open its latest version.")
    draft = DeliveryReport.objects.create(
        site=site,
        quarter=report.quarter,
        version=(versions.aggregate(latest=Max("version"))["latest"] or 0) + 1,
        amends_because=reason.strip(),
        missing_because=report.missing_because,
        created_at=at,
        created_by=by,
        first_submitted_at=report.first_submitted_at,
    )
    _store(draft, report.counted())
    AuditEvent.record(
        "delivery_report_amended",
        target=draft,
        by=by,
        after={"version": draft.version, "reason": draft.amends_because},
    )
    return draft


@transaction.atomic
def discard_amendment(*, report: DeliveryReport, by: User, at: datetime) -> None:
    """Remove a draft that amends a submitted report, which goes on standing.

    Raises DeliveryRefused for a report of which no version is submitted: that is corrected, not removed.
    """
    site = _held(report.site, by, at)
    report = DeliveryReport.objects.get(pk=report.pk)
    standing = DeliveryReport.objects.of(report.days_of).standing().filter(site=site)
    if not report.is_draft or not standing.exists():
        raise DeliveryRefused("This is the only version of the report. Correct it instead.")
    AuditEvent.record("delivery_amendment_discarded", target=report, by=by, before=_named(report.counted()))
    report.delete()


@transaction.atomic
def add_to_tally(
    *, site: DeliverySite, day: date, added: Mapping[Measure, int], by: User, at: datetime
) -> DeliveryTally:
    """Add to what a site tallied on a day, or take off with numbers below zero, and return the day.

    Raises DeliveryRefused for a day to come, for days without service, where the report of the quarter is
    submitted, and where more would be taken off than is there.
    """
    tally = _tally_of(site, day, by, at)
    return _set(
        tally, {measure: (tally.number(measure) or 0) + more for measure, more in added.items()}, by, at
    )


@transaction.atomic
def set_tally(
    *, site: DeliverySite, day: date, numbers: Mapping[Measure, int | None], by: User, at: datetime
) -> DeliveryTally:
    """Say what a site counted on a day, None for nothing said; measures not given stay. As `add_to_tally`."""
    return _set(_tally_of(site, day, by, at), numbers, by, at)


def _tally_of(site: DeliverySite, day: date, by: User, at: datetime) -> DeliveryTally:
    site = _held(site, by, at)
    quarter = Quarter.containing(day)
    if day > eastern_day(at):
        raise DeliveryRefused(f"{written_day(day)} is still to come. Choose today or a day before.")
    if day not in site.valid:
        raise DeliveryRefused(f"The delivery did not serve {site} on {written_day(day)}. Choose another day.")
    reports = DeliveryReport.objects.of(quarter).filter(site=site)
    if reports.standing().exists():
        raise DeliveryRefused(
            f"The report for {quarter} is submitted, so its days are closed. Amend the report instead."
        )
    tally = DeliveryTally.objects.filter(site=site, day=day).first()
    return tally or DeliveryTally(site=site, day=day)


def _set(
    tally: DeliveryTally, numbers: Mapping[Measure, int | None], by: User, at: datetime
) -> DeliveryTally:
    before = {measure: tally.number(measure) for measure in numbers}
    for measure, number in numbers.items():
        if number is not None and number < 0:
            raise DeliveryRefused(f"{measure.label}: there is nothing left to take off.")
        if number is not None and number > LARGEST:
            raise DeliveryRefused(f"{measure.label}: {number:,} is more than a day can bring. Enter less.")
        setattr(tally, measure.value, number)
    tally.saved_at = at
    tally.save()
    AuditEvent.record(
        "delivery_tallied",
        target=tally,
        by=by,
        before={measure.value: number for measure, number in before.items()},
        after={measure.value: number for measure, number in numbers.items()},
    )
    return tally


def _held(site: DeliverySite, by: User, at: datetime) -> DeliverySite:
    """Check the person, and let two people who report for one site follow one another."""
    permissions.check_site(by, Action.REPORT_DELIVERY, site, on=eastern_day(at))
    return DeliverySite.objects.select_for_update(no_key=True).get(pk=site.pk)


def _refuse_strange_quarter(site: DeliverySite, quarter: Quarter, today: date) -> None:
    if today < quarter.first_day:
        raise DeliveryRefused(
            f"{quarter} begins on {written_day(quarter.first_day)}. Count from that day on."
        )
    if not months_served(site, quarter):
        raise DeliveryRefused(f"The delivery did not serve {site} in {quarter}, so nothing is reported.")


def _problems(counts: Entered, months: tuple[date, ...]) -> dict[Place, str]:
    problems = {}
    for (month, measure), number in counts.items():
        where = f"{measure.label}, {written_month(month)}"
        if month not in months:
            problems[month, measure] = f"{where}: this month is not one of the report. Leave it out."
        elif number is not None and not 0 <= number <= LARGEST:
            problems[month, measure] = f"{where}: enter a whole number from 0 to {LARGEST:,}."
    return problems


def _begin(site: DeliverySite, quarter: Quarter, by: User, at: datetime) -> DeliveryReport:
    report = DeliveryReport.objects.create(
        site=site, quarter=quarter.first_day, version=1, created_at=at, created_by=by
    )
    AuditEvent.record("delivery_report_begun", target=report, by=by)
    return report


def _store(report: DeliveryReport, counts: Entered | Counts) -> None:
    """Write counts into the rows of their months; a month in which nothing is said any more has no row."""
    rows = {row.month: row for row in report.counts.all()}
    for month in sorted({month for month, _ in counts}):
        row = rows.get(month) or report.counts.model(report=report, month=month)
        for measure in Measure:
            if (month, measure) in counts:
                setattr(row, measure.value, counts[month, measure])
        if any(row.number(measure) is not None for measure in Measure):
            row.save()
        elif row.pk:
            row.delete()


def _named(counts: Entered | Counts) -> dict[str, Any]:
    """Return counts as the audit trail shows them: 2026-07 bins_in, 12."""
    return {f"{month:%Y-%m} {measure}": number for (month, measure), number in sorted(counts.items())}
