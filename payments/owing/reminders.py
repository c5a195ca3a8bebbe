"""Reminders: who is written to about what is owed, what the letter says, and that it goes out once.

What is owed comes from `owed.owed_by` and `delivery_owed.deliveries_owed`, as every page has it; nothing else
is ever asked for. A letter is looked at again in the moment it goes out: what was done meanwhile is not asked
for.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string

from connecticard import clock, permissions
from connecticard.canonical_json import sha256_of
from connecticard.clock import EASTERN
from connecticard.locks import hold_reminders
from connecticard.mail import About, keep_message, told
from connecticard.models import (
    AuditEvent,
    Message,
    MessageItem,
    MessageKind,
    MessageState,
    Role,
    RoleAssignment,
    User,
)
from connecticard.permissions import Action
from payments.models import ReminderRun
from payments.owing import owed
from payments.owing.delivery_owed import deliveries_owed, site_of
from payments.owing.people import People
from payments.owing.reminder_schedule import schedule_on
from payments.owing.thing_owed import ThingOwed
from payments.rules.reminders import Schedule, is_past_the_last, step_for, step_words
from transactions.rules._wording import written_day


class ReminderRefused(Exception):
    """The act cannot be done; the text says why and what to do."""


@dataclass(frozen=True)
class Asked:
    """Something owed that somebody is asked for on an occasion, such as a step of the schedule."""

    item: ThingOwed
    occasion: str
    because: str = ""

    def once(self, person: User) -> str:
        """Return the key under which this person is told of it once."""
        item = self.item
        return f"reminder|{person.pk}|{item.whose.key}|{item.matter}|{item.last_day}|{self.occasion}"


@dataclass(frozen=True)
class Letter:
    """A reminder to one person, about everything that this person can do next, of all their libraries.

    A library and its site of deliverIT CT are one here: they bear the same key and name.
    """

    person: User
    asked: tuple[Asked, ...]

    @property
    def libraries(self) -> dict[str, str]:
        """The names of the libraries it is about by their keys, in order."""
        return {asked.item.whose.key: asked.item.whose.name for asked in self.asked}

    @property
    def subject(self) -> str:
        """Period and library in plain words."""
        first = self.asked[0].item
        if len(self.asked) == 1:
            return f"{first.whose}: {_lower(first.subject)}, due {written_day(first.last_day)}"
        if len(self.libraries) == 1:
            return f"{first.whose}: {len(self.asked)} things to do, the first due {_earliest(self.asked)}"
        if len({asked.item.subject for asked in self.asked}) == 1:
            return f"{len(self.libraries)} libraries: {_lower(first.subject)}"
        return (
            f"{len(self.libraries)} libraries: {len(self.asked)} things to do, "
            f"the first due {_earliest(self.asked)}"
        )

    def body(self, by: User | None = None) -> str:
        """The text; `by` is who sends it by hand."""
        return render_to_string(
            "emails/reminder.txt",
            {
                "program_name": settings.PROGRAM_NAME,
                "site_url": settings.SITE_URL,
                "libraries": [
                    (name, [asked.item for asked in self.asked if asked.item.whose.key == key])
                    for key, name in self.libraries.items()
                ],
                "person": self.person,
                "by": by,
            },
        ).strip()


@dataclass(frozen=True)
class Plan:
    """What would go out: letters by person, and what nobody can be reminded of."""

    letters: tuple[Letter, ...]
    nobody: tuple[Asked, ...]

    @cached_property
    def digest(self) -> str:
        """What names exactly these letters, so that a page can say that nothing else is sent."""
        return sha256_of(
            [
                [letter.person.pk, letter.person.email, letter.subject, letter.body()]
                for letter in self.letters
            ]
        )

    @property
    def libraries(self) -> set[str]:
        """The keys of the libraries that somebody is written to about."""
        return {key for letter in self.letters for key in letter.libraries}


# What goes out


def plan_by_hand(items: Iterable[ThingOwed], today: date) -> Plan:
    """Return the reminders of these things for today: what can be asked for, once a day for each person."""
    return _plan(
        (Asked(item, f"by hand {today}", "by hand") for item in items if item.can_be_asked_for), today
    )


def plan_of_schedule(items: Iterable[ThingOwed], schedule: Schedule, today: date) -> Plan:
    """Return the reminders whose day has come.

    Who was reminded of a thing since the day of its step, by hand for instance, is not reminded again.
    """
    asked, since = [], {}
    for item in items:
        found = _step(item, schedule, today) if item.can_be_asked_for else None
        if found:
            step, day = found
            asked.append(Asked(item, f"{step:+d}", step_words(step)))
            since[of(item)] = day
    reminded = _reminded(asked)
    return _plan(
        asked,
        today,
        leave_out=lambda person, one: (
            (last := reminded.get((person.pk, *of(one.item)))) is not None and last >= since[of(one.item)]
        ),
    )


def _step(item: ThingOwed, schedule: Schedule, today: date) -> tuple[int, date] | None:
    """Return the step whose turn it is; those before the day count from the day that practice asks for."""
    before = step_for(
        replace(schedule, days_after=()),
        last_day=item.last_day if item.is_waived else item.asked_on or item.last_day,
        can_be_done_from=item.submittable_from,
        today=today,
    )
    after = step_for(
        replace(schedule, days_before=()),
        last_day=item.last_day,
        can_be_done_from=item.submittable_from,
        today=today,
    )
    return after or (before if today <= item.last_day else None)


def _plan(
    asked: Iterable[Asked],
    today: date,
    leave_out: Callable[[User, Asked], bool] = lambda person, one: False,
) -> Plan:
    asked = list(asked)
    people = People(today)
    reached = [(one, people.for_item(one.item)) for one in asked]
    done = told(one.once(person) for one, persons in reached for person in persons)
    of_person: dict[User, list[Asked]] = defaultdict(list)
    for one, persons in reached:
        for person in persons:
            if one.once(person) not in done and not leave_out(person, one):
                of_person[person].append(one)
    letters = (
        Letter(person, tuple(sorted(own, key=lambda one: (one.item.whose.name, one.item.due_on))))
        for person, own in of_person.items()
    )
    return Plan(
        letters=tuple(
            sorted(letters, key=lambda letter: (letter.asked[0].item.whose.name, letter.person.email))
        ),
        nobody=tuple(one for one, persons in reached if not persons),
    )


def of(item: ThingOwed) -> tuple[int, str]:
    """Return what tells a thing from every other: the id of its library, 0 for none, and its matter."""
    return item.library.pk if item.library else 0, item.matter


def _reminded(asked: Collection[Asked]) -> dict[tuple[int, int, str], date]:
    """Return the day on which each person was last reminded of each of these matters."""
    rows = _reminders_of(asked_item.item for asked_item in asked).order_by("message__made_at")
    return {
        (person_id, library_id or 0, matter): made_at.astimezone(EASTERN).date()
        for person_id, library_id, matter, made_at in rows.values_list(
            "message__person_id", "library_id", "matter", "message__made_at"
        )
    }


def _reminders_of(items: Iterable[ThingOwed]) -> Any:
    pairs = {of(item) for item in items}
    return MessageItem.objects.filter(
        Q(library__in={library_id for library_id, _ in pairs}) | Q(library=None),
        matter__in={matter for _, matter in pairs},
        message__kind=MessageKind.REMINDER,
    ).exclude(message__state__in=[MessageState.WITHDRAWN, MessageState.FAILED])


def last_reminders(items: Collection[ThingOwed]) -> dict[tuple[int, str], date]:
    """Return the day on which somebody was last reminded of each, by library id (0 for none) and matter."""
    rows = _reminders_of(items).order_by("message__made_at")
    return {
        (library_id or 0, matter): made_at.astimezone(EASTERN).date()
        for library_id, matter, made_at in rows.values_list("library_id", "matter", "message__made_at")
    }


# Sending


@transaction.atomic
def remind(*, items: Sequence[ThingOwed], today: date, by: User, digest: str | None = None) -> Plan:
    """Send reminders of these things by hand, and return what was sent.

    `digest` is that of the plan that was looked at: where another one has come of it meanwhile nothing is
    sent. Raises ReminderRefused for that, PermissionDenied for who may not remind.
    """
    permissions.check(by, Action.REMIND)
    hold_reminders()
    plan = plan_by_hand(items, today)
    if digest is not None and digest != plan.digest:
        raise ReminderRefused(
            "Something changed since this page was made, so nothing was sent. Look at the letters again."
        )
    for letter in plan.letters:
        message = _keep(letter, by)
        AuditEvent.record(
            "reminder_sent",
            target=message,
            by=by,
            after={
                "to": letter.person.email,
                "about": [f"{one.item.whose}: {one.item.subject}" for one in letter.asked],
            },
        )
    return plan


@transaction.atomic
def run_schedule(*, today: date) -> ReminderRun:
    """Send the reminders whose day has come, and tell staff what is theirs; safe to run again on a day.

    Staff are told once of each thing that nobody could be reminded of, and of each whose last reminder has
    had its day: from then on they telephone.
    """
    hold_reminders()
    schedule = schedule_on(today)
    run = ReminderRun(on=today, ran_at=clock.now(), was_on=schedule is not None)
    if schedule is not None:
        items: list[ThingOwed] = [*owed.owed_by(owed.participants(today), today), *deliveries_owed(today)]
        plan = plan_of_schedule(items, schedule, today)
        for letter in plan.letters:
            _keep(letter, None)
        past = [
            Asked(item, "telephone")
            for item in items
            if item.can_be_asked_for and is_past_the_last(schedule, last_day=item.last_day, today=today)
        ]
        run.messages = len(plan.letters)
        run.matters = len({of(one.item) for letter in plan.letters for one in letter.asked})
        run.nobody, run.to_telephone = _tell_staff(plan.nobody, past, today)
    run.save()
    return run


def _keep(letter: Letter, by: User | None) -> Message:
    return keep_message(
        kind=MessageKind.REMINDER,
        to=letter.person.email,
        person=letter.person,
        subject=letter.subject,
        body=letter.body(by),
        about=[
            About(_about(one.item), one.item.library, one.item.matter, one.once(letter.person))
            for one in letter.asked
        ],
        by=by,
    )


def _about(item: ThingOwed) -> str:
    """Return a thing owed as the kept message names it; it changes where anything that was said changes."""
    return f"{item.subject}. {' '.join(item.sentences)}"


def _tell_staff(nobody: Sequence[Asked], past: Sequence[Asked], today: date) -> tuple[int, int]:
    """Write to each person of the State Library's staff what is new for them, and return how much is."""
    staff = [
        assignment.user
        for assignment in RoleAssignment.objects.in_force(today)
        .filter(role=Role.STATE_STAFF, user__is_active=True)
        .select_related("user")
        .order_by("pk")
    ]
    new: tuple[set[str], set[str]] = (set(), set())
    nobody = [replace(one, occasion=f"nobody {one.occasion}") for one in nobody]
    for person in dict.fromkeys(staff):
        done = told(one.once(person) for one in (*nobody, *past))
        unreached, to_call = (
            [one for one in group if one.once(person) not in done] for group in (nobody, past)
        )
        if not unreached and not to_call:
            continue
        for seen, group in zip(new, (unreached, to_call), strict=True):
            seen.update(f"{one.item.whose.key}/{one.item.matter}" for one in group)
        number = len(unreached) + len(to_call)
        keep_message(
            kind=MessageKind.FOR_STAFF,
            to=person.email,
            person=person,
            subject=f"{number} thing{'s' if number != 1 else ''} for staff, {written_day(today)}",
            body=render_to_string(
                "emails/for_staff.txt",
                {
                    "program_name": settings.PROGRAM_NAME,
                    "site_url": settings.SITE_URL,
                    "nobody": unreached,
                    "past": to_call,
                },
            ),
            about=[
                About(one.item.subject, one.item.library, one.item.matter, one.once(person))
                for one in (*unreached, *to_call)
            ],
        )
    return len(new[0]), len(new[1])


