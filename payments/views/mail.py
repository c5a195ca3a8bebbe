"""Mail: every message that was written, and the reminders that go out by themselves."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard import mail as service
from connecticard.models import Message
from connecticard.permissions import Action, check, may, requires
from payments.forms import MailFilterForm, ReminderScheduleForm
from payments.models import ReminderRun, ReminderSchedule
from payments.owing import reminder_schedule as days
from payments.owing.reminder_schedule import ScheduleRefused
from payments.rules.reminders import days_in_words, shipped_schedule
from payments.views.access import person, posted

ON_A_PAGE = 100
RUNS_SHOWN = 30


@dataclass(frozen=True)
class _Days:
    """Days before and after in words."""

    before: str
    after: str


@requires(Action.VIEW_MAIL)
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """List every message, the latest first, and say how the reminders stand."""
    form = MailFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = Message.objects.select_related("person").order_by("-made_at", "-pk")
    if typed := wanted.get("q", "").strip():
        found = found.filter(
            Q(items__library__name__icontains=typed) | Q(items__library__key__iexact=typed)
        ).distinct()
    if to := wanted.get("to", "").strip():
        found = found.filter(Q(to__icontains=to) | Q(person__name__icontains=to))
    if kind := wanted.get("kind"):
        found = found.filter(kind=kind)
    if state := wanted.get("state"):
        found = found.filter(state=state)
    to_folder = settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")
    return render(
        request,
        "payments/mail.html",
        {
            "form": form,
            "page": Paginator(found, ON_A_PAGE).get_page(request.GET.get("page")),
            "folder": settings.EMAIL_FILE_PATH if to_folder else None,
            **_health(),
        },
    )


@requires(Action.VIEW_MAIL)
@require_safe
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one message as it was written, what it is about and how its sending went."""
    found = get_object_or_404(Message.objects.select_related("person", "made_by"), pk=pk)
    return render(
        request,
        "payments/message.html",
        {
            "message": found,
            "items": found.items.select_related("library"),
            "may_send": may(request.user, Action.REMIND),
        },
    )


@requires(Action.REMIND)
@require_POST
def message_send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a message tried again that did not go out."""
    found = get_object_or_404(Message, pk=pk)
    if service.send_again(message=found, by=person(request)):
        messages.success(request, "It is being sent again.")
    else:
        messages.warning(request, "This message cannot be sent again: it went out, or it held a secret link.")
    return redirect("payments:message", pk)


@requires(Action.VIEW_MAIL)
@require_http_methods(["GET", "HEAD", "POST"])
def reminder_schedule(request: HttpRequest) -> HttpResponse:
    """Show on which days reminders go out by themselves and what they sent; let staff change the days."""
    today = clock.today()
    current = ReminderSchedule.objects.filter(begins_on__lte=today).first()
    form = None
    if may(request.user, Action.REMIND):
        form = ReminderScheduleForm(posted(request), initial=_as_typed(current))
    if request.method == "POST":
        check(request.user, Action.REMIND)
        if form is not None and form.is_valid():
            try:
                days.set_schedule(**form.cleaned_data, by=person(request), today=today)
            except ScheduleRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, "The days of the reminders are set.")
                return redirect("payments:reminder_schedule")
    shipped = shipped_schedule(today)
    return render(
        request,
        "payments/reminder_schedule.html",
        {
            "form": form,
            "rows": ReminderSchedule.objects.select_related("set_by"),
            "current": current,
            "shipped": _Days(days_in_words(shipped.days_before), days_in_words(shipped.days_after)),
            "runs": ReminderRun.objects.all()[:RUNS_SHOWN],
        },
    )


def _as_typed(current: ReminderSchedule | None) -> dict[str, Any]:
    today = clock.today()
    days = current or shipped_schedule(today)
    return {
        "is_on": "on" if current is None or current.is_on else "off",
        "days_before": ", ".join(map(str, days.days_before)),
        "days_after": ", ".join(map(str, days.days_after)),
        "begins_on": today,
    }


def _health() -> dict[str, Any]:
    """Return how the reminders stand: their days in words, the last run, and whether one is missing."""
    now = clock.now()
    schedule = days.schedule_on(now.date())
    run = ReminderRun.objects.first()
    if schedule is None:
        words = "They are switched off."
    else:
        words = (
            f"They go out {days_in_words(schedule.days_before)} days before and "
            f"{days_in_words(schedule.days_after)} days after something is due."
        )
    ran_today = run is not None and run.on >= now.date()
    return {"schedule_words": words, "run": run, "is_overdue": now.hour >= 8 and not ran_today}
