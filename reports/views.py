"""Pages: the front page, the rulebook, what is published, and the making of documents."""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.utils.safestring import SafeString
from django.views.decorators.http import condition, require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, may, requires, signed_in
from libraries.models import Library
from payments.corrections import lines_of_library
from payments.models import BoardOrder, OrderKind, PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus
from payments.services import RunRefused
from reports import front_page, rulebook, services
from reports.board_order import payment_order, release_order
from reports.documents import pdf_of
from reports.forms import RulebookDayForm, StatementSearchForm
from reports.models import Document, DocumentBatch, DocumentKind, DocumentQuerySet
from reports.order_contents import BoardOrderPaper
from reports.receipts import receipt_paper
from reports.sister_formulas import sister_formulas
from reports.worked_examples import worked_examples
from transactions.receipts import visible_receipt

logger = logging.getLogger(__name__)

CONTENT_TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True)
class RunReports:
    """What is on offer of one run: the list and the annual reports, and how many statements.

    `earlier` are editions of the use report in whose place a later one stands.
    """

    run: PaymentRun
    documents: list[Document]
    statements: int
    earlier: list[Document] = field(default_factory=list)


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say what the program is, how the last year came out, and what is due; public."""
    return render(
        request,
        "reports/home.html",
        {"year": front_page.last_published_year(), "dates": front_page.key_dates(clock.today())},
    )


@login_not_required
@require_safe
def rulebook_page(request: HttpRequest) -> HttpResponse:
    """Show every dated value and public rule as of a day, with the worked examples; public."""
    form = RulebookDayForm(request.GET or None)
    asked = form.cleaned_data["on"] if form.is_valid() else None
    on = asked or clock.today()
    runs = PaymentRun.objects.visible_to(request.user).exclude(rulebook_edition="")
    return render(
        request,
        "reports/rulebook.html",
        {
            "form": form if form.is_bound else RulebookDayForm(initial={"on": on}),
            "on": on,
            "topics": rulebook.topics(on),
            "editions": rulebook.editions(list(runs.order_by("-fiscal_year", "-number"))),
            "worked_examples": _worked_examples(),
            "sister_formulas": _sister_formulas(),
        },
    )


@cache
def _worked_examples() -> SafeString:
    """Lay out the worked examples once a process: they change with the product alone.

    The numbered ones come first: they begin with the plain case.
    """
    examples = sorted(worked_examples(), key=lambda example: not re.match(r"w\d", example.name))
    return render_to_string("reports/_worked_examples.html", {"examples": examples})


@cache
def _sister_formulas() -> SafeString:
    """Lay out the formulas of other states once a process, for the same reason."""
    return render_to_string("reports/_sister_formulas.html", {"formulas": sister_formulas()})


@login_not_required
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """List what is published by fiscal year; the State Library sees previews too, marked; public."""
    form = StatementSearchForm(request.GET)
    return render(
        request,
        "reports/report_list.html",
        {
            "form": form,
            "found": form.libraries(),
            "runs": _run_reports(Document.objects.visible_to(request.user)),
        },
    )


@login_not_required
@require_safe
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
    """Send the PDF or the CSV of a document; public once its run is published."""
    documents = Document.objects.visible_to(request.user).select_related("run__publication")
    document = get_object_or_404(documents, pk=pk)
    stored = document.pdf if ending == "pdf" else document.csv
    try:
        file = stored.open("rb")
    except FileNotFoundError as lost:
        logger.error("document %s has lost its file %s", pk, stored.name)
        raise Http404(
            "The file of this document is missing from storage; have the document made again."
        ) from lost
    response = FileResponse(
        file,
        as_attachment=ending == "csv",
        filename=(stored.name or "").rpartition("/")[2],
        content_type=CONTENT_TYPES[ending],
    )
    readers = "public" if document.standing == "published" else "private"
    patch_cache_control(response, no_cache=True, **{readers: True})
    return response


@requires(Action.VIEW_LIBRARY)
@require_safe
def receipt_pdf(request: HttpRequest, receipt_number: str) -> HttpResponse:
    """Make the PDF of a receipt now, for who may see its filing; it carries the totals by month."""
    receipt = visible_receipt(request.user, receipt_number)
    if receipt is None:
        raise Http404("There is no receipt of this number that you may see.")
    return HttpResponse(
        pdf_of(receipt_paper(receipt)),
        content_type=CONTENT_TYPES["pdf"],
        headers={"Content-Disposition": f'inline; filename="{receipt.number}.pdf"'},
    )


@requires(Action.VIEW_RUNS)
@require_safe
def order_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the Board's order to pay a certified run, to be adopted or with its number and date."""
    return _order_pdf(payment_order(_certified(pk)), f"order-of-the-board-run-{pk}.pdf")


@requires(Action.VIEW_RUNS)
@require_safe
def release_order_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the Board's order to release what was withheld, for the libraries that have cured by today."""
    paper = release_order(_certified(pk), on=clock.today())
    if not paper.payments:
        raise Http404("Nothing withheld in this run waits for an order of release today.")
    return _order_pdf(paper, f"order-of-release-run-{pk}.pdf")


