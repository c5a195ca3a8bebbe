"""What is written about corrections after disbursement: statements prepared, and certified by another."""

from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from connecticard import permissions
from connecticard.locks import hold_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from payments.correcting.corrections import Correction, correct, why_no_statement
from payments.models import CorrectionFiling, CorrectionLine, CorrectionStatement, PaymentRun


class CorrectionRefused(Exception):
    """A correction statement that may not be prepared or certified; the text says why and what to do."""


@transaction.atomic
def prepare_correction(*, run: PaymentRun, by: User, at: datetime) -> CorrectionStatement:
    """Prepare the correction statement of a run from its filings as they stand now.

    One that is not certified yet is prepared anew under its number. Raises CorrectionRefused where none is
    due, CannotCalculate where an amended filing holds what no payment may rest on.
    """
    hold_payment_inputs()
    permissions.check(by, Action.PREPARE_CORRECTION)
    run = PaymentRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if reason := why_no_statement(run):
        raise CorrectionRefused(reason)
    correction = correct(run)
    numbers = run.corrections.aggregate(last=Max("number"))["last"] or 0
    statement = run.corrections.filter(certified_at__isnull=True).first() or CorrectionStatement(
        run=run, number=numbers + 1
    )
    statement.prepared_by, statement.prepared_at = by, at
    statement.undistributed_cents = correction.split.undistributed_cents
    statement.rulebook_edition = correction.rulebook_edition
    statement.inputs_sha256 = correction.inputs_sha256
    statement.manifest_sha256 = correction.manifest_sha256
    statement.code_version = settings.CODE_VERSION
    statement.save()
    statement.lines.all().delete()
    statement.filings.all().delete()
    _store(statement, correction)
    AuditEvent.record(
        "correction_prepared", target=statement, by=by, after={"manifest_sha256": statement.manifest_sha256}
    )
    return statement


def attestation(statement: CorrectionStatement) -> str:
    """Return the statement that an administrator signs when certifying a correction."""
    return (
        f"I certify that {statement} follows from the certified filings on record under section 11-31c-4 of "
        "the Regulations of Connecticut State Agencies; that it pays nothing from the appropriation and "
        "changes no library's payment; and that I did not prepare it."
    )


@transaction.atomic
def certify_correction(*, statement: CorrectionStatement, by: User, at: datetime) -> CorrectionStatement:
    """Certify a correction statement that another person prepared; it never changes afterwards.

    Raises CorrectionRefused where it is certified already, the person prepared it, or a filing was amended
    since it was prepared.
    """
    hold_payment_inputs()
    permissions.check(by, Action.CERTIFY_CORRECTION)
    run = PaymentRun.objects.select_for_update(of=("self",)).get(pk=statement.run_id)
    statement = CorrectionStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    if statement.certified_at is not None:
        raise CorrectionRefused(f"{statement} is certified already.")
    if statement.prepared_by_id == by.pk:
        raise CorrectionRefused("You prepared this statement; another administrator must certify it.")
    if reason := why_no_statement(run):
        raise CorrectionRefused(reason)
    if is_stale(statement):
        raise CorrectionRefused(
            "A filing was certified or money released after this statement was prepared. Have it prepared "
            "again, look at what changed, and certify then."
        )
    statement.certified_by, statement.certified_at = by, at
    statement.attestation = attestation(statement)
    statement.save(update_fields=["certified_by", "certified_at", "attestation"])
    AuditEvent.record(
        "correction_certified", target=statement, by=by, after={"manifest_sha256": statement.manifest_sha256}
    )
    return statement


def is_stale(statement: CorrectionStatement) -> bool:
    """Return whether a statement that is not certified is no longer what the records make."""
    correction = correct(statement.run)
    paid = set(statement.lines.filter(paid=True).values_list("library__key", flat=True))
    filings = set(statement.filings.values_list("filing", flat=True))
    return (
        correction.manifest_sha256 != statement.manifest_sha256
        or paid != correction.paid
        or filings != {one.days.filing_id for one in correction.days}
    )


def _store(statement: CorrectionStatement, correction: Correction) -> None:
    CorrectionFiling.objects.bulk_create(
        CorrectionFiling(
            statement=statement,
            filing_id=one.days.filing_id,
            replaces_id=one.replaces,
            counted=(one.days.counted.first_day, _day_after(one.days.counted.last_day)),
        )
        for one in correction.days
    )
    library_ids = dict(Library.objects.filter(payments__run=statement.run_id).values_list("key", "pk"))
    CorrectionLine.objects.bulk_create(
        CorrectionLine(
            statement=statement,
            library_id=library_ids[line.key],
            loans=line.loans,
            borrows=line.borrows,
            net_plus=line.net_plus,
            transactions_share_cents=line.transactions_share_cents,
            net_plus_share_cents=line.net_plus_share_cents,
            certified_cents=difference.certified_cents,
            stated_cents=difference.stated_cents,
            corrected_cents=difference.corrected_cents,
            paid=line.key in correction.paid,
        )
        for line, difference in zip(correction.split.lines, correction.differences, strict=True)
    )


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
