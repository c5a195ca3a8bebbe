"""The guided pages of a payment run: what it rests on, what is still open, what each choice would do."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.permissions import Action, may, requires
from payments.counting import CannotCalculate
from payments.estimating.estimate import estimate
from payments.forms import HandOverForm, PolicyForm
from payments.models import PaymentRun
from payments.preparing import requirements
from payments.preparing.open_filings import of_year, without
from payments.preparing.policy_effect import effect_of_policy
from payments.preparing.run_preparation import certifiers_of, choose_policy, hand_over_of, hand_over_run
from payments.services import RunRefused
from payments.views.access import allowed, person, posted
from payments.views.comparisons import comparison_context
from payments.views.work_list import remind_by_hand


def the_run(pk: int) -> PaymentRun:
    """Return a run with all that its pages say of it; else 404."""
    return get_object_or_404(
        PaymentRun.objects.select_related(
            "appropriation", "prepared_by", "calculated_by", "certified_by", "voided_by", "publication"
        ).prefetch_related("appropriation__changes"),
        pk=pk,
    )


@requires(Action.VIEW_RUNS)
@require_safe
def run_appropriation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the run divides: the act, each dated change with its document, and what is available."""
    run = the_run(pk)
    return render(
        request,
        "payments/run_appropriation.html",
        {"run": run, **allowed(request, may_change=Action.PREPARE_RUN)},
    )


@requires(Action.VIEW_RUNS)
@require_safe
def run_requirements(request: HttpRequest, pk: int) -> HttpResponse:
    """Show who has not met which requirement, with the evidence, the cure, and whom to remind."""
    run = the_run(pk)
    found = requirements.of_run(run, today=clock.today())
    return render(
        request,
        "payments/run_requirements.html",
        {"run": run, "found": found, **allowed(request, may_remind=Action.REMIND)},
    )


@requires(Action.REMIND)
@require_http_methods(["GET", "HEAD", "POST"])
def run_remind(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the reminders to every library that has not met one requirement, word for word; then send them."""
    run, today = the_run(pk), clock.today()
    items = requirements.owed_of(
        run, code=request.GET.get("code", ""), matter=request.GET.get("matter", ""), today=today
    )
    back = reverse("payments:run_requirements", args=[pk])
    return remind_by_hand(request, items, today, list_url=back, list_label=f"{run}, requirements")


@requires(Action.VIEW_RUNS)
@require_safe
def run_open_filings(request: HttpRequest, pk: int) -> HttpResponse:
    """Show which filings are still open, and what each library's absence would do to everybody."""
    run = the_run(pk)
    context: dict[str, Any] = {"run": run, **allowed(request, may_remind=Action.REMIND)}
    try:
        found = estimate(run.fiscal_year, on=clock.today())
    except CannotCalculate as cannot:
        context["problems"] = cannot.problems
    else:
        context |= {"estimate": found, "rows": of_year(found)}
    return render(request, "payments/run_open_filings.html", context)


@requires(Action.VIEW_RUNS)
@require_safe
def run_without(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the whole state's lines with and without the open filings of a chosen set of libraries."""
    run = the_run(pk)
    try:
        found = estimate(run.fiscal_year, on=clock.today())
    except CannotCalculate:
        return redirect("payments:run_open_filings", pk)
    rows = of_year(found)
    asked = set(request.GET.getlist("without"))
    chosen = [row for row in rows if row.library.key in asked] or rows
    policy = run.next_policy or run.withheld_policy
    return render(
        request,
        "payments/run_without.html",
        {
            "run": run,
            "rows": rows,
            "chosen": chosen,
            "policy": policy,
            **comparison_context(request, without(found, [row.library.key for row in chosen], policy)),
        },
    )


@requires(Action.VIEW_RUNS)
@require_http_methods(["GET", "HEAD", "POST"])
def run_policy(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what each policy for withheld shares does to everybody, and choose one."""
    run = the_run(pk)
    may_choose = may(request.user, Action.PREPARE_RUN) and run.status in ("draft", "calculated")
    form = PolicyForm(
        posted(request),
        initial={
            "withheld_policy": run.next_policy or run.withheld_policy,
            "board_decision": run.next_board_decision or run.board_decision,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            run = choose_policy(run=run, by=person(request), **form.cleaned_data)
        except RunRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                "The policy is chosen. Calculate the run again: its figures rest on the other one."
                if run.next_policy
                else "The policy is chosen.",
            )
            return redirect("payments:run_page", pk)
    context: dict[str, Any] = {"run": run, "form": form, "may_choose": may_choose}
    try:
        effect = effect_of_policy(run, at=clock.now())
    except CannotCalculate as cannot:
        context["problems"] = cannot.problems
    else:
        context |= {"effect": effect, **comparison_context(request, effect.comparison)}
    return render(request, "payments/run_policy.html", context)


@requires(Action.PREPARE_RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def run_hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a calculated run to the administrators who may certify it."""
    run = the_run(pk)
    if run.calculated_at is None:
        raise Http404("A run is handed over once it is calculated.")
    form = HandOverForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            hand_over_run(run=run, by=person(request), at=clock.now(), **form.cleaned_data)
        except RunRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{run} is handed over. Who may certify it is told by mail.")
            return redirect("payments:run_page", pk)
    return render(
        request,
        "payments/run_hand_over.html",
        {
            "run": run,
            "form": form,
            "handed": hand_over_of(run),
            "people": certifiers_of(run, clock.now()),
        },
    )
