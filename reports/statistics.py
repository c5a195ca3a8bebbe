"""The three annual reports of section 11-31c-3, gathered from the records."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from connecticard.canonical_json import sha256_of
from libraries.models import LetterOfAgreement, Library, LibraryName, Residency, Town
from payments.correcting.corrections import amendments, counted_by
from payments.counting import loans_and_borrows
from payments.explaining.explanation import estimate_of
from payments.models import (
    CorrectionStatement,
    ExpenditureLine,
    ExpenditureReport,
    Measure,
    PastPayment,
    Payment,
    PaymentRun,
    PublishedFigure,
)
from payments.rules.expenditure_reporting import categories, report_due_in
from payments.rules.net_plus import net_plus
from reports.contents import (
    ExpenditureSummary,
    MadeFrom,
    ParticipatingLibraries,
    ParticipatingLibrary,
    SpendingCategory,
    SpendingLine,
    UseLine,
    UseReport,
    YearOfUse,
)
from reports.correction_paper import made_from_correction
from reports.payment_list import dated, source_of
from transactions.models import Filing, reports_loans
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import Span, eastern_day, measurement_period

YEARS_BACK = 10  # of the state's totals


def use_report(run: PaymentRun, correction: CorrectionStatement | None = None) -> UseReport:
    """Return use at each public library of the state in the twelve months of a run (3(a)).

    Loans and borrows of participating libraries are the run's own or, in the edition that a correction
    makes, those of the filings that it counts. A library that reported nothing, or only that it did not
    count, has None; one that reported none has 0.
    """
    measured = run.measured
    payments = {payment.library_id: payment for payment in run.payments.all()}
    counted_filings = correction.filings if correction else run.counted_filings
    reporting = set(counted_filings.filter(reports_loans("filing")).values_list("filing__library", flat=True))
    used = _use_of(payments.values(), correction)
    year_before = _loans_of(measurement_period(run.fiscal_year - 1))
    libraries = _open_libraries(measured)
    lines = []
    for library in libraries:
        payment = payments.get(library.pk)
        filed = payment is not None and library.pk in reporting
        lines.append(
            UseLine(
                library_key=library.key,
                library_name=library.name,
                town=library.town.name,
                participating=payment is not None,
                loans=used[library.pk].loans if filed else None,
                loans_a_year_before=year_before.get(library.pk),
                borrows=used[library.pk].borrows if payment else None,
                net_plus=used[library.pk].net_plus if filed else None,
            )
        )
    years = _years(run, sum(line.loans or 0 for line in lines))
    figures: list[list[object]] = [
        [
            line.library_key,
            line.library_name,
            line.loans,
            line.loans_a_year_before,
            line.borrows,
            line.net_plus,
        ]
        for line in lines
    ]
    figures += [[year.fiscal_year, year.loans, year.published_before] for year in years]
    return UseReport(
        fiscal_year=run.fiscal_year,
        measured_from=measured.first_day,
        measured_to=measured.last_day,
        lines=tuple(lines),
        libraries=len(lines),
        libraries_reporting=sum(line.loans is not None for line in lines),
        libraries_not_reporting=sum(line.loans is None for line in lines),
        loans=sum(line.loans or 0 for line in lines),
        net_plus=sum(line.net_plus or 0 for line in lines),
        years=years,
        edition=correction.use_report_edition if correction else 1,
        changes=tuple(map(str, amendments(correction))) if correction else (),
        made_from=_made_from(run, figures, correction),
        estimate=estimate_of(counted_filings.values("filing")),
    )


@dataclass(frozen=True)
class _Use:
    """What counts of one library, in units."""

    loans: int
    borrows: int
    net_plus: int


def _use_of(payments: Iterable[Payment], correction: CorrectionStatement | None) -> dict[int, _Use]:
    """Return what counts of each library of a run, by library id: as certified, or as a correction counts."""
    if correction is None:
        return {
            payment.library_id: _Use(payment.loans, payment.borrows, payment.net_plus) for payment in payments
        }
    sums = loans_and_borrows(counted_by(correction))
    used = {payment.library_id: sums.get(payment.library_id, (0, 0)) for payment in payments}
    return {pk: _Use(loans, borrows, net_plus(loans, borrows)) for pk, (loans, borrows) in used.items()}


def participating_libraries(run: PaymentRun, on: date) -> ParticipatingLibraries:
    """Return the libraries with a letter of agreement on file on a day (3(b), 1(d))."""
    letters = dict(LetterOfAgreement.objects.filter(valid__contains=on).values_list("library_id", "valid"))
    served: dict[int, list[str]] = defaultdict(list)
    principal_towns = set()
    for residency in Residency.objects.in_force(on).filter(principal=True).select_related("town", "library"):
        if residency.library_id in letters:
            principal_towns.add(residency.town_id)
        if residency.town_id != residency.library.town_id:
            served[residency.library_id].append(residency.town.name)
    libraries = _open_libraries(Span(on, on))
    lines = tuple(
        ParticipatingLibrary(
            library_key=library.key,
            library_name=library.name,
            town=library.town.name,
            also_serves=tuple(sorted(served[library.pk])),
            since=letters[library.pk].lower,
        )
        for library in sorted(libraries, key=lambda library: (library.town.name, library.name))
        if library.pk in letters
    )
    others = tuple(library.name for library in libraries if library.pk not in letters)
    return ParticipatingLibraries(
        on=on,
        lines=lines,
        libraries=len(lines),
        towns=len(principal_towns),
        towns_of_the_state=Town.objects.count(),
        not_participating=others,
        made_from=MadeFrom(
            source=f"letters of agreement on file on {written_day(on)}",
            rulebook_edition=run.rulebook_edition,
            data_sha256=sha256_of(
                {
                    "on": on.isoformat(),
                    "lines": [
                        [
                            line.library_key,
                            line.library_name,
                            line.town,
                            line.since.isoformat() if line.since else None,
                            *line.also_serves,
                        ]
                        for line in lines
                    ],
                    "not_participating": others,
                }
            ),
            dated=on,
        ),
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
        for library in Library.objects.filter(pk__in={*received, *reports}).order_by("name", "key")
    }
    lines = tuple(
        _spending_line(library, received.get(pk), reports.get(pk)) for pk, library in libraries.items()
    )
    reported = [line for line in lines if line.spent_cents is not None]
    return ExpenditureSummary(
        due_on=due.due_on,
        receipt_fiscal_year=due.covers_fiscal_year,
        libraries_owing=len(received),
        libraries_reporting=len(reports),
        received_cents=sum(line.received_cents for line in reported),
        spent_cents=sum(line.spent_cents or 0 for line in reported),
        held_cents=sum(line.held_cents or 0 for line in reported),
        categories=_spending_categories(due.due_on, reports),
        lines=lines,
        made_from=MadeFrom(
            source=f"certified expenditure reports on money received in fiscal year {due.covers_fiscal_year}",
            rulebook_edition=run.rulebook_edition,
            data_sha256=sha256_of(
                {
                    "fiscal_year": due.covers_fiscal_year,
                    "reports": sorted([libraries[pk].key, report.sha256] for pk, report in reports.items()),
                    "received": sorted([libraries[pk].key, cents] for pk, cents in received.items()),
                }
            ),
            dated=dated(run),
        ),
    )


def _spending_line(
    library: Library, received_cents: int | None, report: ExpenditureReport | None
) -> SpendingLine:
    if report is None:
        return SpendingLine(library.key, library.name, received_cents or 0, None, None, None)
    assert report.received_cents is not None, "a certified report says what was received"
    assert report.unspent_cents is not None, "a certified report says what is held"
    assert report.certified_at is not None, "a certified report says when"
    return SpendingLine(
        library_key=library.key,
        library_name=library.name,
        received_cents=report.received_cents,
        spent_cents=report.received_cents - report.unspent_cents,
        held_cents=report.unspent_cents,
        certified_on=eastern_day(report.certified_at),
    )


def _spending_categories(on: date, reports: Mapping[int, ExpenditureReport]) -> tuple[SpendingCategory, ...]:
    """Return each category of the form with what was spent in it, in the order of the form."""
    cents: dict[str, int] = defaultdict(int)
    libraries: dict[str, int] = defaultdict(int)
    for line in ExpenditureLine.objects.filter(report__in=list(reports.values()), cents__gt=0):
        cents[line.category] += line.cents
        libraries[line.category] += 1
    return tuple(
        SpendingCategory(category.name, libraries[category.code], cents[category.code])
        for category in categories(on)
    )


def _open_libraries(span: Span) -> list[Library]:
    """Return every public library of the state open in a span, under the name of its last day, by name."""
    libraries = list(Library.objects.open_between(span.first_day, span.last_day).select_related("town"))
    former = LibraryName.objects.borne_on(span.last_day)
    for library in libraries:
        library.name = former.get(library.pk, library.name)
    return sorted(libraries, key=lambda library: (library.name, library.key))


def _loans_of(measured: Span) -> dict[int, int]:
    """Return the loans of each library that has certified filings in a span, by library id."""
    rows = (
        Filing.objects.standing()
        .within(measured)
        .filter(reports_loans("pk"))
        .values_list("library")
        .annotate(loans=Sum("totals__loans", default=0))
    )
    return dict(rows.order_by())


def _years(run: PaymentRun, loans: int) -> tuple[YearOfUse, ...]:
    """Return the loans of the state in this and earlier years, oldest first, where any earlier is known.

    An earlier year without a published run has the total that was published of it, and says so.
    """
    runs = PaymentRun.objects.published().order_by("fiscal_year").values_list("fiscal_year")
    filed = dict(runs.annotate(Sum("payments__loans")))
    totals = PublishedFigure.objects.filter(
        library=None,
        measure=Measure.LOANS,
        value__isnull=False,
        fiscal_year__gte=run.fiscal_year - YEARS_BACK,
    )
    published = dict(totals.values_list("fiscal_year", "value"))
    earlier = sorted(year for year in {*filed, *published} if year < run.fiscal_year)
    if not earlier:
        return ()
    return tuple(
        YearOfUse(
            year,
            (measured := measurement_period(year)).first_day,
            measured.last_day,
            loans if year == run.fiscal_year else filed.get(year, published.get(year)),
            published_before=year != run.fiscal_year and year not in filed,
        )
        for year in (*earlier, run.fiscal_year)
    )


def _made_from(
    run: PaymentRun, lines: list[list[object]], correction: CorrectionStatement | None = None
) -> MadeFrom:
    if correction is not None:
        return made_from_correction(correction, lines)
    return MadeFrom(
        source=source_of(run),
        rulebook_edition=run.rulebook_edition,
        data_sha256=sha256_of({"run": run.manifest_sha256, "lines": lines}),
        dated=dated(run),
    )
