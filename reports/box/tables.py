"""The tables of a box. Those of the reports and the payment list are read from what was certified."""

import json
from collections import defaultdict

from django.db.models import Q, Sum

from libraries.models import Library, LibraryName, Residency, Town
from payments.explaining.explanation import estimate_of
from payments.explaining.flows import pairs
from payments.models import PaymentRun, UnmetRequirement
from payments.proving.rulebook_editions import entries_of
from reports.contents import ExpenditureSummary, ParticipatingLibraries, PaymentList, UseReport
from reports.models import DocumentKind
from reports.tables import Column, Kind, Table, table_of

KEY = Column("library", "Key", Kind.KEY, note="Key of the library in the federal survey of public libraries.")
TOWN_NUMBER = Column("town_number", "Town", Kind.INTEGER, note="Number of the town in the state's list.")


def box_tables(
    run: PaymentRun,
    *,
    use: UseReport,
    participating: ParticipatingLibraries,
    expenditure: ExpenditureSummary,
    payments: PaymentList,
) -> dict[str, Table]:
    """Return the tables of a year by the names of their files, in the order in which they are described."""
    return {
        "use": table_of(use, "libraries"),
        "use-by-town": table_of(use, "towns"),
        "years": table_of(use, "years"),
        "flows": _flows(run),
        "payments": table_of(payments, "payments"),
        "eligibility": _eligibility(run),
        "unmet-requirements": _unmet(run),
        "participating-libraries": table_of(participating, "libraries"),
        "expenditure": table_of(expenditure, "libraries"),
        "expenditure-categories": table_of(expenditure, "categories"),
        "libraries": _libraries(run),
        "towns": _towns(),
        "residencies": _residencies(run),
        "rulebook": _rulebook(run),
    }


OF_DOCUMENTS = {
    "use": DocumentKind.USE_REPORT,
    "participating": DocumentKind.PARTICIPATING_LIBRARIES,
    "expenditure": DocumentKind.EXPENDITURE_SUMMARY,
    "payments": DocumentKind.PAYMENT_LIST,
}
"""The documents from which `box_tables` takes its contents, by the name of its argument."""

# Which columns of a table name a row of another: (column, table, column there)
FOREIGN_KEYS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "flows": (("lender", "libraries", "library"), ("home_library", "libraries", "library")),
    "libraries": (("town_number", "towns", "town_number"),),
    "residencies": (("town_number", "towns", "town_number"), ("library", "libraries", "library")),
    "use-by-town": (("town_number", "towns", "town_number"),),
    **dict.fromkeys(
        (
            "use",
            "payments",
            "eligibility",
            "unmet-requirements",
            "participating-libraries",
            "expenditure",
        ),
        (("library", "libraries", "library"),),
    ),
}


def _flows(run: PaymentRun) -> Table:
    of, estimate = "filing__loan_counts__", estimate_of(run.counted_filings.values("filing"))
    note = f"How it was estimated: {estimate}." if estimate else ""
    rows = (
        pairs(run, Q(**{f"{of}loans__gt": 0}))
        .values_list("filing__library__key", f"{of}home_library__key")
        .annotate(loans=Sum(f"{of}loans"))
        .order_by("filing__library__key", f"{of}home_library__key")
    )
    return Table(
        name="flows",
        title="Loans between libraries, as counted for the payments",
        caption="Items that each library lent on the cards of each other library in the twelve months "
        "measured. Pairs without loans are left out. Counts are of items, not of people.",
        columns=(
            Column("lender", "Lender", Kind.KEY),
            Column("home_library", "Home library", Kind.KEY, note="The library that issued the cards."),
            Column("loans", "Loans", Kind.INTEGER, "items", note, bool(estimate)),
        ),
        rows=tuple(rows),
        key=("lender", "home_library"),
    )


