"""The tables of the three annual reports. Source: Regs. Conn. State Agencies § 11-31c-3."""

from dataclasses import replace

from reports.contents import ExpenditureSummary, ParticipatingLibraries, UseReport
from reports.tables.columns import KEY, NAME, TOWN, changes, dollars, items, rules
from reports.tables.table import Column, Kind, Table

_TOWN_NUMBER = Column("town_number", "Number", Kind.INTEGER, note="Number of the town in the state’s list.")
_TOWN_NAME = Column("town", "Town", Kind.TEXT)
_STANDING = Column(
    "standing",
    "Standing",
    Kind.TEXT,
    note="filed: certified by the library. published: not certified by the library. estimated: worked out.",
)


def use_report(report: UseReport) -> tuple[Table, ...]:
    """Return use at each library, the years of the state, the towns, and what stands behind them."""
    guessed = bool(report.estimate)
    years = Table(
        name="years",
        title="Loans by all libraries of the state",
        caption="Years without a known figure are left out. Published: a total that the State Library "
        "published, not certified by the libraries.",
        columns=(
            items("fiscal_year", "Fiscal year", unit="year"),
            Column("measured_from", "From", Kind.DAY),
            Column("measured_to", "To", Kind.DAY),
            items("loans", "Loans"),
            _STANDING,
        ),
        rows=tuple(
            (
                year.fiscal_year,
                year.measured_from,
                year.measured_to,
                year.loans,
                "" if year.loans is None else year.standing,
            )
            for year in report.years
        ),
        key=("fiscal_year",),
    )
    libraries = Table(
        name="libraries",
        title="Use at each public library",
        caption="Loans: items lent to residents of other towns. Borrows: items lent elsewhere on this "
        "library’s cards. Net plus: loans less borrows, never below zero. A blank means that the library "
        "did not report; 0 means that it reported none.",
        columns=(
            KEY,
            NAME,
            TOWN,
            Column("participating", "Takes part", Kind.YES_NO),
            items("loans", "Loans"),
            items("loans_a_year_before", "Loans a year before"),
            items("borrows", "Borrows", is_estimated=guessed),
            items("net_plus", "Net plus", is_estimated=guessed),
            _STANDING,
            replace(_STANDING, name="standing_a_year_before", label="Standing a year before"),
        ),
        rows=tuple(
            (
                line.library_key,
                line.library_name,
                line.town,
                line.participating,
                line.loans,
                line.loans_a_year_before,
                line.borrows,
                line.net_plus,
                line.standing,
                line.standing_a_year_before,
            )
            for line in report.lines
        ),
        key=("library",),
        heading="name",
        total=(
            None,
            "All public libraries",
            None,
            None,
            report.loans,
            None,
            None,
            report.net_plus,
            None,
            None,
        ),
    )
    towns = Table(
        name="towns",
        title="Use by town",
        caption="Loans: by the public libraries that stand in the town. Borrows: items lent elsewhere on "
        "their cards. Blank: not reported, or no public library stands there and its residents hold the "
        "cards of a library in another town.",
        columns=(
            _TOWN_NUMBER,
            _TOWN_NAME,
            items("libraries", "Libraries", unit="libraries"),
            items("loans", "Loans"),
            items("borrows", "Borrows", is_estimated=guessed),
        ),
        rows=tuple(
            (town.number, town.name, town.libraries, town.loans, town.borrows) for town in report.towns
        ),
        key=("town_number",),
        heading="town",
    )
    return libraries, towns, years, *changes(report.changes), rules(report.rules)


def participating_libraries(report: ParticipatingLibraries) -> tuple[Table, ...]:
    """Return the libraries that take part, those that do not, and the library of each town."""
    libraries = Table(
        name="libraries",
        title="Participating libraries",
        caption="In order of town, then of name. A library also serves a town that has none and has "
        "designated it as its principal public library.",
        columns=(
            KEY,
            NAME,
            TOWN,
            Column("also_serves", "Also serves", Kind.TEXT),
            Column("since", "On file since", Kind.DAY, note="Blank: older than our records."),
        ),
        rows=tuple(
            (line.library_key, line.library_name, line.town, "; ".join(line.also_serves), line.since)
            for line in report.lines
        ),
        key=("library",),
        heading="name",
    )
    others = Table(
        name="not_participating",
        title="Public libraries without a letter of agreement",
        columns=(KEY, NAME, TOWN),
        rows=tuple((one.library_key, one.library_name, one.town) for one in report.not_participating),
        key=("library",),
        heading="name",
    )
    served = Table(
        name="towns",
        title="The principal public library of each town",
        caption="Residents hold the card of a library of their town or, where there is none, of the one "
        "designated as its principal public library.",
        columns=(
            _TOWN_NUMBER,
            _TOWN_NAME,
            KEY,
            Column("name", "Principal public library", Kind.TEXT),
            Column("participating", "Takes part", Kind.YES_NO),
        ),
        rows=tuple(
            (town.number, town.name, town.library_key, town.library_name, town.participating)
            for town in report.served
        ),
        key=("town_number",),
        heading="town",
    )
    return libraries, others, served, *changes(report.changes), rules(report.rules)


def expenditure_summary(report: ExpenditureSummary) -> tuple[Table, ...]:
    """Return the report of each library and what was spent in each category."""
    libraries = Table(
        name="libraries",
        title="Reports by library",
        caption=f"Every library that received money in fiscal year {report.receipt_fiscal_year}. Blank: no "
        "certified report.",
        columns=(
            KEY,
            NAME,
            TOWN,
            dollars("received", "Received"),
            dollars("spent", "Spent"),
            dollars("held", "Held", "Unspent and still held for the library."),
            Column("certified_on", "Certified", Kind.DAY),
        ),
        rows=tuple(
            (
                line.library_key,
                line.library_name,
                line.town,
                line.received_cents,
                line.spent_cents,
                line.held_cents,
                line.certified_on,
            )
            for line in report.lines
        ),
        key=("library",),
        heading="name",
    )
    categories = Table(
        name="categories",
        title="Spending by category",
        caption="Certified reports only. A library may spend in several categories.",
        columns=(
            Column("category", "Category", Kind.TEXT),
            items("libraries", "Libraries", unit="libraries"),
            dollars("spent", "Amount"),
        ),
        rows=tuple((one.name, one.libraries, one.cents) for one in report.categories),
        key=("category",),
        total=("Spent", None, report.spent_cents) if report.categories else (),
    )
    return libraries, categories, *changes(report.changes), rules(report.rules)
