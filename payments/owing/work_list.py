"""The staff's work list: what libraries owe, what was said to them about it, and what is at stake."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from connecticard.models import User
from libraries.models import Library
from payments.counting import CannotCalculate
from payments.models import ContactLogEntry
from payments.owing import owed, reminders
from payments.owing.contacts import last_contacts
from payments.owing.owed import Owed
from payments.owing.people import People
from payments.owing.stakes import AtStake, Stakes
from payments.rules.cents import plain_dollars
from payments.rules.owing import Progress, Stage
from transactions.models.waiver import WaiverKind

OWED_NOW = ""
EVERYTHING = "all"
WITH_ITS_MONTHS = ", and its months"

# What a row can be shown for: name in the address, words, and which rows it means.
_Test = Callable[[Any], bool]


@dataclass(frozen=True)
class State:
    """A state by which the list can be filtered: its name in the address, its words, which rows are in it."""

    name: str
    words: str
    holds: _Test


@dataclass(frozen=True)
class Row:
    """Something owed, who can be written to about it, and when that and a talk last happened."""

    item: Owed
    people: tuple[User, ...]
    last_reminder: date | None
    last_contact: ContactLogEntry | None

    @property
    def is_owed_now(self) -> bool:
        """Whether it is not certified though its period is over."""
        return not self.item.is_done and self.item.progress is not Progress.TO_COME

    @property
    def has_nobody(self) -> bool:
        """Whether it can be asked for and nobody can be written to about it."""
        return self.item.can_be_asked_for and not self.people

    @property
    def spoken_on(self) -> date | None:
        """The last day on which the library was reminded of it or spoken with."""
        days = [day for day in (self.last_reminder, self.last_contact and self.last_contact.on) if day]
        return max(days, default=None)


def _stage(stage: Stage) -> _Test:
    return lambda row: row.item.stage is stage and row.item.progress is not Progress.TO_COME


STATES: Sequence[State] = (
    State(OWED_NOW, "owed now", lambda row: row.is_owed_now),
    State("not_started", "not started", _stage(Stage.NOT_STARTED)),
    State("draft", "draft", _stage(Stage.DRAFT)),
    State("submitted", "submitted", _stage(Stage.SUBMITTED)),
    State("returned", "returned", _stage(Stage.RETURNED)),
    State("certified", "certified", lambda row: row.item.is_done),
    State("late", "late", lambda row: row.item.is_late),
    State("extended", "extended", lambda row: row.item.waiver is WaiverKind.EXTENSION),
    State(
        "accepted_late",
        "accepted late",
        lambda row: row.item.waiver is WaiverKind.LATE_ACCEPTANCE or row.item.where.is_accepted_late,
    ),
    State("nobody", "with nobody to write to", lambda row: row.has_nobody),
    State("unknown", "money received unknown", lambda row: row.item.progress is Progress.UNKNOWN),
    State("to_come", "period not over", lambda row: row.item.progress is Progress.TO_COME),
    State(EVERYTHING, "in all", lambda row: True),
)
_BY_NAME = {state.name: state for state in STATES}

SORTS = {
    "library": "Library",
    "what": "What",
    "due": "Due",
    "state": "State",
    "stake": "At stake",
    "spoke": "Last spoken to",
}


class WorkList:
    """What every participating library owes on a day, with what staff need to decide whom to ask next."""

    def __init__(self, today: date):
        self.today = today
        self.libraries = owed.participants(today)
        items = owed.owed_by(self.libraries, today)
        people = People(today)
        reminded = reminders.last_reminders(items)
        contacts = last_contacts(self.libraries)
        self.rows = [
            Row(
                item=item,
                people=tuple(people.for_item(item)),
                last_reminder=reminded.get((item.library.pk, item.matter)),
                last_contact=contacts.get(item.library.key),
            )
            for item in items
        ]

    @cached_property
    def subjects(self) -> dict[str, set[str]]:
        """The periods and reports to choose from, the first due first, and which each choice lists.

        A period in which some libraries file every month can be chosen with its months: who owes for half a
        year is not seen otherwise.
        """
        ordered = sorted(self.rows, key=lambda row: (row.item.due_on, row.item.subject))
        first = {row.item.subject: row.item for row in reversed(ordered)}
        choices: dict[str, set[str]] = {}
        for subject in dict.fromkeys(row.item.subject for row in ordered):
            choices[subject] = {subject}
            if within := {each for each, item in first.items() if _holds(first[subject], item)}:
                choices[subject + WITH_ITS_MONTHS] = {subject, *within}
        return choices

    @cached_property
    def _stakes(self) -> Stakes:
        return Stakes(self.today)

    def at_stake(self, row: Row) -> AtStake | None:
        """Return what is at stake with a row; None where nothing is, or where it cannot be estimated."""
        try:
            return self._stakes.of(row.item)
        except CannotCalculate:
            return None

    def fitting(self, *, q: str = "", subject: str = "") -> list[Row]:
        """Return the rows of libraries whose name, key or town holds a text, of one period or of all."""
        typed = q.casefold().strip()
        return [
            row
            for row in self.rows
            if (not subject or row.item.subject in self.subjects[subject])
            and (not typed or typed in _searched(row.item.library))
        ]

    def ordered(self, rows: Iterable[Row], sort: str) -> list[Row]:
        """Return rows by a column; a name that begins with "-" turns it round."""
        name = sort.removeprefix("-")
        by_date = sorted(rows, key=_by_due)
        if name == "stake":
            # What matters most first; what cannot be estimated comes last either way.
            moved = [(row, self.at_stake(row)) for row in by_date]
            known = [(stake.moved_cents, row) for row, stake in moved if stake]
            known.sort(key=lambda each: each[0], reverse=not sort.startswith("-"))
            return [row for _, row in known] + [row for row, stake in moved if not stake]
        keys: dict[str, Callable[[Row], Any]] = {
            "due": _by_due,
            "library": lambda row: row.item.library.name.casefold(),
            "what": lambda row: row.item.subject,
            "state": lambda row: (not row.item.is_late, row.item.words),
            "spoke": lambda row: row.spoken_on or date.min,
        }
        return sorted(by_date, key=keys[name], reverse=sort.startswith("-"))


def in_state(rows: Iterable[Row], state: str) -> list[Row]:
    """Return the rows that a state holds."""
    holds = _BY_NAME[state].holds
    return [row for row in rows if holds(row)]


def counts(rows: Collection[Any], states: Sequence[State] = STATES) -> list[tuple[str, str, int]]:
    """Return name, words and number of rows of each state; those that hold none are left out."""
    found = ((state.name, state.words, sum(map(state.holds, rows))) for state in states)
    return [each for each in found if each[2] or each[0] in (OWED_NOW, EVERYTHING)]


COLUMNS = (
    "library",
    "name",
    "town",
    "what",
    "due",
    "accepted_through",
    "state",
    "stage",
    "late",
    "extended",
    "accepted_late",
    "next_step",
    "people_to_write_to",
    "last_reminder",
    "last_contact",
    "would_lose",
    "others_would_gain",
    "others_would_lose",
    "most_affected",
    "most_affected_by",
)


def exported(work: WorkList, rows: Iterable[Row]) -> Iterable[tuple[Any, ...]]:
    """Yield the rows as a file holds them, below COLUMNS: days as dates, amounts in dollars, None unknown."""
    for row in rows:
        item, stake = row.item, work.at_stake(row)
        yield (
            item.library.key,
            item.library.name,
            item.library.town.name,
            item.subject,
            item.due_on,
            item.last_day,
            item.words,
            item.stage.value,
            _yes(item.is_late),
            _yes(item.waiver is WaiverKind.EXTENSION),
            _yes(_BY_NAME["accepted_late"].holds(row)),
            item.step or None,
            "; ".join(person.email for person in row.people) or None,
            row.last_reminder,
            row.last_contact and row.last_contact.on,
            *_stake_cells(stake),
        )


def _stake_cells(stake: AtStake | None) -> tuple[Any, ...]:
    if stake is None:
        return (None,) * 5
    most = stake.most_affected
    return (
        plain_dollars(stake.own_cents),
        plain_dollars(stake.others_gain_cents),
        plain_dollars(stake.others_lose_cents),
        most.name if most else None,
        plain_dollars(stake.most_cents) if most else None,
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _holds(longer: Owed, item: Owed) -> bool:
    """Tell whether a filing's period lies within that of another filing, and is shorter."""
    return (
        not longer.is_report
        and not item.is_report
        and longer.subject != item.subject
        and longer.opens_on <= item.opens_on
        and item.submittable_from <= longer.submittable_from
    )


def _searched(library: Library) -> str:
    return f"{library.name} {library.key} {library.town.name}".casefold()


def _by_due(row: Row) -> tuple[date, str, str]:
    return row.item.due_on, row.item.subject, row.item.library.name
