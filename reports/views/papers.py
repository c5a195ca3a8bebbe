"""PDF papers that are made when they are asked for: receipts and orders of the Board."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from payments.models import BoardOrder, OrderKind, PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus
from reports.board_order import payment_order, release_order
from reports.contents.board_order import BoardOrderPaper
from reports.documents import pdf_of
from reports.receipts import receipt_paper
from reports.views.published import CONTENT_TYPES
from transactions.receipts import visible_receipt


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
