"""The State Library's list of what every library owes, its export, and reminders sent from it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.csv_response import csv_response
from connecticard.permissions import Action, may, requires
from payments.forms import WorkListForm
from payments.models import RunVerification
from payments.owing import owed, reminders
from payments.owing import work_list as listing
from payments.owing.delivery_owed import deliveries_owed
from payments.owing.reminders import ReminderRefused
from payments.owing.thing_owed import ThingOwed
from payments.owing.work_list import COLUMNS, SORTS, Row, WorkList
from payments.preparing.run_preparation import waiting_to_be_certified
from payments.views.access import library_for, person
from payments.views.list_files import xlsx_response

ON_A_PAGE = 100
_CHOICE = ("q", "subject", "state", "sort")


@requires(Action.VIEW_WORK_LIST)
@require_safe
def work_list(request: HttpRequest) -> HttpResponse:
    """Show what every participating library owes, with its state and what is at stake."""
    work = WorkList(clock.today())
    form, fitting, shown = _chosen(work, request.GET)
    page = Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "payments/work_list.html",
        {
            "form": form,
            "libraries": work.libraries,
            "page": page,
            "rows": [(row, work.at_stake(row)) for row in page],
            "counts": listing.counts(fitting),
            "columns": _columns(form),
            "choice": _choice(request.GET),
            "can_be_asked": sum(row.item.can_be_asked_for for row in shown),
            "may_remind": may(request.user, Action.REMIND),
            "alarms": RunVerification.objects.alarms(),
            "waiting": waiting_to_be_certified(request.user),
        },
    )


@requires(Action.VIEW_WORK_LIST)
@require_safe
def work_list_csv(request: HttpRequest) -> HttpResponse:
    """Give the list as it is filtered and sorted as a CSV file."""
    return csv_response(_file_name("csv"), [COLUMNS, *_exported(request)])


@requires(Action.VIEW_WORK_LIST)
@require_safe
def work_list_xlsx(request: HttpRequest) -> HttpResponse:
    """Give the list as it is filtered and sorted as an Excel file; amounts are numbers, days are days."""
    amounts = [name for name in COLUMNS if name.startswith(("would", "others")) or name == "most_affected_by"]
    return xlsx_response(
        _file_name("xlsx"), COLUMNS, _exported(request), sheet="What libraries owe", amounts=amounts
    )


@requires(Action.REMIND)
@require_http_methods(["GET", "HEAD", "POST"])
def work_remind(request: HttpRequest) -> HttpResponse:
    """Show every reminder that the filtered list would send, to whom and word for word; then send them."""
    today = clock.today()
    work = WorkList(today)
    _, _, shown = _chosen(work, request.GET)
    items = [row.item for row in shown]
    list_url = f"{reverse('payments:work_list')}?{_choice(request.GET).urlencode()}"
    return remind_by_hand(request, items, today, list_url=list_url)


def remind_by_hand(
    request: HttpRequest, items: Sequence[ThingOwed], today: date, *, list_url: str, list_label: str = ""
) -> HttpResponse:
    """Show the reminders about these things, word for word, and send them once somebody says so.

    `list_url` and `list_label` name the page that they were chosen on.
    """
    if request.method == "POST":
        try:
            plan = reminders.remind(
                items=items, today=today, by=person(request), digest=request.POST.get("digest", "")
            )
        except ReminderRefused as refused:
            messages.warning(request, str(refused))
        else:
            messages.success(request, said(plan))
            return redirect(list_url)
    plan = reminders.plan_by_hand(items, today)
    return render(
        request,
        "payments/work_remind.html",
        {
            "plan": plan,
            "letters": [(letter, letter.body(person(request))) for letter in plan.letters],
            "list_url": list_url,
            "list_label": list_label,
            "asked": sum(item.can_be_asked_for for item in items),
        },
    )


@requires(Action.REMIND)
@require_POST
def remind_library(request: HttpRequest, key: str) -> HttpResponse:
    """Remind the people of one library of everything that it owes, at once."""
    today = clock.today()
    library = library_for(request, key, Action.REMIND)
    items: list[ThingOwed] = [*owed.owed_by([library], today), *deliveries_owed(today, keys=[library.key])]
    plan = reminders.remind(items=items, today=today, by=person(request))
    if plan.letters:
        messages.success(request, said(plan))
    elif plan.nobody:
        messages.warning(
            request,
            f"Nobody was written to: {library} has nobody with the role for the next step. Invite somebody, "
            "or telephone and note it in the contact log.",
        )
    elif any(item.can_be_asked_for for item in items):
        messages.info(request, f"The people of {library} were reminded of all this today already.")
    else:
        messages.info(
            request, f"{library} owes nothing that it can be asked for today. Nobody was written to."
        )
    return redirect(_back(request, key))


def said(plan: reminders.Plan) -> str:
    """Return what was sent, in one sentence or two."""
    if not plan.letters:
        return "No letter was sent: everybody was reminded today already, or nobody can be written to."
    if len(plan.letters) <= 3:
        to = "; ".join(f"{letter.person} ({letter.person.email})" for letter in plan.letters)
        said = f"A reminder goes to {to}."
    else:
        said = f"{len(plan.letters)} reminders go out, about {len(plan.libraries)} libraries."
    if plan.nobody:
        said += f" Nobody can be written to about {len(plan.nobody)} more."
    return said


def _back(request: HttpRequest, key: str) -> str:
    """Return the page that the button stood on, where that is one of ours."""
    wanted = request.POST.get("back", "")
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("payments:library_home", args=[key])


def _chosen(work: WorkList, query: QueryDict) -> tuple[WorkListForm, list[Row], list[Row]]:
    """Return the form, the rows that fit its text and period, and those of its state, as sorted."""
    form = WorkListForm(query, subjects=work.subjects)
    if not form.is_valid():
        return form, [], []
    fitting = work.fitting(q=form.cleaned_data["q"], subject=form.cleaned_data["subject"])
    in_state = listing.in_state(fitting, form.cleaned_data["state"])
    return form, fitting, work.ordered(in_state, form.cleaned_data["sort"] or "due")


def _choice(query: QueryDict) -> QueryDict:
    """Return the part of an address that says what is listed."""
    choice = QueryDict(mutable=True)
    for name in _CHOICE:
        if value := query.get(name):
            choice[name] = value
    return choice


def _columns(form: WorkListForm) -> list[dict[str, str]]:
    """Return each column with the order that its heading leads to, and the one that it has now."""
    sort = form.cleaned_data.get("sort") or "due" if form.is_valid() else "due"
    return [
        {
            "name": name,
            "label": label,
            "leads_to": f"-{name}" if sort == name else name,
            "order": _order(name, sort),
        }
        for name, label in SORTS.items()
    ]


def _order(name: str, sort: str) -> str:
    """Return how a column is ordered, as aria-sort has it; what is most at stake comes first unasked."""
    first, turned = ("descending", "ascending") if name == "stake" else ("ascending", "descending")
    return {name: first, f"-{name}": turned}.get(sort, "")


def _exported(request: HttpRequest) -> Iterable[tuple[Any, ...]]:
    work = WorkList(clock.today())
    return listing.exported(work, _chosen(work, request.GET)[2])


def _file_name(extension: str) -> str:
    return f"what-libraries-owe-{clock.today()}.{extension}"
