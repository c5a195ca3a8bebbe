"""The life of a filing: started, submitted, returned or certified, reopened."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from connecticard import permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from transactions.models import Filing, FilingBasis, FilingPeriod, FilingReceipt, Provenance
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import (
    Cadence,
    Span,
    eastern_day,
    period_containing,
)
from transactions.rules.filing_status import FilingStatus, may_move
from transactions.rules.form_editions import edition_named, edition_on
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services.content import derive_totals, filing_fingerprint
from transactions.services.explaining import carry_over, drop_lapsed
from transactions.services.findings import Finding, findings
from transactions.services.holidays import days_closed
from transactions.services.notices import tell_certifiers, tell_filer, tell_programs
from transactions.services.receipts import SUBMITTED, give_receipt
from transactions.services.records import discard, refuse_closed, supersede
from transactions.services.refusals import FilingChanged, FilingRefused, NotCertifiable
from transactions.services.roster import cadences_of, covers, range_of


@transaction.atomic
def start_filing(
    *, library: Library, period: FilingPeriod, basis: FilingBasis, by: User | None, at: datetime
) -> Filing:
    """Begin a library's filing for a period, as an empty draft; `by` None is the harvest.

    Raises PermissionDenied for who does not enter counts for the library; FilingRefused where the period is
    not open to entry or not one of the library's, where the library was not open or took no part in it, or
    where a filing is on record.
    """
    today = eastern_day(at)
    if by is not None:
        permissions.check(by, Action.ENTER_COUNTS, library, on=today)
    _lock_library(library)
    owed = period_containing(period.first_day, cadences_of([library])[library.pk], days_closed())
    if (owed.cadence, owed.span) != (Cadence(period.cadence), period.span):
        raise FilingRefused(
            f"{library} files {owed.cadence.label.lower()} here. "
            f"Start the filing for {written_span(owed.span)}."
        )
    refuse_closed(period, by, today)
    days = _days_covered(library, period)
    if existing := Filing.objects.filter(library=library, period=period).order_by("-version").first():
        raise FilingRefused(
            "A certified filing for this period is on record. Reopen it to make a new version."
            if existing.status == FilingStatus.CERTIFIED
            else "A filing for this period is begun already. Open that one."
        )
    filing = Filing.objects.create(
        library=library,
        period=period,
        version=1,
        basis=FilingBasis(basis),
        covers=range_of(days),
        form_edition=edition_on(period.first_day).name,
        created_at=at,
        created_by=by,
    )
    AuditEvent.record("filing_started", target=filing, by=by, after={"basis": filing.basis})
    return filing


@transaction.atomic
def submit_filing(*, filing: Filing, by: User, at: datetime, expected: int | None = None) -> Filing:
    """Submit a filing and give its receipt.

    `first_submitted_at` is kept from then on, in later versions too, so that an amendment never makes a
    timely filing late. Raises PermissionDenied as `start_filing`, NotCertifiable with what must be mended or
    explained, FilingChanged where `expected` is not the filing's revision, FilingRefused for a filing that is
    not a draft or returned, for an amendment that says nothing new, and once entry is closed.
    """
    share_payment_inputs()
    filing = _locked(filing)
    permissions.check(by, Action.ENTER_COUNTS, filing.library, on=eastern_day(at))
    _refuse_changed(filing, expected)
    _move(filing, FilingStatus.SUBMITTED)
    refuse_closed(filing.period, by, eastern_day(at))
    filing.covers = range_of(_days_covered(filing.library, filing.period))
    found = findings(filing, today=eastern_day(at))
    _refuse_open(found)
    drop_lapsed(filing, found, by=by)
    filing.submitted_at, filing.submitted_by = at, by
    filing.first_submitted_at = filing.first_submitted_at or at
    filing.returned_because = ""
    filing.save(update_fields=["covers"])
    filing.sha256 = filing_fingerprint(filing.pk)
    _refuse_unchanged(filing)
    filing.save(
        update_fields=[
            "status",
            "submitted_at",
            "submitted_by",
            "first_submitted_at",
            "returned_because",
            "sha256",
        ]
    )
    receipt = give_receipt(filing, ReceiptKind.SUBMISSION, statement=SUBMITTED, by=by, at=at)
    AuditEvent.record("filing_submitted", target=filing, by=by, after=_signed(filing, receipt))
    tell_certifiers(filing, receipt, by=by, at=at)
    return filing


@transaction.atomic
def return_filing(*, filing: Filing, reason: str, by: User, at: datetime) -> Filing:
    """Give a submitted filing back for correction, with what is wrong.

    Raises PermissionDenied for who may not return filings of the library, FilingRefused for a filing that is
    not submitted and without a reason.
    """
    filing = _locked(filing)
    permissions.check(by, Action.RETURN_FILING, filing.library, on=eastern_day(at))
    _move(filing, FilingStatus.RETURNED)
    filing.returned_because = _reason(reason, "Enter what has to be corrected.")
    filing.save(update_fields=["status", "returned_because"])
    AuditEvent.record("filing_returned", target=filing, by=by, after={"reason": filing.returned_because})
    return filing


@transaction.atomic
def certify_filing(*, filing: Filing, by: User, at: datetime, expected: int | None = None) -> Filing:
    """Certify a submitted filing as accurate, so that it counts toward payment (2(d), C.G.S. 11-31b).

    The version that stood until now is superseded in the same transaction, and the totals are derived. The
    attestation is kept word for word, on the certificate too. Raises PermissionDenied for somebody who does
    not certify for this library, NotCertifiable with what must be mended or explained by the rules of today,
    FilingChanged and FilingRefused as `submit_filing`.
    """
    share_payment_inputs()
    filing = _locked(filing)
    today = eastern_day(at)
    permissions.hold_role(by, Action.CERTIFY_FILING, filing.library, on=today)
    _refuse_changed(filing, expected)
    if filing.provenance != Provenance.FILED:
        raise FilingRefused(
            "These figures were published or estimated, not filed by the library, and cannot be certified as "
            "its own. Have this version discarded and file the library's own counts."
        )
    _move(filing, FilingStatus.CERTIFIED)
    if filing.covers_span != _days_covered(filing.library, filing.period):
        raise FilingRefused(
            "The days on which the library was open and took part have changed since this was submitted. "
            "Return the filing and submit it again."
        )
    _refuse_open(findings(filing, today=today))
    _refuse_days_certified_elsewhere(filing)

    supersede(Filing.objects.standing().filter(library=filing.library, period=filing.period), at)
    filing.certified_by, filing.certified_at = by, at
    filing.attestation = statement_of(filing)
    filing.save(update_fields=["status", "certified_by", "certified_at", "attestation"])
    derive_totals([filing.pk])
    receipt = give_receipt(filing, ReceiptKind.CERTIFICATE, statement=filing.attestation, by=by, at=at)
    AuditEvent.record("filing_certified", target=filing, by=by, after=_signed(filing, receipt))
    tell_filer(filing, receipt, by=by)
    tell_programs(filing)
    return filing


def statement_of(filing: Filing) -> str:
    """Return the words that the certifier of a filing signs, for what it says."""
    return edition_named(filing.form_edition).statement(
        nothing_lent=filing.nothing_lent,
        not_counted=filing.loan_counts.filter(loans__isnull=True).exists(),
    )


@transaction.atomic
def reopen_filing(*, filing: Filing, reason: str, by: User, at: datetime) -> Filing:
    """Begin a new version of a certified filing, a draft with its counts; the certified one stands meanwhile.

    The new version is the library's own. So it begins empty where the certified one held estimates, which can
    never be certified as a library's own. Raises PermissionDenied for who may not reopen filings of the
    library, FilingRefused where another version is open already.
    """
    filing = _locked(filing)
    permissions.check(by, Action.REOPEN_FILING, filing.library, on=eastern_day(at))
    because = _reason(reason, "Enter why the certified filing has to be corrected.")
    if not filing.is_standing:
        raise FilingRefused("Only a certified filing that counts is reopened. Open its latest version.")
    versions = Filing.objects.filter(library=filing.library, period=filing.period)
    if versions.open().exists():
        raise FilingRefused("A new version of this filing is begun already. Open that one.")
    latest = versions.aggregate(latest=Max("version"))["latest"]
    is_estimate = filing.provenance == Provenance.ESTIMATED
    draft = Filing.objects.create(
        library=filing.library,
        period=filing.period,
        version=latest + 1,
        basis=filing.basis,
        covers=range_of(_days_covered(filing.library, filing.period)),
        form_edition=edition_on(filing.period.first_day).name,
        amends_because=because,
        nothing_lent=filing.nothing_lent and not is_estimate,
        created_at=at,
        created_by=by,
        first_submitted_at=filing.first_submitted_at,
    )
    if not is_estimate:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO transactions_loancount (filing_id, home_library_id, month, loans) "
                "SELECT %s, home_library_id, month, loans FROM transactions_loancount WHERE filing_id = %s",
                [draft.pk, filing.pk],
            )
        carry_over(filing, draft)
    AuditEvent.record(
        "filing_reopened", target=draft, by=by, after={"version": draft.version, "reason": because}
    )
    return draft


@transaction.atomic
def discard_version(*, filing: Filing, by: User, at: datetime) -> None:
    """Undo a reopening: remove the version that is not certified; the certified one goes on standing.

    What the discarded version said is kept in the audit trail. Raises PermissionDenied as `reopen_filing`,
    FilingRefused where no certified version stands, because a library's only filing is corrected and not
    removed.
    """
    filing = _locked(filing)
    permissions.check(by, Action.REOPEN_FILING, filing.library, on=eastern_day(at))
    if filing.status == FilingStatus.CERTIFIED:
        raise FilingRefused("A certified filing is kept. Reopen it to make a new version.")
    standing = Filing.objects.standing().filter(library=filing.library, period=filing.period)
    if not standing.exists():
        raise FilingRefused("This is the only version of the filing. Correct it instead.")
    discard(filing, because="The reopening was undone.", by=by, at=at)


def hold_filing(filing: Filing) -> Filing:
    """Return a filing as it stands, and let nobody else change or sign it until the transaction ends.

    A page that signs holds the filing before it looks at the second factor: of two clicks on one button the
    second then finds the filing signed, and not a code that is used up.
    """
    share_payment_inputs()
    return _locked(filing)


def _signed(filing: Filing, receipt: FilingReceipt) -> dict[str, Any]:
    return {
        "version": filing.version,
        "sha256": filing.sha256,
        "receipt": receipt.number,
        "role": receipt.role,
    }


def _refuse_unchanged(filing: Filing) -> None:
    """An amendment changes something: otherwise nothing is left to certify."""
    standing = Filing.objects.standing().filter(library=filing.library, period=filing.period).first()
    if standing and (standing.sha256, standing.nothing_lent) == (filing.sha256, filing.nothing_lent):
        raise FilingRefused(
            f"Version {filing.version} says the same as version {standing.version}, which is certified and "
            "counts. Correct the loans that are wrong, or undo the amendment."
        )


def _locked(filing: Filing) -> Filing:
    return (
        Filing.objects.select_related("library", "period").select_for_update(of=("self",)).get(pk=filing.pk)
    )


def _lock_library(library: Library) -> None:
    """Let two people who begin the same filing at once follow one another."""
    Library.objects.select_for_update(no_key=True).get(pk=library.pk)


def _move(filing: Filing, to: FilingStatus) -> None:
    """Put the filing in another state, not yet saved; FilingRefused where the rules do not allow it."""
    status = FilingStatus(filing.status)
    if not may_move(status, to):
        what_next = status.next_step or "Reopen it to make a new version."
        raise FilingRefused(f"This filing is in the state “{status.label}”. {what_next}")
    filing.status = to


def _refuse_changed(filing: Filing, expected: int | None) -> None:
    if expected is not None and filing.revision != expected:
        raise FilingChanged(
            "Somebody saved this filing after you opened it. Reload the page and look at it again."
        )


def _days_covered(library: Library, period: FilingPeriod) -> Span:
    days = covers(library, period.span)
    if days is None:
        raise FilingRefused(
            f"{library} was not open or took no part in {written_span(period.span)}, so nothing is owed."
        )
    return days


def _refuse_open(found: list[Finding]) -> None:
    if problems := [finding.as_problem() for finding in found if finding.stops]:
        raise NotCertifiable(problems)


def _refuse_days_certified_elsewhere(filing: Filing) -> None:
    """An annual and a semiannual filing can never both count for the same days."""
    other = (
        Filing.objects.standing()
        .filter(library=filing.library, covers__overlap=filing.covers)
        .exclude(period=filing.period)
        .select_related("period")
        .first()
    )
    if other:
        raise FilingRefused(
            f"A certified filing for {written_span(other.period.span)} covers some of these days. "
            "Ask the State Library which of the two shall count."
        )


def _reason(reason: str, otherwise: str) -> str:
    if not reason.strip():
        raise FilingRefused(otherwise)
    return reason.strip()
