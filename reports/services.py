"""Asking for the documents of a payment run; the worker makes them one by one, never twice."""

from datetime import datetime
from functools import partial

from django.db import transaction

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from payments.models import PaymentRun
from reports.models import DocumentBatch, DocumentBatchLine, DocumentKind
from reports.tasks import make_documents

STATEMENTS_A_TASK = 16


class NothingToDocument(Exception):
    """The run has not been calculated, so there is nothing to put into documents."""


@transaction.atomic
def request_documents(*, run: PaymentRun, by: User, at: datetime) -> DocumentBatch:
    """Ask for the statements, the list and the annual reports of a run; the worker makes them."""
    permissions.check(by, Action.MAKE_DOCUMENTS)
    if run.calculated_at is None:
        raise NothingToDocument("Calculate the run first; its documents are made from the calculation.")
    batch = DocumentBatch.objects.create(run=run, requested_by=by, requested_at=at)
    kinds = [kind for kind in DocumentKind if kind is not DocumentKind.PAYMENT_STATEMENT]
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
    transaction.on_commit(partial(_queue, [line.pk for line in lines], len(kinds)))
    return batch


def _queue(lines: list[int], reports: int) -> None:
    """Give each report a task of its own and the statements to tasks of several."""
    statements = lines[reports:]
    for chunk in (
        *([pk] for pk in lines[:reports]),
        *(statements[at : at + STATEMENTS_A_TASK] for at in range(0, len(statements), STATEMENTS_A_TASK)),
    ):
        make_documents.delay(chunk)
