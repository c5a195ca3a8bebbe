"""What the Comptroller says became of payments: taken over whole or not at all, reconciled to the cent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256

from django.db import transaction

from connecticard import permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User, WebhookType
from connecticard.permissions import Action
from connecticard.webhooks import announce
from payments.disbursing.result_table import Problem, ResultRow, read_results
from payments.models import (
    PastPayment,
    PaymentBatch,
    PaymentBatchLine,
    PaymentResult,
    PaymentRun,
    ResultFile,
    ResultStatus,
)
from payments.rules.cents import dollars
from payments.rules.expenditure_reporting import fiscal_year_of
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day


class ResultsRefused(Exception):
    """A result file that changes nothing; the text says why, `problems` name each line to mend."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()):
        self.problems = tuple(problems)
        super().__init__(message)


@dataclass(frozen=True)
class Finding:
    """What one row says of a line; `was_paid` where money that had been paid came back."""

    row: ResultRow
    line: PaymentBatchLine
    was_paid: bool = False


@dataclass
class Reading:
    """What a file would change: new results, what is on record already, what nothing is known of."""

    new: list[Finding] = field(default_factory=list)
    known: list[Finding] = field(default_factory=list)
    open: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def cents(self, status: ResultStatus) -> int:
        """Return the sum of the new results of a status, in cents."""
        return sum(found.line.cents for found in self.new if found.row.status is status)

    @property
    def paid_cents(self) -> int:
        """The sum newly paid, in cents."""
        return self.cents(ResultStatus.PAID)

    @property
    def returned_cents(self) -> int:
        """The sum newly returned, in cents."""
        return self.cents(ResultStatus.RETURNED)


@dataclass(frozen=True)
class Reconciliation:
    """A batch to the cent: exported = paid + returned + outstanding."""

    batch: PaymentBatch
    paid: tuple[PaymentBatchLine, ...]
    returned: tuple[PaymentBatchLine, ...]
    outstanding: tuple[PaymentBatchLine, ...]

    @property
    def paid_cents(self) -> int:
        """What was paid and did not come back, in cents."""
        return _sum(self.paid)

    @property
    def returned_cents(self) -> int:
        """What came back, in cents."""
        return _sum(self.returned)

    @property
    def outstanding_cents(self) -> int:
        """What the Comptroller has said nothing of, in cents."""
        return _sum(self.outstanding)


def reconciliations(run: PaymentRun) -> list[Reconciliation]:
    """Return each standing batch of a run with what became of its lines."""
    found = []
    batches = run.batches.standing().select_related("order", "exported_by")
    for batch in batches.prefetch_related(
        "lines__results", "lines__reissues__batch", "lines__payment__library"
    ):
        by_state: dict[str, list[PaymentBatchLine]] = {"paid": [], "returned": [], "": []}
        for line in batch.lines.all():
            by_state[state_of(line)].append(line)
        found.append(
            Reconciliation(batch, tuple(by_state["paid"]), tuple(by_state["returned"]), tuple(by_state[""]))
        )
    return found


def state_of(line: PaymentBatchLine) -> str:
    """Return what became of a line: paid, returned, or nothing known yet; a return is what stands."""
    statuses = {result.status for result in line.results.all()}
    if ResultStatus.RETURNED in statuses:
        return ResultStatus.RETURNED.value
    return ResultStatus.PAID.value if statuses else ""


def read(run: PaymentRun, content: bytes, *, on: date) -> Reading:
    """Return what a file would change on a day, with every problem; nothing is written.

    Raises TableRefused where the file is no table of results.
    """
    rows, problems = read_results(content)
    reading = Reading(problems=problems)
    lines = {
        line.code: line
        for line in PaymentBatchLine.objects.filter(code__in={row.line for row in rows})
        .select_related("batch__run", "paid_to", "payment__library")
        .prefetch_related("results__file")
    }
    seen: dict[str, str] = {}
    for row in rows:
        line = lines.get(row.line)
        problem = _problem_of_line(run, row, line, seen)
        if problem is None and line is not None:
            seen[row.line] = row.where
            problem = _add(reading, row, line, on)
        if problem is not None:
            reading.problems.append(problem)
    _look_at_the_ledger(reading)
    return reading


