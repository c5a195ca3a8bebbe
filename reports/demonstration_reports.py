"""Money received and expenditure reports of the demonstration; what was certified is recorded together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from connecticard.canonical_json import sha256_of
from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, User
from libraries.models import Library
from payments import expenditure_services
from payments.expenditure_categories import categories_on
from payments.models import ExpenditureLine, ExpenditureReport, PastPayment
from payments.rules.expenditure_reporting import ReportDue, certificate
from transactions.rules.filing_status import FilingStatus


@dataclass(frozen=True)
class Spent:
    """How a library spent what it received, in cents: by category and still held; who reported it when."""

    library: Library
    cents: int
    spent_cents: Mapping[str, int]
    unspent_cents: int
    director: User
    at: datetime


def record_money(
    libraries: Sequence[Library],
    received: Mapping[int, int],
    fiscal_year: int,
    *,
    source: str,
    by: User,
    received_on: date | None = None,
) -> None:
    """Record what each library received in a fiscal year, by its id, as staff enter it in the ledger."""
    rows = PastPayment.objects.bulk_create(
        PastPayment(
            library=library,
            fiscal_year=fiscal_year,
            cents=received.get(library.pk, 0),
            received_on=received_on,
            source=source,
        )
        for library in libraries
    )
    for row in rows:
        AuditEvent.record(
            "money_received_recorded", target=row, by=by, after={"cents": row.cents, "source": source}
        )


def report_expenditures(
    due: ReportDue,
    libraries: Sequence[Library],
    received: Mapping[int, int],
    director_of: Mapping[int, User],
    on: date,
) -> None:
    """Report on the money received: most certified, a few submitted or begun, and a few not at all."""
    codes = [category.code for category in categories_on(due.due_on)]
    certified: list[Spent] = []
    for number, library in enumerate(libraries):
        cents = received.get(library.pk, 0)
        if not cents or number % 40 == 9 or due.due_on > on:
            continue
        filed_on = due.due_on - timedelta(days=number % 30 + 1)
        spent = {codes[0]: cents * 48 // 100, codes[1]: cents * 14 // 100, codes[2]: cents * 9 // 100}
        held = cents - sum(spent.values()) if number % 5 == 0 else 0
        spent[codes[-1]] = cents - sum(spent.values()) - held
        at = datetime.combine(filed_on, time(12), tzinfo=EASTERN)
        report = Spent(library, cents, spent, held, director_of[library.pk], at)
        if number % 40 in (19, 29):
            _report_one(report, due, is_submitted=number % 40 == 29)
        else:
            certified.append(report)
    _record_certified(certified, due)


def _report_one(spent: Spent, due: ReportDue, *, is_submitted: bool) -> None:
    report = expenditure_services.start_report(
        library=spent.library, fiscal_year=due.covers_fiscal_year, by=spent.director, at=spent.at
    )
    report = expenditure_services.save_report(
        report=report, spent_cents=spent.spent_cents, unspent_cents=spent.unspent_cents, by=spent.director
    )
    if is_submitted:
        expenditure_services.submit_report(report=report, by=spent.director, at=spent.at)


def _record_certified(every: Sequence[Spent], due: ReportDue) -> None:
    """Record reports as entered, submitted and certified by their directors."""
    reports = ExpenditureReport.objects.bulk_create(
        ExpenditureReport(
            library=spent.library,
            fiscal_year=due.covers_fiscal_year,
            version=1,
            received_cents=spent.cents,
            unspent_cents=spent.unspent_cents,
            created_at=spent.at,
            created_by=spent.director,
        )
        for spent in every
    )
    ExpenditureLine.objects.bulk_create(
        ExpenditureLine(report=report, category=code, cents=cents)
        for report, spent in zip(reports, every, strict=True)
        for code, cents in spent.spent_cents.items()
    )
    for report, spent in zip(reports, every, strict=True):
        report.status = FilingStatus.CERTIFIED
        report.first_submitted_at = report.submitted_at = report.certified_at = spent.at
        report.submitted_by = report.certified_by = spent.director
        report.attestation = certificate(spent.at.date())
        report.sha256 = sha256_of(expenditure_services.content(report))
    ExpenditureReport.objects.bulk_update(
        reports,
        [
            "status",
            "first_submitted_at",
            "submitted_at",
            "submitted_by",
            "certified_at",
            "certified_by",
            "attestation",
            "sha256",
        ],
    )
    for report in reports:
        for action in ("expenditure_report_submitted", "expenditure_report_certified"):
            AuditEvent.record(action, target=report, by=report.certified_by, after={"sha256": report.sha256})
