"""What a library files, period by period: what is owed, what is on record and what comes next."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from connecticard.rulebook import Entry, Label
from libraries.models import Library
from transactions.models import Filing, FilingPeriod, Holiday, Waiver
from transactions.rules.filing_calendar import (
    Cadence,
    DatedCadence,
    PeriodDates,
    Span,
    deadline,
    default_cadence,
    due_entry,
    eastern_day,
    periods_of_year,
    program_year,
    program_year_of,
)
from transactions.rules.filing_coverage import days_covered, took_part
from transactions.rules.filing_status import FilingStatus
from transactions.services.roster import cadences_of, days_of, letters_of


@dataclass(frozen=True)
class Due:
    """The day by which a filing is due, in words, and where it stands."""

    on: date
    until: str
    citation: str
    key: str
    label: Label


@dataclass(frozen=True)
class PeriodOfLibrary:
    """One filing period of one library, with the versions on record that matter today.

    `covers` are the days of the period for which the library owes a filing; `record` is None while the
    period has not been opened. `standing` counts; `working` is being worked on. `took_part` is False where no
    letter of agreement is on file for any day of the period, so that nothing is owed.
    """

    library: Library
    dates: PeriodDates
    covers: Span
    record: FilingPeriod | None
    standing: Filing | None
    working: Filing | None
    waivers: tuple[Waiver, ...]
    today: date
    took_part: bool = True

    @property
    def title(self) -> str:
        """The period in words."""
        return self.dates.title

    @property
    def due(self) -> Due:
        """When it is due and by which rule."""
        return due_of(self.dates)

    @property
    def in_time_until(self) -> date:
        """The last day on which a filing of this library is in time: the law's day, or a granted waiver's."""
        return max([self.dates.law_due_on, *(waiver.until for waiver in self.waivers)])

    @property
    def first_submitted_on(self) -> date | None:
        """The Eastern day on which it was first submitted, in any version; None where it never was."""
        at = [filing.first_submitted_at for filing in (self.standing, self.working) if filing]
        return min((eastern_day(each) for each in at if each), default=None)

    @property
    def status(self) -> str:
        """The state as a word that the stylesheet knows."""
        if self.working:
            return self.working.status
        if self.standing:
            return FilingStatus.CERTIFIED
        if self.today > self.in_time_until:
            return "late"
        return "due" if self.today > self.covers.last_day else "open"

    @property
    def is_due_from_library(self) -> bool:
        """Whether the library owes a filing for the period, or has begun one."""
        return self.took_part or self.working is not None or self.standing is not None

    @property
    def may_be_waived(self) -> bool:
        """Whether a waiver would help: nothing was submitted in time, and one can still be granted."""
        if self.first_submitted_on is None:
            return self.today <= self.dates.accepted_until
        return self.in_time_until < self.first_submitted_on <= self.dates.accepted_until

    @property
    def status_label(self) -> str:
        """The state in words."""
        if self.working:
            return self.working.status_label
        if self.standing:
            return self.standing.status_label
        if self.today > self.in_time_until:
            return "Overdue"
        if self.today > self.covers.last_day:
            return "Due"
        return "Not begun" if self.today >= self.dates.opens_on else "Not open yet"

    @property
    def is_late(self) -> bool:
        """Whether the day has passed and nothing was ever submitted."""
        return self.first_submitted_on is None and self.today > self.in_time_until

    @property
    def was_late(self) -> bool:
        """Whether it was first submitted after the day, without a waiver that allows it."""
        return self.first_submitted_on is not None and self.first_submitted_on > self.in_time_until

    @property
    def late_note(self) -> str:
        """What to do about a day that has passed; empty where none has."""
        if not self.is_late:
            return ""
        last_day = self.dates.accepted_until
        if self.today <= last_day:
            return (
                f"The day has passed. A late filing is taken through {last_day:%B} {last_day.day}, "
                f"{last_day.year}, and counts only if the State Library grants a waiver: file now, and ask "
                "for one."
            )
        return "The day has passed, and so has the last day on which a late filing could be accepted."

    @property
    def is_owed_now(self) -> bool:
        """Whether the period has ended, can still be entered and is not certified."""
        return self.today > self.covers.last_day and not self.is_closed and self.standing is None

    @property
    def group(self) -> str:
        """Under which heading of a list it belongs."""
        if self.is_owed_now or (self.working and self.standing):
            return "To file now"
        return "Still running" if self.today <= self.covers.last_day else "Past"

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be entered any more."""
        return self.today > self.dates.closes_on

    @property
    def may_begin(self) -> bool:
        """Whether a first version may be begun today."""
        return (
            not self.working
            and not self.standing
            and self.dates.opens_on <= self.today <= self.dates.closes_on
        )


_GROUPS = ["To file now", "Still running", "Past"]


def due_of(dates: PeriodDates | FilingPeriod) -> Due:
    """Return when a period is due, in words, with the rulebook entry that says so."""
    first_day = dates.first_day if isinstance(dates, FilingPeriod) else dates.span.first_day
    entry = due_entry(Cadence(dates.cadence), first_day)
    until = deadline(dates.due_on)
    hour = until.hour % 12 or 12
    half = "a.m." if until.hour < 12 else "p.m."
    return Due(dates.due_on, f"{hour}:{until:%M:%S} {half} Eastern", entry.citation, entry.key, entry.label)


