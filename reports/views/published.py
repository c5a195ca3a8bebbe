"""Public pages of what is published: the reports, a library's statements, and the files."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_safe

from connecticard.permissions import Action, may
from connecticard.published_pages import published_page
from libraries.key_on_record import key_on_record
from libraries.models import Library
from payments.correcting.corrections import lines_of_library
from reports.forms import StatementSearchForm
from reports.models import Document
from reports.published_years import years_for

logger = logging.getLogger(__name__)

CONTENT_TYPES = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


@login_not_required
@require_safe
@published_page
def report_list(request: HttpRequest) -> HttpResponse:
    """List what is published by fiscal year; the State Library sees the rest too, marked; public."""
    form = StatementSearchForm(request.GET)
    return render(
        request,
        "reports/report_list.html",
        {
            "form": form,
            "found": form.libraries(),
            "years": years_for(request.user),
        },
    )


@login_not_required
@require_safe
@published_page
@key_on_record
def library_documents(request: HttpRequest, key: str) -> HttpResponse:
    """List a library's payment statements by fiscal year; public."""
    library = get_object_or_404(Library, key=key)
    documents = (
        Document.objects.visible_to(request.user)
        .filter(library=library)
        .newest()
        .select_related("run__publication")
    )
    return render(
        request,
        "reports/library_documents.html",
        {
            "library": library,
            "documents": sorted(
                documents, key=lambda document: (document.run.fiscal_year, document.run.number), reverse=True
            ),
            "corrections": [
                line
                for line in lines_of_library(library.pk)
                if line.statement.run.is_published or may(request.user, Action.VIEW_RUNS)
            ],
        },
    )


def _digest(request: HttpRequest, pk: int, ending: str) -> str | None:
    found = (
        Document.objects.visible_to(request.user)
        .filter(pk=pk)
        .values_list(f"{ending}_sha256", flat=True)
        .first()
    )
    return f'"{found}"' if found else None


@login_not_required
@require_safe
@condition(etag_func=_digest)
def document_file(request: HttpRequest, pk: int, ending: str) -> HttpResponse | FileResponse:
    """Send a file of a document; public once its run, or its edition, is published."""
    documents = Document.objects.visible_to(request.user).with_edition()
    document = get_object_or_404(documents, pk=pk)
    stored = getattr(document, ending)
    if not stored:
        raise Http404("This document has no file of that kind.")
    try:
        file = stored.open("rb")
    except FileNotFoundError as lost:
        logger.error("document %s has lost its file %s", pk, stored.name)
        raise Http404(
            "The file of this document is missing from storage; have the document made again."
        ) from lost
    response = FileResponse(
        file,
        as_attachment=ending in ("csv", "xlsx"),
        filename=(stored.name or "").rpartition("/")[2],
        content_type=CONTENT_TYPES[ending],
    )
    readers = "public" if document.standing == "published" else "private"
    patch_cache_control(response, no_cache=True, **{readers: True})
    return response
