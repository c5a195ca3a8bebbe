"""The program's history: every figure that may be shown of a past year, and where each comes from.

A figure is published (by the State Library, before or beside this site), estimated (imported as an estimate,
or resting on one) or filed (certified by libraries and published here with the year's payments). The three
stand side by side and are never added together unsaid. An empty value was not reported; it is not zero.
The year under way is not history: nothing of it is shown until its payments are published.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet, Sum

from payments.models import CountedFiling, Measure, PaymentRun, PublishedFigure
from payments.models.payment import Payment
from payments.rules.expenditure_reporting import fiscal_year_of
from transactions.models import Filing, Provenance, reports_loans
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import Span, measurement_period, program_year_of

# What speaks first for a year of which there is more than one figure.
BY_FIRMNESS = (Provenance.FILED, Provenance.PUBLISHED, Provenance.ESTIMATED)

_SOME = {
    Provenance.FILED: "",
    Provenance.PUBLISHED: " Some counts were published, not certified by the library.",
    Provenance.ESTIMATED: " Some counts are estimates.",
}


@dataclass(frozen=True)
class HistoryFigure:
    """What one source says of a subject and a fiscal year. `library_id` None is the state.

    `value` counts units, or cents of money; None was not reported. Loans of a fiscal year are those of the
    twelve months that its payment measures.
    """

    library_id: int | None
    measure: Measure
    fiscal_year: int
    value: int | None
    kind: Provenance
    source: str
    note: str = ""
    of_run: bool = False
    """Whether it is a figure of a payment run that is published here."""


def figures(
    *, state: bool = False, libraries: Collection[int] | None = (), today: date
) -> list[HistoryFigure]:
    """Return the figures of the state and of these libraries, None for every library, by year.

    Of several for a year, what was filed comes first, then what was published, then what is estimated.
    """
    runs = list(published_runs())
    found = [*_published(state=state, libraries=libraries)]
    if state:
        found += _state_of_runs(runs)
    if libraries is None or libraries:
        found += _libraries_of_runs(runs, libraries)
        found += _imported(libraries, {run.fiscal_year for run in runs}, before=fiscal_year_of(today))
    return sorted(found, key=_order)


def published_runs() -> QuerySet[PaymentRun]:
    """Return the runs whose figures are public, by fiscal year."""
    return PaymentRun.objects.published().order_by("fiscal_year")


def cited(run: PaymentRun) -> str:
    """Return a run as the source of a figure, which is written alike in every language."""
    return f"Payment run {run.fiscal_year}-{run.number}"


def _order(figure: HistoryFigure) -> tuple[object, ...]:
    return figure.fiscal_year, figure.library_id or 0, figure.measure, BY_FIRMNESS.index(figure.kind)


def _published(*, state: bool, libraries: Collection[int] | None) -> Iterable[HistoryFigure]:
    of_libraries = Q(library__isnull=False) if libraries is None else Q(library__in=libraries)
    chosen = of_libraries | Q(library__isnull=True) if state else of_libraries
    for figure in PublishedFigure.objects.filter(chosen):
        yield HistoryFigure(
            figure.library_id,
            Measure(figure.measure),
            figure.fiscal_year,
            figure.value,
            Provenance.PUBLISHED,
            figure.source,
            figure.note,
        )


# Published payment runs


def _state_of_runs(runs: Iterable[PaymentRun]) -> Iterable[HistoryFigure]:
    """Yield what each published run divided and by how many loans: all that participating libraries filed."""
    sums = dict(
        Payment.objects.filter(run__in=list(runs)).order_by().values_list("run").annotate(Sum("loans"))
    )
    kinds = kinds_of_runs(runs)
    for run in runs:
        yield HistoryFigure(
            None,
            Measure.LOANS,
            run.fiscal_year,
            sums.get(run.pk, 0),
            kinds[run.pk],
            cited(run),
            f"The loans of participating libraries.{_SOME[kinds[run.pk]]}",
            of_run=True,
        )
        if run.appropriation_cents is not None:
            yield HistoryFigure(
                None,
                Measure.APPROPRIATION,
                run.fiscal_year,
                run.appropriation_cents,
                Provenance.PUBLISHED,
                cited(run),
                "The amount divided.",
                of_run=True,
            )


def kinds_of_runs(runs: Iterable[PaymentRun]) -> dict[int, Provenance]:
    """Return, by id of the run, the kind that all of its counts bear out."""
    found = {run.pk: {Provenance.FILED.value} for run in runs}
    counted = CountedFiling.objects.filter(run__in=list(found)).order_by()
    for run_id, provenance in counted.values_list("run", "filing__provenance").distinct():
        found[run_id].add(provenance)
    return {run_id: weakest(kinds) for run_id, kinds in found.items()}


def weakest(kinds: Collection[str]) -> Provenance:
    """Return the least firm of these kinds."""
    return next(kind for kind in reversed(BY_FIRMNESS) if kind in kinds)


def _libraries_of_runs(
    runs: Collection[PaymentRun], libraries: Collection[int] | None
) -> Iterable[HistoryFigure]:
    """Yield the loans of each library in each published run; None for one that did not report."""
    counted = CountedFiling.objects.filter(reports_loans("filing"), run__in=runs)
    payments = Payment.objects.filter(run__in=runs)
    if libraries is not None:
        counted = counted.filter(filing__library__in=libraries)
        payments = payments.filter(library__in=libraries)
    kinds: dict[tuple[int, int], set[tuple[str, str]]] = defaultdict(set)
    for run_id, library_id, provenance, note in counted.values_list(
        "run", "filing__library", "filing__provenance", "filing__provenance_note"
    ):
        kinds[run_id, library_id].add((provenance, note))
    by_pk = {run.pk: run for run in runs}
    for run_id, library_id, loans in payments.values_list("run", "library", "loans"):
        run, found = by_pk[run_id], kinds.get((run_id, library_id))
        kind, note = _weakest(found) if found else (Provenance.FILED, "Nothing was reported.")
        yield HistoryFigure(
            library_id,
            Measure.LOANS,
            run.fiscal_year,
            loans if found else None,
            kind,
            cited(run),
            note,
            of_run=True,
        )


def _weakest(found: Collection[tuple[str, str]]) -> tuple[Provenance, str]:
    """Return the kind that all of these bear out, and the notes of those of that kind."""
    kind = weakest({provenance for provenance, _ in found})
    return kind, "; ".join(sorted({note for provenance, note in found if provenance == kind and note}))


# Past years that staff imported


def _imported(
    libraries: Collection[int] | None, published_years: Collection[int], *, before: int
) -> Iterable[HistoryFigure]:
    """Yield the loans that staff imported of fiscal years before one, where no run of the year is published.

    What libraries filed themselves waits for that run.
    """
    filings = Filing.objects.standing().exclude(provenance=Provenance.FILED).filter(reports_loans("pk"))
    if libraries is not None:
        filings = filings.filter(library__in=libraries)
    rows = filings.values_list("library", "period__first_day", "covers", "provenance", "provenance_note")
    years: dict[tuple[int, int], list[tuple[Span, str, str, int]]] = defaultdict(list)
    for library_id, first_day, covers, provenance, note, loans in rows.annotate(
        Sum("totals__loans", default=0)
    ).order_by():
        fiscal_year = program_year_of(first_day)
        if fiscal_year < before and fiscal_year not in published_years:
            days = Span(covers.lower, covers.upper - timedelta(days=1))
            years[library_id, fiscal_year].append((days, provenance, note, loans))
    for (library_id, fiscal_year), parts in years.items():
        kind, note = _weakest([(provenance, note) for _, provenance, note, _ in parts])
        yield HistoryFigure(
            library_id,
            Measure.LOANS,
            fiscal_year,
            sum(loans for _, _, _, loans in parts),
            kind,
            "Counts imported by the State Library",
            "; ".join(filter(None, [note, _part_of_year(fiscal_year, [days for days, *_ in parts])])),
        )


def _part_of_year(fiscal_year: int, parts: Collection[Span]) -> str:
    """Return which days are counted where they are not the whole year; empty where they are."""
    if sum(days.days for days in parts) == measurement_period(fiscal_year).days:
        return ""
    return "only " + " and ".join(
        written_span(days) for days in sorted(parts, key=lambda days: days.first_day)
    )
