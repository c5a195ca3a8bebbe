"""Documents made by the worker."""

from collections.abc import Sequence
from datetime import timedelta

from celery import shared_task
from django.db import InterfaceError, OperationalError, transaction

from connecticard import clock
from reports import making
from reports.box import boxes
from reports.models import DocumentBatchLine, DocumentBatchLineQuerySet, DocumentKind, YearBox

STATEMENTS_A_TASK = 16
FORGOTTEN_AFTER = timedelta(minutes=10)


@shared_task(
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=5,
    max_retries=6,
    soft_time_limit=10 * 60,  # the line it stops says so, and the rest go on
)
def make_documents(lines: list[int]) -> None:
    """Make the documents of these lines of a batch; a line that is made stays as it is."""
    making.make_lines(lines)


@shared_task
def make_forgotten_documents() -> None:
    """Ask again for documents whose task was lost; one that failed waits for a person."""
    asked_before = clock.now() - FORGOTTEN_AFTER
    queue_lines(
        open_lines(
            DocumentBatchLine.objects.wanted().filter(failure="", batch__requested_at__lt=asked_before)
        )
    )


@shared_task(autoretry_for=(OperationalError, InterfaceError), retry_backoff=5, max_retries=6)
def make_year_box(pk: int) -> None:
    """Make the box of an edition; one that is made stays as it is."""
    boxes.make_box(pk)


@shared_task
def make_forgotten_boxes() -> None:
    """Ask again for boxes that waited for a document, failed, or whose task was lost."""
    for pk in YearBox.objects.filter(made_at__isnull=True).order_by("pk").values_list("pk", flat=True):
        make_year_box.delay(pk)


def open_lines(lines: DocumentBatchLineQuerySet) -> list[tuple[int, str]]:
    """Return number and kind of the lines that are not made and that no worker is making now."""
    with transaction.atomic():
        waiting = lines.to_make().select_for_update(skip_locked=True, of=("self",))
        return list(waiting.order_by("pk").values_list("pk", "kind"))


def queue_lines(lines: Sequence[tuple[int, str]]) -> None:
    """Give each report a task of its own and the statements to tasks of several; (number, kind) of lines.

    To ask twice for the same line is harmless: it is made once.
    """
    statements = [pk for pk, kind in lines if kind == DocumentKind.PAYMENT_STATEMENT]
    for pk, kind in lines:
        if kind != DocumentKind.PAYMENT_STATEMENT:
            make_documents.delay([pk])
    for at in range(0, len(statements), STATEMENTS_A_TASK):
        make_documents.delay(statements[at : at + STATEMENTS_A_TASK])


def queue_once_it_stands(lines: Sequence[tuple[int, str]]) -> None:
    """Queue documents once the transaction stands; what the queue did not take is asked for again later."""
    # Not a partial: Django logs the name of what failed, and a partial has none
    transaction.on_commit(lambda: queue_lines(lines), robust=True)


def queue_box_once_it_stands(box: YearBox) -> None:
    """Queue the making of a box once the transaction stands; what the queue lost is asked for later."""
    pk = box.pk
    transaction.on_commit(lambda: make_year_box.delay(pk), robust=True)
