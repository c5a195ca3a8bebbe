"""To the Comptroller: what is missing, batches, and what became of the payments."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from connecticard.uploads import reads_a_file
from payments.correcting.withheld import last_day_of, never_ordered_cents
from payments.disbursing import payment_batches, result_services
from payments.disbursing.board_orders import order_of
from payments.disbursing.payment_batches import BatchRefused, LeftOut
from payments.disbursing.result_services import Reconciliation, ResultsRefused, reconciliations
from payments.disbursing.result_table import COLUMNS, LARGEST_FILE, template
from payments.forms import ReasonForm
from payments.models import BatchKind, PaymentBatch, PaymentBatchLine, PaymentRun, ResultFile
from payments.rules.payment_run_status import PaymentRunStatus
from payments.views.access import allowed, person, posted
from payments.views.sent_file import carried_in_page, file_from_page, sent_file
from transactions.uploads.carried import UploadLapsed
from transactions.uploads.tables import TableRefused

_SALT = "payments.results"


@requires(Action.VIEW_RUNS)
@require_safe
def comptroller_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what is missing before an export, what can go out, each batch to the cent, and what is open."""
    run = _run(pk)
    today = clock.today()
    found = reconciliations(run)
    held = payment_batches.left_out(run, on=today) if run.calculated_at else []
    sendings = payment_batches.sendings(run, on=today)
    return render(
        request,
        "payments/comptroller.html",
        {
            "run": run,
            "is_certified": run.status == PaymentRunStatus.CERTIFIED,
            "order": order_of(run),
            "never_ordered_cents": never_ordered_cents(run, on=today),
            "last_day": last_day_of(run.fiscal_year),
            "sendings": sendings,
            "held": [
                (
                    why,
                    [each for each in held if each.why is why],
                    sum(each.cents for each in held if each.why is why),
                )
                for why in LeftOut
                if any(each.why is why for each in held)
            ],
            "reconciliations": found,
            "withdrawn": run.batches.filter(withdrawn_at__isnull=False).select_related("withdrawn_by"),
            "sums": _sums(run, found, held, sendings),
            "result_files": run.result_files.select_related("imported_by"),
            **allowed(request, may_export=Action.EXPORT_PAYMENTS, may_keep=Action.KEEP_PAYEES),
        },
    )


@requires(Action.EXPORT_PAYMENTS)
@require_POST
def batch_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Export what is ready under an order of the Board."""
    run = _run(pk)
    kind, order = request.POST.get("kind", ""), request.POST.get("order", "")
    try:
        if kind not in list(BatchKind) or not order.isascii() or not order.isdigit():
            raise BatchRefused("Choose what to export on this page.")
        ordered = run.board_orders.standing().filter(pk=int(order[:18])).first()
        if ordered is None:
            raise BatchRefused("That order is not on record any more. Look at what is ready now.")
        batch = payment_batches.export_batch(
            run=run,
            kind=BatchKind(kind),
            order=ordered,
            by=person(request),
            at=clock.now(),
        )
    except BatchRefused as refused:
        messages.error(request, str(refused))
        return redirect("payments:comptroller", pk)
    messages.success(request, f"{batch} is exported. Download its file and send it to the Comptroller.")
    return redirect("payments:batch_page", batch.pk)


@requires(Action.VIEW_RUNS)
@require_safe
def batch_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one batch: its file, its control totals, and what became of each line."""
    batch = _batch(pk)
    lines = batch.lines.select_related("payment__library", "paid_to", "reissue_of__batch")
    found = next((each for each in reconciliations(batch.run) if each.batch == batch), None)
    return render(
        request,
        "payments/batch.html",
        {
            "batch": batch,
            "run": batch.run,
            "order": batch.order,
            "reconciliation": found,
            "lines": [
                (line, result_services.state_of(line))
                for line in lines.prefetch_related("results", "reissues__batch")
            ],
            "why_not_withdraw": payment_batches.why_not_withdraw(batch),
            "reinstatements": batch.reinstatements.select_related("withdrawn_by", "reinstated_by"),
            **allowed(request, may_export=Action.EXPORT_PAYMENTS),
        },
    )


