"""Reminders against an oracle: libraries in every state, and a second, plain account of who owes what.

The oracle shares no code with the product: it goes through the calendar with its own dates and asks of each
library, period and person whether a letter may go out.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from connecticard.clock import EASTERN
from connecticard.delivery import deliver
from connecticard.models import Message, MessageItem, MessageKind, Role
from payments.models import ExpenditureReport, ExpenditureReportWaiver, PastPayment
from payments.owing import owed, reminders
from tests.factories import (
    give_role,
    make_consortium,
    make_letter,
    make_library,
    make_period,
    make_user,
)
from transactions.models import Filing, Waiver
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PROGRAM_BEGAN = date(2026, 3, 1)

# What is generated


@dataclass(frozen=True)
class OnRecord:
    """The versions of a filing or a report, the oldest first, and a waiver if there is one."""

    versions: tuple[str, ...] = ()
    waived_for: int | None = None
    waiver_approved: bool = True


@dataclass(frozen=True)
class World:
    """One library and who works for it."""

    letter: tuple[date | None, date | None] | None
    open_until: date | None
    cadence: str
    filings: tuple[OnRecord, ...]
    report: OnRecord
    received: int | None
    people: frozenset[str]


# Weighted so that most worlds owe something, and each way of owing nothing comes up too.
VERSIONS = [
    *[()] * 4,
    ("draft",),
    ("draft",),
    ("submitted",),
    ("submitted",),
    ("returned",),
    ("certified",),
    ("certified", "draft"),
    ("certified", "submitted"),
    ("certified", "returned"),
    ("superseded", "certified"),
    ("superseded", "certified", "draft"),
]
PEOPLE = [
    *[{"filer", "certifier"}] * 3,
    {"both"},
    {"both", "filer", "certifier"},
    {"certifier"},
    {"filer"},
    {"consortium", "certifier"},
    {"consortium", "filer"},
    {"consortium", "left filer", "certifier"},
    {"former filer", "future certifier"},
    set(),
]


def a_record(chance: Random) -> OnRecord:
    return OnRecord(
        chance.choice(VERSIONS), chance.choice([None, None, None, 5, 12, 20]), chance.random() < 0.7
    )


def a_world(chance: Random) -> World:
    def day() -> date:
        return date(2026, 2, 20) + chance.randrange(380) * DAY

    return World(
        letter=chance.choice([(None, None)] * 5 + [None, (day(), None), (day(), day()), (None, day())]),
        open_until=chance.choice([None] * 5 + [day()]),
        cadence=chance.choice(["semiannual", "semiannual", "monthly", "monthly from September"]),
        filings=tuple(a_record(chance) for _ in range(12)),
        report=a_record(chance),
        received=chance.choice([None, 0, 12_345, 12_345]),
        people=frozenset(chance.choice(PEOPLE)),
    )


# Mostly the days on which the schedule asks for something, and those beside them
TODAYS = [
    *(
        due + timedelta(days=step + beside)
        for due in (date(2026, 9, 8), date(2027, 3, 8), date(2026, 11, 1), date(2026, 12, 9))
        for step in (-14, -7, -3, 1, 7, 14)
        for beside in (-1, 0, 0, 1, 2, 3)
    ),
    *[date(2026, 7, 1), date(2026, 8, 31), date(2027, 6, 30), date(2027, 7, 1), date(2027, 8, 1)] * 2,
]


def at(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=EASTERN) + timedelta(hours=12)


# The oracle


def months_of(cadence: str) -> list[tuple[date, date]]:
    """The periods of the program year 2027 by hand."""
    firsts = [
        date(2026, 3, 1),
        date(2026, 4, 1),
        date(2026, 5, 1),
        date(2026, 6, 1),
        date(2026, 7, 1),
        date(2026, 8, 1),
        date(2026, 9, 1),
        date(2026, 10, 1),
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
        date(2027, 2, 1),
        date(2027, 3, 1),
    ]
    monthly = [(first, following - DAY) for first, following in pairwise(firsts)]
    halves = [(date(2026, 3, 1), date(2026, 8, 31)), (date(2026, 9, 1), date(2027, 2, 28))]
    if cadence == "monthly":
        return monthly
    return [halves[0], *monthly[6:]] if cadence == "monthly from September" else halves


def due_by_hand(first: date, last: date) -> date:
    """March 8 or September 8 of a half year; of a month the seventh weekday after its last weekday."""
    if (last - first).days > 40:
        return last + timedelta(days=8)
    day = last
    while day.weekday() > 4:
        day -= DAY
    for _ in range(7):
        day += DAY
        while day.weekday() > 4:
            day += DAY
    return day


def takes_part(world: World, first: date, last: date) -> bool:
    """Whether there is a day of a period on which it was open with a letter on file, day by day."""
    if world.letter is None:
        return False
    begins, ends = world.letter
    day = first
    while day <= last:
        if (
            (begins is None or begins <= day)
            and (ends is None or day < ends)
            and (world.open_until is None or day < world.open_until)
        ):
            return True
        day += DAY
    return False


def whose_turn(record: OnRecord) -> str | None:
    if "certified" in record.versions:
        return None
    return "certify" if record.versions[-1:] == ("submitted",) else "enter"


def who(world: World, turn: str, is_report: bool) -> set[str]:
    """Who is written to, by the name of the person."""
    certifiers = world.people & {"certifier", "both"}
    filers = world.people & {"filer", "both"}
    if turn == "certify":
        return set(certifiers)
    if is_report:
        return set(filers | certifiers)
    return set(filers or world.people & {"consortium"})


def what_is_owed(world: World, today: date) -> dict[str, tuple[date, date, set[str]]]:
    """By matter: the last day, the first day on which it could be sent, and who is to be asked for it."""
    found = {}
    year_over = date(2027, 7, 1)
    for (first, last), record in zip(months_of(world.cadence), world.filings, strict=False):
        turn = whose_turn(record)
        if turn and takes_part(world, first, last) and last < today < year_over:
            found[f"loans/{first}/{last}"] = (
                waived(record, due_by_hand(first, last)),
                last + DAY,
                who(world, turn, is_report=False),
            )
    if date(2027, 3, 1) <= today and world.letter is not None:
        # The next program year, of which nothing is on record here
        monthly = "monthly" in world.cadence
        ends = [date(2027, 3, 31), date(2027, 4, 30), date(2027, 5, 31), date(2027, 6, 30), date(2027, 7, 31)]
        for last in ends if monthly else []:
            first = last.replace(day=1)
            if last < today and takes_part(world, first, last):
                found[f"loans/{first}/{last}"] = (
                    due_by_hand(first, last),
                    last + DAY,
                    who(world, "enter", is_report=False),
                )
    if today < year_over:
        took_part = takes_part(world, PROGRAM_BEGAN, date(2027, 2, 28)) or (
            today >= date(2027, 3, 1) and takes_part(world, date(2027, 3, 1), date(2028, 2, 29))
        )
        turn = whose_turn(world.report)
        if turn and took_part and world.received:
            found["expenditure/2025"] = (
                waived(world.report, date(2026, 11, 1)),
                date(2026, 7, 1),
                who(world, turn, is_report=True),
            )
    elif world.received and takes_part(world, date(2027, 3, 1), date(2028, 2, 29)):
        found["expenditure/2026"] = (
            date(2027, 11, 1),
            date(2027, 7, 1),
            who(world, "enter", is_report=True),
        )
    return found


def waived(record: OnRecord, due: date) -> date:
    if record.waived_for is None or not record.waiver_approved:
        return due
    return due + timedelta(days=record.waived_for)


def a_letter_is_due(matter: str, last_day: date, can_be_sent: date, today: date) -> bool:
    """14 and 3 days before and 1, 7 and 14 after, or within two days of that, never before it can be done."""
    asked = last_day
    if matter.startswith("expenditure") and last_day.month == 11 and last_day.day == 1:
        asked = last_day - DAY  # practice asks for it a day earlier
    before = [max(asked - timedelta(days=number), can_be_sent) for number in (14, 3)]
    after = [max(last_day + timedelta(days=number), can_be_sent) for number in (1, 7, 14)]
    window = {today, today - DAY, today - 2 * DAY}
    return bool(window & set(after)) or (today <= last_day and bool(window & set(before)))


# Putting it on record


def put(world: World, number: int, periods: dict[Any, Any], somebody: Any, another: Any) -> Any:
    """Put a library on record with its people and its papers, and return it."""
    library = make_library(f"Library of world {number}", key=f"W{number}")
    if world.open_until:
        library.open_during = DateRange(None, world.open_until)
        library.save()
    begins, ends = world.letter or (None, None)
    if world.letter is not None and (begins is None or ends is None or begins < ends):
        make_letter(library, begins=begins, ends=ends)
    if "monthly" in world.cadence:
        since = PROGRAM_BEGAN if world.cadence == "monthly" else date(2026, 9, 1)
        library.cadences.create(cadence=Cadence.MONTHLY, valid=DateRange(since, None))
    people = {name: make_user(name=f"{name} {number}", second_factor=False) for name in sorted(world.people)}
    put_people(library, people)
    filings, waivers = [], []
    for days, record in zip(months_of(world.cadence), world.filings, strict=False):
        period = periods[days]
        filings += [
            Filing(
                library=library,
                period=period,
                version=version,
                basis="by_month",
                covers=DateRange(period.first_day, period.last_day + DAY),
                form_edition="test",
                created_at=at(period.first_day),
                amends_because="" if version == 1 else "counted again",
                **state(status, period.last_day + DAY, somebody),
            )
            for version, status in enumerate(record.versions, start=1)
        ]
        if record.waived_for:
            terms = waiver(record, period.law_due_on, somebody, another)
            waivers.append(Waiver(library=library, period=period, **terms))
    Filing.objects.bulk_create(filings)
    Waiver.objects.bulk_create(waivers)
    ExpenditureReport.objects.bulk_create(
        ExpenditureReport(
            library=library,
            fiscal_year=2025,
            received_cents=1,
            unspent_cents=1,
            amends_because="" if version == 1 else "again",
            created_at=at(date(2026, 7, 1)),
            version=version,
            **state(status, date(2026, 10, 1), somebody),
        )
        for version, status in enumerate(world.report.versions, start=1)
    )
    if world.report.waived_for:
        terms = waiver(world.report, date(2026, 11, 1), somebody, another)
        ExpenditureReportWaiver.objects.create(library=library, fiscal_year=2025, **terms)
    if world.received is not None:
        for year in (2025, 2026):
            PastPayment.objects.create(
                library=library, fiscal_year=year, cents=world.received, source="the ledger"
            )
    return library


def put_people(library: Any, people: dict[str, Any]) -> None:
    for name, person in people.items():
        if name in ("filer", "both"):
            give_role(person, Role.LIBRARY_FILER, library=library)
        if name in ("certifier", "both"):
            give_role(person, Role.LIBRARY_CERTIFIER, library=library)
        if name == "consortium":
            give_role(person, Role.CONSORTIUM_FILER, consortium=make_consortium(members=(library,)))
        if name == "former filer":
            give_role(person, Role.LIBRARY_FILER, library=library, ends=date(2026, 7, 1))
        if name == "future certifier":
            give_role(person, Role.LIBRARY_CERTIFIER, library=library, begins=date(2028, 1, 1))
        if name == "left filer":
            give_role(person, Role.LIBRARY_FILER, library=library)
            person.is_active = False
            person.save()


def state(status: str, day: date, somebody: Any) -> dict[str, Any]:
    """The columns that a version in this state has."""
    values: dict[str, Any] = {"status": "certified" if status == "superseded" else status}
    if status != "draft":
        values |= {"submitted_at": at(day), "submitted_by": somebody, "first_submitted_at": at(day)}
        values |= {"sha256": "0" * 64}
    if values["status"] == "certified":
        values |= {"certified_at": at(day), "certified_by": somebody, "attestation": "so it is"}
    if status == "superseded":
        values |= {"superseded_at": at(day)}
    return values


def waiver(record: OnRecord, due: date, somebody: Any, another: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "kind": "extension",
        "until": due + timedelta(days=record.waived_for or 0),
        "authority": "The Board",
        "reason": "A flood",
        "proposed_by": somebody,
        "proposed_at": at(due),
    }
    if record.waiver_approved:
        values |= {"approved_by": another, "approved_at": at(due)}
    return values


def asked_in(messages: Any) -> set[tuple[str, str, str]]:
    """Who was asked by these messages for what of which library."""
    return set(
        MessageItem.objects.filter(message__in=messages).values_list(
            "message__person__name", "library__key", "matter"
        )
    )


@pytest.fixture
def periods(db):
    """The periods of the program year on record, by their days."""
    made = [make_period(first) for first in (date(2026, 3, 1), date(2026, 9, 1))]
    made += [make_period(first, Cadence.MONTHLY) for first, _ in months_of("monthly")]
    return {(period.first_day, period.last_day): period for period in made}


@settings(
    max_examples=70,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a seed has nothing to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**40))
def test_reminders_go_exactly_to_who_owes_something(seed, settings, periods):
    chance = Random(seed)
    made = [a_world(chance) for _ in range(chance.choice([1, 2, 2]))]
    today = chance.choice(TODAYS)
    settings.DEMO_TODAY = today
    with transaction.atomic():
        staff = make_user(Role.STATE_STAFF, second_factor=False, name="staff")
        somebody, another = (make_user(second_factor=False) for _ in range(2))
        libraries = {
            number: put(world, number, periods, somebody, another) for number, world in enumerate(made)
        }
        oracle = {number: what_is_owed(world, today) for number, world in enumerate(made)}
        owing = {
            (f"{name} {number}", f"W{number}", matter)
            for number, found in oracle.items()
            for matter, (_, _, persons) in found.items()
            for name in persons
        }
        due = {
            (f"{name} {number}", f"W{number}", matter)
            for number, found in oracle.items()
            for matter, (last_day, can_be_sent, persons) in found.items()
            for name in persons
            if a_letter_is_due(matter, last_day, can_be_sent, today)
        }
        event(f"somebody owes: {bool(owing)}, a letter is due: {bool(due)}")

        # What staff would send by hand is what is owed, to whom it is
        items = owed.owed_by(list(libraries.values()), today)
        by_hand = reminders.plan_by_hand(items, today)
        assert {
            (letter.person.name, one.item.library.key, one.item.matter)
            for letter in by_hand.letters
            for one in letter.asked
        } == owing
        assert {(one.item.library.key, one.item.matter) for one in by_hand.nobody} == {
            (f"W{number}", matter)
            for number, found in oracle.items()
            for matter, (_, _, persons) in found.items()
            if not persons
        }

        # What the schedule sends is what is owed and due to be asked for today
        mail.outbox.clear()
        reminders.run_schedule(today=today)
        sent = Message.objects.filter(kind=MessageKind.REMINDER)
        for message in sent:
            deliver(message.pk)
        assert asked_in(sent) == due
        assert set(sent.values_list("state", flat=True)) <= {"sent"}
        assert len(mail.outbox) == sent.count() == len({person for person, _, _ in due})
        for message in sent.select_related("person"):
            told_of = {key for person, key, _ in due if person == message.person.name}
            for number, library in libraries.items():
                assert (library.name in message.body) == (f"W{number}" in told_of)
        for message in Message.objects.filter(kind=MessageKind.FOR_STAFF):
            assert message.person == staff

        # Again on the same day: nothing more
        before = Message.objects.count()
        reminders.run_schedule(today=today)
        assert Message.objects.count() == before
        transaction.set_rollback(True)
