"""Money withheld in a run: what is missing, releases by the Board's order, and what lapsed."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from connecticard.second_factor import SecondFactorForm
from payments.correcting import withheld_services as services
from payments.correcting.cure import cures
from payments.correcting.successors import paid_to
from payments.correcting.withheld import (
    WithheldLine,
    WithheldState,
    cutoff_of,
    is_past,
    lapses_to_record,
    last_day_of,
    never_ordered_cents,
    undistributed_pools,
    withheld_lines,
)
from payments.correcting.withheld_services import ReleaseRefused
from payments.forms import CutoffForm, ReasonForm, ReleaseForm
from payments.models import Payment, PaymentRun, WithheldLapse, WithheldRelease
from payments.views.access import allowed, person, posted


@requires(Action.VIEW_RUNS)
@require_safe
def withheld_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a run withheld, line by line: what is still missing, what was released, what lapsed."""
    run = _run(pk)
    today = clock.today()
    lines = withheld_lines(run, on=today) if run.calculated_at else []
    lapses = _lapses(run)
    return render(
        request,
        "payments/withheld.html",
        {
            "run": run,
            "lines": lines,
            "pools": list(undistributed_pools(run)) if run.calculated_at else [],
            "lapsed_pools": {lapse.pool for lapse in lapses if lapse.pool},
            "sums": _sums(lines),
            "releases": _releases(run),
            "lapses": lapses,
            "last_day": last_day_of(run.fiscal_year),
            "cutoff": cutoff_of(run.fiscal_year),
            "is_past": is_past(run.fiscal_year, today),
            "today": today,
            "never_ordered_cents": never_ordered_cents(run, on=today),
            "to_record": lapses_to_record(run, on=today),
            **allowed(request, may_release=Action.RELEASE_WITHHELD, may_approve=Action.APPROVE_RELEASE),
        },
    )


@requires(Action.RELEASE_WITHHELD)
@require_http_methods(["GET", "HEAD", "POST"])
def cutoff_record(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the day on which the Comptroller closes the payments of a run's fiscal year."""
    run = _run(pk)
    form = CutoffForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            cutoff = services.record_cutoff(
                fiscal_year=run.fiscal_year, by=person(request), at=clock.now(), **form.cleaned_data
            )
        except ReleaseRefused as refused:
            form.add_error("last_day", str(refused))
        else:
            messages.success(request, f"{cutoff} is on record.")
            return redirect("payments:withheld", pk)
    return render(
        request,
        "payments/withheld_cutoff.html",
        {
            "run": run,
            "form": form,
            "last_day": last_day_of(run.fiscal_year),
            "cutoff": cutoff_of(run.fiscal_year),
        },
    )


@requires(Action.RELEASE_WITHHELD)
@require_http_methods(["GET", "HEAD", "POST"])
def release_record(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Record that the Board ordered the release of what was withheld from one library."""
    payment = get_object_or_404(
        Payment.objects.select_related("library", "run").prefetch_related("unmet_requirements"),
        run=pk,
        library__key=key,
    )
    form = ReleaseForm(posted(request), run=payment.run)
    if request.method == "POST" and form.is_valid():
        try:
            services.record_release(payment=payment, by=person(request), at=clock.now(), **form.cleaned_data)
        except ReleaseRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                f"The release to {payment.library} is on record. It is paid once another person, an "
                "administrator, approves it.",
            )
            return redirect("payments:withheld", pk)
    return render(
        request,
        "payments/withheld_release.html",
        {
            "payment": payment,
            "run": payment.run,
            "form": form,
            "has_order": form.orders.exists(),
            "cure": cures([payment], on=clock.today())[payment.pk],
            "last_day": last_day_of(payment.run.fiscal_year),
            "lapse": payment.lapses.standing().first(),
            "paid_to": paid_to(payment),
        },
    )


@requires(Action.APPROVE_RELEASE)
@require_http_methods(["GET", "HEAD", "POST"])
def release_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a release that another person recorded, with the second factor."""
    release = _release(pk)
    form = SecondFactorForm(posted(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            services.approve_release(release=release, by=person(request), at=clock.now())
        except ReleaseRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Approved. The money goes to {paid_to(release.payment)}.")
            return redirect("payments:withheld", release.payment.run_id)
    return render(
        request,
        "payments/withheld_release_approve.html",
        {
            **_of_release(release),
            "form": form,
            "is_own": release.recorded_by_id == person(request).pk,
            "lapse": release.payment.lapses.standing().first(),
        },
    )


@requires(Action.RELEASE_WITHHELD)
@require_http_methods(["GET", "HEAD", "POST"])
def release_decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Decline a release that is not approved, or withdraw one's own, with the reason."""
    release = _release(pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.decline_release(
                release=release, because=form.cleaned_data["reason"], by=person(request), at=clock.now()
            )
        except ReleaseRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Declined. The record stays, with your reason; nothing is paid by it.")
            return redirect("payments:withheld", release.payment.run_id)
    return render(
        request,
        "payments/withheld_release_decline.html",
        {**_of_release(release), "form": form, "is_own": release.recorded_by_id == person(request).pk},
    )


@requires(Action.RELEASE_WITHHELD)
@require_POST
def lapses_record(request: HttpRequest, pk: int) -> HttpResponse:
    """Record now what the nightly task would record: what lapsed with the close of the last day."""
    run = _run(pk)
    lapses = services.record_lapses(run=run, by=person(request), at=clock.now())
    if lapses:
        messages.success(request, f"{len(lapses)} line{'' if len(lapses) == 1 else 's'} recorded as lapsed.")
    else:
        messages.info(request, "Nothing more has lapsed.")
    return redirect("payments:withheld", pk)


def _run(pk: int) -> PaymentRun:
    return get_object_or_404(PaymentRun, pk=pk)


def _release(pk: int) -> WithheldRelease:
    return get_object_or_404(
        WithheldRelease.objects.select_related(
            "payment__run", "payment__library", "order", "recorded_by", "approved_by", "declined_by"
        ),
        pk=pk,
    )


def _of_release(release: WithheldRelease) -> dict[str, object]:
    return {
        "release": release,
        "payment": release.payment,
        "run": release.payment.run,
        "last_day": last_day_of(release.payment.run.fiscal_year),
        "paid_to": paid_to(release.payment),
    }


def _releases(run: PaymentRun) -> QuerySet[WithheldRelease]:
    return (
        WithheldRelease.objects.filter(payment__run=run)
        .select_related("payment__library", "order", "recorded_by", "approved_by", "declined_by")
        .order_by("recorded_at", "pk")
    )


def _lapses(run: PaymentRun) -> QuerySet[WithheldLapse]:
    return run.lapses.select_related("payment__library", "recorded_by", "set_aside_by__order")


def _sums(lines: list[WithheldLine]) -> dict[str, int]:
    """Return the cents withheld in all, released, lapsed, and open."""
    sums = {"withheld": 0, "released": 0, "lapsed": 0, "open": 0}
    for line in lines:
        cents = line.payment.withheld_cents
        sums["withheld"] += cents
        match line.state:
            case WithheldState.RELEASED:
                sums["released"] += cents
            case WithheldState.LAPSED:
                sums["lapsed"] += cents
            case _:
                sums["open"] += cents
    return sums