@transaction.atomic
def import_results(*, run: PaymentRun, content: bytes, name: str, by: User, at: datetime) -> ResultFile:
    """Take over a result file, whole or not at all; what was paid goes into the ledger of its day.

    Raises ResultsRefused where a row cannot be taken over, or where the file says nothing new; TableRefused
    where it cannot be read.
    """
    share_payment_inputs()
    permissions.check(by, Action.EXPORT_PAYMENTS)
    run = PaymentRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if already := imported_before(run, content):
        raise ResultsRefused(already)
    reading = read(run, content, on=eastern_day(at))
    if reading.problems:
        raise ResultsRefused(
            "Nothing was taken over: mend what is named, then send the file again.", reading.problems
        )
    if not reading.new:
        raise ResultsRefused("Every result in this file is on record already. Nothing was changed.")
    file = ResultFile.objects.create(
        run=run,
        name=name[:250],
        content=content,
        sha256=sha256(content).hexdigest(),
        imported_by=by,
        imported_at=at,
    )
    results = PaymentResult.objects.bulk_create(_result(found, file) for found in reading.new)
    _enter_in_ledger([result for result in results if result.status == ResultStatus.PAID], by)
    _take_out_of_ledger([result for result in results if result.status == ResultStatus.RETURNED], by)
    AuditEvent.record(
        "payment_results_imported",
        target=file,
        by=by,
        after={
            "run": str(run),
            "sha256": file.sha256,
            "results": len(results),
            "paid_cents": reading.paid_cents,
            "returned_cents": reading.returned_cents,
        },
    )
    for result in results:
        _tell_programs(run, result)
    return file


def _tell_programs(run: PaymentRun, result: PaymentResult) -> None:
    """Tell programs that keep a webhook and may see the library what became of a payment to it."""
    is_paid = result.status == ResultStatus.PAID
    library = result.line.paid_to
    announce(
        WebhookType.PAYMENT_PAID if is_paid else WebhookType.PAYMENT_RETURNED,
        library=library,
        data={
            "library": library.key,
            "fiscal_year": run.fiscal_year,
            "run": run.number,
            "on": result.on.isoformat(),
        },
        path=f"/api/v1/payment-runs/{run.fiscal_year}-{run.number}/payments/",
    )


def imported_before(run: PaymentRun, content: bytes) -> str:
    """Return, in a sentence, that this very file was imported before; empty where it was not."""
    digest = sha256(content).hexdigest()
    file = run.result_files.filter(sha256=digest).select_related("imported_by").first()
    if file is None:
        return ""
    return (
        f"This file was imported on {written_day(eastern_day(file.imported_at))} by {file.imported_by}. "
        "Nothing was changed."
    )


def _problem_of_line(
    run: PaymentRun, row: ResultRow, line: PaymentBatchLine | None, seen: dict[str, str]
) -> Problem | None:
    if line is None:
        return Problem(
            row.where,
            f"“{row.line}” is no line of a batch.",
            "Correct the line id as the payment file has it, or take the row out of the file.",
        )
    if line.batch.run_id != run.pk:
        return Problem(
            row.where,
            f"{line} belongs to {line.batch.run}.",
            "Import its results there; take the row out of this file and correct TOTAL.",
        )
    if row.batch != line.batch.code:
        return Problem(
            row.where,
            f"{line} is in batch {line.batch.code}, not in “{row.batch}”.",
            "Correct the batch id as the payment file has it.",
        )
    if line.batch.withdrawn_at is not None:
        return Problem(
            row.where,
            f"{line.batch} was withdrawn: {line.batch.withdrawn_because}",
            "Ask the Comptroller which batch was paid. If it was this one, put it back in force on its page, "
            "then send the file again.",
        )
    if row.line in seen:
        return Problem(
            row.where,
            f"{line} stands in {seen[row.line].lower()} too.",
            "Keep one row for each line: the last that happened.",
        )
    if row.cents != line.cents:
        return Problem(
            row.where,
            f"{line} is for {dollars(line.cents)}, and the file says {dollars(row.cents)}.",
            "Ask the Comptroller which amount moved. A payment is paid or returned whole.",
        )
    return None


