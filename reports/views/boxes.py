"""The certified year in a box, and the catalogue by which others find it."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import condition, require_safe

from connecticard.published_pages import published_page
from reports.catalogue import catalogue
from reports.models import YearBox

logger = logging.getLogger(__name__)


def _digest(request: HttpRequest, fiscal_year: int, number: int) -> str | None:
    box = YearBox.objects.filter(edition__fiscal_year=fiscal_year, edition__number=number)
    found = box.values_list("sha256", flat=True).first()
    return f'"{found}"' if found else None


@login_not_required
@require_safe
@condition(etag_func=_digest)
def box_zip(request: HttpRequest, fiscal_year: int, number: int) -> FileResponse:
    """Send the box of a published edition; public, and never another under this address."""
    boxes = YearBox.objects.select_related("edition").filter(edition__published_at__isnull=False)
    box = get_object_or_404(boxes, edition__fiscal_year=fiscal_year, edition__number=number)
    if not box.is_made:
        raise Http404("The box of this edition is still being made; come back in a few minutes.")
    try:
        file = box.file.open("rb")
    except FileNotFoundError as lost:
        logger.error("%s has lost its file %s", box, box.file.name)
        raise Http404("The file of this box is missing from storage; tell the State Library.") from lost
    response = FileResponse(file, as_attachment=True, filename=box.file_name, content_type="application/zip")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@login_not_required
@require_safe
@published_page
def data_json(request: HttpRequest) -> HttpResponse:
    """Show the catalogue of published data (DCAT-US 1.1); public."""
    return JsonResponse(catalogue(), json_dumps_params={"indent": 2, "ensure_ascii": False})
