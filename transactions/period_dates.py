"""Filing periods as the State Library keeps their dates, and what other dates would change."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from libraries.models import Library
from transactions.library_filings import Due, PeriodOfLibrary, due_of, periods_of_libraries
from transactions.models import FilingPeriod
from transactions.rules.filing_calendar import Cadence, PeriodDates, program_year, program_year_of


@dataclass(frozen=True)
class PeriodInYear:
    """A period with the number of libraries that file for it, and of those that have submitted."""

    period: FilingPeriod
    due: Due
    owing: int
    submitted: int

    @property
    def cadence(self) -> Cadence:
        """How often its libraries file."""
        return Cadence(self.period.cadence)

    @property
    def needs_waivers(self) -> bool:
        """Whether libraries are asked for it later than the law wants it."""
        return self.period.due_on > self.period.law_due_on


def periods_in_year(year: int, today: date) -> list[PeriodInYear]:
    """Return the periods of a program year that are on record, by cadence and then in order."""
    span = program_year(year)
    libraries = list(Library.objects.open_between(span.first_day, span.last_day))
    owing: Counter[int] = Counter()
    submitted: Counter[int] = Counter()
    for periods in periods_of_libraries(libraries, today, year=year).values():
        for own in periods:
            if own.record and own.is_due_from_library:
                owing[own.record.pk] += 1
                submitted[own.record.pk] += own.first_submitted_on is not None
    found = [
        PeriodInYear(period, due_of(period), owing[period.pk], submitted[period.pk])
        for period in FilingPeriod.objects.within(span)
    ]
    order = list(Cadence)
    return sorted(found, key=lambda each: (order.index(each.cadence), each.period.first_day))


def years_on_record() -> list[int]:
    """Return the program years that have a period on record, the latest first."""
    first_days = FilingPeriod.objects.dates("first_day", "month")
    return sorted({program_year_of(first_day) for first_day in first_days}, reverse=True)


@dataclass(frozen=True)
class Effect:
    """Something that other dates would change, in words, and for which libraries."""

    sentence: str
    libraries: Sequence[Library]


def effects_of_dates(owed: Sequence[PeriodOfLibrary], dates: PeriodDates) -> list[Effect]:
    """Return what the dates of `services.check_period_dates` would change for the libraries that file.

    `owed` is how each stands by the dates on record. Eligibility moves with the law's day alone.
    """
    moved = [(own, replace(own, dates=dates)) for own in owed]
    changes: list[tuple[str, Callable[[PeriodOfLibrary, PeriodOfLibrary], bool]]] = [
        (
            "They have not filed and are late by the new day of the law",
            lambda now, then: not now.is_late and then.is_late,
        ),
        (
            "They have not filed and are not late any more by the new day of the law",
            lambda now, then: now.is_late and not then.is_late,
        ),
        (
            "They filed in time and would have filed late",
            lambda now, then: not now.was_late and then.was_late,
        ),
        (
            "They filed late and would have filed in time",
            lambda now, then: now.was_late and not then.was_late,
        ),
        (
            "They have not certified, and entry closes for them at once",
            lambda now, then: not now.is_closed and then.is_closed and now.standing is None,
        ),
        (
            "They have not certified, and entry opens for them again",
            lambda now, then: now.is_closed and not then.is_closed and now.standing is None,
        ),
        (
            "They have not filed yet and are asked for it on the new day",
            lambda now, then: now.first_submitted_on is None and now.dates.due_on != then.dates.due_on,
        ),
    ]
    found = [
        Effect(sentence, [now.library for now, then in moved if applies(now, then)])
        for sentence, applies in changes
    ]
    return [effect for effect in found if effect.libraries]