def _add(reading: Reading, row: ResultRow, line: PaymentBatchLine, today: date) -> Problem | None:
    """Put a row where it belongs; return why it belongs nowhere."""
    if row.status is None or row.on is None:
        reading.open.append(Finding(row, line))
        return None
    results = {ResultStatus(result.status): result for result in line.results.all()}
    if same := results.get(row.status):
        if (same.on, same.reference) == (row.on, row.reference):
            reading.known.append(Finding(row, line))
            return None
        return Problem(
            row.where,
            f"{line} was {row.status} already, on {written_day(same.on)} with reference {same.reference}.",
            "Ask the Comptroller which is right. A payment goes out once; what is on record stays.",
        )
    exported_on = eastern_day(line.batch.exported_at)
    if row.on < exported_on:
        return Problem(
            row.where,
            f"{written_day(row.on)} lies before the export of {line.batch} on {written_day(exported_on)}.",
            "Correct the date.",
        )
    if row.on > today:
        return Problem(row.where, f"{written_day(row.on)} has not come.", "Correct the date.")
    if back := results.get(ResultStatus.RETURNED):
        return Problem(
            row.where,
            f"{line} came back on {written_day(back.on)} with reference {back.reference}, and cannot be paid "
            "after that.",
            "Send the payment again in a new batch, and use the line id of that batch.",
        )
    paid = results.get(ResultStatus.PAID)
    if paid is not None and row.on < paid.on:
        return Problem(
            row.where,
            f"{line} was paid on {written_day(paid.on)}, and cannot have come back before.",
            "Correct the date.",
        )
    reading.new.append(Finding(row, line, was_paid=paid is not None))
    return None


def _look_at_the_ledger(reading: Reading) -> None:
    """Refuse to enter a payment a second time that somebody entered by hand; tell of other amounts there."""
    paid = [found for found in reading.new if found.row.status is ResultStatus.PAID]
    by_hand = {
        (entry.library_id, entry.fiscal_year): entry
        for entry in PastPayment.objects.filter(
            library__in={found.line.paid_to_id for found in paid}, batch_line=None, cents__gt=0
        )
    }
    for found in paid:
        assert found.row.on is not None, "what was paid has a day"
        year = fiscal_year_of(found.row.on)
        entry = by_hand.get((found.line.paid_to_id, year))
        if entry is None:
            continue
        said = (
            f"The ledger says by hand that {found.line.paid_to} received {dollars(entry.cents)} in fiscal "
            f"year {year} ({entry.source})"
        )
        if entry.cents == found.line.cents:
            reading.problems.append(
                Problem(
                    found.row.where,
                    f"{said}: it would be counted twice.",
                    "If it is this payment, set that entry to 0 on the page Money received, then send the "
                    "file again.",
                )
            )
        else:
            reading.notes.append(f"{said}. This payment of {dollars(found.line.cents)} is added to it.")


def _result(found: Finding, file: ResultFile) -> PaymentResult:
    row = found.row
    assert row.status is not None, "what is new says what became of the line"
    assert row.on is not None, "and when"
    return PaymentResult(line=found.line, status=row.status, on=row.on, reference=row.reference, file=file)


def _enter_in_ledger(results: Iterable[PaymentResult], by: User) -> None:
    entries = PastPayment.objects.bulk_create(
        PastPayment(
            library=result.line.paid_to,
            fiscal_year=fiscal_year_of(result.on),
            cents=result.line.cents,
            received_on=result.on,
            source=f"Comptroller, {result.line.code}, reference {result.reference}",
            batch_line=result.line,
        )
        for result in results
    )
    AuditEvent.record_each(
        "money_received_recorded",
        targets=[(entry, None, {"cents": entry.cents, "source": entry.source}) for entry in entries],
        by=by,
    )


def _take_out_of_ledger(results: Iterable[PaymentResult], by: User) -> None:
    entries = list(PastPayment.objects.filter(batch_line__in=[result.line_id for result in results]))
    AuditEvent.record_each(
        "money_received_returned",
        targets=[(entry, {"cents": entry.cents, "source": entry.source}, None) for entry in entries],
        by=by,
    )
    PastPayment.objects.filter(pk__in=[entry.pk for entry in entries]).delete()


def _sum(lines: Iterable[PaymentBatchLine]) -> int:
    return sum(line.cents for line in lines)
