"""A demonstration: fiscal year 2018 replayed, and the year of the demonstration's day in full swing.

Nearly everything goes through the services that people use, at the times at which they would have used them,
so that what is shown is what the product does; filings that were certified in time are recorded together.
People are made up, and so are all figures since: those of the years before the open one are recorded in bulk
and say so.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum, auto
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.clock import EASTERN
from connecticard.demo_people import DemoPerson, DemoSignIn, ensure_demo_people
from connecticard.models import Role, RoleAssignment, User
from libraries.models import LetterOfAgreement, Library
from payments import services as payment_services
from payments.models import Appropriation, Payment, PaymentRun
from payments.models.contact_log_entry import ContactHow
from payments.owing.contacts import log_contact
from payments.owing.owed import owed_by
from payments.owing.reminders import remind, run_schedule
from payments.proving.proof import verify_every_run
from payments.rules.expenditure_reporting import fiscal_year_of, report_due_in
from payments.standing import periods_owed
from reports.demonstration_filings import Filed, record_certified
from reports.demonstration_last_year import StatePeople, is_paid_here, keep_made_up_payees, pay_year
from reports.demonstration_reports import record_money, report_expenditures
from reports.replay import APPROPRIATION_CENTS, FISCAL_YEAR, issue_open_editions, replay_fy2018
from transactions.importing import import_loans
from transactions.models import Filing, FilingBasis, FilingPeriod, LoanCount, ReportingCadence
from transactions.models.waiver import WaiverKind
from transactions.rules.explanations import Reason
from transactions.rules.filing_calendar import Cadence, Span, cadences_to_choose, measurement_period
from transactions.services.cadences import choose_cadence, day_of_effect
from transactions.services.counts import save_counts
from transactions.services.explaining import Answer, explain
from transactions.services.filings import certify_filing, return_filing, start_filing, submit_filing
from transactions.services.findings import findings
from transactions.services.holidays import load_holidays
from transactions.services.periods import open_filing_periods
from transactions.services.waivers import approve_waiver, propose_waiver

ADMINISTRATOR = "administrator@example.org"
PEOPLE = (
    DemoPerson("filer@example.org", "Fiona Filer", Role.LIBRARY_FILER, library="CT0004"),
    DemoPerson("certifier@example.org", "Carl Certifier", Role.LIBRARY_CERTIFIER, library="CT0004"),
    DemoPerson("director@example.org", "Dora Director", Role.LIBRARY_FILER, library="CT0001"),
    DemoPerson("director@example.org", "Dora Director", Role.LIBRARY_CERTIFIER, library="CT0001"),
    DemoPerson("consortium@example.org", "Cora Consortium", Role.CONSORTIUM_FILER, consortium="Bibliomation"),
    DemoPerson("staff@example.org", "Sam Staff", Role.STATE_STAFF),
    DemoPerson("colleague@example.org", "Stella Staff", Role.STATE_STAFF),
    DemoPerson(ADMINISTRATOR, "Ada Administrator", Role.STATE_ADMINISTRATOR),
    DemoPerson("auditor@example.org", "Otto Auditor", Role.AUDITOR),
)
FILING_ON_STAGE = "CT0004"
DEPUTY = DemoPerson("deputy@example.org", "Dede Deputy", Role.DEPUTY_CERTIFIER, library=FILING_ON_STAGE)
DRAFT_WITH_SWAP = "CT0005"
LIBRARY_WITH_A_WISH = "CT0013"
LETTERS_SINCE = date(2015, 7, 1)
MADE_UP = "Demonstration: made up"
MADE_UP_COUNTS = "Demonstration: made up after the figures of fiscal year 2018"
# Loans of a year beside those of the open one, in percent, by how many years it lies back.
LOANS_OF_PAST_YEARS = {1: 103, 2: 108, 3: 112, 4: 97}


class Outcome(StrEnum):
    """What becomes of a filing in the demonstration."""

    CERTIFIED = auto()
    CERTIFIED_LATE = auto()
    ACCEPTED_LATE = auto()
    SUBMITTED = auto()
    RETURNED = auto()
    DRAFT = auto()
    NOT_BEGUN = auto()


@dataclass(frozen=True)
class _People(StatePeople):
    director_of: Mapping[int, User]


def load_demonstration(on: date) -> list[DemoSignIn]:
    """Make the demonstration where it is missing and return how its people sign in.

    Run again it changes nothing but the passwords of people whose file was lost, and opens new periods.
    """
    load_holidays()
    around = (on - timedelta(days=7), on + timedelta(days=21))
    signs_in = ensure_demo_people((*PEOPLE, replace(DEPUTY, days=around)))
    open_filing_periods(on=on)
    with transaction.atomic():
        is_new = not LetterOfAgreement.objects.exists()
        if is_new:
            _put_on_stage(on)
    if is_new:
        issue_open_editions(by=User.objects.get(email=ADMINISTRATOR))
    return signs_in


def _put_on_stage(on: date) -> None:
    """Make letters, the replayed year and the year under way, in one transaction."""
    libraries = list(Library.objects.order_by("key"))
    people = _people(libraries)
    _record_letters(libraries)
    run = replay_fy2018(staff=people.staff, administrator=people.administrator, at=_at(on))
    fiscal_year = fiscal_year_of(on)
    _record_past_years(fiscal_year, libraries, people)
    keep_made_up_payees(libraries, since=LETTERS_SINCE, by=people.staff)
    last_year = fiscal_year - 1
    if is_paid_here(last_year):
        pay_year(last_year, APPROPRIATION_CENTS, act=MADE_UP, people=people)
    _choose_monthly(libraries, measurement_period(fiscal_year), people)
    _file(fiscal_year, libraries, people, on)
    _extend(libraries, people, on)
    _wish_for_monthly(people, on)
    _report_expenditures(fiscal_year, libraries, run, people, on)
    if not Appropriation.objects.filter(fiscal_year=fiscal_year).exists():
        payment_services.record_appropriation(
            fiscal_year=fiscal_year, cents=APPROPRIATION_CENTS, act=MADE_UP, by=people.staff
        )
    _remind(on, people)
    verify_every_run(at=_at(on))


def _people(libraries: list[Library]) -> _People:
    """Return who acts; every library gets a director, who cannot sign in unless named in PEOPLE."""
    named = {person.email: User.objects.get(email=person.email) for person in PEOPLE}
    directors = User.objects.bulk_create(
        User(
            email=f"director.{library.key.lower()}@example.org",
            name=f"Director of {library}",
            password=make_password(None),
            is_demonstration=True,
        )
        for library in libraries
    )
    director_of = {library.pk: director for library, director in zip(libraries, directors, strict=True)}
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=director, role=role, library_id=library_id, valid=DateRange(LETTERS_SINCE, None))
        for library_id, director in director_of.items()
        for role in (Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER)
    )
    return _People(
        staff=named["staff@example.org"],
        colleague=named["colleague@example.org"],
        administrator=named[ADMINISTRATOR],
        director_of=director_of,
    )


def _record_letters(libraries: list[Library]) -> None:
    """Put a letter on file for every library: 192 took part in 2017; no public list names later changes."""
    LetterOfAgreement.objects.bulk_create(
        LetterOfAgreement(
            library=library, valid=DateRange(LETTERS_SINCE, None), signatory="The director", document=MADE_UP
        )
        for library in libraries
    )


def _record_past_years(fiscal_year: int, libraries: list[Library], people: _People) -> None:
    """Record last year's loans of every library by month, and three years more of some, by bulk import.

    Each year is imported on April 1 after its end.
    """
    pattern = _pattern()
    some = _some(libraries)
    for years_back, percent in LOANS_OF_PAST_YEARS.items():
        year = fiscal_year - years_back
        if year <= FISCAL_YEAR:
            continue
        with NamedTemporaryFile("w", suffix=".csv", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["lender", "home_library", "month", "loans"])
            _write_year(rows, libraries if years_back == 1 else some, year, pattern, percent)
            file.flush()
            import_loans(
                path=Path(file.name),
                program_year=year,
                certified_by=people.staff,
                estimated=MADE_UP_COUNTS,
                at=_at(date(year, 4, 1)),
            )


def _some(libraries: Sequence[Library]) -> list[Library]:
    """Return the libraries of which more is on record: those on stage and a few others."""
    return [
        library
        for number, library in enumerate(libraries)
        if number % 16 == 0 or library.key == FILING_ON_STAGE
    ]


def _write_year(
    rows: Any, libraries: list[Library], year: int, pattern: Mapping[int, Mapping[int, int]], percent: int
) -> None:
    """Write a row for each home library and month with loans; the rest of a year in the file is 0."""
    keys = dict(Library.objects.values_list("pk", "key"))
    months = measurement_period(year).months()
    for library in libraries:
        counts = _counts(library, months, pattern.get(library.pk, {}), percent=percent)
        rows.writerows(
            (library.key, keys[home_library], f"{month:%Y-%m}", loans)
            for (home_library, month), loans in counts.items()
            if loans
        )


def _choose_monthly(libraries: list[Library], measured: Span, people: _People) -> None:
    """Let every 24th library file monthly from the beginning of the year."""
    ReportingCadence.objects.bulk_create(
        ReportingCadence(library=library, cadence=Cadence.MONTHLY, valid=DateRange(measured.first_day, None))
        for number, library in enumerate(libraries)
        if number % 24 == 7
    )


def _file(fiscal_year: int, libraries: list[Library], people: _People, on: date) -> None:
    """File for every period that has opened, as libraries do: most in time, some late, some not yet."""
    pattern = _pattern()
    periods = {
        (period.cadence, period.first_day): period
        for period in FilingPeriod.objects.within(measurement_period(fiscal_year))
    }
    periods_of = periods_owed(fiscal_year, libraries)
    in_time: list[Filed] = []
    for number, library in enumerate(libraries):
        owed = [
            period
            for dates in periods_of[library.pk]
            if (period := periods.get((dates.cadence, dates.span.first_day)))
        ]
        for place, period in enumerate(owed, start=1):
            outcome = _outcome(library, number, period, on, is_last=place == len(owed))
            counts = pattern.get(library.pk, {})
            if outcome is Outcome.CERTIFIED:
                in_time.append(
                    Filed(
                        library,
                        period,
                        _counts(library, period.span.months(), counts),
                        people.director_of[library.pk],
                        _at(_day_of_filing(library, period, on)),
                    )
                )
            else:
                _file_one(library, period, outcome, counts, people, on)
    record_certified(in_time)


def _day_of_filing(library: Library, period: FilingPeriod, on: date) -> date:
    """Return the day on which a library files in time: on the last day or shortly before."""
    return max(min(period.due_on - timedelta(days=library.pk % 4), on), period.opens_on)


def _outcome(library: Library, number: int, period: FilingPeriod, on: date, *, is_last: bool) -> Outcome:
    """Return what becomes of a library's filing for a period, by the library's number in the list."""
    if period.last_day >= on:
        return Outcome.DRAFT if number % 3 == 0 else Outcome.NOT_BEGUN
    if library.key == FILING_ON_STAGE and is_last:
        return Outcome.NOT_BEGUN
    if period.due_on < on:
        return {
            5: Outcome.NOT_BEGUN,
            11: Outcome.DRAFT,
            17: Outcome.SUBMITTED,
            23: Outcome.RETURNED,
            29: Outcome.CERTIFIED_LATE,
            35: Outcome.ACCEPTED_LATE,
        }.get(number % 48, Outcome.CERTIFIED)
    return {
        0: Outcome.CERTIFIED,
        1: Outcome.CERTIFIED,
        2: Outcome.SUBMITTED,
        3: Outcome.DRAFT,
        4: Outcome.DRAFT,
        5: Outcome.RETURNED,
    }.get(number % 8, Outcome.NOT_BEGUN)


def _file_one(
    library: Library,
    period: FilingPeriod,
    outcome: Outcome,
    pattern: Mapping[int, int],
    people: _People,
    on: date,
) -> None:
    if outcome is Outcome.NOT_BEGUN:
        return
    director = people.director_of[library.pk]
    ended = min(period.last_day, on)
    filed_on = _day_of_filing(library, period, on)
    if outcome in (Outcome.CERTIFIED_LATE, Outcome.ACCEPTED_LATE):
        filed_on = min(period.due_on + timedelta(days=5), on)
    if outcome is Outcome.ACCEPTED_LATE and filed_on > period.due_on:
        _waive(library, period, filed_on, people)
    filing = start_filing(
        library=library, period=period, basis=FilingBasis.BY_MONTH, by=director, at=_at(filed_on)
    )
    months = [month for month in filing.covers_span.months() if month <= ended]
    if outcome is Outcome.DRAFT and len(months) > 1:
        months = months[:-1]
    counts = _counts(library, months, pattern)
    if outcome in _LARGEST_COUNT_TIMES:
        counts = _with_one_count_larger(counts, _LARGEST_COUNT_TIMES[outcome])
    if library.key == DRAFT_WITH_SWAP:
        counts = _with_neighbours_swapped(counts, months[-1])
    filing = save_counts(
        filing=filing,
        counts=dict(counts),
        by=director,
        at=_at(filed_on),
        expected=filing.revision,
        nothing_lent=not pattern and outcome is not Outcome.DRAFT,
    )
    if outcome is Outcome.DRAFT:
        return
    if outcome in _LARGEST_COUNT_TIMES:
        _explain(filing, director, filed_on)
    filing = submit_filing(filing=filing, by=director, at=_at(filed_on))
    if outcome is Outcome.RETURNED:
        return_filing(
            filing=filing, reason="Please look at the last month again.", by=people.staff, at=_at(filed_on)
        )
    elif outcome is not Outcome.SUBMITTED:
        certify_filing(filing=filing, by=director, at=_at(filed_on))


# What the checks find in the demonstration: a slip in drafts, a busy month with its reason in others.
_LARGEST_COUNT_TIMES = {Outcome.DRAFT: 10, Outcome.SUBMITTED: 3}


def _with_one_count_larger(
    counts: dict[tuple[int, date | None], int], times: int
) -> dict[tuple[int, date | None], int]:
    cell = max(counts, key=lambda cell: counts[cell], default=None)
    return counts if cell is None else counts | {cell: counts[cell] * times}


def _explain(filing: Filing, director: User, on: date) -> None:
    """Give a reason for whatever must be explained."""
    answers = [
        Answer(
            finding.check,
            finding.home_library,
            finding.month,
            Reason.LIBRARY_NEARBY,
            "Their building was closed for repairs in that month.",
        )
        for finding in findings(filing, today=on)
        if finding.needs_explanation
    ]
    if answers:
        explain(filing=filing, answers=answers, by=director, at=_at(on))


def _waive(library: Library, period: FilingPeriod, on: date, people: _People) -> None:
    waiver = propose_waiver(
        library=library,
        period=period,
        kind=WaiverKind.LATE_ACCEPTANCE,
        until=on,
        authority="State Librarian, by letter of that day",
        reason="The library's circulation system was down in the week in which the filing was due.",
        by=people.staff,
        at=_at(on),
    )
    approve_waiver(waiver=waiver, by=people.colleague, at=_at(on))
    log_contact(
        whose=library,
        on=on,
        how=ContactHow.TELEPHONE,
        with_whom="The director",
        note="Told us of the failure and asked whether the filing can still be taken.",
        by=people.staff,
        at=_at(on),
    )


def _with_neighbours_swapped(
    counts: dict[tuple[int, date | None], int], month: date
) -> dict[tuple[int, date | None], int]:
    """Return counts with two home libraries swapped in one month, as when a line is missed in typing."""
    homes = Library.objects.filter(pk__in={home for home, _ in counts}).order_by("name")
    one, other = max(
        pairwise(homes.values_list("pk", flat=True)),
        key=lambda pair: abs(counts[pair[0], month] - counts[pair[1], month]),
    )
    return counts | {(one, month): counts[other, month], (other, month): counts[one, month]}


def _extend(libraries: Sequence[Library], people: _People, on: date) -> None:
    """Give one library that has not begun a week more for the period that is due next."""
    period = FilingPeriod.objects.filter(cadence=Cadence.SEMIANNUAL, law_due_on__gte=on).first()
    begun = Filing.objects.filter(period=period).values("library")
    waiting = [
        library
        for number, library in enumerate(libraries)
        if number % 8 > 5 and library.key != FILING_ON_STAGE
    ]
    monthly = ReportingCadence.objects.filter(cadence=Cadence.MONTHLY).values("library")
    candidates = Library.objects.filter(pk__in=[each.pk for each in waiting])
    library = candidates.exclude(pk__in=begun).exclude(pk__in=monthly).first()
    if period is None or library is None:
        return
    waiver = propose_waiver(
        library=library,
        period=period,
        kind=WaiverKind.EXTENSION,
        until=period.law_due_on + timedelta(days=7),
        authority="State Librarian, by letter of that day",
        reason="The library moves to another circulation system in the week in which the filing is due.",
        by=people.staff,
        at=_at(on),
    )
    approve_waiver(waiver=waiver, by=people.colleague, at=_at(on))


def _wish_for_monthly(people: _People, on: date) -> None:
    """Let one library choose to file monthly from the next day of change on."""
    library = Library.objects.get(key=LIBRARY_WITH_A_WISH)
    if Cadence.MONTHLY not in cadences_to_choose(day_of_effect(library, on)):
        return
    choose_cadence(library=library, cadence=Cadence.MONTHLY, by=people.director_of[library.pk], on=on)


def _pattern() -> dict[int, dict[int, int]]:
    """Return what each library lent on each other's cards in the replayed year, by library id."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    measured = measurement_period(FISCAL_YEAR)
    rows = LoanCount.objects.filter(
        filing__in=Filing.objects.standing().within(measured), loans__gt=0
    ).values_list("filing__library", "home_library", "loans")
    for lender, home_library, loans in rows:
        found[lender][home_library] = loans or 0
    return found


