"""What is written about expenditure reports: reports, their waivers, and what each library received.

A report moves as a filing does: draft, submitted, returned or certified. A certified version stands until a
later one is certified in its place.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max

from connecticard import permissions
from connecticard.canonical_json import sha256_of
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from payments.disbursing.ledger import entered_by_hand, received
from payments.expenditure_categories import categories_on
from payments.models import ExpenditureLine, ExpenditureReport, ExpenditureReportWaiver, PastPayment
from payments.models.expenditure_report import ExpenditureReportQuerySet
from payments.rules import expenditure_reporting
from payments.rules.cents import dollars
from payments.rules.expenditure_reporting import Problem, ReportDue, fiscal_year_of, report_due_in
from transactions.models.waiver import WaiverKind
from transactions.rules import filing_status
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day
from transactions.rules.filing_status import FilingStatus


class ExpenditureRefused(Exception):
    """A step that may not be taken; the text says why and what to do."""


class NotAccurate(ExpenditureRefused):
    """A report that must be mended before it is submitted or certified; `problems` name each field."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in problems))


def report_on(fiscal_year: int) -> ReportDue:
    """Return the report on money received in a fiscal year, and when it is due."""
    years_back = fiscal_year - report_due_in(fiscal_year).covers_fiscal_year
    return report_due_in(fiscal_year + years_back)


def received_by(library: Library, fiscal_year: int) -> int | None:
    """Return what the ledger says a library received in a fiscal year, in cents; None where it is unknown."""
    in_ledger = received(library, fiscal_year)
    return in_ledger.cents if in_ledger else None


def why_not_start(library: Library, fiscal_year: int, *, on: date) -> str:
    """Return why no report on a fiscal year can be begun on a day; empty where it can."""
    if received_by(library, fiscal_year) == 0:
        return f"The ledger says that nothing was received in fiscal year {fiscal_year}: no report is owed."
    last_day = report_on(fiscal_year).covers_last_day
    if on <= last_day:
        return f"Fiscal year {fiscal_year} has not ended. Report on it after {written_day(last_day)}."
    if library.expenditure_reports.standing().filter(fiscal_year=fiscal_year).exists():
        return "This report is certified. Reopen it with a reason to change it."
    return ""


@transaction.atomic
def start_report(*, library: Library, fiscal_year: int, by: User, at: datetime) -> ExpenditureReport:
    """Return the report that is being worked on, begun now where there is none."""
    permissions.check(by, Action.ENTER_EXPENDITURE, library)
    Library.objects.select_for_update(of=("self",)).get(pk=library.pk)
    latest = library.expenditure_reports.filter(fiscal_year=fiscal_year).order_by("-version").first()
    if latest is not None and latest.is_open:
        return latest
    if reason := why_not_start(library, fiscal_year, on=eastern_day(at)):
        raise ExpenditureRefused(reason)
    report = ExpenditureReport.objects.create(
        library=library,
        fiscal_year=fiscal_year,
        version=1,
        received_cents=received_by(library, fiscal_year),
        created_at=at,
        created_by=by,
    )
    AuditEvent.record("expenditure_report_started", target=report, by=by)
    return report


@transaction.atomic
def save_report(
    *,
    report: ExpenditureReport,
    spent_cents: Mapping[str, int],
    unspent_cents: int | None,
    received_cents: int | None = None,
    notes: Mapping[str, str] | None = None,
    by: User,
) -> ExpenditureReport:
    """Save a draft as it stands, right or not yet: money spent by category code, in cents.

    A category that is not in `spent_cents` was left blank, which is not 0. `received_cents` counts only where
    the ledger does not say what was received.
    """
    report = _locked(report)
    permissions.check(by, Action.ENTER_EXPENDITURE, report.library)
    if not report.may_be_edited:
        raise ExpenditureRefused(
            "This report is submitted. The certifier certifies it, or returns it to be changed."
            if report.is_open
            else "This report is certified. Reopen it with a reason to change it."
        )
    in_ledger = received_by(report.library, report.fiscal_year)
    before = content(report)
    report.received_cents = received_cents if in_ledger is None else in_ledger
    report.unspent_cents = unspent_cents
    report.save(update_fields=["received_cents", "unspent_cents"])
    report.lines.all().delete()
    ExpenditureLine.objects.bulk_create(
        ExpenditureLine(report=report, category=code, cents=cents, note=(notes or {}).get(code, ""))
        for code, cents in spent_cents.items()
    )
    after = content(report)
    if after != before:
        AuditEvent.record("expenditure_report_saved", target=report, by=by, before=before, after=after)
    return report


