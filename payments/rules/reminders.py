"""When a library is reminded of what it owes, by mail and without anybody asking.

The days are practice, not law: staff may change them, and a change holds from its day on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from connecticard.rulebook import Entry, Label, Rulebook

_CHECKED = date(2026, 11, 21)
_PRACTICE = "Practice of this program; no text asks for reminders"

RULEBOOK = Rulebook(
    [
        Entry(
            key="reminders.days_before_due",
            value="14 3",
            citation=_PRACTICE,
            label=Label.PRACTICE,
            sentence="Who can take the next step is reminded 14 and 3 days before the day on which something "
            "is due, or before the later day of a waiver, and never before it can be submitted.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="reminders.days_after_due",
            value="1 7 14",
            citation=_PRACTICE,
            label=Label.PRACTICE,
            sentence="What is still owed is asked for again 1, 7 and 14 days after that day.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="reminders.days_made_good",
            value=2,
            citation=_PRACTICE,
            label=Label.PRACTICE,
            sentence="A reminder that could not go out on its day goes out on one of the two days after it; "
            "later it is left out.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="reminders.telephone_after_last",
            value=True,
            citation=_PRACTICE,
            label=Label.PRACTICE,
            sentence="After the last reminder no more mail is sent by itself: staff are told to telephone.",
            last_checked_on=_CHECKED,
        ),
    ]
)


@dataclass(frozen=True)
class Schedule:
    """The days on which reminders go out: numbers of days before and after the last day, each above 0."""

    days_before: tuple[int, ...]
    days_after: tuple[int, ...]

    def __post_init__(self) -> None:
        for days in (self.days_before, self.days_after):
            if len(set(days)) != len(days) or any(not 0 < day <= 365 for day in days):
                raise ValueError(f"days of a schedule are different numbers from 1 to 365, not {days}")

    @property
    def steps(self) -> tuple[int, ...]:
        """The days in order, counted from the last day; those before it are negative."""
        return (*sorted(-day for day in self.days_before), *sorted(self.days_after))


def shipped_schedule(on: date) -> Schedule:
    """Return the schedule of the rulebook on a day, which holds unless staff set another.

    Source: practice of the State Library, as entered in the rulebook.
    """
    return Schedule(_numbers("reminders.days_before_due", on), _numbers("reminders.days_after_due", on))


def step_for(
    schedule: Schedule, *, last_day: date, can_be_done_from: date, today: date
) -> tuple[int, date] | None:
    """Return which reminder is to go out today, as its step and its day; None for none.

    `last_day` is the day on which the thing is due, or a waiver's; `can_be_done_from` the first day on which
    the library can do the next step. A step whose day comes before that goes out on that day, and of several
    that meet on one day the latest alone. A step stays open for some days, so that a day without the program
    loses nothing, but not into the next step.

    Source: practice of the State Library, as entered in the rulebook.
    """
    days = {step: max(last_day + timedelta(days=step), can_be_done_from) for step in schedule.steps}
    begun = [step for step in schedule.steps if days[step] <= today]
    if not begun:
        return None
    step = begun[-1]
    if today - days[step] > timedelta(days=RULEBOOK.number("reminders.days_made_good", today)):
        return None
    return step, days[step]


def is_past_the_last(schedule: Schedule, *, last_day: date, today: date) -> bool:
    """Return whether every reminder has had its day, so that a person telephones instead.

    Source: practice of the State Library, as entered in the rulebook.
    """
    if not RULEBOOK.switch("reminders.telephone_after_last", today):
        return False
    return today > last_day + timedelta(days=max((0, *schedule.days_after)))


def step_words(step: int) -> str:
    """Return a step in words: "3 days before", "on the day", "1 day after".

    Source: practice of the State Library.
    """
    if not step:
        return "on the day"
    return f"{abs(step)} day{'s' if abs(step) != 1 else ''} {'before' if step < 0 else 'after'}"


def days_in_words(days: Sequence[int]) -> str:
    """Return the days of a schedule as a list: "1, 7 and 14"; "none" where there are none.

    Source: practice of the State Library.
    """
    if not days:
        return "none"
    *first, last = map(str, sorted(days))
    return f"{', '.join(first)} and {last}" if first else last


def _numbers(key: str, on: date) -> tuple[int, ...]:
    entry = RULEBOOK.in_force(on).get(key)
    return tuple(map(int, str(entry.value).split())) if entry else ()
