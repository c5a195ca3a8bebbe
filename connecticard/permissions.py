"""Who may do what: one table, read by pages, the REST interface and services.

Models are named by string, so that every app can use this table and it depends on none.
"""

from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from connecticard import clock
from connecticard.models import Role, RoleAssignment, User


class Action(StrEnum):
    """Something that a role may be allowed to do."""

    VIEW_OWN_LIBRARIES = "see what the libraries one works for owe"
    VIEW_LIBRARY = "view what is not published"
    VIEW_CONSORTIUM = "see how the members of a consortium stand"
    KEEP_ASSESSMENT = "keep the logo and the circulation of an assessment"
    ENTER_COUNTS = "enter loan counts and submit filings"
    VIEW_HARVEST = "see where counts are harvested from, and how it went"
    KEEP_HARVEST = "keep where counts are harvested from"
    CERTIFY_FILING = "certify filings"
    REOPEN_FILING = "reopen a certified filing"
    RETURN_FILING = "return a submitted filing"
    ENTER_EXPENDITURE = "enter an expenditure report"
    CERTIFY_EXPENDITURE = "certify an expenditure report"
    REOPEN_EXPENDITURE = "reopen a certified expenditure report"
    RETURN_EXPENDITURE = "return a submitted expenditure report"
    IMPORT_LOANS = "import loan counts in bulk"
    IMPORT_HISTORY = "import figures and payments of past years"
    CHOOSE_CADENCE = "choose how often a library files"
    MANAGE_ROSTER = "keep libraries, letters of agreement and holidays"
    GRANT_WAIVER = "propose a waiver"
    APPROVE_WAIVER = "approve a waiver that another person proposed"
    VIEW_WORK_LIST = "see what every library still owes"
    REMIND = "remind libraries of what they owe, and set when that happens by itself"
    LOG_CONTACT = "note that one spoke with a library"
    VIEW_MAIL = "read the messages that the program sent"
    KEEP_LEDGER = "record what libraries received"
    VIEW_RUNS = "see payment runs that are not published"
    PREPARE_RUN = "prepare and calculate payment runs"
    CERTIFY_RUN = "certify or void payment runs that another person prepared"
    RECORD_ORDER = "record orders of the Board"
    VIEW_PAYEES = "see to whom the Comptroller pays"
    KEEP_PAYEES = "keep to whom the Comptroller pays"
    EXPORT_PAYMENTS = "send payments to the Comptroller and record what came of them"
    RELEASE_WITHHELD = "record what becomes of money withheld"
    APPROVE_RELEASE = "approve a release of withheld money that another person recorded"
    PREPARE_CORRECTION = "prepare correction statements"
    CERTIFY_CORRECTION = "certify correction statements that another person prepared"
    PUBLISH_RUN = "publish certified payment runs"
    MAKE_DOCUMENTS = "have documents made"
    PREPARE_EDITION = "prepare editions of the annual reports"
    REVIEW_EDITION = "review editions of the annual reports that another person prepared"
    CERTIFY_EDITION = "certify editions of the annual reports that another person prepared"
    PUBLISH_EDITION = "publish certified editions of the annual reports"
    NAME_DEPUTY = "name a deputy certifier, from a first to a last day, and end it"
    MANAGE_LIBRARY_PEOPLE = "invite people of libraries and end their roles"
    MANAGE_STATE_PEOPLE = "invite people of the State Library and end their roles"
    VIEW_PEOPLE = "see who holds which role"
    VIEW_DELIVERY = "see what sites of deliverIT CT counted, before it is published"
    REPORT_DELIVERY = "count deliveries and report them"
    IMPORT_DELIVERY = "record the delivery counts of many sites at once"
    KEEP_DESK_DETAILS = "say how a library is reached and what fines it asks"
    SET_DELIVERY_ASSUMPTION = "set how many items a bin of deliverIT CT is taken to hold"
    KEEP_WEBHOOKS = "have another program told of what happens"
    VIEW_AUDIT = "read the audit trail"
    READ_HELP = "read the help for people who are signed in"
    READ_STATE_HELP = "read the help for people of the State Library"
    KEEP_HELP = "write the help center"


