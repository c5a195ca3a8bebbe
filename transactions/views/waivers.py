"""Waivers of filing dates: proposed by one person of the State Library, approved by another."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock, permissions
from connecticard.models import User
from connecticard.permissions import Action, requires
from libraries.models import Consortium, Library
from transactions import services
from transactions.forms import ReasonForm, WaiverForm, WaiversForm
from transactions.library_filings import who_owes
from transactions.models import FilingPeriod, Waiver
from transactions.models.waiver import WaiverState
from transactions.services import FilingRefused
from transactions.views.reach import library_of


@requires(Action.VIEW_AUDIT)
@require_safe
def waiver_list(request: HttpRequest) -> HttpResponse:
    """List proposals by their state: those that wait for a second person first, where there are any."""
    proposals = _proposals(
        Waiver.objects.select_related("library", "period", "proposed_by", "approved_by", "declined_by")
    )
    counts = Counter(waivers[0].state for waivers in proposals)
    begin_with = WaiverState.WAITING if counts[WaiverState.WAITING] else WaiverState.GRANTED
    chosen = next((state for state in WaiverState if state == request.GET.get("state")), begin_with)
    return render(
        request,
        "transactions/waiver_list.html",
        {
            "proposals": [waivers for waivers in proposals if waivers[0].state is chosen],
            "counts": [(state.value, state.label.lower(), counts[state]) for state in WaiverState],
            "chosen": chosen,
            "may_approve": permissions.may(request.user, Action.APPROVE_WAIVER),
        },
    )


def _proposals(waivers: QuerySet[Waiver]) -> list[list[Waiver]]:
    """Return the waivers that were proposed together, the latest proposal first."""
    together: dict[UUID, list[Waiver]] = defaultdict(list)
    for waiver in waivers.order_by("-proposed_at", "library__name"):
        together[waiver.proposal].append(waiver)
    return list(together.values())


@requires(Action.GRANT_WAIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_propose(request: HttpRequest, key: str, period_pk: int) -> HttpResponse:
    """Propose an extension or a late acceptance for one library and period."""
    library = library_of(request, key, Action.GRANT_WAIVER)
    period = get_object_or_404(FilingPeriod, pk=period_pk)
    form = WaiverForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _propose(request, form, period, [library]):
        return redirect("transactions:waiver_list")
    return render(
        request,
        "transactions/waiver_propose.html",
        {
            "form": form,
            "library": library,
            "period": period,
            "kind": services.waiver_kind(period, clock.today()),
        },
    )


@requires(Action.GRANT_WAIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def waivers_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose one waiver for many libraries that have not filed for a period, as after a storm."""
    period = get_object_or_404(FilingPeriod, pk=pk)
    today = clock.today()
    waiting = set(period.waivers.waiting().values_list("library_id", flat=True))
    helped = {
        own.library.pk
        for own in who_owes(period, today)
        if own.may_be_waived and own.library.pk not in waiting
    }
    libraries = Library.objects.filter(pk__in=helped).order_by("name")
    consortia = Consortium.objects.order_by("name")
    consortium = next((each for each in consortia if str(each.pk) == request.GET.get("of")), None)
    chosen = set(libraries.values_list("pk", flat=True)) if request.GET.get("of") == "all" else set()
    if consortium:
        members = consortium.memberships.filter(valid__contains=today)
        chosen = set(members.values_list("library_id", flat=True)) & helped
    form = WaiversForm(request.POST if request.method == "POST" else None, libraries=libraries, chosen=chosen)
    valid = request.method == "POST" and form.is_valid()
    if valid and _propose(request, form, period, list(form.cleaned_data["libraries"])):
        return redirect("transactions:waiver_list")
    return render(
        request,
        "transactions/waivers_propose.html",
        {
            "form": form,
            "period": period,
            "kind": services.waiver_kind(period, today),
            "consortia": consortia,
            "of": request.GET.get("of", ""),
            "number": len(helped),
        },
    )


def _propose(
    request: HttpRequest, form: WaiverForm, period: FilingPeriod, libraries: Sequence[Library]
) -> bool:
    """Propose what the form says and tell so; False where it was refused, with the reason in the form."""
    try:
        services.propose_waivers(
            libraries=libraries,
            period=period,
            until=form.cleaned_data["until"],
            authority=form.cleaned_data["authority"],
            reason=form.cleaned_data["reason"],
            by=cast(User, request.user),
            at=clock.now(),
        )
    except FilingRefused as refused:
        form.add_error(None, str(refused))
        return False
    of = libraries[0].name if len(libraries) == 1 else f"{len(libraries)} libraries"
    messages.success(request, f"Proposed for {of}. It holds once another person has approved it.")
    return True


@requires(Action.APPROVE_WAIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a waiver that another person proposed, with those proposed with it, or decline them."""
    waiver = get_object_or_404(
        Waiver.objects.select_related("library", "period", "proposed_by", "approved_by", "declined_by"), pk=pk
    )
    declining = request.method == "POST" and "decline" in request.POST
    own = waiver.proposed_by_id == request.user.pk
    form = ReasonForm(
        request.POST if declining else None,
        label="Reason for withdrawing it" if own else "Reason for refusing it",
        help_text="Kept with the proposal, and shown to the person who made it.",
    )
    problem, status = "", 200
    if request.method == "POST" and (not declining or form.is_valid()):
        by, at = cast(User, request.user), clock.now()
        try:
            if declining:
                reason = form.cleaned_data["reason"]
                settled = services.decline_waiver(waiver=waiver, reason=reason, by=by, at=at)
            else:
                settled = services.approve_waiver(waiver=waiver, by=by, at=at)
        except FilingRefused as refused:
            problem, status = str(refused), 409
        else:
            words = "Approved" if settled.state is WaiverState.GRANTED else settled.state.label
            messages.success(request, f"{words}: {_named(waiver)}.")
            return redirect("transactions:waiver_list")
    return render(
        request,
        "transactions/waiver_approve.html",
        {
            "waiver": waiver,
            "together": _together(waiver),
            "form": form,
            "problem": problem,
            "own": own,
        },
        status=status,
    )


def _together(waiver: Waiver) -> list[Waiver]:
    together = Waiver.objects.filter(proposal=waiver.proposal).select_related("library")
    return list(together.order_by("library__name"))


def _named(waiver: Waiver) -> str:
    number = Waiver.objects.filter(proposal=waiver.proposal).count()
    if number == 1:
        return str(waiver)
    return f"{waiver.kind_label} for {number} libraries, {waiver.period}"
