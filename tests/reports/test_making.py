"""Documents asked for, made once, failing one by one, and asked for again."""

import logging
from datetime import timedelta
from hashlib import sha256

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, connection, transaction

from connecticard import clock
from connecticard.models import AuditEvent, Role
from payments import services as payment_services
from reports import making, tasks
from reports.models import Document, DocumentBatch, DocumentBatchLine, DocumentKind
from reports.replay import issue_open_editions
from reports.services import (
    NothingToDocument,
    cancel_documents,
    publish_run,
    request_documents,
    restart_documents,
)
from tests.factories import make_signed_in_client, make_user
from tests.payments.records import appropriation
from tests.reports.conftest import AT

REPORTS = 4


@pytest.fixture
def queued(monkeypatch):
    """The chunks given to the worker, which here never runs."""
    chunks: list[list[int]] = []
    monkeypatch.setattr(tasks.make_documents, "delay", chunks.append)
    return chunks


@pytest.fixture
def plain_pdf(monkeypatch):
    """A stand-in for layout, where a test is about something else."""
    monkeypatch.setattr(making, "pdf_of", lambda contents: f"%PDF {contents.title}".encode())


@pytest.fixture
def batch(certified_run, staff, queued, plain_pdf, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        return request_documents(run=certified_run, by=staff, at=AT)


def content_of(file):
    with file.open() as stored:
        return stored.read()


def make_all(batch):
    making.make_lines(batch.lines.values_list("pk", flat=True))


def test_every_document_of_a_run_is_asked_for(batch, queued):
    assert batch.progress() == (0, 0, REPORTS + 3)
    assert sorted(map(len, queued)) == [1, 1, 1, 1, 3]
    assert AuditEvent.objects.filter(action="documents_requested", target_id=batch.pk).exists()


def test_a_document_keeps_the_digest_and_size_of_its_files(certified_run, staff, queued):
    batch = request_documents(run=certified_run, by=staff, at=AT)
    line = batch.lines.get(kind=DocumentKind.PAYMENT_STATEMENT, library__key="A")

    making.make_lines([line.pk])

    document = Document.objects.get()
    content = content_of(document.pdf)
    assert content.startswith(b"%PDF-")
    assert (document.pdf_sha256, document.pdf_size) == (sha256(content).hexdigest(), len(content))
    assert document.csv_size == len(content_of(document.csv))
    assert document.certified


def test_making_lines_again_doubles_nothing(batch):
    make_all(batch)
    made = list(Document.objects.values_list("pk", "made_at", "pdf"))

    make_all(batch)

    assert list(Document.objects.values_list("pk", "made_at", "pdf")) == made
    assert batch.progress() == (7, 0, 7)


def test_asking_for_the_documents_again_finds_the_same_ones(batch, certified_run, staff):
    make_all(batch)

    again = request_documents(run=certified_run, by=staff, at=AT)
    make_all(again)

    assert Document.objects.count() == 7
    assert again.progress() == (7, 0, 7)


def test_a_file_that_a_killed_worker_left_unfinished_is_replaced(batch, settings):
    make_all(batch)
    document = Document.objects.get(kind=DocumentKind.PAYMENT_LIST)
    line = batch.lines.get(document=document)
    DocumentBatchLine.objects.filter(document=document).update(document=None)
    whole = content_of(document.pdf)
    (settings.MEDIA_ROOT / document.pdf.name).write_bytes(whole[:5])
    document.delete()

    making.make_lines([line.pk])

    made_again = Document.objects.get(kind=DocumentKind.PAYMENT_LIST)
    assert made_again.pdf.name == document.pdf.name
    assert content_of(made_again.pdf) == whole


def test_a_document_that_fails_says_so_and_the_others_are_made(batch, monkeypatch, caplog):
    def fail(contents):
        if contents.title.startswith("Payment list"):
            raise ValueError("no room on the page")
        return b"%PDF"

    monkeypatch.setattr(making, "pdf_of", fail)

    with caplog.at_level(logging.CRITICAL):
        make_all(batch)

    failed = batch.lines.exclude(failure="").get()
    assert failed.kind == DocumentKind.PAYMENT_LIST
    assert "no room on the page" in failed.failure
    assert "make it again" in failed.failure
    assert batch.progress() == (6, 1, 7)


def test_a_full_disk_is_told_in_plain_words(batch, monkeypatch, caplog):
    def full(name, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "_stored", full)

    make_all(batch)

    failures = set(batch.lines.values_list("failure", flat=True))
    assert len(failures) == 1
    assert "could not be stored (No space left on device)" in failures.pop()


def test_without_the_database_the_task_is_tried_again(batch, monkeypatch):
    def lost(contents):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(making, "pdf_of", lost)

    with pytest.raises(OperationalError):
        make_all(batch)

    assert batch.progress() == (0, 0, 7)
    assert OperationalError in tasks.make_documents.autoretry_for


def test_failed_documents_are_asked_for_again(
    batch, staff, monkeypatch, queued, caplog, django_capture_on_commit_callbacks
):
    make_all(batch)
    line = batch.lines.get(kind=DocumentKind.PAYMENT_LIST)
    line.document, line.failure = None, "It failed."
    line.save()
    queued.clear()

    with django_capture_on_commit_callbacks(execute=True):
        asked = restart_documents(batch=batch, by=staff)

    assert asked == 1
    assert queued == [[line.pk]]
    assert batch.progress() == (6, 0, 7)
    assert AuditEvent.objects.filter(action="documents_restarted", target_id=batch.pk).exists()


def test_asking_again_is_answered_though_the_queue_cannot_be_reached(
    batch, staff, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def fails(task):
        raise ConnectionError("the queue cannot be reached")

    monkeypatch.setattr(tasks.make_documents, "delay", fails)

    with django_capture_on_commit_callbacks(execute=True):
        assert restart_documents(batch=batch, by=staff) == 7

    assert "the queue cannot be reached" in caplog.text


def test_documents_whose_task_was_lost_are_asked_for_again(batch, queued):
    queued.clear()
    batch.lines.filter(kind=DocumentKind.PAYMENT_LIST).update(failure="A person must look.")
    type(batch).objects.update(requested_at=clock.now() - tasks.FORGOTTEN_AFTER - timedelta(minutes=1))

    tasks.make_forgotten_documents()

    assert sorted(map(len, queued)) == [1, 1, 1, 3]


def test_documents_asked_for_just_now_are_not_asked_for_again(batch, queued):
    queued.clear()
    type(batch).objects.update(requested_at=clock.now())

    tasks.make_forgotten_documents()

    assert queued == []


@pytest.mark.django_db(transaction=True)
def test_a_line_that_another_worker_is_making_is_passed_over(certified_run, staff, queued, plain_pdf):
    batch = request_documents(run=certified_run, by=staff, at=AT)
    held, free = batch.lines.order_by("pk")[:2]
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            other.set_autocommit(False)
            cursor.execute("SELECT 1 FROM reports_documentbatchline WHERE id = %s FOR UPDATE", [held.pk])

            making.make_lines([held.pk, free.pk])

        assert [line.pk for line in batch.lines.filter(document__isnull=False)] == [free.pk]
        assert held.pk not in [pk for pk, _ in tasks.open_lines(batch.lines.all())]
    finally:
        other.rollback()
        other.close()


def test_documents_made_before_the_certificate_are_previews(calculated_run, staff, queued, plain_pdf):
    make_all(request_documents(run=calculated_run, by=staff, at=AT))

    assert not Document.objects.filter(certified=True).exists()
    assert {document.standing for document in Document.objects.select_related("run")} == {"preview"}

    administrator = make_user(Role.STATE_ADMINISTRATOR)
    run = payment_services.certify_run(run=calculated_run, by=administrator, at=AT + timedelta(hours=1))
    batch = publish_run(run=run, by=administrator, at=AT + timedelta(hours=1))
    assert not Document.objects.published().exists()
    make_all(batch)

    assert Document.objects.published().count() == REPORTS
    assert {document.certified for document in Document.objects.newest()} == {True}
    issue_open_editions(by=administrator)
    assert Document.objects.published().count() == REPORTS + 3


def test_a_run_without_a_calculation_has_no_documents(staff):
    run = payment_services.create_run(appropriation=appropriation(), by=staff, at=AT)

    with pytest.raises(NothingToDocument, match="Calculate the run first"):
        request_documents(run=run, by=staff, at=AT)


def test_a_void_run_gets_no_further_documents(certified_run, staff):
    administrator = make_user(Role.STATE_ADMINISTRATOR)
    run = payment_services.void_run(run=certified_run, reason="Wrong act", by=administrator, at=AT)

    with pytest.raises(NothingToDocument, match="void"):
        request_documents(run=run, by=staff, at=AT)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.LIBRARY_CERTIFIER, None])