_STATE = frozenset({Role.STATE_STAFF, Role.STATE_ADMINISTRATOR})
_CERTIFIERS = frozenset({Role.LIBRARY_CERTIFIER, Role.DEPUTY_CERTIFIER})
_LIBRARY = frozenset({Role.LIBRARY_FILER, Role.CONSORTIUM_FILER}) | _CERTIFIERS
_READERS = _STATE | {Role.AUDITOR}

PERMITTED: dict[Action, frozenset[Role]] = {
    Action.VIEW_OWN_LIBRARIES: _LIBRARY,
    Action.VIEW_LIBRARY: _READERS | _LIBRARY,
    Action.VIEW_CONSORTIUM: _READERS | {Role.CONSORTIUM_FILER},
    Action.KEEP_ASSESSMENT: _STATE | _LIBRARY,
    Action.ENTER_COUNTS: frozenset({Role.LIBRARY_FILER, Role.CONSORTIUM_FILER}),
    Action.VIEW_HARVEST: _READERS | {Role.CONSORTIUM_FILER},
    Action.KEEP_HARVEST: _STATE | {Role.CONSORTIUM_FILER},
    Action.CERTIFY_FILING: _CERTIFIERS,
    Action.REOPEN_FILING: _STATE | _CERTIFIERS,
    Action.RETURN_FILING: _STATE | _CERTIFIERS,
    Action.ENTER_EXPENDITURE: _CERTIFIERS | {Role.LIBRARY_FILER},
    Action.CERTIFY_EXPENDITURE: _CERTIFIERS,
    Action.REOPEN_EXPENDITURE: _STATE | _CERTIFIERS,
    Action.RETURN_EXPENDITURE: _STATE | _CERTIFIERS,
    Action.IMPORT_LOANS: _STATE,
    Action.IMPORT_HISTORY: _STATE,
    Action.CHOOSE_CADENCE: _STATE | {Role.LIBRARY_CERTIFIER},
    Action.MANAGE_ROSTER: _STATE,
    Action.GRANT_WAIVER: _STATE,
    Action.APPROVE_WAIVER: _STATE,
    Action.VIEW_WORK_LIST: _READERS,
    Action.REMIND: _STATE,
    Action.LOG_CONTACT: _STATE,
    Action.VIEW_MAIL: _READERS,
    Action.KEEP_LEDGER: _STATE,
    Action.VIEW_RUNS: _READERS,
    Action.PREPARE_RUN: _STATE,
    Action.CERTIFY_RUN: frozenset({Role.STATE_ADMINISTRATOR}),
    Action.RECORD_ORDER: _STATE,
    Action.VIEW_PAYEES: _READERS,
    Action.KEEP_PAYEES: _STATE,
    Action.EXPORT_PAYMENTS: _STATE,
    Action.RELEASE_WITHHELD: _STATE,
    Action.APPROVE_RELEASE: frozenset({Role.STATE_ADMINISTRATOR}),
    Action.PREPARE_CORRECTION: _STATE,
    Action.CERTIFY_CORRECTION: frozenset({Role.STATE_ADMINISTRATOR}),
    Action.PUBLISH_RUN: frozenset({Role.STATE_ADMINISTRATOR}),
    Action.MAKE_DOCUMENTS: _STATE,
    Action.PREPARE_EDITION: _STATE,
    Action.REVIEW_EDITION: _STATE,
    Action.CERTIFY_EDITION: frozenset({Role.STATE_ADMINISTRATOR}),
    Action.PUBLISH_EDITION: frozenset({Role.STATE_ADMINISTRATOR}),
    Action.NAME_DEPUTY: _STATE | {Role.LIBRARY_CERTIFIER},
    Action.MANAGE_LIBRARY_PEOPLE: _STATE,
    Action.MANAGE_STATE_PEOPLE: frozenset({Role.STATE_ADMINISTRATOR}),
    Action.VIEW_PEOPLE: _READERS,
    Action.VIEW_DELIVERY: _READERS | _LIBRARY | {Role.DELIVERY_REPORTER},
    Action.REPORT_DELIVERY: _STATE | _LIBRARY | {Role.DELIVERY_REPORTER},
    Action.IMPORT_DELIVERY: _STATE,
    Action.KEEP_DESK_DETAILS: _STATE | _LIBRARY,
    Action.SET_DELIVERY_ASSUMPTION: _STATE,
    Action.KEEP_WEBHOOKS: _STATE | _LIBRARY,
    Action.VIEW_AUDIT: _READERS,
    Action.READ_HELP: frozenset(Role),
    Action.READ_STATE_HELP: _READERS,
    Action.KEEP_HELP: _STATE,
}


