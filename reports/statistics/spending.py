"""The annual summary of expenditure reports. Source: Regs. Conn. State Agencies § 11-31c-3(c)."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from connecticard.canonical_json import sha256_of
from libraries.models import Library
from payments.expenditure_categories import categories_on, names_ever
from payments.models import ExpenditureLine, ExpenditureReport, PastPayment, PaymentRun
from payments.rules.expenditure_reporting import report_due_in
from reports.contents import ExpenditureSummary, MadeFrom, SpendingCategory, SpendingLine
from reports.payment_list import dated
from reports.statistics.shared import applied_rules
from transactions.rules.filing_calendar import eastern_day

_RULES = (
    "fiscal_year.begins",
    "expenditure_report.",
    "expenditure_category.",
    "eligibility.expenditure_report_required",
    "eligibility.nothing_received_counts_as_met",
)


def expenditure_summary(run: PaymentRun) -> ExpenditureSummary:
    """Return what libraries spent, by the reports that fell due in a run's fiscal year (3(c))."""
    due = report_due_in(run.fiscal_year)
    received = PastPayment.objects.filter(fiscal_year=due.covers_fiscal_year, cents__gt=0).cents_by_library()
    reports = {
        report.library_id: report
        for report in ExpenditureReport.objects.standing().filter(fiscal_year=due.covers_fiscal_year)
    }
    libraries = {
        library.pk: library
        for library in Library.objects.filter(pk__in={*received, *reports})
        .select_related("town")
        .order_by("name", "key")
    }
    lines = tuple(
        _spending_line(library, received.get(pk), reports.get(pk)) for pk, library in libraries.items()
    )
    reported = [line for line in lines if line.spent_cents is not None]
    spent = _spending_categories(due.due_on, reports)
    return ExpenditureSummary(
        due_on=due.due_on,
        receipt_fiscal_year=due.covers_fiscal_year,
        libraries_owing=len(received),
        libraries_reporting=len(reports),
        received_cents=sum(line.received_cents for line in reported),
        spent_cents=sum(line.spent_cents or 0 for line in reported),
        held_cents=sum(line.held_cents or 0 for line in reported),
        categories=spent,
        lines=lines,
        rules=applied_rules(run, *_RULES),
        made_from=MadeFrom(
            source=f"certified expenditure reports on money received in fiscal year {due.covers_fiscal_year}",
            rulebook_edition=run.rulebook_edition,
            data_sha256=sha256_of(
                {
                    "fiscal_year": due.covers_fiscal_year,
                    "reports": sorted([libraries[pk].key, report.sha256] for pk, report in reports.items()),
                    "received": sorted([libraries[pk].key, cents] for pk, cents in received.items()),
                    "names": [[line.library_key, line.library_name, line.town] for line in lines],
                    "categories": [[one.name, one.libraries, one.cents] for one in spent],
                }
            ),
            dated=dated(run),
        ),
    )


def _spending_line(
    library: Library, received_cents: int | None, report: ExpenditureReport | None
) -> SpendingLine:
    if report is None:
        return SpendingLine(
            library.key, library.name, library.town.name, received_cents or 0, None, None, None
        )
    assert report.received_cents is not None, "a certified report says what was received"
    assert report.unspent_cents is not None, "a certified report says what is held"
    assert report.certified_at is not None, "a certified report says when"
    return SpendingLine(
        library_key=library.key,
        library_name=library.name,
        town=library.town.name,
        received_cents=report.received_cents,
        spent_cents=report.received_cents - report.unspent_cents,
        held_cents=report.unspent_cents,
        certified_on=eastern_day(report.certified_at),
    )


def _spending_categories(on: date, reports: Mapping[int, ExpenditureReport]) -> tuple[SpendingCategory, ...]:
    """Return each category of the form with what was spent in it, in the order of the form.

    A category that was taken off the form since, and in which money was spent, comes after them.
    """
    cents: dict[str, int] = defaultdict(int)
    libraries: dict[str, int] = defaultdict(int)
    for line in ExpenditureLine.objects.filter(report__in=list(reports.values()), cents__gt=0):
        cents[line.category] += line.cents
        libraries[line.category] += 1
    names = {category.code: category.name for category in categories_on(on)}
    names |= {code: name for code, name in names_ever().items() if code in cents and code not in names}
    return tuple(SpendingCategory(name, libraries[code], cents[code]) for code, name in names.items())
