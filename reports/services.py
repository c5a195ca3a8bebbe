"""Publishing a payment run and asking for its documents; the worker makes them one by one, never twice."""

from datetime import datetime

from django.db import transaction

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from connecticard.published_pages import something_was_published
from payments.correcting import correction_services
from payments.models import CorrectionStatement, PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus
from payments.services import record_publication
from reports import edition_services
from reports.models import ANNUAL, OF_A_RUN, DocumentBatch, DocumentBatchLine, DocumentKind
from reports.tasks import open_lines, queue_once_it_stands


class NothingToDocument(Exception):
    """The run has no standing calculation, so there is nothing to put into documents."""


@transaction.atomic
def publish_run(*, run: PaymentRun, by: User, at: datetime) -> DocumentBatch:
    """Make a certified run a public record, ask for its documents, and begin the edition of its reports.

    The payment list and the statements are public as they are made, the annual reports once their edition is
    published. Raises RunRefused where the run is not certified, is void, or was published before.
    """
    record_publication(run=run, by=by, at=at)
    something_was_published()
    return edition_services.begin_with_run(run=run, by=by, at=at)


@transaction.atomic
def request_documents(*, run: PaymentRun, by: User, at: datetime) -> DocumentBatch:
    """Ask for the statements, the list and previews of the annual reports; the worker makes them.

    Of a published run there are no previews: its annual reports are made with their editions.
    """
    permissions.check(by, Action.MAKE_DOCUMENTS)
    if run.calculated_at is None:
        raise NothingToDocument("Calculate the run first; its documents are made from the calculation.")
    if run.status == PaymentRunStatus.VOID:
        raise NothingToDocument("This run is void; documents are made of the run that takes its place.")
    kinds = [kind for kind in OF_A_RUN if kind not in ANNUAL or not run.is_published]
    batch = DocumentBatch.objects.create(run=run, requested_by=by, requested_at=at)
    lines = DocumentBatchLine.objects.bulk_create(
        [
            *(DocumentBatchLine(batch=batch, kind=kind) for kind in kinds),
            *(
                DocumentBatchLine(batch=batch, kind=DocumentKind.PAYMENT_STATEMENT, library_id=library_id)
                for library_id in run.payments.order_by("library__key").values_list("library", flat=True)
            ),
        ]
    )
    AuditEvent.record("documents_requested", target=batch, by=by, after={"documents": len(lines)})
    queue_once_it_stands([(line.pk, line.kind) for line in lines])
    return batch


@transaction.atomic
def certify_correction(*, statement: CorrectionStatement, by: User, at: datetime) -> DocumentBatch:
    """Certify a correction statement, ask for it, and begin the edition of the reports that counts it.

    Raises CorrectionRefused as `correction_services.certify_correction` does.
    """
    statement = correction_services.certify_correction(statement=statement, by=by, at=at)
    return edition_services.begin_with_correction(statement=statement, by=by, at=at)


@transaction.atomic
def restart_documents(*, batch: DocumentBatch, by: User) -> int:
    """Ask again for what a batch still lacks, failed documents too; return how many are asked for.

    A batch that was cancelled goes on.
    """
    permissions.check(by, Action.MAKE_DOCUMENTS)
    batch = DocumentBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if batch.cancelled_at is not None:
        batch.cancelled_by = batch.cancelled_at = None
        batch.save(update_fields=["cancelled_by", "cancelled_at"])
    lines = open_lines(batch.lines.all())
    DocumentBatchLine.objects.filter(pk__in=[pk for pk, _ in lines]).update(failure="")
    if lines:
        AuditEvent.record("documents_restarted", target=batch, by=by, after={"documents": len(lines)})
    queue_once_it_stands(lines)
    return len(lines)


@transaction.atomic
def cancel_documents(*, batch: DocumentBatch, by: User, at: datetime) -> int:
    """Stop the making of a batch after the document that is being made; return how many are not made.

    What is made stays, and the rest can be asked for again. Where nothing is left to make, nothing changes.
    """
    permissions.check(by, Action.MAKE_DOCUMENTS)
    batch = DocumentBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    left = batch.lines.to_make().count()
    if left and batch.cancelled_at is None:
        batch.cancelled_by, batch.cancelled_at = by, at
        batch.save(update_fields=["cancelled_by", "cancelled_at"])
        AuditEvent.record("documents_cancelled", target=batch, by=by, after={"not_made": left})
    return left
