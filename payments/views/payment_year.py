"""The written guide to a payment year, for who does it for the first time."""

from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from payments.correcting.withheld import last_day_of
from payments.rules.expenditure_reporting import fiscal_year_days, fiscal_year_of, report_due_in
from transactions.rules.filing_calendar import Cadence, Span, measurement_period, periods_of_year
from transactions.services.holidays import days_closed


@dataclass(frozen=True)
class KeyDate:
    """A day of the payment year, what falls on it, and the rulebook entry that says so."""

    on: date
    what: str
    citation: str
    key: str


@requires(Action.VIEW_RUNS)
@require_safe
def payment_year(request: HttpRequest) -> HttpResponse:
    """Lead from the appropriation to the payments made, by the labels of the pages themselves."""
    fiscal_year = fiscal_year_of(clock.today())
    return render(
        request,
        "payments/payment_year.html",
        {
            "fiscal_year": fiscal_year,
            "measured": measurement_period(fiscal_year),
            "dates": key_dates(fiscal_year),
        },
    )


def key_dates(fiscal_year: int) -> list[KeyDate]:
    """Return the days on which something falls due for the payment of a fiscal year, in order."""
    measured: Span = measurement_period(fiscal_year)
    report = report_due_in(fiscal_year)
    periods = periods_of_year(measured.last_day.year, [(Cadence.SEMIANNUAL, None, None)], days_closed())
    dates = [
        KeyDate(
            period.law_due_on,
            f"Filings for {period.span.title} of libraries that file twice a year",
            "Regs. § 11-31c-2(a)",
            "semiannual_due_days_after",
        )
        for period in periods
    ]
    dates += [
        KeyDate(
            report.due_on,
            f"Expenditure reports on money received in fiscal year {report.covers_fiscal_year}",
            "Regs. § 11-31c-2(e)",
            "expenditure_report.due",
        ),
        KeyDate(
            fiscal_year_days(fiscal_year)[1],
            f"Last day of fiscal year {fiscal_year}, in which each library is paid once",
            "Regs. § 11-31c-4(a)",
            "payment_run.in_a_fiscal_year",
        ),
        KeyDate(
            last_day_of(fiscal_year),
            "Last day for the Board’s order to release withheld money; what none covers lapses",
            "C.G.S. § 4-89",
            "release.last_day",
        ),
    ]
    return sorted(dates, key=lambda each: each.on)
