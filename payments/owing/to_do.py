"""What a library has to do for its payment, most urgent first: why, by when, and the button that mends it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr
from enum import IntEnum
from itertools import chain
from urllib.parse import quote

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from connecticard.models import Role, RoleAssignment
from connecticard.models.role_assignment import CONSORTIUM_ROLES, LIBRARY_ROLES
from connecticard.permissions import PERMITTED, Action
from libraries.models import Library
from payments import standing
from payments.models import ExpenditureReport, ExpenditureReportWaiver
from payments.owing import owed
from payments.owing.delivery_owed import DeliveryOwed, deliveries_owed
from payments.owing.owed import Owed
from payments.rules.eligibility import Code, Unmet, unmet_requirements
from payments.rules.expenditure_reporting import fiscal_year_of, report_due_in
from payments.rules.owing import NextStep, Progress
from transactions.library_filings import PeriodOfLibrary, periods_of_library
from transactions.models import Filing
from transactions.models.waiver import WaiverTerms
from transactions.rules._wording import written_span
from transactions.rules.delivery_quarters import due_entry
from transactions.rules.filing_calendar import Span

# What somebody may do from this page; the library's own steps first, then the State Library's.
ACTIONS = (
    Action.ENTER_COUNTS,
    Action.CERTIFY_FILING,
    Action.ENTER_EXPENDITURE,
    Action.CERTIFY_EXPENDITURE,
    Action.GRANT_WAIVER,
    Action.KEEP_LEDGER,
    Action.MANAGE_ROSTER,
    Action.REPORT_DELIVERY,
)
_OF_THE_LIBRARY = frozenset(ACTIONS[:4])

_HEADINGS = {
    Code.LETTER_NOT_ON_FILE: "No letter of agreement is on file",
    Code.SUCCESSOR_NOT_ON_RECORD: "The library closed, and its successor is not on record",
    Code.LEGAL_STANDING_NOT_ON_RECORD: "The library's legal standing is not on record",
    Code.STATISTICAL_REPORT_NOT_FILED: "The annual statistical report is not on record",
}


class Urgency(IntEnum):
    """How soon something has to be done; the lower, the sooner."""

    PAST = 1
    DUE = 2
    WAITS = 3
    TO_COME = 4


@dataclass(frozen=True)
class Remedy:
    """A button: its words and the page that it leads to.

    `post` are values to send, where the button does something at once; None where it is a link.
    """

    words: str
    url: str
    post: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ToDo:
    """One thing that a library has to do or to wait for, with the requirements that it leaves unmet.

    `left` says how much time there is until `last_day`. `rule` is where the due date comes from, `rule_key`
    its rulebook entry. `version` is what is on record of it, and `url` shows that, empty where nothing is.
    `remedies` are what the reader can do about it; where somebody else has to, `waits_for` says who. `note`
    says what else is to be known.
    """

    heading: str
    urgency: Urgency
    tag: str
    state: str
    due_on: date | None = None
    last_day: date | None = None
    left: str = ""
    rule: str = ""
    rule_key: str = ""
    version: Filing | ExpenditureReport | None = None
    waivers: Sequence[WaiverTerms] = ()
    unmet: tuple[Unmet, ...] = ()
    url: str = ""
    remedies: tuple[Remedy, ...] = ()
    waits_for: str = ""
    note: str = ""

    @property
    def is_past(self) -> bool:
        """Whether its day has passed, or nothing may go on without it."""
        return self.urgency is Urgency.PAST

    @property
    def is_later(self) -> bool:
        """Whether its day has not come: nothing has to be done yet."""
        return self.urgency is Urgency.TO_COME


@dataclass(frozen=True)
class Agenda:
    """What a library has to do, the most urgent first, and by fiscal year how many requirements are unmet.

    `can_be_reminded`: something of it can be asked for today.
    """

    todos: tuple[ToDo, ...]
    unmet: Mapping[int, int]
    can_be_reminded: bool


def agenda(
    library: Library, may: Collection[Action], people: Collection[RoleAssignment], *, today: date
) -> Agenda:
    """Return what a library has to do now and later for the payments of the fiscal years that are open.

    The counts of deliverIT CT that are asked for stand among it, though no payment depends on them.
    `may` are those of ACTIONS that the reader may take for the library, `people` who holds a role for it.
    What is certified and in order is left out, unless an amendment of it is open; what was certified late is
    not, until a waiver takes it as in time.

    Source: Regs. Conn. State Agencies § 11-31c-2, 11-31c-4(a).
    """
    standings = {year: standing.standings(year, [library], on=today) for year in owed.fiscal_years(today)}
    by_year = {year: unmet_requirements(known[library.key]) for year, known in standings.items()}
    unmet: dict[str, list[Unmet]] = {}
    for requirement in chain.from_iterable(by_year.values()):
        unmet.setdefault(requirement.matter, []).append(requirement)
    filings = {_matter(period): period for period in periods_of_library(library, today)}
    items = owed.owed_by([library], today, known=standings)
    found = []
    for item in items:
        own = tuple(unmet.pop(item.matter, ()))
        if own or not item.is_done:
            period = filings.pop(item.matter, None)
            found.append(_of_item(library, item, own, period, may, people, today))
    found += [
        _of_amendment(period, period.working, may, people, today)
        for period in filings.values()
        if period.standing and period.working
    ]
    deliveries = [each for each in deliveries_owed(today, keys=[library.key]) if not each.is_submitted]
    found += [_of_delivery(each, may, people, today) for each in deliveries]
    for matter, requirements in unmet.items():
        by_code = {requirement.code: requirement for requirement in reversed(requirements)}
        found += [_of_requirement(library, each, may, is_later=bool(matter)) for each in by_code.values()]
    return Agenda(
        tuple(sorted(found, key=lambda each: (each.urgency, each.last_day or date.min))),
        {year: len(requirements) for year, requirements in by_year.items()},
        can_be_reminded=any(item.can_be_asked_for for item in items)
        or any(item.can_be_asked_for for item in deliveries),
    )


def people_of(library: Library, today: date) -> list[RoleAssignment]:
    """Return who holds a role for a library or its consortium, or is going to, by role and name."""
    consortia = library.consortium_memberships.filter(valid__contains=today).values("consortium")
    people = RoleAssignment.objects.filter(
        Q(role__in=LIBRARY_ROLES, library=library) | Q(role__in=CONSORTIUM_ROLES, consortium__in=consortia),
        ended_at=None,
        user__is_active=True,
    ).select_related("user", "library", "consortium")
    order = list(Role)
    return sorted(
        (held for held in people if held.valid.upper is None or held.valid.upper > today),
        key=lambda held: (order.index(Role(held.role)), held.user.name, held.valid.lower or date.min),
    )


def _of_item(
    library: Library,
    item: Owed,
    unmet: tuple[Unmet, ...],
    period: PeriodOfLibrary | None,
    may: Collection[Action],
    people: Collection[RoleAssignment],
    today: date,
) -> ToDo:
    """Return what has to be done about a filing or a report that is owed."""
    remedies: list[Remedy] = []
    is_closed = (
        period is not None
        and period.is_closed
        and item.where.next_step is NextStep.ENTER
        and Action.MANAGE_ROSTER not in may
    )
    can_step = item.needs in may and not is_closed
    if can_step:
        remedies.append(_step(library, item, period))
    remedies += _of_the_state_library(library, item, unmet, period, may)
    may_be_waived = item.is_late and (period is None or period.may_be_waived)
    if not _OF_THE_LIBRARY.isdisjoint(may) and (may_be_waived or is_closed or _is_unknown(item)):
        about = "for a waiver" if may_be_waived else "about it"
        remedies.append(_letter(f"Ask the State Library {about}", library, item.subject))
    version: Filing | ExpenditureReport | None
    waivers: Sequence[WaiverTerms]
    if item.is_report:
        due = report_due_in(fiscal_year_of(today))
        of_year = {"fiscal_year": due.covers_fiscal_year}
        version = (
            library.expenditure_reports.filter(**of_year)
            .select_related("submitted_by")
            .order_by("-version")
            .first()
        )
        waivers = list(
            ExpenditureReportWaiver.objects.filter(
                library=library, approved_at__isnull=False, **of_year
            ).select_related("approved_by")
        )
        rule_key = "expenditure_report.due"
    else:
        version = (period.working or period.standing) if period else None
        waivers = period.waivers if period else ()
        rule_key = period.due.key if period else ""
    return ToDo(
        heading=item.subject,
        urgency=_urgency(item, can_step),
        tag=item.tag,
        state=item.words,
        due_on=item.due_on,
        last_day=item.last_day,
        left="" if _is_filed(item) and today > item.last_day else _left(item.last_day, today),
        rule=item.citation,
        rule_key=rule_key,
        version=version,
        waivers=waivers,
        unmet=unmet,
        url=item.url if version else "",
        remedies=tuple(remedies),
        waits_for=_waits_for(item, people, today, can_step=can_step, is_closed=is_closed),
    )


def _of_amendment(
    period: PeriodOfLibrary,
    version: Filing,
    may: Collection[Action],
    people: Collection[RoleAssignment],
    today: date,
) -> ToDo:
    """Return what has to be done about a new version of a certified filing, for which nothing is owed."""
    if version.may_be_edited:
        action, words, page = Action.ENTER_COUNTS, "Enter loans", "transactions:filing_entry"
    else:
        action, words, page = Action.CERTIFY_FILING, "Review and certify", "transactions:filing_certify"
    can_step = action in may
    return ToDo(
        heading=f"Amendment of the record of loans, {period.title}",
        urgency=Urgency.DUE if can_step else Urgency.WAITS,
        tag=version.status,
        state=version.status_label,
        last_day=period.dates.closes_on,
        version=version,
        url=reverse("transactions:filing", args=[version.pk]),
        remedies=(Remedy(words, reverse(page, args=[version.pk])),) if can_step else (),
        waits_for="" if can_step else _who(action, people, today),
    )


def _of_delivery(
    item: DeliveryOwed, may: Collection[Action], people: Collection[RoleAssignment], today: date
) -> ToDo:
    """Return what has to be done about the counts of a quarter that the library has not submitted."""
    can_step = Action.REPORT_DELIVERY in may
    entry = due_entry(item.reported.quarter)
    return ToDo(
        heading=item.subject,
        urgency=Urgency.PAST if item.is_late else Urgency.DUE if can_step else Urgency.WAITS,
        tag=item.tag,
        state=item.words,
        due_on=item.due_on,
        last_day=item.last_day,
        left=_left(item.last_day, today),
        rule=f"({entry.citation})",
        rule_key=entry.key,
        url=item.url,
        remedies=(Remedy(item.step, item.step_url),) if can_step else (),
        waits_for="" if can_step else _who(Action.REPORT_DELIVERY, people, today),
        note="No payment depends on these counts"
        + ("; they are taken late all the same." if item.is_late else "."),
    )


def _urgency(item: Owed, can_step: bool) -> Urgency:
    if item.progress is Progress.TO_COME:
        return Urgency.TO_COME
    if item.is_late:
        return Urgency.PAST
    if item.progress is Progress.DUE or can_step:
        return Urgency.DUE
    return Urgency.WAITS


def _step(library: Library, item: Owed, period: PeriodOfLibrary | None) -> Remedy:
    """Return the button for the library's next step; one that begins a filing begins it at once."""
    if period and period.may_begin:
        dates = period.dates
        return Remedy(
            item.step,
            reverse("transactions:filing_begin", args=[library.key]),
            post={"cadence": dates.cadence.value, "first_day": dates.span.first_day.isoformat()},
        )
    return Remedy(item.step, item.step_url)


