"""Pages of the State Library: publishing a run, and the making of its documents."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, may, requires, signed_in
from payments.models import PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus
from payments.services import RunRefused
from reports import services
from reports.models import DocumentBatch, in_order


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
    documents = in_order(run.documents.newest().with_edition())
    return render(
        request,
        "reports/run_documents.html",
        {
            "run": run,
            "can_have_documents": run.calculated_at is not None and run.status != PaymentRunStatus.VOID,
            "may_make": may(request.user, Action.MAKE_DOCUMENTS),
            "may_prepare_edition": may(request.user, Action.PREPARE_EDITION),
            "editions": run.editions.select_related("run"),
            "reports": [document for document in documents if document.library is None],
            "statements": [document for document in documents if document.library],
            **(batch_context(batch) if batch else {}),
        },
    )


@requires(Action.VIEW_RUNS)
@require_safe
def batch_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a batch has come, as a part of its run's page that asks again by itself."""
    batch = get_object_or_404(DocumentBatch.objects.select_related("run", "requested_by"), pk=pk)
    if not request.headers.get("HX-Request"):
        return redirect("reports:run_documents", batch.run_id)
    context = batch_context(batch)
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


@requires(Action.MAKE_DOCUMENTS)
@require_POST
def batch_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop the making of a batch."""
    batch = get_object_or_404(DocumentBatch, pk=pk)
    if left := services.cancel_documents(batch=batch, by=signed_in(request), at=clock.now()):
        messages.success(
            request,
            f"Cancelled; {left} document{'' if left == 1 else 's'} will not be made. One that is being made "
            "now may still be finished.",
        )
    else:
        messages.info(request, "Every document is made; there is nothing to cancel.")
    return redirect("reports:run_documents", batch.run_id)


def batch_context(batch: DocumentBatch) -> dict[str, object]:
    """Return what the fragment of a batch's progress shows."""
    made, failed, asked = batch.progress()
    return {
        "batch": batch,
        "made": made,
        "asked": asked,
        "waiting": 0 if batch.cancelled_at else asked - made - failed,
        "not_made": asked - made,
        "failures": batch.lines.exclude(failure="").select_related("library"),
    }
