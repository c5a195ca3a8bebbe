"""Where people begin: what their libraries owe, in words and with one button each."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.models import Message, MessageItem, MessageKind, Role, RoleAssignment
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
from payments.disbursing import ledger
from payments.explaining.time_line import time_line
from payments.models import PastPayment, Payment, PaymentRun
from payments.owing import owed
from payments.owing.outlook import Outlook, outlook
from payments.owing.owed import Owed
from payments.owing.to_do import ACTIONS, agenda, people_of
from payments.rules.expenditure_reporting import fiscal_year_of, report_due_in
from payments.rules.owing import Progress
from payments.views.access import allowed, library_for, person

CONTACTS_SHOWN = 3
_STEPS = (
    Action.ENTER_COUNTS,
    Action.CERTIFY_FILING,
    Action.ENTER_EXPENDITURE,
    Action.CERTIFY_EXPENDITURE,
)
_LIBRARY_ROLES = LIBRARY_ROLES | CONSORTIUM_ROLES
RECENT = 6


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
    """Show one library what it has to do for its payment, what that would be, and what is on record."""
    today = clock.today()
    library = library_for(request, key, Action.VIEW_LIBRARY)
    people = people_of(library, today)
    may_do = {action for action in ACTIONS if may(request.user, action, library)}
    found = agenda(library, may_do, people, today=today)
    now = [each for each in found.todos if not each.is_later]
    later = [each for each in found.todos if each.is_later]
    following = later.pop(0) if later and not now else None
    due = report_due_in(fiscal_year_of(today))
    received = list(PastPayment.objects.filter(library=library))
    letters = list(library.letters.order_by("-valid"))
    explained = ledger.received(library, due.covers_fiscal_year)
    return render(
        request,
        "payments/library_home.html",
        {
            "library": library,
            "now": now,
            "following": following,
            "later": later,
            "outlooks": [(each, found.unmet[each.fiscal_year]) for each in _outlooks(library, today)],
            "due": due,
            "explained": explained,
            "report": library.expenditure_reports.filter(
                fiscal_year=due.covers_fiscal_year, superseded_at=None
            )
            .order_by("-version")
            .first(),
            "time_line": None
            if explained and not explained.cents
            else time_line(due, received=explained, today=today),
            "filings": library.filings.filter(superseded_at=None)
            .select_related("period")
            .annotate(loans=Sum("loan_counts__loans"))
            .order_by("-period__first_day", "-version")[:RECENT],
            "letters": letters,
            "letter_on_file": next((letter for letter in letters if today in letter.valid), None),
            "received": received,
            "payments": Payment.objects.filter(library=library, run__in=PaymentRun.objects.published())
            .select_related("run")
            .order_by("-run__fiscal_year"),
            "people": people,
            "sent": _sent_about(library),
            **allowed(
                request,
                library,
                may_see_work_list=Action.VIEW_WORK_LIST,
                may_log=Action.LOG_CONTACT,
                may_name_deputies=Action.NAME_DEPUTY,
                may_read_mail=Action.VIEW_MAIL,
                may_keep_desk_details=Action.KEEP_DESK_DETAILS,
            ),
            "contacts": library.contacts.select_related("by")[:CONTACTS_SHOWN],
            "may_remind": found.can_be_reminded and may(request.user, Action.REMIND),
        },
    )


@dataclass(frozen=True)
class _Sent:
    """A message about a library; `about` are the things in it that are the library's own.

    `body` is None where the message is about others too: what they owe is not this library's to read.
    """

    message: Message
    about: list[str]
    body: str | None


def _sent_about(library: Library) -> list[_Sent]:
    """Return the latest messages to people about a library, with what of each its people may read."""
    found = Message.objects.filter(
        pk__in=MessageItem.objects.filter(library=library).values("message"),
        kind__in=[MessageKind.REMINDER, MessageKind.NOTICE],
    ).prefetch_related("items")[:RECENT]
    sent = []
    for message in found:
        items = message.items.all()
        own = [item.words for item in items if item.library_id == library.pk]
        sent.append(_Sent(message, own, message.body if len(own) == len(items) else None))
    return sent


def _outlooks(library: Library, today: date) -> list[Outlook]:
    """Return the payment of the fiscal year under way, and the next one's once that is certified."""
    found: list[Outlook] = []
    for fiscal_year in owed.fiscal_years(today):
        if not found or found[-1].certified:
            found.append(outlook(library, fiscal_year, on=today))
    return found


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