def law_entry(period: FilingPeriod) -> Entry:
    """Return the rulebook entry that the law's own day of a period comes from, beside any practice."""
    cadence = Cadence(period.cadence)
    return due_entry(Cadence.SEMIANNUAL if cadence is Cadence.ANNUAL else cadence, period.first_day)


def cadence_of(library: Library, on: date) -> Cadence:
    """Return how often a library files on a day."""
    for cadence, first_day, last_day in cadences_of([library])[library.pk]:
        if (first_day or date.min) <= on <= (last_day or date.max):
            return cadence
    return default_cadence(on)


def first_periods(cadence: Cadence, first_day: date, number: int = 2) -> list[PeriodDates]:
    """Return the first periods of a cadence that begin on a day or after it."""
    holidays = frozenset(Holiday.objects.values_list("day", flat=True))
    year = program_year_of(first_day)
    dates = [
        period
        for of_year in (year, year + 1)
        for period in periods_of_year(of_year, [(cadence, None, None)], holidays)
    ]
    return [period for period in dates if period.span.first_day >= first_day][:number]


def periods_of_library(library: Library, today: date) -> list[PeriodOfLibrary]:
    """Return the filing periods of a library: those to file now, then those still running, then the past.

    Those of the program year of today and of the year before it that have begun, and every older or other
    period for which a filing is on record.
    """
    return periods_of_libraries([library], today)[library.pk]


def periods_of_libraries(
    libraries: Collection[Library], today: date, *, year: int | None = None
) -> dict[int, list[PeriodOfLibrary]]:
    """Return the filing periods of libraries, by id, as `periods_of_library`; of one year where given.

    The number of queries does not depend on the number of libraries.
    """
    cadences, letters = cadences_of(libraries), letters_of(libraries)
    holidays = frozenset(Holiday.objects.values_list("day", flat=True))
    this_year = program_year_of(today)
    years = (this_year - 1, this_year) if year is None else (year,)
    span = Span(program_year(years[0]).first_day, program_year(years[-1]).last_day)
    filings = Filing.objects.filter(library__in=libraries)
    filings = filings if year is None else filings.within(span)
    versions: dict[tuple[int, int], list[Filing]] = defaultdict(list)
    records = {period.pk: period for period in FilingPeriod.objects.within(span)}
    for filing in filings.select_related("period"):
        versions[filing.library_id, filing.period_id].append(filing)
        records.setdefault(filing.period_id, filing.period)
    waivers: dict[tuple[int, int], list[Waiver]] = defaultdict(list)
    for waiver in Waiver.objects.granted().filter(library__in=libraries):
        waivers[waiver.library_id, waiver.period_id].append(waiver)
    filed: dict[int, list[FilingPeriod]] = defaultdict(list)
    for library_id, period_id in versions:
        filed[library_id].append(records[period_id])
    by_name = {(Cadence(record.cadence), record.first_day): record for record in records.values()}
    tilings: dict[tuple[DatedCadence, ...], list[PeriodDates]] = {}

    def tiled(own: tuple[DatedCadence, ...]) -> list[PeriodDates]:
        if own not in tilings:
            tilings[own] = [dates for each in years for dates in periods_of_year(each, own, holidays)]
        return tilings[own]

    def of_library(library: Library) -> Iterator[PeriodOfLibrary]:
        found: dict[tuple[Cadence, date], FilingPeriod | PeriodDates] = {}
        for expected in tiled(tuple(cadences[library.pk])):
            record = by_name.get((expected.cadence, expected.span.first_day))
            if record or expected.opens_on <= today:
                found[expected.cadence, expected.span.first_day] = record or expected
        for record in filed[library.pk]:
            found[Cadence(record.cadence), record.first_day] = record
        for each in found.values():
            record = each if isinstance(each, FilingPeriod) else None
            dates = each if isinstance(each, PeriodDates) else each.dates
            covers = days_covered(dates.span, days_of(library.open_during), letters[library.pk])
            if covers is None:
                continue
            own = (library.pk, record.pk) if record else (0, 0)
            of_period = versions.get(own, [])
            yield PeriodOfLibrary(
                library,
                dates,
                covers,
                record,
                next((filing for filing in of_period if filing.is_standing), None),
                next((filing for filing in of_period if filing.is_open), None),
                tuple(waivers.get(own, ())),
                today,
                took_part(dates.span, letters[library.pk]),
            )

    return {library.pk: _in_order(of_library(library)) for library in libraries}


def _in_order(periods: Iterable[PeriodOfLibrary]) -> list[PeriodOfLibrary]:
    latest_first = sorted(periods, key=lambda period: period.dates.span, reverse=True)
    return sorted(latest_first, key=lambda period: _GROUPS.index(period.group))


def who_owes(period: FilingPeriod, today: date) -> list[PeriodOfLibrary]:
    """Return each library that owes a filing for a period or has filed one, with how it stands, by name."""
    libraries = Library.objects.open_between(period.first_day, period.last_day).order_by("name")
    of_year = periods_of_libraries(list(libraries), today, year=program_year_of(period.first_day))
    return [
        own
        for periods in of_year.values()
        for own in periods
        if own.record == period and own.is_due_from_library
    ]


def granted_waivers(library: Library, period: FilingPeriod | None = None) -> list[Waiver]:
    """Return the waivers of a library that a second person has approved, in order of their day."""
    waivers = Waiver.objects.granted().filter(library=library)
    return list(waivers if period is None else waivers.filter(period=period))
