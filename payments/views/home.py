"""Where people begin: what their libraries owe, in words and with one button each."""

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.models import Role, RoleAssignment
from connecticard.models.role_assignment import CONSORTIUM_ROLES, LIBRARY_ROLES
from connecticard.permissions import (
    PERMITTED,
    Action,
    assignments,
    libraries_for,
    libraries_of,
    may,
    requires,
)
from libraries.models import Library
from payments import owed
from payments.models import PastPayment, Payment
from payments.owed import Owed
from payments.rules.owing import Progress
from payments.rules.payment_run_status import PaymentRunStatus
from payments.standing import unmet_by_library
from payments.views.access import allowed, library_for, person

_STEPS = (
    Action.ENTER_COUNTS,
    Action.CERTIFY_FILING,
    Action.ENTER_EXPENDITURE,
    Action.CERTIFY_EXPENDITURE,
)
_LIBRARY_ROLES = LIBRARY_ROLES | CONSORTIUM_ROLES


@require_safe
def my_libraries(request: HttpRequest) -> HttpResponse:
    """Lead everybody to where their work is; whoever has several libraries sees how each stands."""
    held_roles = assignments(person(request))
    roles = {held.role for held in held_roles}
    if Role.STATE_STAFF in roles:
        return redirect("payments:work_list")
    if roles & {Role.STATE_ADMINISTRATOR, Role.AUDITOR}:
        return redirect("payments:run_list")
    libraries = list(
        libraries_for(request.user, Action.VIEW_LIBRARY).select_related("town").order_by("name")
        if roles & _LIBRARY_ROLES
        else Library.objects.none()
    )
    if len(libraries) == 1:
        return redirect("payments:library_home", libraries[0].key)
    items = owed.owed_by(libraries, clock.today())
    reach = {action: _reached(held_roles, action) for action in _STEPS}
    return render(
        request,
        "payments/my_libraries.html",
        {
            "libraries": [
                (library, _in_short(own, {action for action, pks in reach.items() if library.pk in pks}))
                for library, own in _by_library(libraries, items)
            ],
            "counts": _counts(items),
        },
    )


@requires(Action.VIEW_LIBRARY)
@require_safe
def library_home(request: HttpRequest, key: str) -> HttpResponse:
    """Show one library what it owes now, what stands between it and its payment, and what it was paid."""
    today = clock.today()
    library = library_for(request, key, Action.VIEW_LIBRARY)
    items = owed.owed_by([library], today)
    return render(
        request,
        "payments/library_home.html",
        {
            "library": library,
            "open_items": [item for item in items if not item.is_done],
            "done_items": [item for item in items if item.is_done],
            "unmet": [
                (fiscal_year, unmet_by_library(fiscal_year, [library], on=today).get(library.key, ()))
                for fiscal_year in owed.fiscal_years(today)
            ],
            "letters": library.letters.order_by("-valid"),
            "letter_on_file": library.letters.filter(valid__contains=today).first(),
            "received": PastPayment.objects.filter(library=library),
            "payments": Payment.objects.filter(library=library, run__status=PaymentRunStatus.CERTIFIED)
            .select_related("run")
            .order_by("-run__fiscal_year"),
            "may": {action for action in _STEPS if may(request.user, action, library)},
            "reports": library.expenditure_reports.filter(superseded_at=None),
            **allowed(
                request,
                library,
                may_see_runs=Action.VIEW_RUNS,
                may_see_work_list=Action.VIEW_WORK_LIST,
            ),
        },
    )


def _reached(held_roles: list[RoleAssignment], action: Action) -> set[int]:
    """Return the ids of the libraries for which these roles may do something today."""
    granting = [held for held in held_roles if held.role in PERMITTED[action]]
    return set(libraries_of(granting, clock.today()).values_list("pk", flat=True)) if granting else set()


def _by_library(libraries: list[Library], items: list[Owed]) -> list[tuple[Library, list[Owed]]]:
    own = {pk: list(group) for pk, group in groupby(items, key=lambda item: item.library.pk)}
    return [(library, own.get(library.pk, [])) for library in libraries]


def _in_short(items: list[Owed], may_do: set[Action]) -> dict[str, object]:
    """Return what is next for a library, first what this person can do, and how much there is to do."""
    open_items = [item for item in items if not item.is_done]
    to_do = [item for item in open_items if item.progress is not Progress.TO_COME]
    own = [item for item in to_do if item.needs in may_do]
    following = next(iter(own or to_do or open_items), None)
    return {
        "next": following,
        "url": following and (following.step_url if following.needs in may_do else following.url),
        "to_do": len(to_do),
        "done": sum(item.is_done for item in items),
    }


def _counts(items: list[Owed]) -> list[tuple[str, int]]:
    counts = owed.counted(items)
    return [(progress.value, counts[progress]) for progress in Progress if counts[progress]]
