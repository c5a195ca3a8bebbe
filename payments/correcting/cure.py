"""Whether and when a library met what it had not met when a run was calculated.

The judgment is `payments.standing`, on a day. The day of the cure is read from the records that made it: a
certificate, a waiver's approval, a letter, a successor, a determination, an entry in the ledger.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from connecticard.models import AuditEvent
from libraries.models import LetterOfAgreement, Library, LibrarySuccession
from payments import standing
from payments.models import ExpenditureReport, ExpenditureReportWaiver, PastPayment, Payment
from payments.rules.eligibility import Code, Unmet
from payments.rules.expenditure_reporting import fiscal_year_days, report_due_in
from transactions.models import Filing, Waiver
from transactions.rules.filing_calendar import eastern_day, measurement_period

_FILING = {Code.FILING_MISSING, Code.FILING_LATE, Code.FILING_NOT_CERTIFIED}
_REPORT = {
    Code.EXPENDITURE_REPORT_MISSING,
    Code.EXPENDITURE_REPORT_LATE,
    Code.EXPENDITURE_REPORT_NOT_CERTIFIED,
    Code.MONEY_RECEIVED_UNKNOWN,
}


@dataclass(frozen=True)
class Cure:
    """What a library still has not met, and the day on which nothing was unmet any more; None until then."""

    still_unmet: tuple[Unmet, ...]
    on: date | None


def cures(payments: Collection[Payment], *, on: date) -> dict[int, Cure]:
    """Return, by payment id, how the default of each stands on a day. The payments are of one fiscal year.

    Source: Regs. Conn. State Agencies § 11-31c-2, 11-31c-4(a).
    """
    if not payments:
        return {}
    fiscal_year = next(iter(payments)).run.fiscal_year
    unmet = standing.unmet_by_library(fiscal_year, [payment.library for payment in payments], on=on)
    return {
        payment.pk: Cure(
            still_unmet=unmet.get(payment.library.key, ()),
            on=None if payment.library.key in unmet else _cured_on(payment, fiscal_year, on),
        )
        for payment in payments
    }


def _cured_on(payment: Payment, fiscal_year: int, on: date) -> date:
    """Return the last of the days on which something that was unmet came to be met; `on` where none tells.

    What was unmet when the run was calculated was met on that day at the earliest.
    """
    codes = {unmet.code for unmet in payment.unmet_requirements.all()}
    judged_on = min(on, fiscal_year_days(fiscal_year)[1])
    last_met = max(_days(payment.library, codes, fiscal_year, judged_on), default=on)
    calculated_at = payment.run.calculated_at
    return max(last_met, eastern_day(calculated_at)) if calculated_at else last_met


def _days(library: Library, codes: set[str], fiscal_year: int, on: date) -> Iterator[date]:
    """Yield the day of each record that answers one of these requirements."""
    if codes & _FILING:
        yield from _filing_days(library, fiscal_year)
    if codes & _REPORT:
        yield from _report_days(library, fiscal_year)
    if Code.LETTER_NOT_ON_FILE in codes:
        yield from _letter_days(library, on)
    if Code.SUCCESSOR_NOT_ON_RECORD in codes:
        for succession in LibrarySuccession.objects.filter(predecessor=library).select_related("successor"):
            yield from _letter_days(succession.successor, on)
            yield from _noted("succession_recorded", succession._meta.label_lower, succession.pk)
    if Code.LEGAL_STANDING_NOT_ON_RECORD in codes:
        yield from _noted("legal_standing_determined", library._meta.label_lower, library.pk)


def _filing_days(library: Library, fiscal_year: int) -> Iterator[date]:
    """Yield when each period was first certified, and when the waiver that allowed it was approved."""
    filings = Filing.objects.within(measurement_period(fiscal_year)).filter(library=library)
    first: dict[int, Filing] = {}
    for filing in filings.filter(certified_at__isnull=False).order_by("version"):
        first.setdefault(filing.period_id, filing)
    for filing in first.values():
        if filing.certified_at:
            yield eastern_day(filing.certified_at)
    for waiver in Waiver.objects.granted().filter(library=library, period__in=list(first)):
        filing = first[waiver.period_id]
        if waiver.approved_at and filing.first_submitted_at:
            submitted_on = eastern_day(filing.first_submitted_at)
            if filing.period.law_due_on < submitted_on <= waiver.until:
                yield eastern_day(waiver.approved_at)


def _report_days(library: Library, fiscal_year: int) -> Iterator[date]:
    """Yield when the expenditure report was certified or waived, or the ledger said that none is owed."""
    covered = {"library": library, "fiscal_year": report_due_in(fiscal_year).covers_fiscal_year}
    report = (
        ExpenditureReport.objects.filter(**covered, certified_at__isnull=False).order_by("version").first()
    )
    if report and report.certified_at:
        yield eastern_day(report.certified_at)
    for waiver in ExpenditureReportWaiver.objects.filter(**covered, approved_at__isnull=False):
        if waiver.approved_at and report:
            yield eastern_day(waiver.approved_at)
    if report is None:
        for received in PastPayment.objects.filter(**covered, cents=0):
            yield from _noted("money_received_recorded", received._meta.label_lower, received.pk)


def _letter_days(library: Library, on: date) -> Iterator[date]:
    letter = LetterOfAgreement.objects.filter(library=library, valid__contains=on).first()
    if letter and letter.valid.lower:
        yield letter.valid.lower


def _noted(action: str, target_type: str, target_id: int) -> Iterator[date]:
    """Yield the day of the last audit event of an act upon a record."""
    event = (
        AuditEvent.objects.filter(action=action, target_type=target_type, target_id=target_id)
        .order_by("-at")
        .first()
    )
    if event:
        yield eastern_day(event.at)