def problems(report: ExpenditureReport, *, on: date) -> tuple[Problem, ...]:
    """Return what keeps a report from being submitted or certified; empty when nothing does.

    The fields are those of the rule, and `received`.
    """
    found = []
    in_ledger = received_by(report.library, report.fiscal_year)
    if report.received_cents is None:
        found.append(Problem("received", "Enter what the library received in the fiscal year."))
    elif in_ledger is not None and in_ledger != report.received_cents:
        found.append(
            Problem(
                "received",
                f"The ledger of the State Library now says {dollars(in_ledger)} received, and this report "
                f"was made on {dollars(report.received_cents)}. Save it again to take the "
                "amount of the ledger.",
            )
        )
    if report.unspent_cents is None:
        found.append(
            Problem("unspent", "Enter what is unspent and still held for the library; 0 where all was spent.")
        )
    if found or report.received_cents is None or report.unspent_cents is None:
        return tuple(found)
    lines = [
        expenditure_reporting.ExpenditureLine(line.category, line.cents)
        for line in report.lines.order_by("pk")
    ]
    return expenditure_reporting.problems(
        report.received_cents, lines, report.unspent_cents, offered=categories_on(on)
    )


@transaction.atomic
def submit_report(*, report: ExpenditureReport, by: User, at: datetime) -> ExpenditureReport:
    """Submit a report for certification. NotAccurate lists what must be mended first."""
    share_payment_inputs()
    report = _locked(report)
    permissions.check(by, Action.ENTER_EXPENDITURE, report.library)
    _move(report, FilingStatus.SUBMITTED)
    _refuse_problems(report, eastern_day(at))
    report.first_submitted_at = report.first_submitted_at or at
    report.submitted_at, report.submitted_by = at, by
    report.status, report.returned_because = FilingStatus.SUBMITTED, ""
    report.sha256 = sha256_of(content(report))
    report.save()
    AuditEvent.record("expenditure_report_submitted", target=report, by=by, after={"sha256": report.sha256})
    return report


@transaction.atomic
def return_report(*, report: ExpenditureReport, reason: str, by: User) -> ExpenditureReport:
    """Return a submitted report to be changed, with the reason."""
    report = _locked(report)
    permissions.check(by, Action.RETURN_EXPENDITURE, report.library)
    if not reason.strip():
        raise ExpenditureRefused("Say what is to be changed.")
    _move(report, FilingStatus.RETURNED)
    report.status, report.returned_because = FilingStatus.RETURNED, reason.strip()
    report.save(update_fields=["status", "returned_because"])
    AuditEvent.record(
        "expenditure_report_returned", target=report, by=by, after={"reason": report.returned_because}
    )
    return report


@transaction.atomic
def certify_report(*, report: ExpenditureReport, by: User, at: datetime) -> ExpenditureReport:
    """Certify a submitted report under the certificate of that day; it replaces the version that stood.

    NotAccurate where it no longer adds up to what the ledger says was received.
    """
    share_payment_inputs()
    report = _locked(report)
    permissions.hold_role(by, Action.CERTIFY_EXPENDITURE, report.library, on=eastern_day(at))
    _move(report, FilingStatus.CERTIFIED)
    _refuse_problems(report, eastern_day(at))
    report.attestation = expenditure_reporting.certificate(eastern_day(at))
    report.status = FilingStatus.CERTIFIED
    report.certified_at, report.certified_by = at, by
    report.sha256 = sha256_of(content(report))
    _versions(report).standing().update(superseded_at=at)
    report.save()
    AuditEvent.record("expenditure_report_certified", target=report, by=by, after={"sha256": report.sha256})
    return report