class Scope(StrEnum):
    """What an API token may be made for."""

    READ_PUBLISHED = "read:published"
    READ_FILINGS = "read:filings"
    WRITE_FILINGS = "write:filings"
    CERTIFY_FILINGS = "certify:filings"
    WRITE_EXPENDITURE = "write:expenditure-reports"
    CERTIFY_EXPENDITURE = "certify:expenditure-reports"
    READ_RUNS = "read:runs"
    CHOOSE_CADENCE = "write:cadence"

    @property
    def label(self) -> str:
        return {
            Scope.READ_PUBLISHED: "Read what is published",
            Scope.READ_FILINGS: "Read filings, published or not",
            Scope.WRITE_FILINGS: "Enter counts, submit, return and reopen filings",
            Scope.CERTIFY_FILINGS: "Certify filings, with a code from your authenticator app each time",
            Scope.WRITE_EXPENDITURE: "Enter, submit, return and reopen expenditure reports",
            Scope.CERTIFY_EXPENDITURE: (
                "Certify expenditure reports, with a code from your authenticator app each time"
            ),
            Scope.READ_RUNS: "Read payment runs that are not published",
            Scope.CHOOSE_CADENCE: "Choose how often a library files",
        }[self]


# What a token needs for an action, beside a role that permits it; an action that is not here needs a person.
SCOPES: dict[Action, Scope] = {
    Action.VIEW_LIBRARY: Scope.READ_FILINGS,
    Action.ENTER_COUNTS: Scope.WRITE_FILINGS,
    Action.RETURN_FILING: Scope.WRITE_FILINGS,
    Action.REOPEN_FILING: Scope.WRITE_FILINGS,
    Action.CERTIFY_FILING: Scope.CERTIFY_FILINGS,
    Action.ENTER_EXPENDITURE: Scope.WRITE_EXPENDITURE,
    Action.RETURN_EXPENDITURE: Scope.WRITE_EXPENDITURE,
    Action.REOPEN_EXPENDITURE: Scope.WRITE_EXPENDITURE,
    Action.CERTIFY_EXPENDITURE: Scope.CERTIFY_EXPENDITURE,
    Action.VIEW_RUNS: Scope.READ_RUNS,
    Action.CHOOSE_CADENCE: Scope.CHOOSE_CADENCE,
}

# What the REST interface lets whom read, by route. None: anybody, because it is published; published runs
# and what is made from them are, and the others take VIEW_RUNS. Filings and expenditure reports are shown
# for the libraries whose private pages one may see. A route that is not here is closed.
API_READING: dict[str, Action | None] = {
    "towns": None,
    "libraries": None,
    "residencies": None,
    "filing-periods": None,
    "payment-runs": None,
    "payments": None,
    "what-if": None,
    "desk": None,
    "desk-card": None,
    "desk-loan": None,
    "desk-cards": None,
    "desk-lending": None,
    "desk-return": None,
    "desk-fine": None,
    "desk-account": None,
    "editions": None,
    "documents": None,
    "statistics-use": None,
    "statistics-flows": None,
    "statistics-history": None,
    "filings": Action.VIEW_LIBRARY,
    "loan-counts": Action.VIEW_LIBRARY,
    "findings": Action.VIEW_LIBRARY,
    "explanations": Action.VIEW_LIBRARY,
    "statement": Action.VIEW_LIBRARY,
    "receipts": Action.VIEW_LIBRARY,
    "cadence": Action.VIEW_LIBRARY,
    "expenditure-reports": Action.VIEW_LIBRARY,
}

