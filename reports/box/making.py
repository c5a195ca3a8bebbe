"""A box made: the same records and files give the same bytes."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from connecticard.canonical_json import canonical_json
from payments.proving.rulebook_editions import entries_of
from payments.proving.run_files import manifest_json
from reports.box import description
from reports.box.snapshot import snapshot
from reports.box.tables import OF_DOCUMENTS, box_tables
from reports.csv_files import csv_of_table
from reports.models import (
    ANNUAL,
    OF_A_CORRECTION,
    Document,
    DocumentBatchLine,
    DocumentKind,
    DocumentQuerySet,
    Edition,
)
from reports.stored_contents import contents_of
from reports.tables import tables_of

FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # of a ZIP; the days of its files stand in datapackage.json
_PACKED = {"pdf"}


class NotReady(Exception):
    """Documents of the edition are still to be made; the message says which and what to do."""


def box_of(edition: Edition) -> bytes:
    """Return the ZIP of a published edition.

    Raises NotReady while a document of it is still to be made, and where its run was voided first: what the
    interface answers about the year is then of another run.
    """
    if edition.is_withdrawn:
        raise NotReady(f"{edition.run} was voided before the box was made; the year is that of another run.")
    documents = documents_of(edition)
    by_kind = {document.kind: document for document in documents if document.library_id is None}
    contents = {name: contents_of(by_kind[kind]) for name, kind in OF_DOCUMENTS.items()}
    tables = box_tables(edition.run, **contents)
    statements = sum(document.kind == DocumentKind.PAYMENT_STATEMENT for document in documents)

    files: dict[str, bytes] = {f"data/{name}.csv": csv_of_table(table) for name, table in tables.items()}
    files |= {_path(document): _read(document) for document in documents}
    files |= {
        f"html/{_stem(by_kind[kind])}.html": _page(edition, contents[name])
        for name, kind in OF_DOCUMENTS.items()
    }
    run = edition.run
    files |= {
        f"api/{name}": answer
        for name, answer in snapshot(run.fiscal_year, f"{run.fiscal_year}-{run.number}").items()
    }
    files["rulebook.json"] = canonical_json(list(entries_of(run)))
    files["run-manifest.json"] = manifest_json(run)
    files["README.md"] = description.readme(edition, tables, statements=statements)
    files["CITATION.cff"] = description.citation(edition)
    files["datapackage.json"] = description.data_package(edition, tables, files)
    return _packed(files)


def documents_of(edition: Edition) -> list[Document]:
    """Return the documents of an edition: its reports, and what stood beside them when it was published.

    Of the payment list and each statement that is the one made last; of correction statements, those that
    were certified before. What was asked for then and made by a later request alone is that. Raises NotReady
    while one is to be made.
    """
    lines = DocumentBatchLine.objects.filter(
        batch__run=edition.run, batch__requested_at__lte=edition.published_at
    ).exclude(kind__in=ANNUAL)
    certified = Document.objects.filter(run=edition.run, certified=True).exclude(kind__in=ANNUAL)
    made = _by_what_it_is(certified.order_by("-made_at", "-pk"))
    made |= _by_what_it_is(certified.filter(pk__in=lines.values("document")).order_by("made_at", "pk"))
    beside, failed, lacking = {}, 0, set()
    for line in lines.select_related("batch__edition__correction"):
        correction = line.batch.edition and line.batch.edition.correction
        number = correction.number if correction and line.kind in OF_A_CORRECTION else 0
        what = (line.kind, line.library_id, number)
        if what in made:
            beside[what] = made[what]
        elif line.document_id is None and line.batch.cancelled_at is None and what not in lacking:
            lacking.add(what)
            failed += bool(line.failure)
    if lacking:
        raise NotReady(
            f"{len(lacking)} documents of {edition.run} are still to be made"
            + (f", and {failed} of them failed: see its documents, and make them again." if failed else ".")
        )
    reports = [
        report.document for report in edition.reports.select_related("document__run", "document__library")
    ]
    found = sorted([*reports, *beside.values()], key=_path)
    if missing := [
        kind for kind in OF_DOCUMENTS.values() if kind not in {document.kind for document in found}
    ]:
        raise NotReady(f"{missing[0].label} of {edition.run} is still to be made: have its documents made.")
    return found


def _by_what_it_is(documents: DocumentQuerySet) -> dict[tuple[str, int | None, int], Document]:
    """Return documents by kind, library and number of the correction; the last of several."""
    return {
        (document.kind, document.library_id, document.correction_number): document
        for document in documents.select_related("library", "run")
    }


def _stem(document: Document) -> str:
    stem = DocumentKind(document.kind).value.replace("_", "-")
    if document.kind == DocumentKind.CORRECTION_STATEMENT:
        return f"{stem}-{document.correction_number}"
    return stem


def _path(document: Document) -> str:
    if document.library is not None:
        return f"documents/statements/{document.library.key}.pdf"
    return f"documents/{_stem(document)}.pdf"


def _read(document: Document) -> bytes:
    with document.pdf.open("rb") as file:
        content: bytes = file.read()
        return content


def _page(edition: Edition, contents: Any) -> bytes:
    stylesheet = finders.find("css/box.css")
    assert isinstance(stylesheet, str), "the stylesheet ships with the product"
    with open(stylesheet, encoding="utf-8") as style:
        page = render_to_string(
            "reports/box/report.html",
            {
                "contents": contents,
                "tables": [table for table in tables_of(contents) if table.rows or table.name == "libraries"],
                "title": description.title_of(edition),
                "style": style.read(),
            },
        )
    return "\n".join(line.strip() for line in page.splitlines() if line.strip()).encode()


def _packed(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP of these files in the order of their paths, each with the same time and rights."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in ("datapackage.json", *sorted(set(files) - {"datapackage.json"})):
            member = zipfile.ZipInfo(path, date_time=FIRST_TIME)
            member.external_attr = 0o644 << 16
            member.create_system = 3  # the same on any system
            packed = path.rpartition(".")[2] in _PACKED
            member.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.writestr(member, files[path], compresslevel=6)
    return out.getvalue()
