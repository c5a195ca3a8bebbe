"""Public pages of the annual reports: a year with its editions, each report as a page, and its tables."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from connecticard.permissions import Action, may
from connecticard.published_pages import published_page
from reports.charts import charts_of
from reports.csv_files import csv_of_table
from reports.main_points import points_of
from reports.models import ANNUAL, Document, DocumentKind, Edition
from reports.published_years import years_for
from reports.stored_contents import NotKept, contents_of
from reports.tables import Table, tables_of
from reports.views.published import CONTENT_TYPES
from reports.xlsx_files import xlsx_of

ROWS_ON_THE_PAGE = 40  # of a table; a longer one has a page of its own


@login_not_required
@require_safe
@published_page
def report_year(request: HttpRequest, fiscal_year: int) -> HttpResponse:
    """Show the editions of a fiscal year, the newest first, with the files of each report; public."""
    years = years_for(request.user, fiscal_year)
    if not years:
        raise Http404(f"Nothing is published of fiscal year {fiscal_year}.")
    return render(
        request,
        "reports/report_year.html",
        {"year": years[0], "may_see_all": may(request.user, Action.VIEW_RUNS)},
    )


@login_not_required
@require_safe
@published_page
def report_newest(request: HttpRequest, fiscal_year: int, kind: str) -> HttpResponse:
    """Show a report of the newest published edition of a fiscal year; public."""
    edition = Edition.objects.current(fiscal_year)
    if edition is None:
        raise Http404(f"No report of fiscal year {fiscal_year} is published.")
    return _report_page(request, edition, _kind(kind), is_newest=True)


@login_not_required
@require_safe
@published_page
def report_page(request: HttpRequest, fiscal_year: int, number: int, kind: str) -> HttpResponse:
    """Show a report of an edition at its permanent address; public once the edition is published."""
    return _report_page(request, _edition(request, fiscal_year, number), _kind(kind))


@login_not_required
@require_safe
@published_page
def report_table(request: HttpRequest, fiscal_year: int, number: int, kind: str, table: str) -> HttpResponse:
    """Show one table of a report, whole; public once the edition is published."""
    edition = _edition(request, fiscal_year, number)
    document = _document(edition, _kind(kind))
    contents = _contents(document)
    return render(
        request,
        "reports/report_table.html",
        {
            "edition": edition,
            "document": document,
            "kind": kind,
            "contents": contents,
            "table": _table(contents, table),
        },
    )


@login_not_required
@require_safe
@published_page
def report_table_file(
    request: HttpRequest, fiscal_year: int, number: int, kind: str, table: str, ending: str
) -> HttpResponse:
    """Send one table of a report as CSV or as a workbook; public once the edition is published."""
    document = _document(_edition(request, fiscal_year, number), _kind(kind))
    contents = _contents(document)
    found = _table(contents, table)
    if ending == "csv":
        content = csv_of_table(found)
    else:
        content = xlsx_of([found], title=contents.title, made_from=contents.made_from)
    name = f"{kind}-FY{fiscal_year}-edition-{number}-{table}.{ending}"
    return HttpResponse(
        content,
        content_type=CONTENT_TYPES[ending],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _report_page(
    request: HttpRequest, edition: Edition, kind: DocumentKind, *, is_newest: bool = False
) -> HttpResponse:
    document = _document(edition, kind)
    contents = _contents(document)
    tables = tables_of(contents)
    return render(
        request,
        "reports/report_page.html",
        {
            "edition": edition,
            "document": document,
            "kind": kind.slug,
            "contents": contents,
            "made_from": contents.made_from,
            "charts": charts_of(contents),
            "points": points_of(contents),
            "tables": tables,
            "short_tables": [
                table
                for table in tables
                if 0 < len(table.rows) <= ROWS_ON_THE_PAGE
                and table.name != "rulebook_entries"
                and any(cell for row in table.rows for cell in row[1:])
            ],
            "is_newest": is_newest,
            "newest": Edition.objects.current(edition.fiscal_year),
        },
    )


def _kind(slug: str) -> DocumentKind:
    for kind in ANNUAL:
        if kind.slug == slug:
            return kind
    raise Http404(f"There is no annual report named {slug}.")


def _edition(request: HttpRequest, fiscal_year: int, number: int) -> Edition:
    editions = Edition.objects.visible_to(request.user).select_related("run")
    return get_object_or_404(editions, fiscal_year=fiscal_year, number=number)


def _document(edition: Edition, kind: DocumentKind) -> Document:
    return get_object_or_404(
        Document.objects.with_edition(), in_edition__edition=edition, in_edition__kind=kind
    )


def _contents(document: Document) -> Any:
    try:
        return contents_of(document)
    except (NotKept, FileNotFoundError) as lost:
        raise Http404("What this report says is missing from storage.") from lost


def _table(contents: Any, name: str) -> Table:
    for table in tables_of(contents):
        if table.name == name:
            return table
    raise Http404(f"This report has no table named {name}.")
