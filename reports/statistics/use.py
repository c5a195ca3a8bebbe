"""The annual report of use at each public library. Source: Regs. Conn. State Agencies § 11-31c-3(a)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet, Sum

from connecticard.canonical_json import sha256_of
from libraries.models import Town
from payments.correcting.corrections import counted_by
from payments.counting import loans_and_borrows
from payments.explaining.explanation import estimate_of
from payments.models import (
    CorrectionStatement,
    Measure,
    Payment,
    PaymentRun,
    PublishedFigure,
)
from payments.past_years.history import kinds_of_runs, weakest
from payments.rules.net_plus import net_plus
from reports.contents import FILED, PUBLISHED, MadeFrom, TownOfUse, UseLine, UseReport, YearOfUse
from reports.correction_paper import made_from_correction
from reports.payment_list import dated, source_of
from reports.statistics.shared import applied_rules, open_libraries
from transactions.models import Filing, Provenance, reports_loans
from transactions.rules.filing_calendar import measurement_period

YEARS_BACK = 25  # of the state's totals
_RULES = (
    "program_year_begins",
    "program_years_before_fiscal_year",
    "own_cards_reportable",
    "cards_of_a_served_town_reportable",
    "cards_of_a_library_without_letter_reportable",
    "cards_of_a_closed_library_are_its_successors",
    "town_served_judged_by",
    "net_plus.",
)


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
    standings = _standings(counted_filings.values("filing"), run.fiscal_year)
    used = _use_of(payments.values(), correction)
    year_before = _loans_of(run.fiscal_year - 1)
    libraries = open_libraries(measured)
    lines = []
    for library in libraries:
        payment = payments.get(library.pk)
        filed = payment is not None and library.pk in reporting
        before = year_before.get(library.pk, _NOTHING)
        lines.append(
            UseLine(
                library_key=library.key,
                library_name=library.name,
                town=library.town.name,
                participating=payment is not None,
                loans=used[library.pk].loans if filed else None,
                loans_a_year_before=before.loans,
                borrows=used[library.pk].borrows if payment else None,
                net_plus=used[library.pk].net_plus if filed else None,
                standing=standings[library.pk] if filed else "",
                standing_a_year_before=before.standing,
            )
        )
    standing = weakest(standings.values() or {FILED})
    years = _years(run, sum(line.loans or 0 for line in lines), standing)
    figures: list[list[object]] = [
        [
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
        ]
        for line in lines
    ]
    figures += [[year.fiscal_year, year.loans, year.standing] for year in years]
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
        towns=_towns(lines),
        rules=applied_rules(run, *_RULES),
        sources=_sources(run, years, lines),
        made_from=_made_from(run, figures, correction),
        estimate=estimate_of(counted_filings.values("filing")),
    )


def _sources(run: PaymentRun, years: Iterable[YearOfUse], lines: Iterable[UseLine]) -> tuple[str, ...]:
    """Return the publications whose figures stand in the report, in order of their names."""
    published = {year.fiscal_year for year in years if year.standing == PUBLISHED}
    used = Q(library=None, fiscal_year__in=published)
    if any(line.standing_a_year_before == PUBLISHED for line in lines):
        used |= Q(library__isnull=False, fiscal_year=run.fiscal_year - 1)
    figures = PublishedFigure.objects.filter(used, measure=Measure.LOANS, value__isnull=False)
    return tuple(figures.order_by("source").values_list("source", flat=True).distinct())


def _standings(filings: QuerySet[Any, Any], fiscal_year: int) -> dict[int, str]:
    """Return, by library id, how firm its loans of a year are: filed, published or estimated.

    An estimate may tell only on whose cards the items were lent: where the loans are what was published of
    the library, they are published.
    """
    published = _published_loans(fiscal_year)
    kinds: dict[int, set[str]] = defaultdict(set)
    lent: Counter[int] = Counter()
    rows = Filing.objects.filter(pk__in=filings).order_by().values_list("library", "provenance")
    for library, provenance, loans in rows.annotate(loans=Sum("totals__loans", default=0)):
        kinds[library].add(provenance)
        lent[library] += loans
    return {
        library: _as_published(weakest(found), lent[library], published.get(library))
        for library, found in kinds.items()
    }


def _as_published(kind: str, loans: int, published: int | None) -> str:
    """Return the kind of some loans: published where they are an estimate that equals what was published."""
    return PUBLISHED if kind == Provenance.ESTIMATED and loans == published else str(kind)


def _published_loans(fiscal_year: int) -> dict[int, int | None]:
    """Return what was published of the loans of each library in a fiscal year, by library id."""
    figures = PublishedFigure.objects.filter(
        library__isnull=False, measure=Measure.LOANS, fiscal_year=fiscal_year, value__isnull=False
    )
    return {figure.library_id: figure.value for figure in figures if figure.library_id is not None}


def _towns(lines: Iterable[UseLine]) -> tuple[TownOfUse, ...]:
    """Return the use of each town of the state, as the sum of the libraries that stand in it."""
    standing: dict[str, list[UseLine]] = defaultdict(list)
    for line in lines:
        standing[line.town].append(line)
    return tuple(
        TownOfUse(
            number=town.number,
            name=town.name,
            libraries=len(standing[town.name]),
            loans=_sum_of(line.loans for line in standing[town.name]),
            borrows=_sum_of(line.borrows for line in standing[town.name]),
        )
        for town in Town.objects.order_by("name")
    )


def _sum_of(numbers: Iterable[int | None]) -> int | None:
    """Return the sum of what is known; None where nothing is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


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