@transaction.atomic
def no_longer_needed(message: Message) -> str:
    """Return why a reminder that waited must not go out as it was written; "" where every word still holds.

    Of a letter about several things, those that still are owed go out in a letter of their own.
    """
    hold_reminders()
    today = clock.today()
    items = list(message.items.select_related("library__town"))
    sites = {key for item in items if (key := site_of(item.matter))}
    libraries = {item.library_id: item.library for item in items if item.library and not site_of(item.matter)}
    still: list[ThingOwed] = [*owed.owed_by(list(libraries.values()), today)]
    if sites:
        still += deliveries_owed(today, keys=sites)
    current = {of(item): item for item in still}
    people = People(today)
    asked, unchanged = [], True
    for item in items:
        found = current.get((item.library_id or 0, item.matter))
        if found and found.can_be_asked_for and message.person in people.for_item(found):
            occasion = item.once.rpartition("|")[2].partition(", ")[0]
            asked.append(Asked(found, f"{occasion}, instead of message {message.pk}"))
            unchanged = unchanged and _about(found) == item.words
        else:
            unchanged = False
    if unchanged and message.person is not None and message.person.email == message.to:
        return ""
    if asked and message.person is not None:
        _keep(Letter(message.person, tuple(asked)), message.made_by)
        return "What it asks for changed before it went out; another letter says what is still owed."
    return "Everything that it asks for was done, or is not asked for any more, before it went out."


def _lower(subject: str) -> str:
    return subject[:1].lower() + subject[1:]


def _earliest(asked: Sequence[Asked]) -> str:
    return written_day(min(one.item.last_day for one in asked))
