"""What the front page says besides its words: the last published year at a glance, and the dates to come."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from connecticard.rulebook import Entry
from payments.calculation import rates_of
from payments.models import PaymentRun
from payments.rules import expenditure_reporting
from payments.rules.expenditure_reporting import fiscal_year_of, report_due_in
from transactions.models import Holiday
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import (
    Cadence,
    Span,
    default_cadence,
    due_entry,
    period_dates,
    periods_of_year,
    program_year_of,
)
from transactions.services.holidays import observed_holidays

DAYS_AHEAD = 366


@dataclass(frozen=True)
class YearAtAGlance:
    """The figures of a certified run: counts, cents, and rates in dollars as text."""

    run: PaymentRun
    measured: str
    libraries: int
    loans: int
    net_plus: int
    paid_cents: int
    per_loan: str
    per_net_plus: str


@dataclass(frozen=True)
class KeyDate:
    """A day by which something is due, and the entry of the rulebook that says so."""

    on: date
    what: str
    entry: Entry


def last_published_year() -> YearAtAGlance | None:
    """Return the latest fiscal year with a published run; None where there is none."""
    run = PaymentRun.objects.published().order_by("-fiscal_year").first()
    if run is None:
        return None
    sums = run.payments.aggregate(
        loans=Sum("loans", default=0),
        net_plus=Sum("net_plus", default=0),
        paid=Sum("payment_cents", default=0),
    )
    per_loan, per_net_plus = rates_of(run)
    return YearAtAGlance(
        run=run,
        measured=written_span(run.measured),
        libraries=run.payments.count(),
        loans=sums["loans"],
        net_plus=sums["net_plus"],
        paid_cents=sums["paid"],
        per_loan=per_loan,
        per_net_plus=per_net_plus,
    )


def key_dates(today: date) -> list[KeyDate]:
    """Return what falls due within a year from a day on, in order, as the law's calendar has it.

    The filings of libraries that chose no cadence, the next filing of those that file every month, and the
    expenditure report.
    """
    last_day = today + timedelta(days=DAYS_AHEAD)
    years = range(today.year - 1, last_day.year + 2)
    holidays = frozenset(Holiday.objects.values_list("day", flat=True)) or frozenset(observed_holidays(years))
    dates = [
        KeyDate(
            period.due_on,
            f"Loans of {written_span(period.span)}",
            due_entry(period.cadence, period.span.first_day),
        )
        for year in (program_year_of(today) + offset for offset in (-1, 0, 1))
        for period in periods_of_year(year, (), holidays)
    ]
    if Cadence.MONTHLY is not default_cadence(today):
        dates.append(_next_month_due(today, holidays))
    for fiscal_year in (fiscal_year_of(today), fiscal_year_of(today) + 1):
        report = report_due_in(fiscal_year)
        covers = written_span(Span(report.covers_first_day, report.covers_last_day))
        dates.append(
            KeyDate(
                report.due_on,
                f"Expenditure report on money received {covers}",
                expenditure_reporting.RULEBOOK.entry("expenditure_report.due", report.due_on),
            )
        )
    return sorted(
        (found for found in dates if today <= found.on <= last_day), key=lambda found: (found.on, found.what)
    )


def _next_month_due(today: date, holidays: frozenset[date]) -> KeyDate:
    """Return the next filing that falls due for libraries that file every month."""
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    while (period := period_dates(Cadence.MONTHLY, month, holidays)).due_on < today:
        month = (month + timedelta(days=32)).replace(day=1)
    return KeyDate(
        period.due_on,
        f"Loans of {written_span(period.span)}, where a library files every month",
        due_entry(Cadence.MONTHLY, month),
    )
