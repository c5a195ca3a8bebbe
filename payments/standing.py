"""What is on record of each library when a year's payments are worked out.

Facts are gathered here, for all libraries at once; the judgment is `payments.rules.eligibility`.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import LetterOfAgreement, Library, LibrarySuccession
from payments.models import ExpenditureReport, ExpenditureReportWaiver, PastPayment
from payments.rules.eligibility import (
    ExpenditureReportOwed,
    FilingOwed,
    Standing,
    Unmet,
    unmet_requirements,
)
from payments.rules.expenditure_reporting import fiscal_year_days, report_due_in
from transactions.models import Filing, FilingPeriod, Holiday, ReportingCadence, Waiver
from transactions.rules.filing_calendar import (
    Cadence,
    DatedCadence,
    PeriodDates,
    Span,
    eastern_day,
    measurement_period,
    periods_of_year,
)

Participation = dict[int, list[Span]]


def days_with_a_letter(measured: Span) -> Participation:
    """Return, by library id, the days of a period on which it was open with a letter on file (1(d))."""
    open_spans = open_days(measured)
    found: Participation = defaultdict(list)
    letters = LetterOfAgreement.objects.filter(valid__overlap=_range(measured)).order_by("library", "valid")
    for library_id, valid in letters.values_list("library_id", "valid"):
        letter = _clipped(valid, measured)
        for open_span in open_spans.get(library_id, ()):
            if both := letter.intersection(open_span):
                _append(found[library_id], both)
    return dict(found)


def open_days(measured: Span) -> Participation:
    """Return, by library id, the days of a period on which it was open."""
    libraries = Library.objects.open_between(measured.first_day, measured.last_day)
    return {pk: [_clipped(days, measured)] for pk, days in libraries.values_list("pk", "open_during")}


def unmet_by_library(
    fiscal_year: int, libraries: Collection[Library], *, on: date
) -> dict[str, tuple[Unmet, ...]]:
    """Return, by library key, the requirements for payment that each has not met on a day.

    A day after the fiscal year is judged as its last day: what is mended later mends no payment of that year.

    Source: Regs. Conn. State Agencies § 11-31c-2, 11-31c-4(a).
    """
    return {
        key: unmet
        for key, standing in standings(fiscal_year, libraries, on=on).items()
        if (unmet := unmet_requirements(standing))
    }


def standings(fiscal_year: int, libraries: Collection[Library], *, on: date) -> dict[str, Standing]:
    """Return, by library key, what is on record of each on a day for a fiscal year's payment."""
    judged_on = min(on, fiscal_year_days(fiscal_year)[1])
    with_a_letter = set(
        LetterOfAgreement.objects.filter(valid__contains=judged_on).values_list("library_id", flat=True)
    )
    succeeded = set(
        LibrarySuccession.objects.filter(on__lte=judged_on, successor__in=with_a_letter).values_list(
            "predecessor_id", flat=True
        )
    )
    filings = filings_owed(fiscal_year, libraries)
    reports = _expenditure_reports_owed(fiscal_year, libraries)
    return {
        library.key: Standing(
            judged_on=judged_on,
            letter_on_file=library.pk in with_a_letter,
            legal_standing_on_record=library.has_legal_standing,
            filings=filings[library.pk],
            expenditure_report=reports[library.pk],
            closed_on=_closed_on(library, judged_on),
            successor_on_record=library.pk in succeeded,
        )
        for library in libraries
    }


def last_day_to_file(fiscal_year: int, libraries: Collection[Library], *, on: date) -> date | None:
    """Return the last day on which one that has not filed still can in time or under a waiver; None if past.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), 11-31c-4(a).
    """
    still_open = (
        max(filing.due_on, filing.waived_until or filing.due_on)
        for filings in filings_owed(fiscal_year, libraries).values()
        for filing in filings
        if filing.submitted_on is None
    )
    return max((day for day in still_open if day >= on), default=None)


def periods_owed(
    fiscal_year: int, libraries: Collection[Library], *, took_part: Participation | None = None
) -> dict[int, list[PeriodDates]]:
    """Return, by library id, the periods for which each owes a filing: those with a day it took part.

    `took_part` are the days of the year on which they did, where the caller has them.
    """
    measured = measurement_period(fiscal_year)
    if took_part is None:
        took_part = days_with_a_letter(measured)
    cadences: dict[int, list[DatedCadence]] = defaultdict(list)
    rows = ReportingCadence.objects.filter(valid__overlap=_range(measured)).order_by("library", "valid")
    for library_id, cadence, valid in rows.values_list("library_id", "cadence", "valid"):
        last_day = valid.upper and valid.upper - timedelta(days=1)
        cadences[library_id].append((Cadence(cadence), valid.lower, last_day))
    holidays = frozenset(Holiday.objects.values_list("day", flat=True))
    tilings: dict[tuple[DatedCadence, ...], list[PeriodDates]] = {}
    owed: dict[int, list[PeriodDates]] = {}
    for library in libraries:
        own = tuple(cadences[library.pk])
        if own not in tilings:
            tilings[own] = periods_of_year(fiscal_year, own, holidays)
        owed[library.pk] = [
            period
            for period in tilings[own]
            if any(span.overlaps(period.span) for span in took_part.get(library.pk, ()))
        ]
    return owed


