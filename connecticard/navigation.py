"""The main navigation: each place, and who is shown it.

What a page allows is decided by `permissions`; this only spares people links that would be refused. Whoever
has few places sees them in one row. Whoever has many sees sections, and below them the places of the one
they are in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connecticard.permissions import PERMITTED, Action, assignments


@dataclass(frozen=True)
class Place:
    """A page named in the navigation; `action` None shows it to everybody.

    `section` is the heading under which it stands where there are many. `leads_to` are pages that people
    reach from it though their addresses lie elsewhere.
    """

    label: str | Promise
    url_name: str
    section: str | Promise
    action: Action | None = None
    leads_to: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Link:
    """A place or section as one person sees it; `current` is the value of aria-current, empty elsewhere."""

    label: str | Promise
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
IN_ONE_ROW = 10

PLACES: Sequence[Place] = (
    Place(
        _("My libraries"),
        "payments:my_libraries",
        _("My libraries"),
        Action.VIEW_OWN_LIBRARIES,
        leads_to=_OF_A_LIBRARY | _OF_A_REPORT,
    ),
    Place(
        _("What libraries owe"),
        "payments:work_list",
        _("Work"),
        Action.VIEW_WORK_LIST,
        leads_to=frozenset({"payments:library_home", "payments:contact_log"}),
    ),
    Place(_("Filings"), "transactions:filing_list", _("Work"), Action.VIEW_LIBRARY),
    Place(_("deliverIT"), "transactions:delivery_list", _("Work"), Action.VIEW_DELIVERY),
    Place(
        _("deliverIT: who reported"),
        "payments:delivery_overview",
        _("Work"),
        Action.VIEW_WORK_LIST,
        leads_to=frozenset(
            {
                "payments:delivery_overview",
                "payments:delivery_remind",
                "payments:delivery_contact_log",
                "reports:delivery_assumption",
            }
        ),
    ),
    Place(_("Consortia"), "transactions:consortium_list", _("Work"), Action.VIEW_CONSORTIUM),
    Place(_("Harvest"), "transactions:harvest_list", _("Work"), Action.VIEW_HARVEST),
    Place(
        _("Expenditure reports"),
        "payments:expenditure_report_list",
        _("Work"),
        Action.VIEW_WORK_LIST,
        leads_to=_OF_A_REPORT,
    ),
    Place(_("Filing dates"), "transactions:period_list", _("Work"), Action.VIEW_WORK_LIST),
    Place(_("Waivers"), "transactions:waiver_list", _("Work"), Action.VIEW_AUDIT),
    Place(_("Mail"), "payments:mail", _("Work"), Action.VIEW_MAIL),
    Place(
        _("Payment runs"),
        "payments:run_list",
        _("Payments"),
        Action.VIEW_RUNS,
        leads_to=frozenset(
            f"payments:{page}"
            for page in (
                "release_approve",
                "release_decline",
                "batch_page",
                "batch_withdraw",
                "batch_reinstate",
                "order_withdraw",
            )
        )
        | frozenset(f"reports:edition_{page}" for page in ("page", "review", "certify", "publish")),
    ),
    Place(_("Appropriations"), "payments:appropriation_list", _("Payments"), Action.VIEW_RUNS),
    Place(_("Payees"), "payments:payee_list", _("Payments"), Action.VIEW_PAYEES),
    Place(_("Payment year, step by step"), "payments:payment_year", _("Payments"), Action.VIEW_RUNS),
    Place(
        _("At the desk"),
        "transactions:desk",
        _("Desk"),
        leads_to=frozenset(
            f"transactions:paper{page}"
            for page in (
                "",
                "_card",
                "_card_check",
                "_local_card",
                "_notice",
                "_return_slip",
                "_routing_slips",
            )
        ),
    ),
    Place(_("Find your library"), "reports:finder", _("Libraries")),
    Place(_("Libraries"), "libraries:library_list", _("Libraries")),
    Place(_("Towns"), "libraries:town_list", _("Libraries")),
    Place(
        _("Letters of agreement"),
        "libraries:letter_list",
        _("Libraries"),
        Action.MANAGE_ROSTER,
        leads_to=frozenset({"libraries:letter_record"}),
    ),
    Place(
        _("Reports"),
        "reports:report_list",
        _("Published"),
        leads_to=frozenset({"reports:downloads", "reports:library_documents"}),
    ),
    Place(
        _("Trends"),
        "payments:trend_state",
        _("Published"),
        leads_to=frozenset({"payments:trend_library", "payments:trend_town"}),
    ),
    Place(
        _("Flows"),
        "reports:flows",
        _("Published"),
        leads_to=frozenset({"reports:flows", "reports:library_flows"}),
    ),
    Place(
        _("Delivery volume"),
        "reports:delivery_volume_newest",
        _("Published"),
        leads_to=frozenset({"reports:delivery_volume"}),
    ),
    Place(_("What if"), "payments:what_if", _("Published")),
    Place(_("Key dates"), "reports:key_dates", _("Published")),
    Place(_("Rulebook"), "reports:rulebook", _("Published")),
    Place(_("People"), "connecticard:people", _("Office"), Action.VIEW_PEOPLE),
    Place(_("Holidays"), "transactions:holiday_list", _("Office"), Action.MANAGE_ROSTER),
    Place(_("Reference data"), "admin:index", _("Office"), Action.MANAGE_ROSTER),
    Place(_("Audit trail"), "connecticard:audit", _("Office"), Action.VIEW_AUDIT),
)


def _current(shown: Sequence[Place], request: HttpRequest) -> Place | None:
    """Return the place that this page belongs to: the one that leads to it, else the one above it."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    leading = (place for place in shown if name in place.leads_to)
    above = (place for place in shown if request.path.startswith(reverse(place.url_name)))
    return next(leading, None) or next(above, None)


@dataclass(frozen=True)
class Navigation:
    """The rows of links that one person sees; `places` is empty where one row holds all.

    `first` is the place where this person's work begins.
    """

    links: list[Link]
    first: Link
    section: str | Promise = ""
    places: Sequence[Link] = ()

    def __bool__(self) -> bool:
        return bool(self.links)


def rows(request: HttpRequest) -> Navigation:
    """Return the places that this person may reach, in order: in one row, or by section."""
    roles = {held.role for held in assignments(getattr(request, "user", None))}
    shown = [place for place in PLACES if place.action is None or roles & PERMITTED[place.action]]
    current = _current(shown, request)
    first = _link(shown[0], current, request)
    if len(shown) <= IN_ONE_ROW:
        return Navigation([_link(place, current, request) for place in shown], first)
    first_of = {place.section: place for place in reversed(shown)}
    sections = dict.fromkeys(place.section for place in shown)
    here = [place for place in shown if current is not None and place.section == current.section]
    return Navigation(
        links=[
            Link(
                section,
                reverse(first_of[section].url_name),
                "true" if current is not None and section == current.section else "",
            )
            for section in sections
        ],
        first=first,
        section=current.section if current is not None else "",
        places=[_link(place, current, request) for place in here] if len(here) > 1 else (),
    )


def _link(place: Place, current: Place | None, request: HttpRequest) -> Link:
    url = reverse(place.url_name)
    return Link(place.label, url, _aria(place is current, url == request.path))


def _aria(is_current: bool, is_this_page: bool) -> str:
    if not is_current:
        return ""
    return "page" if is_this_page else "true"
