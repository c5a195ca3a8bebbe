"""What is written about payments: appropriations, runs, certificates.

A run moves from draft to calculated to certified. Certifying holds the lock on payment inputs alone and
works everything out again: a calculation that no longer matches the facts is refused as stale.
"""

from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max

from connecticard import permissions
from connecticard.locks import hold_payment_inputs, share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from connecticard.published_pages import something_was_published
from libraries.models import Library
from payments.calculation import Calculation
from payments.counting import CannotCalculate
from payments.disbursing.disbursement import is_disbursed
from payments.models import (
    Appropriation,
    AppropriationChange,
    CountedFiling,
    EarlierCalculation,
    EarlierLine,
    Payment,
    PaymentRun,
    RunPublication,
    UnmetRequirement,
)
from payments.preparing.run_changes import calculation_of, changes_since_calculated
from payments.proving import rulebook_editions
from payments.rules import payment_run_status
from payments.rules.cents import dollars
from payments.rules.payment_run_status import PaymentRunStatus
from payments.standing import last_day_to_file
from transactions.rules._wording import written_day, written_span
from transactions.rules.filing_calendar import eastern_day

FIRST_YEAR_FILED_HERE = 2027  # fiscal year; earlier ones are replayed from what was published


class RunRefused(Exception):
    """A step of a payment run that may not be taken; the text says why and what to do."""


class StaleCalculation(RunRefused):
    """What the run was calculated from has changed since."""


@transaction.atomic
def record_appropriation(
    *, fiscal_year: int, cents: int, act: str, by: User, enacted_on: date | None = None, source: str = ""
) -> Appropriation:
    """Record what was appropriated for a fiscal year, in cents, with the act that says so."""
    share_payment_inputs()
    permissions.check(by, Action.PREPARE_RUN)
    if Appropriation.objects.filter(fiscal_year=fiscal_year).exists():
        raise RunRefused(
            f"The appropriation of fiscal year {fiscal_year} is on record. "
            "Record a dated change of it instead."
        )
    appropriation = Appropriation.objects.create(
        fiscal_year=fiscal_year, cents=cents, act=act, enacted_on=enacted_on, source=source
    )
    AuditEvent.record(
        "appropriation_recorded", target=appropriation, by=by, after={"cents": cents, "act": act}
    )
    return appropriation


@transaction.atomic
def change_appropriation(
    *, appropriation: Appropriation, cents: int, on: date, document: str, by: User
) -> AppropriationChange:
    """Record a dated change of the amount available; it may not fall below zero."""
    share_payment_inputs()
    permissions.check(by, Action.PREPARE_RUN)
    appropriation = Appropriation.objects.select_for_update().get(pk=appropriation.pk)
    if appropriation.available_cents + cents < 0:
        raise RunRefused(
            f"Only {dollars(appropriation.available_cents)} is available; enter a smaller reduction."
        )
    change = AppropriationChange.objects.create(
        appropriation=appropriation, cents=cents, on=on, document=document
    )
    AuditEvent.record(
        "appropriation_changed", target=appropriation, by=by, after={"cents": cents, "document": document}
    )
    return change


@transaction.atomic
def create_run(
    *,
    appropriation: Appropriation,
    by: User,
    at: datetime,
    withheld_policy: str = "keep",
    board_decision: str = "",
    assumed_eligible: bool = False,
) -> PaymentRun:
    """Begin a payment run for the fiscal year of an appropriation."""
    permissions.check(by, Action.PREPARE_RUN)
    if withheld_policy == "redistribute" and not board_decision.strip():
        raise RunRefused("Redistributing departs from section 4(b): name the Board's recorded decision.")
    if assumed_eligible and appropriation.fiscal_year >= FIRST_YEAR_FILED_HERE:
        raise RunRefused(
            f"Libraries file for fiscal year {appropriation.fiscal_year} here, so who is in order is on "
            "record and cannot be assumed."
        )
    appropriation = Appropriation.objects.select_for_update().get(pk=appropriation.pk)
    runs = PaymentRun.objects.filter(fiscal_year=appropriation.fiscal_year)
    run = PaymentRun.objects.create(
        appropriation=appropriation,
        fiscal_year=appropriation.fiscal_year,
        number=(runs.aggregate(last=Max("number"))["last"] or 0) + 1,
        withheld_policy=withheld_policy,
        board_decision=board_decision.strip(),
        assumed_eligible=assumed_eligible,
        prepared_by=by,
        prepared_at=at,
    )
    AuditEvent.record("payment_run_created", target=run, by=by, after={"withheld_policy": withheld_policy})
    return run


