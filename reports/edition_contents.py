"""The annual reports as an edition has them: gathered from the records, with what changed since the last."""

from dataclasses import replace

from connecticard.canonical_json import sha256_of
from payments.correcting.corrections import amendments
from payments.models import PaymentRun
from reports import statistics
from reports.contents import (
    ChangedFigure,
    Changes,
    ExpenditureSummary,
    ParticipatingLibraries,
    UseReport,
    of_edition,
)
from reports.contents.annual_reports import Report
from reports.models import Document, DocumentKind, Edition
from reports.stored_contents import contents_of
from reports.tables import differences, tables_of

AnnualReport = UseReport | ParticipatingLibraries | ExpenditureSummary


def annual_report(kind: DocumentKind, run: PaymentRun, edition: Edition | None) -> AnnualReport:
    """Return an annual report as the records make it now, for an edition; a preview where that is None.

    Its data hash covers the edition, so that a preview and each edition are documents of their own.
    """
    match kind:
        case DocumentKind.USE_REPORT:
            correction = edition.correction if edition else None
            return _in(kind, edition, statistics.use_report(run, correction))
        case DocumentKind.PARTICIPATING_LIBRARIES:
            return _in(kind, edition, statistics.participating_libraries(run, run.measured.last_day))
        case DocumentKind.EXPENDITURE_SUMMARY:
            return _in(kind, edition, statistics.expenditure_summary(run))
        case _:
            raise ValueError(f"{kind.label} is no annual report")


def _in(kind: DocumentKind, edition: Edition | None, report: Report) -> Report:
    if edition is None:
        made_from = replace(
            report.made_from, data_sha256=sha256_of({"preview": report.made_from.data_sha256})
        )
        return replace(report, made_from=made_from, is_preview=True)
    return of_edition(report, edition.number, _changes(kind, edition, report) if edition.number > 1 else None)


def _changes(kind: DocumentKind, edition: Edition, now: AnnualReport) -> Changes:
    """Return why there is a later edition, what was amended, and every figure that stands otherwise."""
    amended = amendments(edition.correction) if edition.correction else []
    before = Document.objects.get(
        in_edition__edition__fiscal_year=edition.fiscal_year,
        in_edition__edition__number=edition.number - 1,
        kind=kind,
    )
    return Changes(
        edition_before=edition.number - 1,
        reason=edition.reason,
        sentences=tuple(map(str, amended)) if kind is DocumentKind.USE_REPORT else (),
        figures=changed_figures(contents_of(before), now),
    )


def changed_figures(before: AnnualReport, now: AnnualReport) -> tuple[ChangedFigure, ...]:
    """Return every figure that stands otherwise in a report than in that of the edition before."""
    old_tables = {table.name: table for table in tables_of(before)}
    return tuple(
        ChangedFigure(
            line=one.line,
            figure=one.column.label,
            before=one.column.written(one.before),
            now=one.column.written(one.now),
        )
        for table in tables_of(now)
        if table.name in old_tables
        for one in differences(old_tables[table.name], table)
    )
