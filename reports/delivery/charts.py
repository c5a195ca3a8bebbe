"""The charts and the map of the statewide report of deliverIT CT, for its page and its PDF."""

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from connecticard.templatetags.figures import count
from libraries.town_map import TownMap, outlines, town_map
from payments.past_years.trends import Charts
from reports.contents.delivery import DeliverySums, DeliveryVolume
from reports.delivery.assumption import assumptions_in
from transactions.bar_chart import BarChart, bar_chart
from transactions.delivery.reported import volume_by_quarter
from transactions.line_chart import ACROSS_A_PAGE, ON_A_PHONE, Value, line_chart
from transactions.rules.delivery_quarters import Quarter

_SHORT_LINE = 12  # quarters shown in a line, so that each has its name


@dataclass(frozen=True)
class DeliveryCharts:
    """Of the statewide report; None where there is too little to draw."""

    delivered: TownMap
    months: BarChart | None
    routes: BarChart | None
    through_time: Charts | None


def charts_of_delivery(report: DeliveryVolume, *, through_time: bool = True) -> DeliveryCharts:
    """Return the charts of a report; `through_time` adds the line of all quarters on record."""
    known = {outline.number for outline in outlines()}
    return DeliveryCharts(
        delivered=town_map(
            {number: items for number, items in report.by_town.items() if number in known},
            key="delivered",
            title=_("Items delivered in each town"),
            words=count,
            zero_words=_("none"),
            no_data_words=_("nobody there reported, or nobody there is served"),
        ),
        months=_bars([(date_format(one.month, "YEAR_MONTH_FORMAT"), one.sums) for one in report.months]),
        routes=_bars([(_route(one.name), one.sums) for one in report.routes])
        if len(report.routes) > 1
        else None,
        through_time=_line() if through_time else None,
    )


def _route(name: str) -> str:
    return _("Route %(letter)s") % {"letter": name} if name else _("No code on record")


def _bars(groups: list[tuple[str, DeliverySums]]) -> BarChart | None:
    return bar_chart([(name, sums.delivered) for name, sums in groups]) if len(groups) > 1 else None


def _line() -> Charts | None:
    """Return the line of items delivered by quarter, each with the bins of its own time."""
    newest = list(volume_by_quarter().items())[-_SHORT_LINE:]
    assumed = assumptions_in(quarter for quarter, _volume in newest)
    quarters = [
        (_short(quarter), [Value(found.delivered(assumed[quarter].items_per_bin))])
        for quarter, found in newest
    ]
    wide, narrow = (line_chart(quarters, size=size) for size in (ACROSS_A_PAGE, ON_A_PHONE))
    return Charts(wide, narrow) if wide and narrow else None


def _short(quarter: Quarter) -> str:
    """Return a quarter as a chart names it: 7/26 for the one that begins in July 2026."""
    return f"{quarter.first_day.month}/{quarter.first_day:%y}"
