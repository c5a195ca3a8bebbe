"""The calendar as people keep it: holidays, the dates of each period, how often each library files."""

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock, permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action, requires
from transactions import services
from transactions.forms import CadenceForm, HolidayForm, PeriodDatesForm, ReasonForm
from transactions.library_filings import cadence_of, due_of, first_periods, law_entry, who_owes
from transactions.models import FilingPeriod, Holiday
from transactions.period_dates import effects_of_dates, periods_in_year, years_on_record
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import Cadence, cadences_to_choose, program_year, program_year_of
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
            messages.success(
                request, f"{holiday.name} is no longer in the table. Periods that are open keep their dates."
            )
            return redirect("transactions:holiday_list")
    return render(request, "transactions/holiday_remove.html", {"form": form, "holiday": holiday})


@requires(Action.VIEW_WORK_LIST)
@require_safe
def period_list(request: HttpRequest) -> HttpResponse:
    """List the filing periods of a program year, each with the law's day and the three dates of practice."""
    today = clock.today()
    years = years_on_record()
    asked = request.GET.get("year", "")
    last_ended = today.replace(day=1) - timedelta(days=1)
    year = next((each for each in years if str(each) == asked), program_year_of(last_ended))
    return render(
        request,
        "transactions/period_list.html",
        {
            "year": year,
            "years": years,
            "span": program_year(year),
            "periods": periods_in_year(year, today),
            "may_change": permissions.may(request.user, Action.GRANT_WAIVER),
        },
    )


@requires(Action.VIEW_WORK_LIST)
@require_http_methods(["GET", "HEAD", "POST"])
def period_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a period's dates, who files for it and what was changed; change its dates after a look at that."""
    period = get_object_or_404(FilingPeriod, pk=pk)
    may_change = permissions.may(request.user, Action.GRANT_WAIVER)
    if request.method == "POST":
        permissions.check(request.user, Action.GRANT_WAIVER)
    today = clock.today()
    form = PeriodDatesForm(request.POST if request.method == "POST" else None, period=period)
    owed = who_owes(period, today)
    effects, dates = None, None
    if request.method == "POST" and form.is_valid():
        try:
            dates = services.check_period_dates(period, **form.dates)
            if form.was_looked_at():
                services.set_period_dates(
                    period=period,
                    reason=form.cleaned_data["reason"],
                    by=cast(User, request.user),
                    **form.dates,
                )
                messages.success(request, f"The dates of {period} are changed, from this moment on.")
                return redirect("transactions:period_page", period.pk)
            effects = effects_of_dates(owed, dates)
        except FilingRefused as refused:
            form.add_error(None, str(refused))
    return render(
        request,
        "transactions/period_page.html",
        {
            "period": period,
            "year": program_year_of(period.first_day),
            "due": due_of(period),
            "law": law_entry(period),
            "form": form if may_change else None,
            "dates": dates,
            "effects": effects,
            "owed": owed,
            "not_submitted": [own for own in owed if own.first_submitted_on is None],
            "waivers": period.waivers.granted().select_related("library"),
            "changes": AuditEvent.objects.filter(
                target_type=period._meta.label_lower,
                target_id=period.pk,
                action="filing_period_dates_changed",
            )
            .select_related("by")
            .order_by("-at"),
            "may_change": may_change,
        },
    )


@requires(Action.CHOOSE_CADENCE)
@require_http_methods(["GET", "HEAD", "POST"])
def cadence(request: HttpRequest, key: str) -> HttpResponse:
    """Choose how often a library files, from the next 1 March or 1 September on."""
    library = library_of(request, key, Action.CHOOSE_CADENCE)
    today = clock.today()
    effective = services.day_of_effect(library, today)
    form = CadenceForm(request.POST if request.method == "POST" else None, on=effective)
    if request.method == "POST" and form.is_valid():
        try:
            services.choose_cadence(
                library=library, cadence=form.cleaned_data["cadence"], on=today, by=cast(User, request.user)
            )
        except FilingRefused as refused:
            form.add_error(None, str(refused))
        else:
            chosen = form.cleaned_data["cadence"].label.lower()
            messages.success(
                request,
                f"Recorded: {library} files {chosen} from {written_day(effective)} on."
                + (
                    ""
                    if effective == today
                    else " Until then nothing changes, and the choice can be withdrawn."
                ),
            )
            return redirect("transactions:cadence", library.key)
    rows = list(library.cadences.order_by("valid"))
    return render(
        request,
        "transactions/cadence.html",
        {
            "form": form,
            "library": library,
            "now": cadence_of(library, today),
            "effective": effective,
            "is_put_off": effective != services.next_day_of_change(today),
            "to_come": services.choice_to_come(library, today),
            "meanings": [
                (choice, first_periods(choice, effective)) for choice in cadences_to_choose(effective)
            ],
            "on_record": [(Cadence(row.cadence).label, row.valid) for row in rows],
        },
    )


@requires(Action.CHOOSE_CADENCE)
@require_POST
def cadence_withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """Take back a choice of cadence that has not taken effect."""
    library = library_of(request, key, Action.CHOOSE_CADENCE)
    try:
        goes_on = services.withdraw_cadence_choice(
            library=library, by=cast(User, request.user), on=clock.today()
        )
    except FilingRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"Withdrawn. {library} goes on to file {goes_on.label.lower()}.")
    return redirect("transactions:cadence", library.key)
