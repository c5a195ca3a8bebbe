"""What the filer of a consortium sees of its members, and uploads for them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from connecticard import clock, permissions
from connecticard.permissions import Action, requires
from libraries.models import Consortium
from transactions.consortium_members import MemberState, period_to_show, periods_of_members

LATE = "late"


@requires(Action.VIEW_CONSORTIUM)
@require_safe
def consortium_list(request: HttpRequest) -> HttpResponse:
    """List the consortia that this person sees; who has one goes there at once."""
    today = clock.today()
    consortia = list(permissions.consortia_for(request.user, Action.VIEW_CONSORTIUM))
    if len(consortia) == 1:
        return redirect("transactions:consortium_page", consortia[0].pk)
    return render(
        request,
        "transactions/consortium_list.html",
        {
            "consortia": [
                (consortium, consortium.memberships.filter(valid__contains=today).count())
                for consortium in consortia
            ]
        },
    )


@requires(Action.VIEW_CONSORTIUM)
@require_safe
def consortium_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what members owe when, and how each stands for one period."""
    consortium = consortium_of(request, pk, Action.VIEW_CONSORTIUM)
    today = clock.today()
    periods = periods_of_members(consortium, today)
    shown = period_to_show(periods, request.GET.get("period", ""))
    members = shown.members if shown else ()
    state = request.GET.get("state", "")
    if state == LATE:
        members = [member for member in members if member.is_late]
    elif state in set(MemberState):
        members = [member for member in members if member.state == state]
    else:
        state = ""
    mine = permissions.consortia_for(request.user, Action.ENTER_COUNTS).filter(pk=consortium.pk).exists()
    entered = permissions.libraries_for(request.user, Action.ENTER_COUNTS)
    return render(
        request,
        "transactions/consortium_page.html",
        {
            "consortium": consortium,
            "number": consortium.memberships.filter(valid__contains=today).count(),
            "periods": periods,
            "shown": shown,
            "members": members,
            "state": state,
            "states": [
                ("", "all", len(shown.members)),
                *((each.value, each.label.lower(), number) for each, number in shown.counts.items()),
                (LATE, "late", shown.late),
            ]
            if shown
            else [],
            "may_upload": mine,
            "reach": set(entered.values_list("pk", flat=True)) if mine else set(),
            "several": permissions.consortia_for(request.user, Action.VIEW_CONSORTIUM).count() > 1,
        },
    )


def consortium_of(request: HttpRequest, pk: int, action: Action) -> Consortium:
    """Return a consortium for which this person may do something; 404 for any other."""
    consortium: Consortium = get_object_or_404(permissions.consortia_for(request.user, action), pk=pk)
    return consortium