def _counts(
    library: Library, months: Sequence[date], pattern: Mapping[int, int], *, percent: int = 100
) -> dict[tuple[int, date | None], int]:
    """Return counts a third below the replayed year's, with some rise and fall from month to month."""
    counts: dict[tuple[int, date | None], int] = {}
    for month in months:
        # Numbered by month: two months that begin 31 days apart would otherwise be copies of each other.
        number = month.year * 12 + month.month
        for home_library, loans in pattern.items():
            mixed = library.pk * 7919 + home_library * 104_729 + number * 15_485_867
            whole, rest = divmod(loans * (85 + mixed % 31) * percent, 180_000)
            counts[home_library, month] = whole + (mixed // 31 % 180_000 < rest)
    return counts


def _report_expenditures(
    fiscal_year: int, libraries: list[Library], run: PaymentRun, people: _People, on: date
) -> None:
    """Record what each library received, as much as in the replayed year, and most reports on it."""
    due = report_due_in(fiscal_year)
    received = dict(Payment.objects.filter(run=run).values_list("library_id", "payment_cents"))
    year = due.covers_fiscal_year
    record_money(libraries, received, year, source=MADE_UP, by=people.staff)
    if not is_paid_here(year + 1):
        # The money of the next report, which can be begun early; otherwise the Comptroller's results say it
        of_next = {library_id: cents * 97 // 100 for library_id, cents in received.items()}
        record_money(
            [library for library in _some(libraries) if of_next.get(library.pk)],
            of_next,
            year + 1,
            source=MADE_UP,
            by=people.staff,
            received_on=date(year + 1, 4, 24),
        )
    report_expenditures(due, libraries, received, people.director_of, on)


def _remind(on: date, people: _People) -> None:
    """Let staff remind the library on stage of what it owes, and then the schedule of that day run."""
    library = Library.objects.get(key=FILING_ON_STAGE)
    remind(items=owed_by([library], on), today=on, by=people.staff)
    run_schedule(today=on)


def _at(day: date) -> datetime:
    """Return noon of a day, by Eastern time."""
    return datetime.combine(day, time(12), tzinfo=EASTERN)
