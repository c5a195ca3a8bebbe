"""The charts and maps of the annual reports, worked out from their contents, for paper and for pages."""

from dataclasses import dataclass
from functools import singledispatch

from django.utils.translation import gettext, ngettext

from connecticard.templatetags.figures import count, dollars
from libraries.town_map import TownMap, outlines, town_map
from payments.past_years.trends import Charts as TrendCharts
from payments.past_years.trends import charts as trend_charts
from reports.contents import (
    AdvocacySheet,
    Assessment,
    DeliveryVolume,
    ExpenditureSummary,
    ParticipatingLibraries,
    UseReport,
)
from reports.contents.advocacy import mark_of
from reports.delivery.charts import DeliveryCharts, charts_of_delivery
from reports.main_points import LARGEST
from transactions.bar_chart import BarChart, bar_chart
from transactions.line_chart import ACROSS_A_PAGE, LineChart, Value, line_chart

LENDING_TOWNS = 5


@dataclass(frozen=True)
class UseCharts:
    """Of the report of use."""

    cover: TownMap
    trend: LineChart | None
    """For a document, which has one width."""
    through_the_years: TrendCharts | None
    """The same for a page, which has several."""
    largest: BarChart | None
    """Of the libraries that lent most."""
    most_borrowing: BarChart | None
    """Of the libraries on whose cards most was lent elsewhere."""
    lent: TownMap
    borrowed: TownMap


@dataclass(frozen=True)
class ParticipationCharts:
    """Of the list of participating libraries."""

    cover: TownMap


@dataclass(frozen=True)
class SpendingCharts:
    """Of the summary of expenditure reports."""

    cover: TownMap
    categories: BarChart | None


@dataclass(frozen=True)
class AdvocacyCharts:
    """Of the advocacy sheet of a library."""

    lending: BarChart | None
    """What lending cost it, beside what it was paid."""


@dataclass(frozen=True)
class AssessmentCharts:
    """Of the assessment of a library or a consortium; None where a figure is not known."""

    balance: BarChart | None
    """What was lent beside what was borrowed."""
    share: BarChart | None
    """What went to residents of other towns beside all that was circulated."""
    lenders: BarChart | None
    """The towns where most was borrowed."""
    cost: BarChart | None
    """What lending cost, what was paid, and what would be at the average."""
    peers: BarChart | None
    """Items lent for every 100 residents."""


Charts = UseCharts | ParticipationCharts | SpendingCharts | AdvocacyCharts | AssessmentCharts | DeliveryCharts


@singledispatch
def charts_of(contents: object) -> Charts | None:
    """Return the charts of a document; None where it has none."""
    return None


@charts_of.register
def _(report: UseReport) -> UseCharts:
    lent = town_map(
        _on_the_map({town.number: town.loans for town in report.towns}),
        key="lent",
        title=gettext("Items lent to residents of other towns, by the town of the lending library"),
        words=count,
        no_data_words=gettext("not reported, or no public library in the town"),
    )
    borrowed = town_map(
        _on_the_map({town.number: town.borrows for town in report.towns}),
        key="borrowed",
        title=gettext("Items lent elsewhere on the cards of each town’s libraries"),
        words=count,
        no_data_words=gettext("not known, or no public library in the town"),
    )
    known = {year.fiscal_year: year for year in report.years if year.loans is not None}
    years = [
        (year, [Value(known[year].loans or 0, known[year].standing)] if year in known else [])
        for year in range(min(known, default=0), max(known, default=-1) + 1)
    ]
    labelled = [(f"FY{year % 100:02}", values) for year, values in years]
    return UseCharts(
        cover=lent,
        trend=line_chart(labelled, size=ACROSS_A_PAGE) if len(years) > 1 else None,
        through_the_years=trend_charts(years),
        largest=_most([(line.library_name, line.loans) for line in report.lines]),
        most_borrowing=_most([(line.library_name, line.borrows) for line in report.lines]),
        lent=lent,
        borrowed=borrowed,
    )


