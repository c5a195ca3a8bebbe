"""The Board's order on a run: the paper to adopt, and the record of its number and date."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from payments.correcting.withheld import cured_lines, last_day_of, never_ordered_cents
from payments.disbursing import board_orders
from payments.disbursing.board_orders import OrderRefused, order_of
from payments.disbursing.disbursement_forms import OrderForm
from payments.forms import ReasonForm
from payments.models import BoardOrder, OrderKind, PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus
from payments.views.access import allowed, person, posted


@requires(Action.VIEW_RUNS)
@require_safe
def order_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the paper for the Board to adopt, and the orders on record for a run."""
    run = _run(pk)
    orders = list(run.board_orders.select_related("recorded_by", "withdrawn_by").order_by("recorded_at"))
    return render(
        request,
        "payments/order.html",
        {
            "run": run,
            "is_certified": run.status == PaymentRunStatus.CERTIFIED,
            "order": order_of(run),
            "never_ordered_cents": never_ordered_cents(run, on=clock.today()),
            "last_day": last_day_of(run.fiscal_year),
            "orders": [(order, board_orders.why_not_withdraw(order)) for order in orders],
            "cured": cured_lines(run, on=clock.today()) if run.certified_at else [],
            **allowed(request, may_record=Action.RECORD_ORDER),
        },
    )


@requires(Action.RECORD_ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def order_record(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the number and date of an order: entered, looked at once more, then kept."""
    run = _run(pk)
    first = OrderKind.RELEASE if order_of(run) else OrderKind.PAYMENT
    form = OrderForm(posted(request), initial={"kind": first})
    looked_at = False
    if request.method == "POST" and form.is_valid():
        step = request.POST.get("step")
        reason = board_orders.why_not_order(
            run,
            form.cleaned_data["kind"],
            number=form.cleaned_data["number"],
            dated=form.cleaned_data["dated"],
            today=clock.today(),
        )
        if reason:
            form.add_error(None, reason)
        elif step == "record":
            try:
                order = board_orders.record_order(
                    run=run, by=person(request), at=clock.now(), **form.cleaned_data
                )
            except OrderRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{order} is on record.")
                return redirect("payments:order", pk)
        else:
            looked_at = step != "change"
    return render(
        request,
        "payments/order_record.html",
        {
            "run": run,
            "form": form,
            "looked_at": looked_at,
            "is_payment": _is_payment(form, looked_at),
            "last_day": last_day_of(run.fiscal_year),
            "is_late": looked_at
            and not run.assumed_eligible
            and form.cleaned_data["dated"] > last_day_of(run.fiscal_year),
        },
    )


@requires(Action.RECORD_ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def order_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back the record of an order that was made by mistake."""
    order = get_object_or_404(BoardOrder.objects.select_related("run", "recorded_by"), pk=pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            board_orders.withdraw_order(order=order, by=person(request), at=clock.now(), **form.cleaned_data)
        except OrderRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"The record of {order} is taken back. Record the order as it is.")
            return redirect("payments:order", order.run_id)
    return render(
        request,
        "payments/order_withdraw.html",
        {
            "order": order,
            "run": order.run,
            "form": form,
            "why_not": board_orders.why_not_withdraw(order),
        },
    )


def _is_payment(form: OrderForm, looked_at: bool) -> bool:
    return looked_at and form.cleaned_data["kind"] is OrderKind.PAYMENT


def _run(pk: int) -> PaymentRun:
    return get_object_or_404(PaymentRun.objects.select_related("appropriation"), pk=pk)
