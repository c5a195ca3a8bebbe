"""Gathers the statewide report of deliverIT CT from the reports of its sites; draws no conclusion of its own.

What a site submitted last counts; drafts do not. Sums are those of `transactions.rules.delivery_volume`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import date

from connecticard.canonical_json import sha256_of
from reports.contents import AppliedRule, MadeFrom
from reports.contents.delivery import (
    CameIn,
    DeliveryComparison,
    DeliveryGroup,
    DeliveryLine,
    DeliveryMonth,
    DeliveryMonthOfLibrary,
    DeliveryQuarter,
    DeliverySums,
    DeliveryVolume,
    EstimatedReturns,
)
from reports.delivery.assumption import Assumption, assumptions_in
from reports.delivery.period import Period
from reports.rulebook import in_words
from transactions.delivery.reported import SiteReport, reports_of
from transactions.rules import delivery_quarters, delivery_volume
from transactions.rules._wording import written_day
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.delivery_volume import (
    Arrival,
    MonthCounts,
    NoEstimate,
    Returns,
    SiteQuarter,
    Volume,
    arrival,
    estimated_returns,
    like_for_like,
    missing_months,
    volume,
)
from transactions.rules.filing_calendar import eastern_day

_LAW = delivery_quarters.RULEBOOK | delivery_volume.RULEBOOK

Reports = Mapping[Quarter, Sequence[SiteReport]]


def delivery_volume_of(period: Period, today: date) -> DeliveryVolume:
    """Return the statewide report of a period as it stands on a day.

    Source: State Library guide to deliverIT CT: libraries count by month and report by quarter.
    """
    reports = {quarter: reports_of(quarter) for quarter in period.quarters if quarter.first_day <= today}
    assumptions = assumptions_in(reports)
    by_site: dict[str, list[SiteReport]] = {}
    for quarter in reports:
        for report in reports[quarter]:
            by_site.setdefault(report.site.key, []).append(report)
    found = [_line(own, assumptions, today) for own in by_site.values()]
    lines = tuple(sorted(found, key=lambda line: (line.name, line.key)))
    law = _LAW.in_force_during(period.first_day, period.last_day)
    return DeliveryVolume(
        name=period.name,
        period=title_of(period),
        first_day=period.first_day,
        last_day=period.last_day,
        is_over=today > period.last_day,
        lines=lines,
        quarters=tuple(
            _quarter(quarter, reports[quarter], assumptions[quarter], today) for quarter in reports
        ),
        months=tuple(
            _month(month, reports[quarter], assumptions[quarter])
            for quarter in reports
            for month in quarter.months
        ),
        months_of_libraries=_months_of_libraries(by_site, lines),
        routes=_groups(lines, lambda line: line.route),
        kinds=_groups(lines, lambda line: line.kind),
        comparisons=_comparisons(period, reports, assumptions),
        reports=sum(line.reported for line in lines),
        rules=tuple(
            AppliedRule(entry.key, in_words(entry.value), entry.citation, entry.label.value, entry.sentence)
            for entry in law
        ),
        made_from=_origin(period, by_site, lines, assumptions),
    )


def title_of(period: Period) -> str:
    """Return a period in words: October to December 2026, or fiscal year 2027 (July 2026 to June 2027)."""
    if not period.is_year:
        return period.quarters[0].title
    return f"fiscal year {period.fiscal_year} ({period.first_day:%B %Y} to {period.last_day:%B %Y})"


def _line(own: list[SiteReport], assumptions: Mapping[Quarter, Assumption], today: date) -> DeliveryLine:
    last = own[-1]
    site = last.site
    reported = [report for report in own if report.counted.submitted_on is not None]
    estimates = [
        estimated_returns(report.counted, assumptions[report.quarter].items_per_bin) for report in own
    ]
    known = [
        EstimatedReturns(one.arrived, one.sent, one.loans) for one in estimates if isinstance(one, Returns)
    ]
    return DeliveryLine(
        key=site.key,
        name=site.name,
        kind=site.kind_label,
        town=site.town.name if site.town else "",
        town_number=site.town.number if site.town else None,
        route=last.route,
        code=getattr(site, "code_on_day", None) or "",
        quarters=len(own),
        reported=len(reported),
        came_in=_came_in([report.counted for report in own], today),
        missing_months=tuple(
            report.months[place] for report in reported for place in missing_months(report.counted)
        ),
        why_missing="; ".join(
            dict.fromkeys(
                report.report.missing_because
                for report in reported
                if report.report and report.report.missing_because
            )
        ),
        sums=sum(
            (_sums(volume(report.counted.months), assumptions[report.quarter]) for report in reported),
            DeliverySums(),
        )
        if reported
        else None,
        returns=sum(known, EstimatedReturns(0, 0, 0)) if known else None,
        why_no_estimate="" if known else _why(one for one in estimates if isinstance(one, NoEstimate)),
    )


def _why(reasons: Iterable[NoEstimate]) -> str:
    """Return the reason that says most: of several quarters the one that was reported."""
    found = set(reasons)
    for reason in (
        NoEstimate.DOES_NOT_LEND,
        NoEstimate.MORE_LOANS_THAN_ITEMS,
        NoEstimate.LOANS_NOT_GIVEN,
    ):
        if reason in found:
            return reason.value
    return NoEstimate.NOT_REPORTED.value


def _came_in(own: Sequence[SiteQuarter], today: date) -> CameIn:
    arrivals = [arrival(one, today) for one in own]
    if Arrival.MISSING in arrivals:
        return CameIn.MISSING if not any(one.submitted_on for one in own) else CameIn.SOME_MISSING
    if all(one is Arrival.NOT_DUE for one in arrivals):
        return CameIn.NOT_DUE
    is_late = Arrival.LATE in arrivals
    is_partial = any(missing_months(one) for one in own)
    if is_late and is_partial:
        return CameIn.LATE_AND_PARTIAL
    return CameIn.LATE if is_late else CameIn.PARTIAL if is_partial else CameIn.WHOLE_IN_TIME


def _sums(found: Volume, assumption: Assumption) -> DeliverySums:
    return DeliverySums(
        bins_in=found.bins_in,
        items_in=found.items_in,
        bins_out=found.bins_out,
        items_out=found.items_out,
        delivered=found.delivered(assumption.items_per_bin),
        sent=found.sent(assumption.items_per_bin),
        months=found.months,
    )


def _quarter(
    quarter: Quarter, reports: Sequence[SiteReport], assumption: Assumption, today: date
) -> DeliveryQuarter:
    arrivals = [arrival(report.counted, today) for report in reports]
    return DeliveryQuarter(
        name=quarter.name,
        title=quarter.title,
        libraries=len(reports),
        in_time=arrivals.count(Arrival.IN_TIME),
        late=arrivals.count(Arrival.LATE),
        partial=sum(bool(missing_months(report.counted)) for report in reports),
        missing=arrivals.count(Arrival.MISSING),
        not_due=arrivals.count(Arrival.NOT_DUE),
        items_per_bin=assumption.items_per_bin,
        why_items_per_bin=assumption.reason,
        sums=_sums(volume(month for report in reports for month in report.counted.months), assumption),
    )


def _month(month: date, reports: Sequence[SiteReport], assumption: Assumption) -> DeliveryMonth:
    counted = [
        report.counted.months[report.months.index(month)] for report in reports if month in report.months
    ]
    return DeliveryMonth(
        month=month,
        libraries=len(counted),
        whole=sum(one.is_whole for one in counted),
        sums=_sums(volume(counted), assumption),
    )


def _months_of_libraries(
    by_site: Mapping[str, Sequence[SiteReport]], lines: Iterable[DeliveryLine]
) -> tuple[DeliveryMonthOfLibrary, ...]:
    return tuple(
        _of_library(line, month, counts)
        for line in lines
        for report in by_site[line.key]
        if report.counted.submitted_on is not None
        for month, counts in zip(report.months, report.counted.months, strict=True)
    )


def _of_library(line: DeliveryLine, month: date, counts: MonthCounts) -> DeliveryMonthOfLibrary:
    return DeliveryMonthOfLibrary(
        key=line.key,
        name=line.name,
        month=month,
        bins_in=counts.bins_in,
        items_in=counts.items_in,
        bins_out=counts.bins_out,
        items_out=counts.items_out,
        loans_sent=counts.loans_sent,
        loans_received=counts.loans_received,
    )


def _groups(
    lines: Iterable[DeliveryLine], name_of: Callable[[DeliveryLine], str]
) -> tuple[DeliveryGroup, ...]:
    """Return the sums by group in order of their names, the unnamed last; all together are the whole."""
    found: dict[str, list[DeliveryLine]] = {}
    for line in lines:
        found.setdefault(name_of(line), []).append(line)
    return tuple(
        DeliveryGroup(
            name=name,
            libraries=len(own),
            reported=sum(line.sums is not None for line in own),
            sums=sum((line.sums for line in own if line.sums), DeliverySums()),
        )
        for name, own in sorted(found.items(), key=lambda one: (not one[0], one[0]))
    )


def _comparisons(
    period: Period, reports: Reports, assumptions: Mapping[Quarter, Assumption]
) -> tuple[DeliveryComparison, ...]:
    """Return the period before and the one a year before, where anything was reported of them."""
    found = []
    now = _whole_period(period, reports)
    newest = assumptions[max(assumptions)] if assumptions else None
    for earlier in dict.fromkeys((period.preceding, period.a_year_before)):
        then = {quarter: reports_of(quarter) for quarter in earlier.quarters}
        counted = [report for quarter in then for report in then[quarter] if report.counted.submitted_on]
        if not counted or newest is None:
            continue
        assumed = assumptions_in(then)
        both = like_for_like(now, _whole_period(earlier, then))
        found.append(
            DeliveryComparison(
                name=earlier.name,
                title=title_of(earlier),
                before=sum(
                    (_sums(volume(one.counted.months), assumed[one.quarter]) for one in counted),
                    DeliverySums(),
                ),
                reported_before=len({report.site.key for report in counted}),
                both=both.libraries,
                both_now=_sums(both.now, newest),
                both_before=_sums(both.before, newest),
            )
        )
    return tuple(found)


def _whole_period(period: Period, reports: Reports) -> list[SiteQuarter]:
    """Return each site with all its months of the period; submitted only where each quarter was."""
    found: dict[str, list[SiteQuarter]] = {}
    for quarter in reports:
        for report in reports[quarter]:
            found.setdefault(report.site.key, []).append(report.counted)
    whole = []
    for key, own in found.items():
        days = [one.submitted_on for one in own]
        is_whole = len(own) == len(period.quarters) and None not in days
        whole.append(
            SiteQuarter(
                key=key,
                lends=own[-1].lends,
                months=tuple(month for one in own for month in one.months),
                submitted_on=max(day for day in days if day) if is_whole else None,
                due_on=own[-1].due_on,
            )
        )
    return whole


def _origin(
    period: Period,
    by_site: Mapping[str, Sequence[SiteReport]],
    lines: Sequence[DeliveryLine],
    assumptions: Mapping[Quarter, Assumption],
) -> MadeFrom:
    """Return what the report is made from; it bears the day of the last report that came in."""
    standing = [report.report for own in by_site.values() for report in own if report.report]
    days = [eastern_day(one.submitted_at) for one in standing if one.submitted_at]
    dated = max(days, default=period.first_day)
    counted: dict[str, list[object]] = {line.key: [line.came_in.value] for line in lines}
    for one in _months_of_libraries(by_site, lines):
        counted[one.key].append([one.month.isoformat(), *astuple(one)[3:]])
    return MadeFrom(
        source=f"{len(standing)} reports of deliverIT CT sites, the last of {written_day(dated)}"
        if standing
        else "no report yet",
        rulebook_edition=_LAW.edition(period.first_day, period.last_day),
        data_sha256=sha256_of(
            {
                "period": period.name,
                "items_per_bin": {quarter.name: one.items_per_bin for quarter, one in assumptions.items()},
                "libraries": counted,
            }
        ),
        dated=dated,
    )