@transaction.atomic
def calculate_run(*, run: PaymentRun, by: User, at: datetime) -> PaymentRun:
    """Work out the run's payments from the filings certified by now, in place of an earlier calculation.

    Raises CannotCalculate where a certified filing holds what no payment may rest on.
    """
    hold_payment_inputs()
    permissions.check(by, Action.PREPARE_RUN)
    run = locked_run(run)
    _move(run, PaymentRunStatus.CALCULATED)
    calculation = calculation_of(run, at)
    if run.calculated_at is not None and run.manifest_sha256 != calculation.manifest_sha256:
        _keep_earlier(run)
    if run.next_policy:
        run.withheld_policy, run.board_decision = run.next_policy, run.next_board_decision
        run.next_policy, run.next_board_decision = "", ""
    run.payments.all().delete()
    run.counted_filings.all().delete()
    _store(run, calculation)
    run.status = PaymentRunStatus.CALCULATED
    run.calculated_by, run.calculated_at = by, at
    run.appropriation_cents = calculation.inputs.appropriation_cents
    run.transactions_pool_cents = calculation.split.transactions_pool_cents
    run.net_plus_pool_cents = calculation.split.net_plus_pool_cents
    run.undistributed_cents = calculation.split.undistributed_cents
    run.estimated = calculation.inputs.estimated
    run.rulebook_edition = calculation.inputs.rulebook_edition
    run.inputs_sha256 = calculation.inputs_sha256
    run.manifest_sha256 = calculation.manifest_sha256
    run.code_version = settings.CODE_VERSION
    rulebook_editions.keep_todays(run.fiscal_year)
    run.save()
    AuditEvent.record(
        "payment_run_calculated", target=run, by=by, after={"manifest_sha256": run.manifest_sha256}
    )
    return run


def why_too_early(run: PaymentRun, *, on: date) -> str | None:
    """Return why a run cannot be certified on a day yet; None where nobody can still file in time."""
    may_file_until = (
        None
        if run.assumed_eligible
        else last_day_to_file(run.fiscal_year, Library.objects.filter(payments__run=run), on=on)
    )
    return payment_run_status.why_too_early(run.measured.last_day, may_file_until, on)


def attestation(run: PaymentRun) -> str:
    """Return the statement that an administrator signs when certifying a run."""
    amount = dollars(run.appropriation_cents or 0)
    return (
        f"I certify that the payments of {run}, calculated from the certified filings on record for "
        f"{written_span(run.measured)}, divide {amount} as section 11-31b of the General Statutes and "
        "section 11-31c-4 of the Regulations of Connecticut State Agencies require, and that I neither "
        "prepared nor calculated them."
    )


@transaction.atomic
def certify_run(*, run: PaymentRun, by: User, at: datetime) -> PaymentRun:
    """Certify a calculated run, as a person who neither prepared nor calculated it.

    Raises StaleCalculation where an input changed since the calculation, RunRefused where the run is not
    calculated, it is too early, the person is its preparer, or the fiscal year has a certified run.
    """
    hold_payment_inputs()
    permissions.check(by, Action.CERTIFY_RUN)
    run = locked_run(run)
    _move(run, PaymentRunStatus.CERTIFIED)
    for preparer in (run.prepared_by, run.calculated_by):
        if preparer and not payment_run_status.may_certify(preparer.pk, by.pk):
            raise RunRefused("You prepared or calculated this run; another administrator must certify it.")
    if reason := why_too_early(run, on=eastern_day(at)):
        raise RunRefused(reason)
    changes = changes_since_calculated(run, at=at)
    if changes.problems:
        raise CannotCalculate(changes.problems)
    if changes:
        raise StaleCalculation(
            "A filing, letter, residency, report, policy or amount changed after this run was calculated. "
            "Calculate it again, look at what changed, and certify then."
        )
    run.status = PaymentRunStatus.CERTIFIED
    run.certified_by, run.certified_at, run.attestation = by, at, attestation(run)
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError as error:
        if "one_certified_run_a_fiscal_year" not in str(error):
            raise
        raise RunRefused(
            f"Fiscal year {run.fiscal_year} has a certified run. "
            "Void it with a reason before certifying another."
        ) from error
    AuditEvent.record(
        "payment_run_certified", target=run, by=by, after={"manifest_sha256": run.manifest_sha256}
    )
    return run