@requires(Action.VIEW_RUNS)
@require_safe
def batch_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The payment file, the same bytes each time."""
    batch = _batch(pk)
    return _csv(batch.content, f"payments-{batch.code}.csv")


@requires(Action.VIEW_RUNS)
@require_safe
def result_template(request: HttpRequest, pk: int) -> HttpResponse:
    """A result file to fill in, with the lines of a batch of which nothing is known yet."""
    batch = _batch(pk)
    found = next((each for each in reconciliations(batch.run) if each.batch == batch), None)
    lines = found.outstanding if found else ()
    return _csv(template(lines), f"results-{batch.code}.csv")


@requires(Action.EXPORT_PAYMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def batch_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a batch that the Comptroller did not take."""
    batch = _batch(pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            payment_batches.withdraw_batch(
                batch=batch, by=person(request), at=clock.now(), **form.cleaned_data
            )
        except BatchRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{batch} is withdrawn. Its payments can go in another batch.")
            return redirect("payments:comptroller", batch.run_id)
    return render(
        request,
        "payments/batch_withdraw.html",
        {
            "batch": batch,
            "run": batch.run,
            "form": form,
            "why_not": payment_batches.why_not_withdraw(batch),
        },
    )


@requires(Action.EXPORT_PAYMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def batch_reinstate(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a withdrawn batch back in force: the Comptroller took it after all."""
    batch = _batch(pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            payment_batches.reinstate_batch(
                batch=batch, by=person(request), at=clock.now(), **form.cleaned_data
            )
        except BatchRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{batch} is in force again. Its results can be taken over.")
            return redirect("payments:batch_page", pk)
    return render(
        request,
        "payments/batch_reinstate.html",
        {
            "batch": batch,
            "run": batch.run,
            "form": form,
            "why_not": payment_batches.why_not_reinstate(batch),
        },
    )


@reads_a_file(LARGEST_FILE)
@requires(Action.EXPORT_PAYMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def results_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over what the Comptroller says became of payments, after showing what it changes."""
    run = _run(pk)
    context: dict[str, object] = {
        "run": run,
        "columns": COLUMNS,
        "batches": [each.batch for each in reconciliations(run) if each.outstanding],
        "a_batch": run.batches.standing().first(),
    }
    if request.method == "POST":
        try:
            if request.POST.get("step") == "import":
                return _import(request, run)
            file = sent_file(request, largest=LARGEST_FILE)
            if already := result_services.imported_before(run, file.content):
                raise ResultsRefused(already)
            context |= {
                "file": file,
                "reading": result_services.read(run, file.content, on=clock.today()),
                "carried": carried_in_page(file, request, salt=_SALT, of=run.pk),
            }
        except ResultsRefused as refused:
            context |= {"error": str(refused), "problems": refused.problems}
        except (TableRefused, UploadLapsed) as refused:
            context["error"] = str(refused)
    return render(
        request, "payments/results_import.html", context, status=422 if context.get("error") else 200
    )


@requires(Action.VIEW_RUNS)
@require_safe
def result_file(request: HttpRequest, pk: int) -> HttpResponse:
    """A result file as it came."""
    file = get_object_or_404(ResultFile, pk=pk)
    name = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in file.name
    )
    return HttpResponse(
        bytes(file.content),
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _import(request: HttpRequest, run: PaymentRun) -> HttpResponse:
    file = file_from_page(request, salt=_SALT, of=run.pk)
    result_services.import_results(
        run=run, content=file.content, name=file.name, by=person(request), at=clock.now()
    )
    messages.success(request, f"The results of {file.name} are on record.")
    return redirect("payments:comptroller", run.pk)


def _sums(
    run: PaymentRun,
    found: list[Reconciliation],
    held: list[payment_batches.Held],
    sendings: list[payment_batches.Sending],
) -> dict[str, int]:
    """Return cents: to pay in all, paid, outstanding, returned and not sent again, ready and held."""
    return {
        "in_all": sum(payment.payment_cents + payment.withheld_cents for payment in run.payments.all()),
        "paid": sum(each.paid_cents for each in found),
        "outstanding": sum(each.outstanding_cents for each in found),
        "returned": sum(line.cents for each in found for line in each.returned if not _went_again(line)),
        "ready": sum(each.cents for each in sendings if each.kind is not BatchKind.REISSUE),
        "held": sum(each.cents for each in held),
    }


def _went_again(line: PaymentBatchLine) -> bool:
    return any(again.batch.withdrawn_at is None for again in line.reissues.all())


def _csv(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _batch(pk: int) -> PaymentBatch:
    return get_object_or_404(
        PaymentBatch.objects.select_related("run", "order", "exported_by", "withdrawn_by"), pk=pk
    )


def _run(pk: int) -> PaymentRun:
    return get_object_or_404(PaymentRun.objects.select_related("appropriation"), pk=pk)
