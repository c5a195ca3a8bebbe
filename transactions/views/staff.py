"""What filing dates depend on: holidays, waivers and how often each library files."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock, permissions
from connecticard.models import User
from connecticard.permissions import Action, requires
from transactions import services
from transactions.forms import CadenceForm, HolidayForm, ReasonForm, WaiverForm
from transactions.library_filings import cadence_of
from transactions.models import FilingPeriod, Holiday, Waiver
from transactions.rules.filing_calendar import Cadence
from transactions.services import FilingRefused
from transactions.views.reach import library_of


@requires(Action.MANAGE_ROSTER)
@require_http_methods(["GET", "HEAD", "POST"])
def holiday_list(request: HttpRequest) -> HttpResponse:
    """List the days on which the State Library is closed, by year, and add one."""
    today = clock.today()
    form = HolidayForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            holiday = services.add_holiday(by=cast(User, request.user), **form.cleaned_data)
        except FilingRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, f"{holiday.name} is in the table. Periods that are open keep their dates."
            )
            return redirect("transactions:holiday_list")
    years = [first_day.year for first_day in Holiday.objects.dates("day", "year")]
    asked = request.GET.get("year", "")
    year = next((each for each in years if str(each) == asked), today.year)
    return render(
        request,
        "transactions/holiday_list.html",
        {
            "form": form,
            "year": year,
            "years": years,
            "holidays": Holiday.objects.filter(day__year=year),
        },
    )


@requires(Action.MANAGE_ROSTER)
@require_http_methods(["GET", "HEAD", "POST"])
def holiday_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a day from the table, with a reason."""
    holiday = get_object_or_404(Holiday, pk=pk)
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        label="Reason",
        help_text="Kept in the audit trail: why the State Library is open on this day.",
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.remove_holiday(
                holiday=holiday, reason=form.cleaned_data["reason"], by=cast(User, request.user)
            )
        except FilingRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{holiday.name} is no longer in the table.")
            return redirect("transactions:holiday_list")
    return render(request, "transactions/holiday_remove.html", {"form": form, "holiday": holiday})


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


@requires(Action.VIEW_LIBRARY)
@require_http_methods(["GET", "HEAD", "POST"])
def cadence(request: HttpRequest, key: str) -> HttpResponse:
    """Choose how often a library files, from a 1 March or 1 September on."""
    library = library_of(request, key)
    reach = {
        library_pk
        for action in (Action.CERTIFY_FILING, Action.MANAGE_ROSTER)
        for library_pk in permissions.libraries_for(request.user, action).values_list("pk", flat=True)
    }
    if library.pk not in reach:
        permissions.check(request.user, Action.CERTIFY_FILING, library)
    today = clock.today()
    form = CadenceForm(request.POST if request.method == "POST" else None, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            services.choose_cadence(
                library=library,
                cadence=form.cleaned_data["cadence"],
                on=form.cleaned_data["from_day"],
                by=cast(User, request.user),
            )
        except FilingRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The choice is on record. Periods change on that day, not before.")
            return redirect("transactions:library_filings", library.key)
    return render(
        request,
        "transactions/cadence.html",
        {
            "form": form,
            "library": library,
            "now": cadence_of(library, today),
            "on_record": [
                (Cadence(row.cadence).label, row.valid) for row in library.cadences.order_by("valid")
            ],
        },
    )
