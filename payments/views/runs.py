"""Payment runs, from the appropriation to the certificate."""

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from connecticard.second_factor import SecondFactorForm
from libraries.models import Library
from payments import services
from payments.counting import CannotCalculate
from payments.disbursing.disbursement import is_disbursed
from payments.explaining.explanation import totals
from payments.forms import NameSearchForm, ReasonForm, RunForm
from payments.models import PaymentRun, RunVerification, UnmetRequirement
from payments.preparing.run_changes import Changes, changes_since_calculated
from payments.preparing.run_preparation import waiting_to_be_certified
from payments.preparing.run_steps import beside, next_step, stage, steps
from payments.proving.proof import not_proved_lately
from payments.rules.payment_run_status import PaymentRunStatus, may_certify
from payments.services import RunRefused
from payments.views.access import allowed, person, posted
from payments.views.run_guide import the_run
from payments.views.sorting import headings

# What a heading of the table sorts by; the library's key decides between equals.
_COLUMNS = {
    "library": "library__name",
    "loans": "loans",
    "borrows": "borrows",
    "net_plus": "net_plus",
    "transactions_share": "transactions_share_cents",
    "net_plus_share": "net_plus_share_cents",
    "payment": "payment_cents",
    "withheld": "withheld_cents",
}


_LABELS = {
    "library": "Library",
    "loans": "Lent",
    "borrows": "Borrowed elsewhere",
    "net_plus": "Net plus",
    "transactions_share": "Transactions share",
    "net_plus_share": "Net-plus share",
    "payment": "Payment",
    "withheld": "Withheld",
}


@requires(Action.VIEW_RUNS)
@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """List the payment runs, the latest fiscal year first."""
    runs = (
        PaymentRun.objects.select_related("prepared_by", "certified_by", "publication")
        .annotate(lines=Count("payments"), paid_cents=Sum("payments__payment_cents"))
        .order_by("-fiscal_year", "-number")  # what is grouped loses the order of the model
    )
    return render(
        request,
        "payments/run_list.html",
        {
            "alarms": RunVerification.objects.alarms(),
            "not_proved": not_proved_lately(clock.now()),
            "runs": [(run, stage(run)) for run in runs],
            "waiting": waiting_to_be_certified(request.user),
            **allowed(request, may_prepare=Action.PREPARE_RUN),
        },
    )


