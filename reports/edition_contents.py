"""The annual reports as an edition has them: gathered from the records, with what changed since the last."""

from dataclasses import replace

from connecticard.canonical_json import sha256_of
from payments.correcting.corrections import amendments
from payments.models import PaymentRun
from reports import statistics
from reports.contents import Changes, ExpenditureSummary, ParticipatingLibraries, UseReport, of_edition
from reports.contents.annual_reports import Report
from reports.models import DocumentKind, Edition

AnnualReport = UseReport | ParticipatingLibraries | ExpenditureSummary


def annual_report(kind: DocumentKind, run: PaymentRun, edition: Edition | None) -> AnnualReport:
    """Return an annual report as the records make it now, for an edition; a preview where that is None.

    Its data hash covers the edition, so that a preview and each edition are documents of their own.
    """
    match kind:
        case DocumentKind.USE_REPORT:
            return _in(edition, statistics.use_report(run, edition.correction if edition else None))
        case DocumentKind.PARTICIPATING_LIBRARIES:
            return _in(edition, statistics.participating_libraries(run, run.measured.last_day))
        case DocumentKind.EXPENDITURE_SUMMARY:
            return _in(edition, statistics.expenditure_summary(run))
        case _:
            raise ValueError(f"{kind.label} is no annual report")


def _in(edition: Edition | None, report: Report) -> Report:
    if edition is None:
        made_from = replace(
            report.made_from, data_sha256=sha256_of({"preview": report.made_from.data_sha256})
        )
        return replace(report, made_from=made_from)
    return of_edition(report, edition.number, _changes(edition) if edition.number > 1 else None)


def _changes(edition: Edition) -> Changes:
    """Return why there is a later edition, and what was amended."""
    amended = amendments(edition.correction) if edition.correction else []
    return Changes(
        edition_before=edition.number - 1, reason=edition.reason, sentences=tuple(map(str, amended))
    )
