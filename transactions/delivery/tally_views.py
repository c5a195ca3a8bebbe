"""The daily tally of a site: on a phone with large buttons, and as a sheet of paper."""

from datetime import date, timedelta
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, requires
from libraries.models import DeliverySite
from transactions.delivery import services
from transactions.delivery.forms import DayForm, TallyForm
from transactions.delivery.reach import site_of
from transactions.delivery.tallying import tallied
from transactions.models import DeliveryReport, DeliveryTally
from transactions.rules.delivery_counts import ASKED, Measure
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.filing_calendar import Span


@requires(Action.REPORT_DELIVERY)
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_tally(request: HttpRequest, key: str) -> HttpResponse:
    """The tally of one day: a tap counts one more, or the numbers are typed."""
    site = site_of(request, key, Action.REPORT_DELIVERY)
    day = _day_of(request)
    tally = DeliveryTally.objects.filter(site=site, day=day).first() or DeliveryTally(site=site, day=day)
    form = TallyForm(
        request.POST if "numbers" in request.POST else None,
        numbers={measure: tally.number(measure) for measure in Measure},
    )
    if request.method == "POST" and ("tap" in request.POST or form.is_valid()):
        try:
            tally = _count(request, site, day, form)
        except services.DeliveryRefused as refused:
            messages.error(request, str(refused))
        else:
            if "numbers" in request.POST:
                messages.success(request, "Saved.")
        return redirect(f"{reverse('transactions:delivery_tally', args=[site.key])}?day={day:%Y-%m-%d}")
    return render(request, "transactions/delivery_tally.html", _tally_context(site, day, tally, form))


def _count(request: HttpRequest, site: DeliverySite, day: date, form: TallyForm) -> DeliveryTally:
    by, at = cast(User, request.user), clock.now()
    if "numbers" in request.POST:
        return services.set_tally(site=site, day=day, numbers=form.numbers(), by=by, at=at)
    added = _tap_of(request.POST.get("tap", ""))
    return services.add_to_tally(site=site, day=day, added=added, by=by, at=at)


def _tap_of(sent: str) -> dict[Measure, int]:
    """Return what a button counts, as bins_in:1 says it. Raises Http404 for what no button sends."""
    measure, _, number = sent.partition(":")
    if measure not in set(Measure) or number not in ("1", "-1", "10"):
        raise Http404("No button counts this.")
    return {Measure(measure): int(number)}


def _day_of(request: HttpRequest) -> date:
    """Return the day that is asked for, today unless said; 404 for what is no day."""
    asked = request.GET.get("day") or request.POST.get("day")
    if not asked:
        return clock.today()
    form = DayForm({"day": asked}, day=clock.today())
    if not form.is_valid():
        raise Http404(f"{asked} is no day.")
    day: date = form.cleaned_data["day"]
    return day


def _tally_context(site: DeliverySite, day: date, tally: DeliveryTally, form: TallyForm) -> dict[str, object]:
    today = clock.today()
    month = day.replace(day=1)
    sums = tallied(site, month, Span.of_month(month).last_day).get(month)
    quarter = Quarter.containing(day)
    return {
        "site": site,
        "day": day,
        "is_today": day == today,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < today else None,
        "day_form": DayForm(day=day),
        "form": form,
        "buttons": [(measure, tally.number(measure)) for measure in ASKED],
        "month": month,
        "sums": sums,
        "sum_rows": [(measure, sums.numbers.get(measure)) for measure in Measure] if sums else [],
        "quarter": quarter,
        "is_closed": DeliveryReport.objects.of(quarter).standing().filter(site=site).exists(),
        "is_served": day in site.valid,
    }


@requires(Action.VIEW_DELIVERY)
@require_safe
def delivery_sheet(request: HttpRequest, key: str) -> HttpResponse:
    """The tally of a month as a sheet to print and write on, with what is tallied already."""
    site = site_of(request, key)
    month = _day_of(request).replace(day=1)
    last = Span.of_month(month).last_day
    days = [month + timedelta(days=number) for number in range(last.day)]
    on_record = {
        tally.day: tally for tally in DeliveryTally.objects.filter(site=site, day__range=(month, last))
    }
    filled = request.GET.get("filled") == "1"
    sums = tallied(site, month, last).get(month) if filled else None
    return render(
        request,
        "transactions/delivery_sheet.html",
        {
            "site": site,
            "month": month,
            "before": month - timedelta(days=1),
            "after": last + timedelta(days=1),
            "measures": list(Measure),
            "filled": filled,
            "has_tally": bool(on_record),
            "code": site.codes.in_force(month).first(),
            "rows": [
                (day, [_on(on_record.get(day), measure) if filled else None for measure in Measure])
                for day in days
            ],
            "sums": [sums.numbers.get(measure) if sums else None for measure in Measure],
            "quarter": Quarter.containing(month),
        },
    )


def _on(tally: DeliveryTally | None, measure: Measure) -> int | None:
    return tally.number(measure) if tally else None