@transaction.atomic
def reopen_report(*, report: ExpenditureReport, reason: str, by: User, at: datetime) -> ExpenditureReport:
    """Begin a new version of a certified report, with its figures and a reason; the old one still stands."""
    report = _locked(report)
    permissions.check(by, Action.REOPEN_EXPENDITURE, report.library)
    if not reason.strip():
        raise ExpenditureRefused("Say why the report is reopened.")
    if not report.is_standing or _versions(report).exclude(status=FilingStatus.CERTIFIED).exists():
        raise ExpenditureRefused("A newer version of this report is on record; work on that one.")
    in_ledger = received_by(report.library, report.fiscal_year)
    last = _versions(report).aggregate(last=Max("version"))["last"]
    version = ExpenditureReport.objects.create(
        library=report.library,
        fiscal_year=report.fiscal_year,
        version=last + 1,
        received_cents=report.received_cents if in_ledger is None else in_ledger,
        unspent_cents=report.unspent_cents,
        amends_because=reason.strip(),
        created_at=at,
        created_by=by,
    )
    ExpenditureLine.objects.bulk_create(
        ExpenditureLine(report=version, category=line.category, cents=line.cents, note=line.note)
        for line in report.lines.order_by("pk")
    )
    AuditEvent.record(
        "expenditure_report_reopened", target=version, by=by, after={"reason": version.amends_because}
    )
    return version


@transaction.atomic
def discard_version(*, report: ExpenditureReport, by: User) -> None:
    """Undo a reopening: remove a later version that was never certified; the certified one stands."""
    share_payment_inputs()
    report = _locked(report)
    permissions.check(by, Action.REOPEN_EXPENDITURE, report.library)
    if report.version == 1 or not report.is_open:
        raise ExpenditureRefused("Only a later version that is not certified can be taken back.")
    AuditEvent.record(
        "expenditure_report_version_discarded",
        target=report,
        by=by,
        before={**content(report), "amends_because": report.amends_because},
    )
    report.delete()


@transaction.atomic
def propose_waiver(
    *, library: Library, fiscal_year: int, until: date, authority: str, reason: str, by: User, at: datetime
) -> ExpenditureReportWaiver:
    """Propose a later day for one library's report; it holds once another person approves.

    Until the due date it is an extension, after it a late acceptance.
    """
    permissions.check(by, Action.GRANT_WAIVER)
    due_on = report_on(fiscal_year).due_on
    if until <= due_on:
        raise ExpenditureRefused(f"The report is due {written_day(due_on)}; choose a later day.")
    if not authority.strip():
        raise ExpenditureRefused("Enter who may grant this, and under which document.")
    if not reason.strip():
        raise ExpenditureRefused("Enter the reason; it is printed on the payment run and the statement.")
    waiver = ExpenditureReportWaiver.objects.create(
        library=library,
        fiscal_year=fiscal_year,
        kind=WaiverKind.EXTENSION if eastern_day(at) <= due_on else WaiverKind.LATE_ACCEPTANCE,
        until=until,
        authority=authority.strip(),
        reason=reason.strip(),
        proposed_by=by,
        proposed_at=at,
    )
    AuditEvent.record("expenditure_waiver_proposed", target=waiver, by=by, after=_terms(waiver))
    return waiver


@transaction.atomic
def approve_waiver(*, waiver: ExpenditureReportWaiver, by: User, at: datetime) -> ExpenditureReportWaiver:
    """Approve a waiver that another person proposed."""
    share_payment_inputs()
    permissions.check(by, Action.APPROVE_WAIVER)
    waiver = _locked_waiver(waiver)
    if waiver.proposed_by_id == by.pk:
        raise ExpenditureRefused("You proposed this waiver; another person must approve it.")
    waiver.approved_by, waiver.approved_at = by, at
    waiver.save(update_fields=["approved_by", "approved_at"])
    AuditEvent.record("expenditure_waiver_approved", target=waiver, by=by, after=_terms(waiver))
    return waiver


@transaction.atomic
def decline_waiver(*, waiver: ExpenditureReportWaiver, by: User) -> None:
    """Remove a proposal that was not approved; the audit trail keeps it."""
    permissions.check(by, Action.GRANT_WAIVER)
    waiver = _locked_waiver(waiver)
    AuditEvent.record("expenditure_waiver_declined", target=waiver, by=by, before=_terms(waiver))
    waiver.delete()


