"""When payments go out."""

from datetime import date

from connecticard.rulebook import Entry, Label, Rulebook
from payments.rules.expenditure_reporting import fiscal_year_days
from transactions.rules.filing_calendar import Span

RULEBOOK = Rulebook(
    [
        Entry(
            key="payment.months",
            value="04 05",
            citation="State Library guide to borrowIT CT: payments",
            label=Label.PRACTICE,
            sentence="Payments go out in April or May, near the end of the fiscal year. The regulation asks "
            "for one payment in each fiscal year and names no month.",
            last_checked_on=date(2026, 11, 21),
        ),
    ]
)


def months_of_payment(fiscal_year: int) -> Span:
    """Return the days on which the payment of a fiscal year may be expected.

    Source: Regs. Conn. State Agencies § 11-31c-4(a); the months by practice.
    """
    _, last_day = fiscal_year_days(fiscal_year)
    first, last = (int(month) for month in str(RULEBOOK.entry("payment.months", last_day).value).split())
    return Span(date(fiscal_year, first, 1), Span.of_month(date(fiscal_year, last, 1)).last_day)
