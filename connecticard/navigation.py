"""The main navigation: each place, and who is shown it.

What a page allows is decided by `permissions`; this only spares people links that would be refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from connecticard.permissions import PERMITTED, Action, assignments


@dataclass(frozen=True)
class Place:
    """A page named in the navigation; `action` None shows it to everybody.

    `leads_to` are pages that people reach from it though their addresses lie elsewhere.
    """

    label: str
    url_name: str
    action: Action | None = None
    leads_to: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Link:
    """A place as one person sees it; `current` is the value of aria-current, empty elsewhere."""

    label: str
    url: str
    current: str


_OF_A_LIBRARY = frozenset(
    {"connecticard:deputies", "connecticard:deputy_end", "payments:library_home", "reports:library_documents"}
)
_OF_A_REPORT = frozenset(
    f"payments:{name}"
    for name in (
        "expenditure_report",
        "expenditure_enter",
        "expenditure_certify",
        "expenditure_return",
        "expenditure_reopen",
        "expenditure_discard",
        "money_received",
        "expenditure_waiver_propose",
        "expenditure_waiver_settle",
    )
)
_OF_MONEY = frozenset(
    {"payments:appropriation_list", "payments:appropriation_record", "payments:appropriation_change"}
)

PLACES: Sequence[Place] = (
    Place(
        "My libraries",
        "payments:my_libraries",
        Action.VIEW_OWN_LIBRARIES,
        leads_to=_OF_A_LIBRARY | _OF_A_REPORT,
    ),
    Place(
        "What libraries owe",
        "payments:work_list",
        Action.VIEW_WORK_LIST,
        leads_to=frozenset({"payments:library_home"}),
    ),
    Place("Filings", "transactions:filing_list", Action.VIEW_LIBRARY),
    Place("Consortia", "transactions:consortium_list", Action.VIEW_CONSORTIUM),
    Place(
        "Expenditure reports",
        "payments:expenditure_report_list",
        Action.VIEW_WORK_LIST,
        leads_to=_OF_A_REPORT,
    ),
    Place("Payment runs", "payments:run_list", Action.VIEW_RUNS, leads_to=_OF_MONEY),
    Place("Libraries", "libraries:library_list"),
    Place("Towns", "libraries:town_list"),
    Place("Reports", "reports:report_list"),
    Place("Rulebook", "reports:rulebook"),
    Place(
        "Letters of agreement",
        "libraries:letter_list",
        Action.MANAGE_ROSTER,
        leads_to=frozenset({"libraries:letter_record"}),
    ),
    Place("Filing dates", "transactions:period_list", Action.VIEW_WORK_LIST),
    Place("Waivers", "transactions:waiver_list", Action.VIEW_AUDIT),
    Place("Holidays", "transactions:holiday_list", Action.MANAGE_ROSTER),
    Place("People", "connecticard:people", Action.VIEW_PEOPLE),
    Place("Audit trail", "connecticard:audit", Action.VIEW_AUDIT),
)


def _current(shown: Sequence[Place], request: HttpRequest) -> Place | None:
    """Return the place that this page belongs to: the one that leads to it, else the one above it."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    leading = (place for place in shown if name in place.leads_to)
    above = (place for place in shown if request.path.startswith(reverse(place.url_name)))
    return next(leading, None) or next(above, None)


def links(request: HttpRequest) -> list[Link]:
    """Return the places that this person may reach, in order."""
    roles = {held.role for held in assignments(getattr(request, "user", None))}
    shown = [place for place in PLACES if place.action is None or roles & PERMITTED[place.action]]
    current = _current(shown, request)
    return [
        Link(place.label, url := reverse(place.url_name), _aria(place is current, url == request.path))
        for place in shown
    ]


def _aria(is_current: bool, is_this_page: bool) -> str:
    if not is_current:
        return ""
    return "page" if is_this_page else "true"
