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
    """A page named in the navigation; `action` None shows it to everybody."""

    label: str
    url_name: str
    action: Action | None = None


@dataclass(frozen=True)
class Link:
    """A place as one person sees it; `current` is the value of aria-current, empty elsewhere."""

    label: str
    url: str
    current: str


PLACES: Sequence[Place] = (
    Place("My libraries", "payments:my_libraries", Action.VIEW_OWN_LIBRARIES),
    Place("What libraries owe", "payments:work_list", Action.VIEW_WORK_LIST),
    Place("Filings", "transactions:filing_list", Action.VIEW_LIBRARY),
    Place("Expenditure reports", "payments:expenditure_report_list", Action.VIEW_WORK_LIST),
    Place("Payment runs", "payments:run_list", Action.VIEW_RUNS),
    Place("Libraries", "libraries:library_list"),
    Place("Towns", "libraries:town_list"),
    Place("Reports", "reports:report_list"),
    Place("Rulebook", "reports:rulebook"),
    Place("Letters of agreement", "libraries:letter_list", Action.MANAGE_ROSTER),
    Place("Waivers", "transactions:waiver_list", Action.VIEW_AUDIT),
    Place("Holidays", "transactions:holiday_list", Action.MANAGE_ROSTER),
    Place("People", "connecticard:people", Action.VIEW_PEOPLE),
    Place("Audit trail", "connecticard:audit", Action.VIEW_AUDIT),
)


def _current(url: str, path: str) -> str:
    if path == url:
        return "page"
    return "true" if url != "/" and path.startswith(url) else ""


def links(request: HttpRequest) -> list[Link]:
    """Return the places that this person may reach, in order."""
    roles = {held.role for held in assignments(getattr(request, "user", None))}
    return [
        Link(place.label, url := reverse(place.url_name), _current(url, request.path))
        for place in PLACES
        if place.action is None or roles & PERMITTED[place.action]
    ]