@requires(Action.VIEW_RUNS)
@require_safe
def recorded_order_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an order that is on record, with its number and date."""
    order = get_object_or_404(BoardOrder.objects.standing(), pk=pk)
    run = _certified(order.run_id)
    if order.kind == OrderKind.PAYMENT:
        paper = payment_order(run)
    else:
        paper = release_order(run, on=clock.today(), order=order)
    return _order_pdf(paper, f"order-{pk}.pdf")


def _certified(pk: int) -> PaymentRun:
    return get_object_or_404(
        PaymentRun.objects.select_related("appropriation", "prepared_by", "certified_by"),
        pk=pk,
        status=PaymentRunStatus.CERTIFIED,
    )


def _order_pdf(paper: BoardOrderPaper, name: str) -> HttpResponse:
    return HttpResponse(
        pdf_of(paper),
        content_type=CONTENT_TYPES["pdf"],
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@requires(Action.PUBLISH_RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def run_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a certified run a public record; say before what that shows, and to whom."""
    run = get_object_or_404(
        PaymentRun.objects.select_related("certified_by", "publication__published_by"), pk=pk
    )
    if request.method == "POST":
        try:
            services.publish_run(run=run, by=signed_in(request), at=clock.now())
        except RunRefused as refused:
            messages.error(request, str(refused))
            return redirect("reports:run_publish", pk)
        messages.success(request, f"{run} is published. Its documents are being made and are public then.")
        return redirect("payments:run_page", pk)
    return render(request, "reports/run_publish.html", {"run": run, "libraries": run.payments.count()})


@requires(Action.VIEW_RUNS)
@require_safe
def run_documents(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the documents of a run, how far the making has come, and what failed."""
    run = get_object_or_404(PaymentRun.objects.select_related("publication"), pk=pk)
    batch = run.document_batches.select_related("requested_by").first()
    documents = _in_order(run.documents.newest().select_related("run__publication", "library"))
    return render(
        request,
        "reports/run_documents.html",
        {
            "run": run,
            "can_have_documents": run.calculated_at is not None and run.status != PaymentRunStatus.VOID,
            "may_make": may(request.user, Action.MAKE_DOCUMENTS),
            "reports": [document for document in documents if document.library is None],
            "earlier": run.documents.earlier_editions().select_related("run__publication"),
            "statements": [document for document in documents if document.library],
            **(_batch_context(batch) if batch else {}),
        },
    )


@requires(Action.VIEW_RUNS)
@require_safe
def batch_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a batch has come, as a part of its run's page that asks again by itself."""
    batch = get_object_or_404(DocumentBatch.objects.select_related("run", "requested_by"), pk=pk)
    if not request.headers.get("HX-Request"):
        return redirect("reports:run_documents", batch.run_id)
    context = _batch_context(batch)
    response = render(request, "reports/_batch_progress.html", context)
    if not context["waiting"]:
        response["HX-Refresh"] = "true"
    return response


@requires(Action.MAKE_DOCUMENTS)
@require_POST
def documents_make(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for every document of a run."""
    run = get_object_or_404(PaymentRun, pk=pk)
    try:
        services.request_documents(run=run, by=signed_in(request), at=clock.now())
    except services.NothingToDocument as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The documents are being made. You may leave this page.")
    return redirect("reports:run_documents", run.pk)


@requires(Action.MAKE_DOCUMENTS)
@require_POST
def batch_restart(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask again for what a batch still lacks."""
    batch = get_object_or_404(DocumentBatch, pk=pk)
    if asked := services.restart_documents(batch=batch, by=signed_in(request)):
        messages.success(request, f"Asked again for {asked} document{'' if asked == 1 else 's'}.")
    else:
        messages.info(request, "Every document is made or is being made now.")
    return redirect("reports:run_documents", batch.run_id)


def _run_reports(documents: DocumentQuerySet) -> list[RunReports]:
    """Gather documents by run, newest fiscal year first."""
    statements = dict(
        documents.filter(kind=DocumentKind.PAYMENT_STATEMENT)
        .order_by()
        .values_list("run")
        .annotate(Count("library", distinct=True))
    )
    found: dict[int, RunReports] = {}
    newest = documents.filter(library__isnull=True).newest().select_related("run__publication")
    for document in _in_order(newest):
        run = document.run
        reports = found.setdefault(run.pk, RunReports(run, [], statements.get(run.pk, 0)))
        reports.documents.append(document)
    for document in documents.earlier_editions().select_related("run__publication"):
        found[document.run_id].earlier.append(document)
    return sorted(found.values(), key=lambda one: (one.run.fiscal_year, one.run.number), reverse=True)


def _in_order(documents: Iterable[Document]) -> list[Document]:
    """Return documents as people look for them: by kind, then by the library's name."""
    kinds = list(DocumentKind)
    return sorted(
        documents, key=lambda document: (kinds.index(DocumentKind(document.kind)), str(document.library))
    )


def _batch_context(batch: DocumentBatch) -> dict[str, object]:
    made, failed, asked = batch.progress()
    return {
        "batch": batch,
        "made": made,
        "asked": asked,
        "waiting": asked - made - failed,
        "failures": batch.lines.exclude(failure="").select_related("library"),
    }