@requires(Action.PREPARE_RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def run_create(request: HttpRequest) -> HttpResponse:
    """Begin a payment run."""
    form = RunForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            run = services.create_run(by=person(request), at=clock.now(), **form.cleaned_data)
        except RunRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{run} is begun. Calculate it when the filings are in.")
            return redirect("payments:run_page", run.pk)
    return render(request, "payments/run_create.html", {"form": form})


@requires(Action.VIEW_RUNS)
@require_safe
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a run: where it stands, what was split, who gets what, and who is not in order."""
    return _run_page(request, the_run(pk))


@requires(Action.PREPARE_RUN)
@require_POST
def run_calculate(request: HttpRequest, pk: int) -> HttpResponse:
    """Work the run out from what is certified now."""
    run = the_run(pk)
    try:
        services.calculate_run(run=run, by=person(request), at=clock.now())
    except CannotCalculate as cannot:
        return _run_page(request, run, cannot_calculate=cannot.problems)
    except RunRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{run} is calculated. Look at the figures; another person certifies them.")
    return redirect("payments:run_page", pk)


@requires(Action.CERTIFY_RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def run_certify(request: HttpRequest, pk: int) -> HttpResponse:
    """Certify a run under its statement and the second factor; say before whether anything changed."""
    run = the_run(pk)
    form = SecondFactorForm(posted(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            services.certify_run(run=run, by=person(request), at=clock.now())
        except (RunRefused, CannotCalculate) as refused:
            messages.error(request, str(refused))
            return redirect("payments:run_certify", pk)
        messages.success(request, f"{run} is certified. Its figures cannot change any more.")
        return redirect("payments:run_page", pk)
    context = {"run": run, "form": form, "why_not": _why_not_certify(request, run)}
    if not context["why_not"]:
        context |= {
            "changes": changes_since_calculated(run, at=clock.now()),
            "statement": services.attestation(run),
            "totals": totals(run),
            "not_in_order": run.payments.filter(eligible=False).count(),
        }
    return render(request, "payments/run_certify.html", context)


@requires(Action.CERTIFY_RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def run_void(request: HttpRequest, pk: int) -> HttpResponse:
    """Void a certified run with a reason."""
    run = the_run(pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.void_run(run=run, by=person(request), at=clock.now(), **form.cleaned_data)
        except RunRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                f"{run} is void and stays on record. Prepare a new run for fiscal year {run.fiscal_year}.",
            )
            return redirect("payments:run_page", pk)
    return render(request, "payments/run_void.html", {"run": run, "form": form})


def _run_page(request: HttpRequest, run: PaymentRun, **more: object) -> HttpResponse:
    form = NameSearchForm(request.GET)
    sort = request.GET.get("sort", "library")
    column = _COLUMNS.get(sort.removeprefix("-"), "library__name")
    typed = form.cleaned_data["q"].strip() if form.is_valid() else ""
    lines = (
        run.payments.select_related("library")
        .filter(library__name__icontains=typed)
        .order_by(f"-{column}" if sort.startswith("-") else column, "library__key")
    )
    changes = _changes(run)
    in_order = steps(run, request.user, is_stale=bool(changes))
    why_not_certify = _why_not_certify(request, run)
    return render(
        request,
        "payments/run_page.html",
        {
            "run": run,
            "stage": stage(run),
            "steps": in_order,
            "beside": beside(run),
            "changes": changes,
            "next": next_step(run, request.user, in_order, changes=changes, why_not_certify=why_not_certify),
            "totals": totals(run),
            "lines": lines,
            "line_count": run.payments.count(),
            "not_in_order": run.payments.filter(eligible=False).count(),
            "unmet": _unmet(run),
            "alarms": RunVerification.objects.alarms().filter(run=run),
            "filings": run.counted_filings.count(),
            "form": form,
            "headings": headings(request, _LABELS, sort),
            "is_disbursed": is_disbursed(run),
            "other_certified": PaymentRun.objects.filter(
                fiscal_year=run.fiscal_year, status=PaymentRunStatus.CERTIFIED
            )
            .exclude(pk=run.pk)
            .first(),
            **allowed(request, may_prepare=Action.PREPARE_RUN, may_certify=Action.CERTIFY_RUN),
            **more,
        },
    )


def _changes(run: PaymentRun) -> Changes:
    """Return what changed under a calculated run; nothing for one that is not calculated, or certified."""
    if run.status != PaymentRunStatus.CALCULATED:
        return Changes()
    return changes_since_calculated(run, at=clock.now())


def _unmet(run: PaymentRun) -> list[dict[str, object]]:
    """Return each requirement that somebody has not met, with those libraries; the most common first."""
    libraries: dict[tuple[str, str, str], list[Library]] = {}
    for unmet in UnmetRequirement.objects.filter(payment__run=run).select_related("payment__library"):
        libraries.setdefault((unmet.reason, unmet.cure, unmet.citation), []).append(unmet.payment.library)
    return [
        {
            "reason": reason,
            "cure": cure,
            "citation": citation,
            "libraries": sorted(concerned, key=lambda library: library.name),
        }
        for (reason, cure, citation), concerned in sorted(libraries.items(), key=lambda item: -len(item[1]))
    ]


def _why_not_certify(request: HttpRequest, run: PaymentRun) -> str:
    """Return why this person cannot certify this run now; empty where they can."""
    if run.status == PaymentRunStatus.DRAFT:
        return "A run is certified once it is calculated."
    if run.status != PaymentRunStatus.CALCULATED:
        return f"This run is {run.status}."
    own = {user_id for user_id in (run.prepared_by_id, run.calculated_by_id) if user_id}
    if not all(may_certify(user_id, person(request).pk) for user_id in own):
        return "You prepared or calculated this run, so an administrator who did neither certifies it."
    if not allowed(request, may=Action.CERTIFY_RUN)["may"]:
        return "Another person, an administrator of the State Library, certifies this run."
    return services.why_too_early(run, on=clock.today()) or ""
