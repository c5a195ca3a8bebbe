"""Waivers of filing dates: proposed by one person of the State Library, approved by another."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock, permissions
from connecticard.models import User
from connecticard.permissions import Action, requires
from transactions import services
from transactions.forms import WaiverForm
from transactions.models import FilingPeriod, Waiver
from transactions.services import FilingRefused
from transactions.views.reach import library_of


@requires(Action.VIEW_AUDIT)
@require_safe
def waiver_list(request: HttpRequest) -> HttpResponse:
    """List waivers: those that wait for a second person, then those granted."""
    waivers = Waiver.objects.select_related("library", "period", "proposed_by", "approved_by")
    return render(
        request,
        "transactions/waiver_list.html",
        {
            "waiting": waivers.filter(approved_at__isnull=True).order_by("proposed_at"),
            "granted": waivers.filter(approved_at__isnull=False).order_by("-approved_at"),
            "may_approve": permissions.may(request.user, Action.APPROVE_WAIVER),
        },
    )


@requires(Action.GRANT_WAIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_propose(request: HttpRequest, key: str, period_pk: int) -> HttpResponse:
    """Propose an extension or a late acceptance for one library and period."""
    library = library_of(request, key, Action.GRANT_WAIVER)
    period = get_object_or_404(FilingPeriod, pk=period_pk)
    form = WaiverForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.propose_waiver(
                library=library,
                period=period,
                by=cast(User, request.user),
                at=clock.now(),
                **form.cleaned_data,
            )
        except FilingRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Proposed. It holds once another person has approved it.")
            return redirect("transactions:waiver_list")
    return render(
        request,
        "transactions/waiver_propose.html",
        {"form": form, "library": library, "period": period},
    )


@requires(Action.APPROVE_WAIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a waiver that another person proposed."""
    waiver = get_object_or_404(Waiver.objects.select_related("library", "period", "proposed_by"), pk=pk)
    problem = ""
    if request.method == "POST":
        try:
            services.approve_waiver(waiver=waiver, by=cast(User, request.user), at=clock.now())
        except FilingRefused as refused:
            problem = str(refused)
        else:
            messages.success(request, f"Approved: {waiver}.")
            return redirect("transactions:waiver_list")
    return render(
        request,
        "transactions/waiver_approve.html",
        {"waiver": waiver, "problem": problem, "own": waiver.proposed_by_id == request.user.pk},
        status=409 if problem else 200,
    )
