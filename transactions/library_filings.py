"""What a library files, period by period: what is owed, what is on record and what comes next."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from connecticard.rulebook import Label
from libraries.models import Library
from transactions.models import Filing, FilingPeriod, Holiday, Waiver
from transactions.rules.filing_calendar import (
    Cadence,
    PeriodDates,
    Span,
    deadline,
    default_cadence,
    due_entry,
    periods_of_year,
    program_year_of,
)
from transactions.rules.filing_coverage import days_covered
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
    period has not been opened. `standing` counts; `working` is being worked on.
    """

    library: Library
    dates: PeriodDates
    covers: Span
    record: FilingPeriod | None
    standing: Filing | None
    working: Filing | None
    waivers: tuple[Waiver, ...]
    today: date

    @property
    def title(self) -> str:
        """The period in words."""
        return self.dates.title

    @property
    def due(self) -> Due:
        """When it is due and by which rule."""
        return due_of(self.dates)

    @property
    def accepted_until(self) -> date:
        """The last day on which a filing of this library is in time, a granted waiver included."""
        return max([self.dates.due_on, *(waiver.until for waiver in self.waivers)])

    @property
    def status(self) -> str:
        """The state as a word that the stylesheet knows."""
        if self.working:
            return self.working.status
        if self.standing:
            return FilingStatus.CERTIFIED
        if self.today > self.accepted_until:
            return "late"
        return "due" if self.today > self.covers.last_day else "open"

    @property
    def status_label(self) -> str:
        """The state in words."""
        if self.working:
            return FilingStatus(self.working.status).label
        if self.standing:
            return FilingStatus.CERTIFIED.label
        if self.today > self.accepted_until:
            return "Overdue"
        if self.today > self.covers.last_day:
            return "Due"
        return "Not begun" if self.today >= self.dates.opens_on else "Not open yet"

    @property
    def is_late(self) -> bool:
        """Whether the day has passed and nothing was ever submitted."""
        submitted = any(filing and filing.first_submitted_at for filing in (self.standing, self.working))
        return not submitted and self.today > self.accepted_until

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
    cadences = cadences_of([library])[library.pk]
    letters = letters_of([library])[library.pk]
    holidays = frozenset(Holiday.objects.values_list("day", flat=True))
    year = program_year_of(today)
    dates = [
        period for of_year in (year - 1, year) for period in periods_of_year(of_year, cadences, holidays)
    ]
    records = {
        (Cadence(record.cadence), record.first_day): record
        for record in FilingPeriod.objects.filter(first_day__in=[found.span.first_day for found in dates])
    }
    versions: dict[int, list[Filing]] = defaultdict(list)
    filed: dict[int, FilingPeriod] = {}
    for filing in Filing.objects.filter(library=library).select_related("period"):
        versions[filing.period_id].append(filing)
        filed[filing.period_id] = filing.period
    waivers: dict[int, list[Waiver]] = defaultdict(list)
    for waiver in granted_waivers(library):
        waivers[waiver.period_id].append(waiver)
    found = {}
    for expected in dates:
        record = records.get((expected.cadence, expected.span.first_day))
        if expected.opens_on <= today or record:
            found[expected.cadence, expected.span.first_day] = (
                record,
                _dates(record) if record else expected,
            )
    for record in filed.values():
        found[Cadence(record.cadence), record.first_day] = (record, _dates(record))
    periods = []
    for record, dates_of_period in found.values():
        covers = days_covered(dates_of_period.span, days_of(library.open_during), letters)
        if covers is None:
            continue
        of_period = versions[record.pk] if record else []
        periods.append(
            PeriodOfLibrary(
                library,
                dates_of_period,
                covers,
                record,
                next((filing for filing in of_period if filing.is_standing), None),
                next((filing for filing in of_period if filing.is_open), None),
                tuple(waivers[record.pk]) if record else (),
                today,
            )
        )
    periods.sort(key=lambda period: period.dates.span, reverse=True)
    return sorted(periods, key=lambda period: _GROUPS.index(period.group))


def granted_waivers(library: Library, period: FilingPeriod | None = None) -> list[Waiver]:
    """Return the waivers of a library that a second person has approved, in order of their day."""
    waivers = Waiver.objects.filter(library=library, approved_at__isnull=False)
    if period is not None:
        waivers = waivers.filter(period=period)
    return list(waivers.select_related("approved_by").order_by("until"))


def _dates(record: FilingPeriod) -> PeriodDates:
    return PeriodDates(
        Cadence(record.cadence),
        record.span,
        record.opens_on,
        record.law_due_on,
        record.due_on,
        record.accepted_until,
        record.closes_on,
    )
