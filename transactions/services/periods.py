"""Filing periods: opened by the calendar, their dates fixed from then on."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from django.db import transaction

from connecticard import clock, permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from transactions.models import FilingPeriod, Waiver
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import (
    Cadence,
    PeriodDates,
    cadences_to_choose,
    due_by_law,
    periods_of_year,
    program_year,
    program_year_of,
)
from transactions.services.holidays import days_closed
from transactions.services.refusals import FilingRefused

_DATES = ("law_due_on", "due_on", "accepted_until", "closes_on")


@transaction.atomic
def open_filing_periods(*, on: date) -> list[FilingPeriod]:
    """Open the filing periods of every cadence whose day has come, and return the new ones.

    Looks at the program year of the day and at the one before it, so that days on which this did not run are
    made up for. Safe to run again: a period that stands keeps its dates.
    """
    holidays = days_closed()
    year = program_year_of(on)
    return list(
        ensure_periods(
            dates
            for of_year in (year - 1, year)
            for cadence in cadences_to_choose(program_year(of_year).first_day)
            for dates in periods_of_year(of_year, [(cadence, None, None)], holidays)
            if dates.opens_on <= on
        ).created
    )


class Ensured:
    """Periods on record, those of them that are new, and a way to find each by cadence and first day."""

    def __init__(self, periods: Iterable[FilingPeriod], created: list[FilingPeriod]):
        self.created = created
        self._by_name: Mapping[tuple[str, date], FilingPeriod] = {
            (period.cadence, period.first_day): period for period in periods
        }

    def __getitem__(self, dates: PeriodDates) -> FilingPeriod:
        return self._by_name[dates.cadence, dates.span.first_day]


def ensure_periods(wanted: Iterable[PeriodDates]) -> Ensured:
    """Put periods on record that are not, and leave those that are as they stand."""
    wanted = list(wanted)
    first_days = {dates.span.first_day for dates in wanted}
    standing = set(FilingPeriod.objects.filter(first_day__in=first_days).values_list("cadence", "first_day"))
    missing = {
        (dates.cadence, dates.span.first_day): dates
        for dates in wanted
        if (dates.cadence.value, dates.span.first_day) not in standing
    }
    FilingPeriod.objects.bulk_create(
        [
            FilingPeriod(
                cadence=dates.cadence.value,
                first_day=dates.span.first_day,
                last_day=dates.span.last_day,
                opens_on=dates.opens_on,
                law_due_on=dates.law_due_on,
                due_on=dates.due_on,
                accepted_until=dates.accepted_until,
                closes_on=dates.closes_on,
            )
            for dates in missing.values()
        ],
        ignore_conflicts=True,
    )
    periods = list(FilingPeriod.objects.filter(first_day__in=first_days))
    created = [period for period in periods if (Cadence(period.cadence), period.first_day) in missing]
    AuditEvent.record_each(
        "filing_period_opened", targets=[(period, None, _dates(period)) for period in created], by=None
    )
    return Ensured(periods, created)


def check_period_dates(
    period: FilingPeriod, *, due_on: date, accepted_until: date, closes_on: date
) -> PeriodDates:
    """Return the dates that a period would have; nothing is stored.

    The law's own day moves only onto the day that it is by the holidays now on record. Raises FilingRefused
    where the dates are out of order, change nothing, or would end before a waiver that is granted or waits.
    """
    if not period.last_day < due_on <= accepted_until <= closes_on:
        raise FilingRefused(
            f"The dates must follow one another: the end of the period ({period.last_day:%B %-d, %Y}), "
            "the due date, the last day for late filings, the last day of entry. Enter them in that order."
        )
    by_law_now = due_by_law(Cadence(period.cadence), period.span, days_closed())
    dates = replace(
        period.dates,
        law_due_on=due_on if due_on == by_law_now else period.law_due_on,
        due_on=due_on,
        accepted_until=accepted_until,
        closes_on=closes_on,
    )
    if dates == period.dates:
        raise FilingRefused("These are the dates on record; nothing changes.")
    longest = (
        Waiver.objects.filter(period=period, declined_at__isnull=True)
        .select_related("library")
        .order_by("-until")
        .first()
    )
    if longest and longest.until > accepted_until:
        raise FilingRefused(
            f"A waiver for {longest.library} runs through {written_day(longest.until)}. "
            "Let late filings be accepted through that day or a later one."
        )
    return dates


@transaction.atomic
def set_period_dates(
    *, period: FilingPeriod, due_on: date, accepted_until: date, closes_on: date, reason: str, by: User
) -> FilingPeriod:
    """Change the dates of a period: a day later than the law's still needs a waiver for each library.

    Raises FilingRefused without a reason, and as `check_period_dates`.
    """
    permissions.check(by, Action.GRANT_WAIVER)
    share_payment_inputs()
    period = FilingPeriod.objects.select_for_update().get(pk=period.pk)
    if not reason.strip():
        raise FilingRefused("Enter the reason for the change and the document, if there is one.")
    before = _dates(period)
    dates = check_period_dates(period, due_on=due_on, accepted_until=accepted_until, closes_on=closes_on)
    for name in _DATES:
        setattr(period, name, getattr(dates, name))
    period.save(update_fields=list(_DATES))
    AuditEvent.record(
        "filing_period_dates_changed",
        target=period,
        by=by,
        before=before,
        after={**_dates(period), "reason": reason.strip(), "on": clock.today().isoformat()},
    )
    return period


def _dates(period: FilingPeriod) -> dict[str, str]:
    return {name: getattr(period, name).isoformat() for name in _DATES}
