"""How the members of a consortium stand with their filings, period by period."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from libraries.models import Consortium
from transactions.library_filings import Due, PeriodOfLibrary, due_of, periods_of_libraries
from transactions.models import Filing
from transactions.rules.filing_calendar import PeriodDates
from transactions.rules.filing_coverage import Days
from transactions.rules.filing_status import FilingStatus
from transactions.services.roster import days_of


class MemberState(StrEnum):
    """How far a member's filing for a period has come."""

    NOT_STARTED = "not-started"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    CERTIFIED = "certified"

    @property
    def label(self) -> str:
        """The state in a word or two, for a column."""
        return self.value.replace("-", " ").capitalize()


_STATE_OF = {
    FilingStatus.DRAFT: MemberState.DRAFT,
    FilingStatus.SUBMITTED: MemberState.SUBMITTED,
    FilingStatus.RETURNED: MemberState.RETURNED,
    FilingStatus.CERTIFIED: MemberState.CERTIFIED,
}


@dataclass(frozen=True)
class MemberPeriod:
    """A period of one member; `left_on` is the last day of a membership that has ended, else None."""

    own: PeriodOfLibrary
    left_on: date | None

    @property
    def state(self) -> MemberState:
        """How far it has come; a certified one stays so while a correction is worked on."""
        if self.own.standing:
            return MemberState.CERTIFIED
        if self.own.working:
            return _STATE_OF[FilingStatus(self.own.working.status)]
        return MemberState.NOT_STARTED

    @property
    def filing(self) -> Filing | None:
        """The version to look at: the one that is worked on, else the one that counts."""
        return self.own.working or self.own.standing

    @property
    def is_late(self) -> bool:
        """Whether it was not submitted in time, nor under a waiver."""
        return self.own.is_late or self.own.was_late

    @property
    def is_corrected(self) -> bool:
        """Whether a new version of a certified filing is being worked on."""
        return self.own.standing is not None and self.own.working is not None


@dataclass(frozen=True)
class PeriodOfMembers:
    """One filing period with the members that file for it, by name."""

    dates: PeriodDates
    due: Due
    members: Sequence[MemberPeriod]
    today: date

    @property
    def name(self) -> str:
        """What an address calls it: monthly-2026-03."""
        return period_name(self.dates)

    @cached_property
    def counts(self) -> Mapping[MemberState, int]:
        """How many members are in each state."""
        counts = Counter(member.state for member in self.members)
        return {state: counts[state] for state in MemberState}

    @property
    def late(self) -> int:
        """How many members did not submit in time."""
        return sum(member.is_late for member in self.members)

    @property
    def is_certified_by_all(self) -> bool:
        """Whether no member has anything left to certify."""
        return self.counts[MemberState.CERTIFIED] == len(self.members)

    @property
    def is_owed_now(self) -> bool:
        """Whether the period is over and a member can still certify it."""
        return any(member.own.is_owed_now for member in self.members)


def period_name(dates: PeriodDates) -> str:
    """Return what an address calls a period: monthly-2026-03."""
    return f"{dates.cadence}-{dates.span.first_day:%Y-%m}"


def periods_of_members(consortium: Consortium, today: date) -> list[PeriodOfMembers]:
    """Return the periods that members of a consortium file for, the earliest due first.

    Of this program year and the one before it, each with the libraries that were members on a day of it.
    """
    memberships: dict[int, list[Days]] = defaultdict(list)
    libraries = {}
    for membership in consortium.memberships.select_related("library").order_by("library__name"):
        libraries[membership.library_id] = membership.library
        memberships[membership.library_id].append(days_of(membership.valid))
    found: dict[PeriodDates, list[MemberPeriod]] = defaultdict(list)
    since = today - timedelta(days=731)
    for library_id, periods in periods_of_libraries(list(libraries.values()), today).items():
        for own in periods:
            if own.dates.span.first_day < since or not own.is_due_from_library:
                continue
            if days := _membership_within(own, memberships[library_id]):
                left_on = days[1] if days[1] and days[1] < today else None
                found[own.dates].append(MemberPeriod(own, left_on))
    return sorted(
        (PeriodOfMembers(dates, due_of(dates), members, today) for dates, members in found.items()),
        key=lambda period: (period.dates.due_on, period.dates.span.first_day),
    )


def _membership_within(own: PeriodOfLibrary, memberships: Iterable[Days]) -> Days | None:
    """Return the last membership that has a day of the period, None where there is none."""
    span = own.covers
    within = [
        days
        for days in memberships
        if (days[0] or date.min) <= span.last_day and span.first_day <= (days[1] or date.max)
    ]
    return max(within, key=lambda days: days[1] or date.max, default=None)


def period_to_show(periods: Sequence[PeriodOfMembers], name: str) -> PeriodOfMembers | None:
    """Return the period of that name, else the first that is owed now, else the last; None where none is."""
    by_name = {period.name: period for period in periods}
    owed = (period for period in periods if period.is_owed_now)
    return by_name.get(name) or next(owed, None) or (periods[-1] if periods else None)