@transaction.atomic
def record_publication(*, run: PaymentRun, by: User, at: datetime) -> RunPublication:
    """Record that a certified run is public from now on.

    Raises RunRefused where it is not certified, is void, or was published before.
    """
    permissions.check(by, Action.PUBLISH_RUN)
    run = locked_run(run)
    if run.status != PaymentRunStatus.CERTIFIED:
        raise RunRefused(f"Only a certified run is published; this one is {run.status}.")
    publication, is_new = RunPublication.objects.get_or_create(
        run=run, defaults={"published_by": by, "published_at": at}
    )
    if not is_new:
        raise RunRefused(
            f"This run was published by {publication.published_by} on "
            f"{written_day(eastern_day(publication.published_at))}."
        )
    AuditEvent.record("payment_run_published", target=run, by=by)
    return publication


@transaction.atomic
def void_run(*, run: PaymentRun, reason: str, by: User, at: datetime) -> PaymentRun:
    """Void a run with a reason; it stays on record, and the fiscal year can have another.

    Raises RunRefused once money of it was disbursed: then a correction statement says what differs.
    """
    permissions.check(by, Action.CERTIFY_RUN)
    if not reason.strip():
        raise RunRefused("Say why the run is void.")
    run = locked_run(run)
    _move(run, PaymentRunStatus.VOID)
    run.status = PaymentRunStatus.VOID
    run.voided_by, run.voided_at, run.void_reason = by, at, reason.strip()
    run.save(update_fields=["status", "voided_by", "voided_at", "void_reason"])
    AuditEvent.record("payment_run_voided", target=run, by=by, after={"reason": run.void_reason})
    something_was_published()
    return run


def locked_run(run: PaymentRun) -> PaymentRun:
    """Return a run as it is on record, held until the transaction ends."""
    return (
        PaymentRun.objects.select_for_update(of=("self",))
        .select_related("appropriation", "prepared_by", "calculated_by")
        .get(pk=run.pk)
    )


def _move(run: PaymentRun, target: PaymentRunStatus) -> None:
    if reason := payment_run_status.why_not_move(
        PaymentRunStatus(run.status), target, disbursed=is_disbursed(run)
    ):
        raise RunRefused(reason)


def _keep_earlier(run: PaymentRun) -> None:
    """Keep what the run came to, so that the new calculation can be held against it."""
    assert run.calculated_by is not None, "the run was calculated"
    assert run.calculated_at is not None, "the run was calculated"
    earlier = EarlierCalculation.objects.create(
        run=run,
        number=run.earlier_calculations.count() + 1,
        calculated_by=run.calculated_by,
        calculated_at=run.calculated_at,
        withheld_policy=run.withheld_policy,
        appropriation_cents=run.appropriation_cents or 0,
        manifest_sha256=run.manifest_sha256,
    )
    columns = ("library_id", "loans", "borrows", "net_plus", "payment_cents", "withheld_cents", "eligible")
    EarlierLine.objects.bulk_create(
        EarlierLine(calculation=earlier, **line) for line in run.payments.values(*columns)
    )


def _store(run: PaymentRun, calculation: Calculation) -> None:
    CountedFiling.objects.bulk_create(
        CountedFiling(
            run=run,
            filing_id=days.filing_id,
            counted=(days.counted.first_day, date.fromordinal(days.counted.last_day.toordinal() + 1)),
        )
        for days in calculation.inputs.counted
    )
    eligible = {library.key: library.eligible for library in calculation.inputs.activity}
    payments = Payment.objects.bulk_create(
        Payment(
            run=run,
            library_id=calculation.library_ids[line.key],
            loans=line.loans,
            borrows=line.borrows,
            net_plus=line.net_plus,
            transactions_share_cents=line.transactions_share_cents,
            net_plus_share_cents=line.net_plus_share_cents,
            payment_cents=line.payment_cents,
            withheld_cents=line.withheld_cents,
            eligible=eligible[line.key],
        )
        for line in calculation.split.lines
    )
    keys = (line.key for line in calculation.split.lines)
    UnmetRequirement.objects.bulk_create(
        UnmetRequirement(
            payment=payment, code=unmet.code, citation=unmet.citation, reason=unmet.reason, cure=unmet.cure
        )
        for payment, key in zip(payments, keys, strict=True)
        for unmet in calculation.inputs.unmet.get(key, ())
    )
