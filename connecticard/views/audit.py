"""The audit trail: who did what to which record, when."""

from datetime import datetime, time, timedelta

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connecticard.clock import EASTERN
from connecticard.forms import AuditFilterForm
from connecticard.models import AuditEvent
from connecticard.permissions import Action, requires

EVENTS_ON_A_PAGE = 100


@require_safe
@requires(Action.VIEW_AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    """List audit events, the latest first."""
    actions = sorted(AuditEvent.objects.order_by().values_list("action", flat=True).distinct())
    form = AuditFilterForm(request.GET, actions=actions)
    wanted = form.cleaned_data if form.is_valid() else {}
    events = AuditEvent.objects.select_related("by").order_by("-at", "-pk")
    if wanted.get("who"):
        events = events.filter(Q(by__name__icontains=wanted["who"]) | Q(by__email__icontains=wanted["who"]))
    if wanted.get("action"):
        events = events.filter(action=wanted["action"])
    if wanted.get("record"):
        events = events.filter(target_label__icontains=wanted["record"])
    if wanted.get("since"):
        events = events.filter(at__gte=datetime.combine(wanted["since"], time.min, EASTERN))
    if wanted.get("until"):
        events = events.filter(
            at__lt=datetime.combine(wanted["until"] + timedelta(days=1), time.min, EASTERN)
        )
    page = Paginator(events, EVENTS_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "connecticard/audit.html", {"form": form, "page": page})