def test_only_staff_have_documents_made(certified_run, libraries, role):
    library = libraries[0] if role is Role.LIBRARY_CERTIFIER else None
    person = make_user(role, library=library)

    with pytest.raises(PermissionDenied):
        request_documents(run=certified_run, by=person, at=AT)


def test_a_batch_that_is_cancelled_stops_between_documents_and_goes_on_when_asked(batch, staff, queued):
    lines = list(batch.lines.values_list("pk", flat=True))
    making.make_lines(lines[:2])

    left = cancel_documents(batch=batch, by=staff, at=AT)
    making.make_lines(lines)
    tasks.make_forgotten_documents()

    batch.refresh_from_db()
    assert (left, batch.cancelled_by) == (len(lines) - 2, staff)
    assert batch.progress()[0] == 2
    assert AuditEvent.objects.filter(action="documents_cancelled", by=staff).count() == 1

    restart_documents(batch=batch, by=staff)
    making.make_lines(lines)
    batch.refresh_from_db()
    assert batch.cancelled_at is None
    assert batch.progress()[0] == len(lines)
    assert cancel_documents(batch=batch, by=staff, at=AT) == 0


def test_cancelling_in_the_middle_lets_the_document_under_way_be_finished(batch, staff, monkeypatch):
    lines = list(batch.lines.values_list("pk", flat=True))
    made = making.pdf_of

    def cancel_while_making(contents):
        cancel_documents(batch=batch, by=staff, at=AT)
        return made(contents)

    monkeypatch.setattr(making, "pdf_of", cancel_while_making)
    making.make_lines(lines)

    assert batch.progress()[0] == 1


def test_a_cancellation_names_who_and_when(batch):
    with pytest.raises(IntegrityError, match="batch_cancellation_is_whole"), transaction.atomic():
        DocumentBatch.objects.update(cancelled_at=AT)


def test_the_page_cancels_a_batch_and_says_so(batch):
    client = make_signed_in_client(Role.STATE_STAFF)
    page = f"/payment-runs/{batch.run_id}/documents/"
    assert "Cancel the rest" in client.get(page).text

    answer = client.post(f"/document-batches/{batch.pk}/cancel/", follow=True)

    assert "The making was cancelled" in answer.text
    assert "Make the other documents" in answer.text
    assert "Cancel the rest" not in answer.text


def test_people_of_libraries_and_auditors_cancel_nothing(batch):
    with pytest.raises(PermissionDenied):
        cancel_documents(batch=batch, by=make_user(Role.AUDITOR), at=AT)