@dataclass(frozen=True)
class _Loans:
    """The loans of one library in a year, and how they came here."""

    loans: int | None
    standing: str


_NOTHING = _Loans(None, "")


def _loans_of(fiscal_year: int) -> dict[int, _Loans]:
    """Return the loans of each library in the months of a fiscal year, by library id.

    They are those of its certified filings or, where it has none on record, what was published of it.
    """
    found = {library: _Loans(loans, PUBLISHED) for library, loans in _published_loans(fiscal_year).items()}
    filings = Filing.objects.standing().within(measurement_period(fiscal_year)).filter(reports_loans("pk"))
    standings = _standings(filings.values("pk"), fiscal_year)
    rows = filings.values_list("library").annotate(loans=Sum("totals__loans", default=0)).order_by()
    return found | {library: _Loans(loans, standings[library]) for library, loans in rows}


def _years(run: PaymentRun, loans: int, standing: str) -> tuple[YearOfUse, ...]:
    """Return the loans of the state in this and earlier years, oldest first, where any earlier is known.

    An earlier year without a published run has the total that was published of it, and says so; so does one
    whose run counts what is not filed.
    """
    runs = PaymentRun.objects.published().order_by("fiscal_year")
    filed = dict(runs.values_list("fiscal_year").annotate(Sum("payments__loans")))
    totals = PublishedFigure.objects.filter(
        library=None,
        measure=Measure.LOANS,
        value__isnull=False,
        fiscal_year__gte=run.fiscal_year - YEARS_BACK,
    )
    published = dict(totals.values_list("fiscal_year", "value"))
    kinds = kinds_of_runs(runs)
    standings = {
        one.fiscal_year: _as_published(kinds[one.pk], filed[one.fiscal_year], published.get(one.fiscal_year))
        for one in runs
    }
    standings[run.fiscal_year] = standing
    earlier = sorted(year for year in {*filed, *published} if year < run.fiscal_year)
    if not earlier:
        return ()
    return tuple(
        YearOfUse(
            year,
            (measured := measurement_period(year)).first_day,
            measured.last_day,
            loans if year == run.fiscal_year else filed.get(year, published.get(year)),
            standing=standings.get(year, PUBLISHED),
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