def _eligibility(run: PaymentRun) -> Table:
    unmet: dict[str, int] = defaultdict(int)
    for key in UnmetRequirement.objects.filter(payment__run=run).values_list(
        "payment__library__key", flat=True
    ):
        unmet[key] += 1
    keys = run.payments.order_by("library__key").values_list("library__key", flat=True)
    return Table(
        name="eligibility",
        title="Whether each participating library was in order",
        caption="Assumed of every library: the year was filed before this system."
        if run.assumed_eligible
        else "As found when the run was calculated (4(a)).",
        columns=(
            KEY,
            Column("in_order", "In order", Kind.YES_NO),
            Column("unmet", "Requirements not met", Kind.INTEGER, "requirements"),
        ),
        rows=tuple((key, not unmet[key], unmet[key]) for key in keys),
        key=("library",),
    )


def _unmet(run: PaymentRun) -> Table:
    rows = UnmetRequirement.objects.filter(payment__run=run).order_by("payment__library__key", "pk")
    return Table(
        name="unmet_requirements",
        title="Requirements that libraries had not met",
        columns=(
            KEY,
            Column("requirement", "Requirement", Kind.TEXT),
            Column("citation", "Citation", Kind.TEXT),
            Column("reason", "Reason", Kind.TEXT),
            Column("cure", "Cure", Kind.TEXT),
        ),
        rows=tuple(rows.values_list("payment__library__key", "code", "citation", "reason", "cure")),
    )


def _libraries(run: PaymentRun) -> Table:
    former = LibraryName.objects.borne_on(run.measured.last_day)
    columns = (
        KEY,
        Column("name", "Name", Kind.TEXT, note="On the last day of the twelve months measured."),
        TOWN_NUMBER,
        Column("state_library_number", "State Library number", Kind.TEXT),
        Column("address", "Address", Kind.TEXT),
        Column("postal_city", "Postal city", Kind.TEXT),
        Column("zip_code", "ZIP code", Kind.TEXT),
        Column("latitude", "Latitude", Kind.TEXT, note="In degrees."),
        Column("longitude", "Longitude", Kind.TEXT, note="In degrees, west negative."),
    )
    rows = tuple(
        (
            library.key,
            former.get(library.pk, library.name),
            library.town.number,
            library.state_library_number,
            library.address,
            library.postal_city,
            library.zip_code,
            None if library.latitude is None else str(library.latitude),
            None if library.longitude is None else str(library.longitude),
        )
        for library in Library.objects.select_related("town").order_by("key")
    )
    return Table("libraries", "Public libraries", columns, rows, key=("library",))


def _towns() -> Table:
    columns = (
        TOWN_NUMBER,
        Column("name", "Name", Kind.TEXT),
        Column("county", "County", Kind.TEXT),
        Column("planning_region", "Planning region", Kind.TEXT),
        Column("geoid", "Census GEOID", Kind.TEXT, note="County based."),
        Column("population", "Population", Kind.INTEGER, "people", "On July 1, 2020."),
    )
    rows = Town.objects.order_by("number").values_list(
        "number", "name", "county", "planning_region", "geoid", "population"
    )
    return Table("towns", "Towns", columns, tuple(rows), key=("town_number",))


def _residencies(run: PaymentRun) -> Table:
    on = run.measured.last_day
    rows = Residency.objects.in_force(on).order_by("town__number", "library__key")
    return Table(
        name="residencies",
        title="Home libraries of each town",
        caption="On the last day of the twelve months measured (1(c)).",
        columns=(TOWN_NUMBER, KEY, Column("principal", "Principal", Kind.YES_NO)),
        rows=tuple(rows.values_list("town__number", "library__key", "principal")),
        key=("town_number", "library"),
    )


def _rulebook(run: PaymentRun) -> Table:
    columns = (
        Column("entry", "Entry", Kind.TEXT),
        Column("value", "Value", Kind.TEXT, note="As JSON."),
        Column("effective_from", "Effective from", Kind.DAY),
        Column("citation", "Citation", Kind.TEXT),
        Column("label", "Kind", Kind.TEXT, note="law, practice or reading"),
    )
    rows = tuple(
        (
            entry["key"],
            json.dumps(entry["value"], ensure_ascii=False),
            entry["effective_from"],
            entry["citation"],
            entry["label"],
        )
        for entry in entries_of(run)
    )
    return Table(
        name="rulebook",
        title="The law, practice and readings that were applied",
        caption="The same entries as rulebook.json, whose SHA-256 is the rulebook edition.",
        columns=columns,
        rows=rows,
    )