# What the REST interface lets whom write, by operation. A write that is not here is closed; the service looks
# whether the person may do it for the library at hand.
API_WRITING: dict[str, Action] = {
    "begin-filing": Action.ENTER_COUNTS,
    "put-loan-counts": Action.ENTER_COUNTS,
    "change-loan-counts": Action.ENTER_COUNTS,
    "begin-filing-drafts": Action.ENTER_COUNTS,
    "change-filing-drafts": Action.ENTER_COUNTS,
    "explain-findings": Action.ENTER_COUNTS,
    "withdraw-explanation": Action.ENTER_COUNTS,
    "submit-filing": Action.ENTER_COUNTS,
    "return-filing": Action.RETURN_FILING,
    "reopen-filing": Action.REOPEN_FILING,
    "discard-filing": Action.REOPEN_FILING,
    "certify-filing": Action.CERTIFY_FILING,
    "choose-cadence": Action.CHOOSE_CADENCE,
    "withdraw-cadence-choice": Action.CHOOSE_CADENCE,
    "start-expenditure-report": Action.ENTER_EXPENDITURE,
    "save-expenditure-report": Action.ENTER_EXPENDITURE,
    "submit-expenditure-report": Action.ENTER_EXPENDITURE,
    "return-expenditure-report": Action.RETURN_EXPENDITURE,
    "certify-expenditure-report": Action.CERTIFY_EXPENDITURE,
    "reopen-expenditure-report": Action.REOPEN_EXPENDITURE,
    "discard-expenditure-report": Action.REOPEN_EXPENDITURE,
}


def assignments(user: Any, on: date | None = None) -> list[RoleAssignment]:
    """Return the roles somebody holds on a day, today unless said; none for who is not signed in.

    Who came with an API token acts in that token's role alone.
    """
    if not isinstance(user, User) or not user.is_active:
        return []
    if on is not None or user.roles_read is None:
        return _read_assignments(user, on or clock.today())
    if (today := clock.today()) not in user.roles_read:
        user.roles_read[today] = _read_assignments(user, today)
    return list(user.roles_read[today])


def _read_assignments(user: User, on: date) -> list[RoleAssignment]:
    held = RoleAssignment.objects.filter(user=user).in_force(on)
    if user.acting_through is not None:
        held = held.filter(pk=user.acting_through.role_assignment_id)
    return list(held.order_by("role", "pk"))


def read_roles_once(user: Any) -> None:
    """Let the roles of the person of a request be read once in it: called when the request begins.

    Every request reads them anew, so that a role that is ended opens nothing from then on. So does a service
    that names the day, which decides under its locks.
    """
    if isinstance(user, User):
        user.roles_read = {}


def _granting(user: Any, action: Action, on: date | None) -> list[RoleAssignment]:
    token = getattr(user, "acting_through", None)
    if token is not None and SCOPES.get(action) not in token.scopes:
        return []
    return [held for held in assignments(user, on) if held.role in PERMITTED[action]]


def may(user: Any, action: Action, library: Any = None, on: date | None = None) -> bool:
    """Return whether a person may do this: for that library, or at all where none is named."""
    granting = _granting(user, action, on)
    if library is None:
        return bool(granting)
    if any(held.library_id == library.pk or held.is_of_the_state for held in granting):
        return True
    return libraries_of(granting, on or clock.today()).filter(pk=library.pk).exists() if granting else False


def acting_as(user: Any, action: Action, library: Any, on: date | None = None) -> RoleAssignment | None:
    """Return the role by which a person may do this for a library; None where the person may not.

    Of several the library's own goes before a consortium's or the State's, a lasting one before a
    deputy's.
    """
    granting = [
        held
        for held in _granting(user, action, on)
        if libraries_of([held], on or clock.today()).filter(pk=library.pk).exists()
    ]
    return min(granting, key=lambda held: (held.library_id is None, held.is_deputy, held.pk), default=None)


