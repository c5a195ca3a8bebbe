"""Documents made from the lines of a batch; the same data are never made into a second document."""

from collections.abc import Iterable
from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.text import slugify

from connecticard import clock
from reports import statistics
from reports.contents import DocumentContents
from reports.csv_files import csv_of
from reports.documents import pdf_of
from reports.models import Document, DocumentBatchLine, DocumentKind
from reports.payment_list import RunDocuments


def make_lines(lines: Iterable[int]) -> None:
    """Make the documents of these lines of a batch that are not made yet; safe to run again."""
    open_lines = list(
        DocumentBatchLine.objects.filter(pk__in=list(lines), document__isnull=True)
        .select_related("batch__run__appropriation", "library")
        .order_by("pk")
    )
    gathered: dict[int, RunDocuments] = {}
    for line in open_lines:
        run = line.batch.run
        if run.pk not in gathered:
            gathered[run.pk] = RunDocuments(run)
        document = _document(line, _contents(line, gathered[run.pk]))
        DocumentBatchLine.objects.filter(pk=line.pk).update(document=document, failure="")


def _contents(line: DocumentBatchLine, documents: RunDocuments) -> DocumentContents:
    run = documents.run
    match DocumentKind(line.kind):
        case DocumentKind.PAYMENT_STATEMENT:
            assert line.library_id is not None, "a statement is for a library"
            return documents.statement(line.library_id)
        case DocumentKind.PAYMENT_LIST:
            return documents.payment_list()
        case DocumentKind.USE_REPORT:
            return statistics.use_report(run)
        case DocumentKind.PARTICIPATING_LIBRARIES:
            return statistics.participating_libraries(run, run.measured.last_day)
        case DocumentKind.EXPENDITURE_SUMMARY:
            return statistics.expenditure_summary(run)


def _document(line: DocumentBatchLine, contents: DocumentContents) -> Document:
    """Return the document of these contents, made now unless it was made before."""
    run = line.batch.run
    known = {
        "kind": line.kind,
        "run": run,
        "library": line.library,
        "data_sha256": contents.made_from.data_sha256,
    }
    if document := Document.objects.filter(**known).first():
        return document
    folder = f"FY{run.fiscal_year}/run-{run.number}"
    name = _file_name(line, run.fiscal_year)
    stem = f"{folder}/{contents.made_from.data_sha256[:12]}/{name}"
    pdf, csv = pdf_of(contents), csv_of(contents)
    document, _ = Document.objects.get_or_create(
        **known,
        defaults={
            "title": contents.title,
            "pdf": _stored(f"{stem}.pdf", pdf),
            "pdf_sha256": sha256(pdf).hexdigest(),
            "csv": _stored(f"{stem}.csv", csv),
            "csv_sha256": sha256(csv).hexdigest(),
            "made_at": clock.now(),
        },
    )
    return document


def _file_name(line: DocumentBatchLine, fiscal_year: int) -> str:
    kind = line.kind.replace("_", "-")
    if line.library is None:
        return f"{kind}-FY{fiscal_year}"
    return f"{kind}-FY{fiscal_year}-{line.library.key}-{slugify(line.library.name)}"


def _stored(name: str, content: bytes) -> str:
    """Store a file under its own name; the same bytes stored again are the same file."""
    if default_storage.exists(name):
        default_storage.delete(name)
    return default_storage.save(name, ContentFile(content))
