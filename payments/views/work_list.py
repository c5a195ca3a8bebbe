"""The State Library's list of what every library owes."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from payments import owed
from payments.forms import WorkListForm
from payments.owed import Owed
from payments.rules.owing import Progress

ON_A_PAGE = 100


@requires(Action.VIEW_WORK_LIST)
@require_safe
def work_list(request: HttpRequest) -> HttpResponse:
    """Show what every participating library owes, with its state; late things first."""
    today = clock.today()
    libraries = owed.participants(today)
    items = owed.owed_by(libraries, today)
    form = WorkListForm(request.GET, subjects=list(dict.fromkeys(item.subject for item in _by_date(items))))
    shown = _chosen(form, items) if form.is_valid() else []
    counts = owed.counted(items)
    return render(
        request,
        "payments/work_list.html",
        {
            "form": form,
            "libraries": libraries,
            "page": Paginator(_by_date(shown), ON_A_PAGE).get_page(request.GET.get("page")),
            "counts": [
                ("late", "late", sum(item.is_late for item in items)),
                *((each.name.lower(), each.value, counts[each]) for each in Progress if counts[each]),
            ],
        },
    )


def _chosen(form: WorkListForm, items: Iterable[Owed]) -> list[Owed]:
    typed = form.cleaned_data["q"].casefold().strip()
    subject, state = form.cleaned_data["subject"], form.cleaned_data["state"]
    return [
        item
        for item in items
        if typed in item.library.name.casefold()
        and subject in ("", item.subject)
        and (
            (state == "" and not item.is_done)
            or state == "all"
            or (state == "late" and item.is_late)
            or state == item.progress.name.lower()
        )
    ]


def _by_date(items: Iterable[Owed]) -> list[Owed]:
    return sorted(items, key=lambda item: (item.due_on, item.subject, item.library.name))