def _of_the_state_library(
    library: Library,
    item: Owed,
    unmet: Iterable[Unmet],
    period: PeriodOfLibrary | None,
    may: Collection[Action],
) -> list[Remedy]:
    found = []
    fiscal_year = item.matter.rpartition("/")[2]
    if _is_unknown(item) and Action.KEEP_LEDGER in may:
        page = reverse("payments:money_received", args=[library.key, fiscal_year])
        found.append(Remedy("Record what was received", page))
    if item.is_late and Action.GRANT_WAIVER in may and any(unmet):
        if item.is_report:
            page = reverse("payments:expenditure_waiver_propose", args=[library.key, fiscal_year])
            found.append(Remedy("Propose a waiver", page))
        elif period and period.record and period.may_be_waived:
            page = reverse("transactions:waiver_propose", args=[library.key, period.record.pk])
            found.append(Remedy("Propose a waiver", page))
    return found


def _of_requirement(library: Library, requirement: Unmet, may: Collection[Action], *, is_later: bool) -> ToDo:
    """Return what has to be done about a requirement that is no filing or report, or about one to come."""
    remedies = []
    if not is_later:
        if Action.MANAGE_ROSTER in may and requirement.code is Code.LETTER_NOT_ON_FILE:
            remedies.append(Remedy("Record a letter", reverse("libraries:letter_record", args=[library.key])))
        if not _OF_THE_LIBRARY.isdisjoint(may):
            remedies.append(_letter("Write to the State Library", library, _HEADINGS[requirement.code]))
    return ToDo(
        heading=_HEADINGS.get(requirement.code) or _heading_to_come(requirement),
        urgency=Urgency.TO_COME if is_later else Urgency.PAST,
        tag="open" if is_later else "unmet",
        state="Not begun" if is_later else "Not met",
        last_day=date.max if is_later else None,
        unmet=(requirement,),
        remedies=tuple(remedies),
    )