def hold_role(user: Any, action: Action, library: Any, on: date) -> RoleAssignment:
    """Return the role by which a person does this for a library; it cannot end until the transaction does.

    So nobody signs in a role that was ended while they signed. Raises PermissionDenied as `check`.
    """
    granting = acting_as(user, action, library, on)
    if granting is None:
        raise PermissionDenied(f"You may not {action.value} for {library}.")
    held = RoleAssignment.objects.in_force(on).select_for_update(no_key=True).filter(pk=granting.pk).first()
    if held is None:
        raise PermissionDenied(f"Your role was ended meanwhile: you may not {action.value} for {library}.")
    return held


def libraries_of(granting: Iterable[RoleAssignment], on: date) -> QuerySet[Any]:
    """Return the libraries that these roles reach on a day."""
    libraries = apps.get_model("libraries", "Library").objects.all()
    granting = list(granting)
    if any(held.is_of_the_state for held in granting):
        return libraries
    memberships = apps.get_model("libraries", "ConsortiumMembership").objects.filter(
        consortium__in=[held.consortium_id for held in granting if held.consortium_id], valid__contains=on
    )
    return libraries.filter(
        Q(pk__in=[held.library_id for held in granting if held.library_id])
        | Q(pk__in=memberships.values("library"))
    )


def libraries_for(user: Any, action: Action, on: date | None = None) -> QuerySet[Any]:
    """Return the libraries for which a person may do this."""
    return libraries_of(_granting(user, action, on), on or clock.today())


def consortia_for(user: Any, action: Action, on: date | None = None) -> QuerySet[Any]:
    """Return the consortia for which a person may do this: a filer's own, every one to the State Library."""
    granting = _granting(user, action, on)
    consortia = apps.get_model("libraries", "Consortium").objects.all()
    if any(held.is_of_the_state for held in granting):
        return consortia
    return consortia.filter(pk__in=[held.consortium_id for held in granting if held.consortium_id])


def delivery_sites_for(user: Any, action: Action, on: date | None = None) -> QuerySet[Any]:
    """Return the sites of deliverIT CT for which a person may do this: one's own, and one's libraries'."""
    granting = _granting(user, action, on)
    sites = apps.get_model("libraries", "DeliverySite").objects.all()
    if any(held.is_of_the_state for held in granting):
        return sites
    return sites.filter(
        Q(pk__in=[held.delivery_site_id for held in granting if held.delivery_site_id])
        | Q(library__in=libraries_of(granting, on or clock.today()))
    )


def may_for_site(user: Any, action: Action, site: Any, on: date | None = None) -> bool:
    """Return whether a person may do this for a site of deliverIT CT."""
    return delivery_sites_for(user, action, on).filter(pk=site.pk).exists()


def check_site(user: Any, action: Action, site: Any, on: date | None = None) -> None:
    """Raise PermissionDenied unless the person may do this for a site of deliverIT CT."""
    if not may_for_site(user, action, site, on):
        raise PermissionDenied(f"You may not {action.value} for {site}.")


def check(user: Any, action: Action, library: Any = None, on: date | None = None) -> None:
    """Raise PermissionDenied unless the person may do this."""
    if not may(user, action, library, on):
        where = "" if library is None else f" for {library}"
        raise PermissionDenied(f"You may not {action.value}{where}.")


def signed_in(request: HttpRequest) -> User:
    """Return the person of a request to a page that is closed to others. Raises PermissionDenied."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


View = TypeVar("View", bound=Callable[..., Any])


def requires(action: Action) -> Callable[[View], View]:
    """Close a page to who holds no role for the action; which objects it shows, the view itself decides."""

    def close(view: View) -> View:
        @wraps(view)
        def closed(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            check(request.user, action)
            return view(request, *args, **kwargs)

        closed.required_action = action  # type: ignore[attr-defined]
        return closed  # type: ignore[return-value]

    return close