@transaction.atomic
def record_money_received(
    *,
    library: Library,
    fiscal_year: int,
    cents: int,
    source: str,
    by: User,
    received_on: date | None = None,
) -> PastPayment:
    """Record what a library received in a fiscal year, in cents; 0 says that it received nothing.

    What the Comptroller's result files say is on record beside it and not counted in it. An amount on
    record is corrected, and the audit trail keeps both. A certified report on another amount stands until it
    is reopened.
    """
    share_payment_inputs()
    permissions.check(by, Action.KEEP_LEDGER)
    if received_on is not None and fiscal_year_of(received_on) != fiscal_year:
        raise ExpenditureRefused(
            f"{written_day(received_on)} is in fiscal year {fiscal_year_of(received_on)}. Money belongs "
            "to the fiscal year in which the library received it."
        )
    Library.objects.select_for_update(of=("self",)).get(pk=library.pk)
    paid = PastPayment.objects.filter(library=library, fiscal_year=fiscal_year, batch_line__isnull=False)
    if cents and (same := paid.filter(cents=cents).first()):
        raise ExpenditureRefused(
            f"{dollars(cents)} is on record for fiscal year {fiscal_year} already ({same.source}): it "
            "would be counted twice. Enter only what came beside it, and 0 where nothing did."
        )
    on_record = entered_by_hand(library, fiscal_year)
    payment = on_record or PastPayment(library=library, fiscal_year=fiscal_year)
    before = {"cents": payment.cents, "source": payment.source} if on_record else None
    payment.cents, payment.received_on, payment.source = cents, received_on, source.strip()
    payment.save()
    AuditEvent.record(
        "money_received_recorded",
        target=payment,
        by=by,
        before=before,
        after={"cents": cents, "source": payment.source},
    )
    return payment


def content(report: ExpenditureReport) -> dict[str, object]:
    """Return what a report says, without people, times and ids: what its SHA-256 is taken of."""
    return {
        "library": report.library.key,
        "fiscal_year": report.fiscal_year,
        "received_cents": report.received_cents,
        "unspent_cents": report.unspent_cents,
        "lines": [[code, cents, note] for code, cents, note in _lines(report)],
    }


def _lines(report: ExpenditureReport) -> list[tuple[str, int, str]]:
    return list(report.lines.order_by("category").values_list("category", "cents", "note"))


def _terms(waiver: ExpenditureReportWaiver) -> dict[str, object]:
    return {
        "kind": waiver.kind,
        "until": waiver.until.isoformat(),
        "authority": waiver.authority,
        "reason": waiver.reason,
    }


def _versions(report: ExpenditureReport) -> ExpenditureReportQuerySet:
    return ExpenditureReport.objects.filter(library=report.library, fiscal_year=report.fiscal_year)


def _locked(report: ExpenditureReport) -> ExpenditureReport:
    """Return the report as it stands now, kept from changes until the transaction ends."""
    found = (
        ExpenditureReport.objects.select_for_update(of=("self",))
        .select_related("library")
        .filter(pk=report.pk)
        .first()
    )
    if found is None:
        raise ExpenditureRefused("This version was taken back. Look at the report again.")
    return found


def _locked_waiver(waiver: ExpenditureReportWaiver) -> ExpenditureReportWaiver:
    found = ExpenditureReportWaiver.objects.select_for_update(of=("self",)).filter(pk=waiver.pk).first()
    if found is None or found.approved_at is not None:
        raise ExpenditureRefused("This waiver was settled already. Look at the report again.")
    return found


def _move(report: ExpenditureReport, target: FilingStatus) -> None:
    if not filing_status.may_move(FilingStatus(report.status), target):
        raise ExpenditureRefused(
            f"This report is {report.status}, so it cannot become {target.value} now. "
            "Look at it again: somebody may have changed it."
        )


def _refuse_problems(report: ExpenditureReport, on: date) -> None:
    if found := problems(report, on=on):
        raise NotAccurate(found)


def category_names(on: date) -> dict[str, str]:
    """Return the names of the categories of the form of a day, by code, in the order of the form."""
    return {category.code: category.name for category in categories_on(on)}
