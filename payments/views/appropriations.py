"""What was appropriated, and what became of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard.permissions import Action, requires
from connecticard.templatetags.figures import dollars
from payments import services
from payments.forms import AppropriationChangeForm, AppropriationForm
from payments.models import Appropriation
from payments.services import RunRefused
from payments.views.access import allowed, person, posted


@requires(Action.VIEW_RUNS)
@require_safe
def appropriation_list(request: HttpRequest) -> HttpResponse:
    """List what was appropriated for each fiscal year, with its dated changes."""
    return render(
        request,
        "payments/appropriation_list.html",
        {
            "appropriations": Appropriation.objects.prefetch_related("changes"),
            **allowed(request, may_change=Action.PREPARE_RUN),
        },
    )


@requires(Action.PREPARE_RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def appropriation_record(request: HttpRequest) -> HttpResponse:
    """Record what was appropriated for a fiscal year."""
    form = AppropriationForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            recorded = services.record_appropriation(by=person(request), **form.cleaned_data)
        except RunRefused as refused:
            form.add_error("fiscal_year", str(refused))
        else:
            messages.success(
                request, f"{dollars(recorded.cents)} is on record for fiscal year {recorded.fiscal_year}."
            )
            return redirect("payments:appropriation_list")
    return render(request, "payments/appropriation_record.html", {"form": form})


@requires(Action.PREPARE_RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def appropriation_change(request: HttpRequest, fiscal_year: int) -> HttpResponse:
    """Record a dated change of the amount available."""
    appropriation = get_object_or_404(
        Appropriation.objects.prefetch_related("changes"), fiscal_year=fiscal_year
    )
    form = AppropriationChangeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_appropriation(
                appropriation=appropriation,
                cents=form.change_cents,
                on=form.cleaned_data["on"],
                document=form.cleaned_data["document"],
                by=person(request),
            )
        except RunRefused as refused:
            form.add_error("cents", str(refused))
        else:
            messages.success(
                request,
                f"The change is on record. A run of fiscal year {fiscal_year} that was calculated before it "
                "must be calculated again.",
            )
            return redirect("payments:appropriation_list")
    return render(
        request, "payments/appropriation_change.html", {"form": form, "appropriation": appropriation}
    )
