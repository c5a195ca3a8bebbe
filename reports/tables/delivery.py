"""The tables of the statewide report of deliverIT CT, and of its files."""

from reports.contents.delivery import DeliveryGroup, DeliverySums, DeliveryVolume
from reports.tables.columns import items, rules
from reports.tables.table import Column, Kind, Row, Table

_SITE = Column(
    "site", "Key", Kind.KEY, note="Key of the site; a public library's own, as in the federal survey."
)
_NAME = Column("name", "Library", Kind.TEXT)
_CARRIED = (
    items("bins_in", "Bins in", unit="bins"),
    items("items_in", "Loose items in"),
    items("bins_out", "Bins out", unit="bins"),
    items("items_out", "Loose items out"),
)
_DELIVERED = items("delivered", "Items delivered", "Loose items and those of the bins.", is_estimated=True)
_SENT = items("sent", "Items sent off", "Loose items and those of the bins.", is_estimated=True)
_SUMS = (*_CARRIED, _DELIVERED, _SENT)


def delivery_volume(report: DeliveryVolume) -> tuple[Table, ...]:
    """Return what each library counted, its months, the quarters, the routes, and what stands behind them."""
    libraries = Table(
        name="libraries",
        title="Volume at each library",
        caption="Bins and loose items as the library counted them. Items delivered and sent off take a bin "
        "to hold the number of items stated in the table of quarters. Blank: not reported, or not estimated.",
        columns=(
            _SITE,
            _NAME,
            Column("kind", "Kind", Kind.TEXT),
            Column("town", "Town", Kind.TEXT),
            Column("route", "Route", Kind.TEXT, note="Blank: no code is on record."),
            Column("code", "Code", Kind.TEXT),
            Column("came_in", "Came in", Kind.TEXT, note="In time, late, partial, or not reported."),
            items("quarters_asked", "Quarters asked for", unit="quarters"),
            items("quarters_reported", "Quarters reported", unit="quarters"),
            Column("months_missing", "Months that lack a count", Kind.TEXT),
            Column("why_missing", "Why", Kind.TEXT, note="As the library said it."),
            *_SUMS,
            items("returns_arrived", "borrowIT CT returns that arrived", is_estimated=True),
            items("returns_sent", "borrowIT CT returns sent off", is_estimated=True),
            items("interlibrary_loans", "Interlibrary loans taken off", unit="loans"),
            Column("why_no_estimate", "Why not estimated", Kind.TEXT),
        ),
        rows=tuple(
            (
                line.key,
                line.name,
                line.kind,
                line.town,
                line.route,
                line.code,
                line.came_in.value,
                line.quarters,
                line.reported,
                ", ".join(f"{month:%Y-%m}" for month in line.missing_months),
                line.why_missing,
                *_cells(line.sums),
                line.returns.arrived if line.returns else None,
                line.returns.sent if line.returns else None,
                line.returns.loans if line.returns else None,
                line.why_no_estimate,
            )
            for line in report.lines
        ),
        key=("site",),
        heading="name",
    )
    months = Table(
        name="months",
        title="Volume by month",
        caption="Whole: libraries that gave all four counts of the month.",
        columns=(
            Column("month", "Month", Kind.TEXT, note="Year and month."),
            items("libraries", "Libraries served", unit="libraries"),
            items("whole", "Counted whole", unit="libraries"),
            *_SUMS,
        ),
        rows=tuple(
            (f"{one.month:%Y-%m}", one.libraries, one.whole, *_cells(one.sums)) for one in report.months
        ),
        key=("month",),
    )
    quarters = Table(
        name="quarters",
        title="Who reported, by quarter",
        caption="Late: the first report came after the day on which it was due. Partial reports, late or "
        "not, lack a count of a month.",
        columns=(
            Column("quarter", "Quarter", Kind.TEXT),
            items("libraries", "Libraries served", unit="libraries"),
            items("in_time", "In time", unit="libraries"),
            items("late", "Late", unit="libraries"),
            items("partial", "Of these partial", unit="libraries"),
            items("missing", "Not reported", unit="libraries"),
            items("not_due", "Not yet due", unit="libraries"),
            items("items_per_bin", "Items in a bin", "An assumption."),
            Column("why_items_per_bin", "Why so many", Kind.TEXT),
            *_SUMS,
        ),
        rows=tuple(
            (
                one.title,
                one.libraries,
                one.in_time,
                one.late,
                one.partial,
                one.missing,
                one.not_due,
                one.items_per_bin,
                one.why_items_per_bin,
                *_cells(one.sums),
            )
            for one in report.quarters
        ),
        key=("quarter",),
    )
    counts = Table(
        name="counts",
        title="What each library counted in each month",
        caption="As reported. Blank: not counted, or not given.",
        columns=(
            _SITE,
            _NAME,
            Column("month", "Month", Kind.TEXT, note="Year and month."),
            *_CARRIED,
            items("loans_sent", "Interlibrary loans sent", unit="loans"),
            items("loans_received", "Interlibrary loans received", unit="loans"),
        ),
        rows=tuple(
            (
                one.key,
                one.name,
                f"{one.month:%Y-%m}",
                one.bins_in,
                one.items_in,
                one.bins_out,
                one.items_out,
                one.loans_sent,
                one.loans_received,
            )
            for one in report.months_of_libraries
        ),
        key=("site", "month"),
        heading="name",
    )
    return (
        libraries,
        quarters,
        months,
        _groups("routes", "Volume by route", "Route", report.routes, "no code on record"),
        _groups("kinds", "Volume by kind of library", "Kind", report.kinds, ""),
        counts,
        rules(report.rules),
    )


def _groups(name: str, title: str, label: str, groups: tuple[DeliveryGroup, ...], unnamed: str) -> Table:
    return Table(
        name=name,
        title=title,
        columns=(
            Column(name.removesuffix("s"), label, Kind.TEXT),
            items("libraries", "Libraries served", unit="libraries"),
            items("reported", "Reported", unit="libraries"),
            *_SUMS,
        ),
        rows=tuple((one.name or unnamed, one.libraries, one.reported, *_cells(one.sums)) for one in groups),
        key=(name.removesuffix("s"),),
    )


def _cells(sums: DeliverySums | None) -> Row:
    if sums is None:
        return (None,) * 6
    return sums.bins_in, sums.items_in, sums.bins_out, sums.items_out, sums.delivered, sums.sent