def _heading_to_come(requirement: Unmet) -> str:
    if requirement.matter.startswith("expenditure/"):
        return f"Expenditure report on fiscal year {requirement.matter.rpartition('/')[2]}"
    _, first_day, last_day = requirement.matter.split("/")
    span = Span(date.fromisoformat(first_day), date.fromisoformat(last_day))
    return f"Record of loans, {written_span(span)}"


def _letter(words: str, library: Library, subject: str) -> Remedy:
    """Return a button that begins an e-mail to the State Library."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return Remedy(words, f"mailto:{address}?subject={quote(f'{library.key} {library}: {subject}')}")


def _waits_for(
    item: Owed, people: Iterable[RoleAssignment], today: date, *, can_step: bool, is_closed: bool
) -> str:
    if can_step or item.needs is None:
        return ""
    if is_closed:
        return "the State Library: entry for this period is closed"
    return _who(item.needs, people, today)


def _who(action: Action, people: Iterable[RoleAssignment], today: date) -> str:
    """Return who at the library can take a step today, by name."""
    names = [
        held.user.name or held.user.email
        for held in people
        if held.role in PERMITTED[action] and held.is_in_force(today)
    ]
    return ", ".join(dict.fromkeys(names)) or "nobody: the State Library invites people of a library"


def _left(last_day: date, today: date) -> str:
    days = (last_day - today).days
    if days == 0:
        return "today is the last day"
    number = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{number} left" if days > 0 else f"{number} past"


def _is_filed(item: Owed) -> bool:
    """Whether it was submitted once, so that its day can pass without harm."""
    return item.is_done or item.progress is Progress.SUBMITTED


def _is_unknown(item: Owed) -> bool:
    return item.progress is Progress.UNKNOWN


def _matter(period: PeriodOfLibrary) -> str:
    span = period.dates.span
    return f"loans/{span.first_day}/{span.last_day}"