def filings_owed(
    fiscal_year: int, libraries: Collection[Library], *, took_part: Participation | None = None
) -> dict[int, tuple[FilingOwed, ...]]:
    """Return, by library id, each record of loans owed for a year's payment and how it stands (2(a)).

    `took_part` as for `periods_owed`.
    """
    measured = measurement_period(fiscal_year)
    opened = {
        (Cadence(period.cadence), period.first_day): period
        for period in FilingPeriod.objects.within(measured)
    }
    submitted: dict[int, list[tuple[Span, date]]] = defaultdict(list)
    certified: dict[int, list[Span]] = defaultdict(list)
    filings = Filing.objects.within(measured).filter(library__in=libraries)
    for library_id, first_day, last_day, first_submitted_at in filings.filter(
        first_submitted_at__isnull=False
    ).values_list("library_id", "period__first_day", "period__last_day", "first_submitted_at"):
        assert first_submitted_at is not None
        submitted[library_id].append((Span(first_day, last_day), eastern_day(first_submitted_at)))
    for library_id, first_day, last_day in filings.standing().values_list(
        "library_id", "period__first_day", "period__last_day"
    ):
        certified[library_id].append(Span(first_day, last_day))
    waived = {
        (waiver.library_id, waiver.period.cadence, waiver.period.first_day): waiver.until
        for waiver in Waiver.objects.filter(
            library__in=libraries, approved_at__isnull=False, period__in=FilingPeriod.objects.within(measured)
        )
        .select_related("period")
        .order_by("until")
    }

    def owed(library_id: int, period: PeriodDates) -> FilingOwed:
        dates = opened.get((period.cadence, period.span.first_day), period)
        days = (day for span, day in submitted[library_id] if span.covers(period.span))
        return FilingOwed(
            first_day=period.span.first_day,
            last_day=period.span.last_day,
            due_on=dates.law_due_on,
            submitted_on=min(days, default=None),
            certified=any(span.covers(period.span) for span in certified[library_id]),
            waived_until=waived.get((library_id, period.cadence, period.span.first_day)),
            asked_on=dates.due_on,
            closes_on=dates.closes_on,
        )

    return {
        library_id: tuple(owed(library_id, period) for period in periods)
        for library_id, periods in periods_owed(fiscal_year, libraries, took_part=took_part).items()
    }


def _expenditure_reports_owed(
    fiscal_year: int, libraries: Collection[Library]
) -> dict[int, ExpenditureReportOwed]:
    due = report_due_in(fiscal_year)
    covered = {"library__in": libraries, "fiscal_year": due.covers_fiscal_year}
    received = PastPayment.objects.filter(**covered).cents_by_library()
    submitted = {
        library_id: eastern_day(at)
        for library_id, at in ExpenditureReport.objects.filter(**covered)
        .order_by("-first_submitted_at")
        .values_list("library_id", "first_submitted_at")
        if at is not None
    }
    certified = set(
        ExpenditureReport.objects.standing().filter(**covered).values_list("library_id", flat=True)
    )
    waived = dict(
        ExpenditureReportWaiver.objects.filter(**covered, approved_at__isnull=False)
        .order_by("until")
        .values_list("library_id", "until")
    )
    return {
        library.pk: ExpenditureReportOwed(
            due_on=due.due_on,
            covers_fiscal_year=due.covers_fiscal_year,
            received_cents=received.get(library.pk),
            submitted_on=submitted.get(library.pk),
            certified=library.pk in certified,
            waived_until=waived.get(library.pk),
        )
        for library in libraries
    }


def _closed_on(library: Library, on: date) -> date | None:
    closed = library.open_during.upper
    return closed if closed is not None and closed <= on else None


def _range(span: Span) -> tuple[date, date]:
    return span.first_day, span.last_day + timedelta(days=1)


def _clipped(days: DateRange, span: Span) -> Span:
    """Return the days of a range that lie in the span; open ends end with it."""
    first_day = max(days.lower or span.first_day, span.first_day)
    last_day = min(days.upper - timedelta(days=1) if days.upper else span.last_day, span.last_day)
    return Span(first_day, last_day)


def _append(spans: list[Span], span: Span) -> None:
    """Add a span; one that follows the last without a gap lengthens it."""
    if spans and span.first_day <= spans[-1].last_day + timedelta(days=1):
        spans[-1] = Span(spans[-1].first_day, max(spans[-1].last_day, span.last_day))
    else:
        spans.append(span)
