"""Documents made from the lines of a batch; the same data are never made into a second document."""

import logging
from collections.abc import Iterable
from hashlib import sha256

from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, transaction
from django.utils.text import slugify

from connecticard import clock
from reports import statistics
from reports.contents import CorrectionPaper, DocumentContents, UseReport
from reports.correction_paper import correction_paper
from reports.csv_files import csv_of
from reports.documents import pdf_of
from reports.models import Document, DocumentBatchLine, DocumentKind
from reports.payment_list import RunDocuments

logger = logging.getLogger(__name__)


def make_lines(lines: Iterable[int]) -> None:
    """Make the documents of these lines of a batch that are not made yet; safe to run again.

    A line is locked while its document is made: another worker passes it over, and a worker that is killed
    leaves it open. A document that fails says why on its line, and the rest go on. Without the database
    nothing can be made or said, so its errors end the work, to be tried again.
    """
    gathered: dict[int, RunDocuments] = {}
    for pk in lines:
        with transaction.atomic():
            line = (
                DocumentBatchLine.objects.to_make()
                .select_for_update(skip_locked=True, of=("self",))
                .select_related("batch__run__appropriation", "batch__correction", "library")
                .filter(pk=pk)
                .first()
            )
            if line is not None:
                _make(line, gathered)


def _make(line: DocumentBatchLine, gathered: dict[int, RunDocuments]) -> None:
    run = line.batch.run
    try:
        with transaction.atomic():
            if run.pk not in gathered:
                gathered[run.pk] = RunDocuments(run)
            line.document = _document(line, _contents(line, gathered[run.pk]))
            line.failure = ""
            line.save(update_fields=["document", "failure"])
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("line %s of a document batch was not made", line.pk)
        line.document, line.failure = None, _in_words(error)[:500]
        line.save(update_fields=["failure"])


def _in_words(error: Exception) -> str:
    """Return in a sentence why a document was not made, and what to do."""
    if isinstance(error, OSError):
        return (
            f"The file could not be stored ({error.strerror or error}). "
            "See that the storage of documents can be written and has room, then make it again."
        )
    if isinstance(error, SoftTimeLimitExceeded):
        return "It took too long and was stopped. Make it again when the worker has less to do."
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return (
        f"The program failed ({what}). The worker's log has the details; have it mended, then make it again."
    )


def _contents(line: DocumentBatchLine, documents: RunDocuments) -> DocumentContents:
    run = documents.run
    match DocumentKind(line.kind):
        case DocumentKind.PAYMENT_STATEMENT:
            assert line.library_id is not None, "a statement is for a library"
            return documents.statement(line.library_id)
        case DocumentKind.PAYMENT_LIST:
            return documents.payment_list()
        case DocumentKind.USE_REPORT:
            return statistics.use_report(run, line.batch.correction)
        case DocumentKind.PARTICIPATING_LIBRARIES:
            return statistics.participating_libraries(run, run.measured.last_day)
        case DocumentKind.EXPENDITURE_SUMMARY:
            return statistics.expenditure_summary(run)
        case DocumentKind.CORRECTION_STATEMENT:
            assert line.batch.correction is not None, "a correction statement is of a correction"
            return correction_paper(line.batch.correction)


def _document(line: DocumentBatchLine, contents: DocumentContents) -> Document:
    """Return the document of these contents, made now unless it was made before."""
    run = line.batch.run
    certified = run.certified_at is not None
    known = {
        "kind": line.kind,
        "run": run,
        "library": line.library,
        "data_sha256": contents.made_from.data_sha256,
    }
    if document := Document.objects.filter(**known).first():
        if certified and not document.certified:  # the same words and figures, certified since
            document.certified = True
            document.save(update_fields=["certified"])
        return document
    folder = f"FY{run.fiscal_year}/run-{run.number}"
    name = _file_name(line, run.fiscal_year)
    stem = f"{folder}/{contents.made_from.data_sha256[:12]}/{name}"
    pdf, csv = pdf_of(contents), csv_of(contents)
    document, _ = Document.objects.get_or_create(
        **known,
        defaults={
            "title": contents.title,
            "edition": contents.edition if isinstance(contents, UseReport) else 1,
            "correction_number": contents.number if isinstance(contents, CorrectionPaper) else 0,
            "certified": certified,
            "pdf": _stored(f"{stem}.pdf", pdf),
            "pdf_sha256": sha256(pdf).hexdigest(),
            "pdf_size": len(pdf),
            "csv": _stored(f"{stem}.csv", csv),
            "csv_sha256": sha256(csv).hexdigest(),
            "csv_size": len(csv),
            "made_at": clock.now(),
        },
    )
    return document


def _file_name(line: DocumentBatchLine, fiscal_year: int) -> str:
    kind = line.kind.replace("_", "-")
    if line.batch.correction is not None:
        kind += (
            f"-{line.batch.correction.number}"
            if line.kind == DocumentKind.CORRECTION_STATEMENT
            else (f"-edition-{line.batch.correction.use_report_edition}")
        )
    if line.library is None:
        return f"{kind}-FY{fiscal_year}"
    return f"{kind}-FY{fiscal_year}-{line.library.key}-{slugify(line.library.name)}"


def _stored(name: str, content: bytes) -> str:
    """Store a file under its own name, in place of one that a killed worker left unfinished."""
    if default_storage.exists(name):
        with default_storage.open(name) as file:
            if file.read() == content:
                return name
        default_storage.delete(name)
    return default_storage.save(name, ContentFile(content))
