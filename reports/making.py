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
from payments.models import CorrectionStatement
from reports.contents import CorrectionPaper, DocumentContents, PaymentStatement
from reports.correction_paper import correction_paper
from reports.csv_files import csv_of
from reports.documents import pdf_of
from reports.edition_contents import annual_report
from reports.models import (
    ANNUAL,
    Document,
    DocumentBatch,
    DocumentBatchLine,
    DocumentKind,
    Edition,
    EditionDocument,
)
from reports.payment_list import RunDocuments
from reports.stored_contents import json_of
from reports.tables import tables_of
from reports.xlsx_files import xlsx_of

logger = logging.getLogger(__name__)


def make_lines(lines: Iterable[int]) -> None:
    """Make the documents of these lines of a batch that are not made yet; safe to run again.

    A line is locked while its document is made: another worker passes it over, and a worker that is killed
    leaves it open. Between two documents it is asked whether the batch was cancelled. A document that fails
    says why on its line, and the rest go on. Without the database nothing can be made or said, so its errors
    end the work, to be tried again.
    """
    gathered: dict[int, RunDocuments] = {}
    for pk in lines:
        with transaction.atomic():
            line = (
                DocumentBatchLine.objects.to_make()
                .wanted()
                .select_for_update(skip_locked=True, of=("self",))
                .select_related("batch__run__appropriation", "batch__edition__correction", "library")
                .filter(pk=pk)
                .first()
            )
            if line is not None:
                _make(line, gathered)


def _make(line: DocumentBatchLine, gathered: dict[int, RunDocuments]) -> None:
    try:
        with transaction.atomic():
            line.document = _document(line, _contents(line, gathered))
            if line.kind in ANNUAL and line.batch.edition is not None:
                _take_into_edition(line.document, line.batch.edition, line.batch)
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


def _contents(line: DocumentBatchLine, gathered: dict[int, RunDocuments]) -> DocumentContents:
    run, kind = line.batch.run, DocumentKind(line.kind)
    if kind in ANNUAL:
        return annual_report(kind, run, line.batch.edition)
    if kind is DocumentKind.CORRECTION_STATEMENT:
        return correction_paper(_correction(line))
    if run.pk not in gathered:
        gathered[run.pk] = RunDocuments(run)
    if kind is DocumentKind.PAYMENT_LIST:
        return gathered[run.pk].payment_list()
    assert line.library_id is not None, "a statement is for a library"
    return gathered[run.pk].statement(line.library_id)


def _correction(line: DocumentBatchLine) -> CorrectionStatement:
    edition = line.batch.edition
    assert edition is not None, "a correction statement is made with an edition"
    assert edition.correction is not None, "an edition with a correction statement has one"
    return edition.correction


def _take_into_edition(document: Document, edition: Edition, batch: DocumentBatch) -> None:
    """Make a report the one of its edition, unless that was prepared anew or certified since."""
    edition = Edition.objects.select_for_update(of=("self",)).get(pk=edition.pk)
    if edition.certified_at is not None or edition.document_batches.latest("pk") != batch:
        return
    edition.reports.filter(kind=document.kind).delete()
    EditionDocument.objects.create(edition=edition, kind=document.kind, document=document)


def _document(line: DocumentBatchLine, contents: DocumentContents) -> Document:
    """Return the document of these contents, made now unless it was made before."""
    run = line.batch.run
    certified = run.certified_at is not None and (line.kind not in ANNUAL or line.batch.edition is not None)
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
    defaults: dict[str, object] = {
        "title": contents.title,
        "correction_number": contents.number if isinstance(contents, CorrectionPaper) else 0,
        "certified": certified,
        "made_at": clock.now(),
    }
    for ending, content in _files(contents).items():
        defaults[ending] = _stored(f"{stem}.{ending}", content)
        defaults[f"{ending}_sha256"] = sha256(content).hexdigest()
        defaults[f"{ending}_size"] = len(content)
    document, _ = Document.objects.get_or_create(**known, defaults=defaults)
    return document


def _files(contents: DocumentContents) -> dict[str, bytes]:
    """Return the files of a document by their endings; a statement has one line, and so no workbook."""
    files = {"pdf": pdf_of(contents), "csv": csv_of(contents)}
    if isinstance(contents, PaymentStatement):
        return files
    workbook = xlsx_of(tables_of(contents), title=contents.title, made_from=contents.made_from)
    return {**files, "xlsx": workbook, "json": json_of(contents)}


def _file_name(line: DocumentBatchLine, fiscal_year: int) -> str:
    kind = DocumentKind(line.kind).slug
    if line.kind == DocumentKind.CORRECTION_STATEMENT:
        kind += f"-{_correction(line).number}"
    elif line.kind in ANNUAL and line.batch.edition is not None and line.batch.edition.number > 1:
        kind += f"-edition-{line.batch.edition.number}"
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