@charts_of.register
def _(report: ParticipatingLibraries) -> ParticipationCharts:
    numbers = {outline.name: outline.number for outline in outlines()}
    libraries = dict.fromkeys(numbers.values(), 0)
    for line in report.lines:
        if line.town in numbers:
            libraries[numbers[line.town]] += 1
    return ParticipationCharts(
        cover=town_map(
            libraries,
            key="participating",
            title=gettext("Participating libraries in each town"),
            words=lambda number: (
                ngettext("%(number)s library", "%(number)s libraries", number) % {"number": number}
            ),
            zero_words=gettext("none in the town"),
            breaks=(1, 2, 3),
        )
    )


@charts_of.register
def _(report: ExpenditureSummary) -> SpendingCharts:
    numbers = {outline.name: outline.number for outline in outlines()}
    spent: dict[int, int] = {}
    for line in report.lines:
        if line.spent_cents is not None and line.town in numbers:
            spent[numbers[line.town]] = spent.get(numbers[line.town], 0) + line.spent_cents
    return SpendingCharts(
        cover=town_map(
            spent,
            key="spent",
            title=gettext("Money spent, by the town of the library"),
            words=dollars,
            zero_words=gettext("reported that nothing was spent yet"),
            no_data_words=gettext("no certified report, or no report due"),
        ),
        categories=bar_chart(
            [
                (one.name, one.cents)
                for one in sorted(report.categories, key=lambda one: -one.cents)
                if one.cents
            ],
            write=dollars,
        ),
    )


def _on_the_map(values: dict[int, int | None]) -> dict[int, int | None]:
    """Return the values of towns that the map knows; a report stands also where the map is older."""
    known = {outline.number for outline in outlines()}
    return {number: value for number, value in values.items() if number in known}


def _most(values: list[tuple[str, int | None]]) -> BarChart | None:
    """Return the bars of the greatest few, the greatest first; equal ones by name."""
    known = [(name, number) for name, number in values if number]
    return bar_chart(sorted(known, key=lambda one: (-one[1], one[0]))[:LARGEST])


@charts_of.register
def _(sheet: AdvocacySheet) -> AdvocacyCharts:
    if not sheet.lending_cost_cents or sheet.payment_cents is None:
        return AdvocacyCharts(None)
    bars = [
        (gettext("Cost of lending (assumption)"), sheet.lending_cost_cents),
        (gettext("Payment of the State") + mark_of(sheet.payment_kind), sheet.payment_cents),
    ]
    return AdvocacyCharts(bar_chart(bars, write=dollars))


@charts_of.register
def _(assessment: Assessment) -> AssessmentCharts:
    subject, lent, circulation = assessment.subject, assessment.lent, assessment.circulation
    cost = assessment.lending_cost_cents
    paid = assessment.payment_cents
    return AssessmentCharts(
        balance=None
        if lent.number is None
        else bar_chart(
            [
                (f"Lent to residents of other towns{lent.mark}", lent.number),
                (
                    f"Borrowed elsewhere on {subject.their_cards}{assessment.borrowed.mark}",
                    assessment.borrowed.number,
                ),
            ]
        ),
        share=bar_chart(
            [
                ("Circulated in all", circulation.items),
                (f"To residents of other towns{lent.mark}", circulation.lent),
            ]
        )
        if circulation and circulation.is_possible and lent.number is not None
        else None,
        lenders=_most([(line.town, line.loans) for line in assessment.used[:LENDING_TOWNS]]),
        cost=bar_chart(
            [
                ("Cost of lending (assumption)", cost),
                *(
                    []
                    if paid is None
                    else [(f"Payment of the State{mark_of(assessment.payment_kind)}", paid)]
                ),
                ("Payment at the average (assumption)", assessment.average_payment_cents or 0),
            ],
            write=dollars,
        )
        if cost
        else None,
        peers=bar_chart(
            [
                (f"{line.name}{' (this assessment)' if line.is_own else ''}", line.for_a_hundred)
                for line in sorted(assessment.peers, key=lambda line: -(line.each or 0))
                if line.for_a_hundred is not None
            ]
        )
        if len(assessment.peers) > 1
        else None,
    )


@charts_of.register
def _(report: DeliveryVolume) -> DeliveryCharts:
    return charts_of_delivery(report, through_time=False)
