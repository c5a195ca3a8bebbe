"""The staff's overview of a quarter of deliverIT CT: who reported, who late or partial, and who did not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from connecticard.models import User
from payments.models import ContactLogEntry
from payments.owing import reminders
from payments.owing.contacts import last_contacts
from payments.owing.delivery_owed import DeliveryOwed, owed_of_quarter
from payments.owing.people import People
from payments.owing.work_list import EVERYTHING, State
from payments.rules.delivery_owing import DeliveryState, quarters_asked_for
from transactions.delivery.reported import quarters_reported
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.delivery_volume import Volume, volume

NOT_SUBMITTED = ""

STATES: Sequence[State] = (
    State(NOT_SUBMITTED, "not submitted", lambda row: not row.item.is_submitted),
    State("in_time", "in time", lambda row: row.item.is_submitted and not row.item.is_late),
    State("late", "submitted late", lambda row: row.item.is_submitted and row.item.is_late),
    State("partial", "partial", lambda row: row.item.is_partial),
    State("missing", "missing", lambda row: not row.item.is_submitted and row.item.is_late),
    State("draft", "draft", lambda row: row.item.state is DeliveryState.DRAFT),
    State("nobody", "with nobody to write to", lambda row: row.has_nobody),
    State(EVERYTHING, "in all", lambda row: True),
)
_BY_NAME = {state.name: state for state in STATES}


@dataclass(frozen=True)
class Row:
    """A site's report of the quarter, what it counted, who can be written to, and when that last happened."""

    item: DeliveryOwed
    people: tuple[User, ...]
    last_reminder: date | None
    last_contact: ContactLogEntry | None

    @property
    def has_nobody(self) -> bool:
        """Whether it can be asked for and nobody can be written to about it."""
        return self.item.can_be_asked_for and not self.people

    @property
    def carried(self) -> Volume:
        """What it reported, all months together."""
        return volume(self.item.reported.counted.months)


class DeliveryOverview:
    """How the reports of one quarter stand on a day, a row for each site that the delivery served in it."""

    def __init__(self, quarter: Quarter, today: date):
        self.quarter = quarter
        items = owed_of_quarter(quarter, today)
        people = People(today)
        reminded = reminders.last_reminders(items)
        contacts = last_contacts([item.whose for item in items])
        self.rows = [
            Row(
                item=item,
                people=tuple(people.for_item(item)),
                last_reminder=reminded.get(reminders.of(item)),
                last_contact=contacts.get(item.whose.key),
            )
            for item in items
        ]

    @property
    def routes(self) -> list[str]:
        """The letters of the routes by which the sites are served."""
        return sorted({row.item.reported.route for row in self.rows} - {""})

    def fitting(self, *, q: str = "", kind: str = "", route: str = "") -> list[Row]:
        """Return the rows of sites whose name, key, code or town holds a text, of a kind and route or all."""
        typed = q.casefold().strip()
        return [
            row
            for row in self.rows
            if (not kind or row.item.whose.kind == kind)
            and (not route or row.item.reported.route == route)
            and (not typed or typed in _searched(row.item))
        ]


def quarters_to_choose(today: date) -> list[Quarter]:
    """Return the quarters of which there is something to see, the latest first, with the one under way."""
    return sorted({Quarter.containing(today), *quarters_asked_for(today), *quarters_reported()}, reverse=True)


def in_state(rows: Iterable[Row], state: str) -> list[Row]:
    """Return the rows that a state holds."""
    holds = _BY_NAME[state].holds
    return [row for row in rows if holds(row)]


COLUMNS = (
    "site",
    "name",
    "kind",
    "town",
    "route",
    "code",
    "quarter",
    "due",
    "state",
    "late",
    "partial",
    "months_missing",
    "why_missing",
    "first_submitted",
    "bins_in",
    "items_in",
    "bins_out",
    "items_out",
    "months_reported",
    "people_to_write_to",
    "last_reminder",
    "last_contact",
)


def exported(rows: Iterable[Row]) -> Iterable[tuple[Any, ...]]:
    """Yield the rows as a file holds them, below COLUMNS: days as dates, counts as numbers, None unknown."""
    for row in rows:
        item, site = row.item, row.item.whose
        counted: tuple[int | None, ...] = (None,) * 5
        if item.is_submitted:
            found = row.carried
            counted = (found.bins_in, found.items_in, found.bins_out, found.items_out, found.months)
        yield (
            site.key,
            site.name,
            site.kind,
            site.town.name if site.town else None,
            item.reported.route or None,
            getattr(site, "code_on_day", None),
            item.reported.quarter.name,
            item.due_on,
            item.words,
            "yes" if item.is_late else "no",
            "yes" if item.is_partial else "no",
            item.missing_words or None,
            (item.reported.report.missing_because if item.reported.report else "") or None,
            item.reported.counted.submitted_on,
            *counted,
            "; ".join(person.email for person in row.people) or None,
            row.last_reminder,
            row.last_contact and row.last_contact.on,
        )


def _searched(item: DeliveryOwed) -> str:
    site = item.whose
    code, town = getattr(site, "code_on_day", None) or "", site.town.name if site.town else ""
    return f"{site.name} {site.key} {code} {town}".casefold()
