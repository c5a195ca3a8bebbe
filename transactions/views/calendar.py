"""What filing dates depend on: holidays, and how often each library files."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from connecticard import clock, permissions
from connecticard.models import User
from connecticard.permissions import Action, requires
from libraries.models import Library
from transactions import services
from transactions.forms import CadenceForm, HolidayForm, ReasonForm
from transactions.library_filings import cadence_of, first_periods
from transactions.models import Holiday
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import Cadence, cadences_to_choose
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


@requires(Action.VIEW_LIBRARY)
@require_http_methods(["GET", "HEAD", "POST"])
def cadence(request: HttpRequest, key: str) -> HttpResponse:
    """Choose how often a library files, from the next 1 March or 1 September on."""
    library = _library_that_may_choose(request, key)
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


@requires(Action.VIEW_LIBRARY)
@require_POST
def cadence_withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """Take back a choice of cadence that has not taken effect."""
    library = _library_that_may_choose(request, key)
    try:
        goes_on = services.withdraw_cadence_choice(
            library=library, by=cast(User, request.user), on=clock.today()
        )
    except FilingRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"Withdrawn. {library} goes on to file {goes_on.label.lower()}.")
    return redirect("transactions:cadence", library.key)


def _library_that_may_choose(request: HttpRequest, key: str) -> Library:
    """Return the library, for its certifier or the State Library; 404 and 403 as `library_of`."""
    staff = permissions.may(request.user, Action.MANAGE_ROSTER)
    return library_of(request, key, Action.MANAGE_ROSTER if staff else Action.CERTIFY_FILING)
