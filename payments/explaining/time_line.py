"""From the loans that were counted to the report on the money they brought: a time line, drawn and told."""

from dataclasses import dataclass
from datetime import date

from payments.disbursing.ledger import Received
from payments.rules.cents import dollars
from payments.rules.expenditure_reporting import ReportDue
from payments.rules.payment_months import months_of_payment
from transactions.rules._wording import written_day, written_span
from transactions.rules.filing_calendar import Span, measurement_period

_TOP = 24
_ROW = 26
_BAR = 16
_THINNEST = 120  # hundredths of a percent: a bar of one day is still seen


@dataclass(frozen=True)
class Stretch:
    """One step of the time line: in words, and as a bar with lengths that SVG reads.

    `left` and `width` are percent of the line, `top` and `middle` lines of the drawing.
    """

    number: int
    name: str
    when: str
    note: str
    days: Span
    left: str
    width: str
    top: int
    middle: int


@dataclass(frozen=True)
class Tick:
    """A day marked across the time line, and where it stands in percent."""

    label: str
    left: str


@dataclass(frozen=True)
class TimeLine:
    """Steps in order, the years behind them, and today where it lies within; height in lines of the drawing.

    `months` lie between the end of the payment and the day on which the report on it is due.
    """

    stretches: tuple[Stretch, ...]
    years: tuple[Tick, ...]
    today: Tick | None
    height: int
    months: int


def time_line(due: ReportDue, *, received: Received | None, today: date) -> TimeLine:
    """Return the time line of one expenditure report: loans, payment, year of receipt, report, next payment.

    `received` is what the ledger says of the money; its day stands for the months in which payments go out.

    Source: Regs. Conn. State Agencies § 11-31c-2(e), 11-31c-4(a); the months of payment by practice.
    """
    year = due.covers_fiscal_year
    paid = months_of_payment(year)
    counted = measurement_period(year)
    when_paid = _by_practice(paid)
    if received and received.received_on:
        paid = Span(received.received_on, received.received_on)
        when_paid = f"received {written_day(received.received_on)}"
    opens = date.fromordinal(due.covers_last_day.toordinal() + 1)
    next_paid = months_of_payment(due.payment_fiscal_year)
    steps = [
        ("Loans counted", written_span(counted), "lent on the cards of other libraries", counted),
        ("Payment", when_paid, dollars(received.cents) if received else "", paid),
        (
            f"Fiscal year of receipt, {year}",
            written_span(Span(due.covers_first_day, due.covers_last_day)),
            "the year of the report is the one in which the money came",
            Span(due.covers_first_day, due.covers_last_day),
        ),
        (
            "Report on how it was used",
            f"from {written_day(opens)}, due {written_day(due.due_on)}",
            "the second November 1 after that year",
            Span(opens, due.due_on),
        ),
        (
            f"Payment of fiscal year {due.payment_fiscal_year}",
            _by_practice(next_paid),
            "made once the report is filed and certified",
            next_paid,
        ),
    ]
    whole = Span(counted.first_day, date(due.payment_fiscal_year, 6, 30))
    return TimeLine(
        stretches=tuple(
            Stretch(
                number,
                name,
                when,
                note,
                days,
                left=_percent(_days_into(days.first_day, whole), whole.days),
                width=_percent(days.days, whole.days, at_least=_THINNEST),
                top=_TOP + (number - 1) * _ROW,
                middle=_TOP + (number - 1) * _ROW + _BAR // 2,
            )
            for number, (name, when, note, days) in enumerate(steps, start=1)
        ),
        years=tuple(
            Tick(str(of), _percent(_days_into(date(of, 1, 1), whole), whole.days))
            for of in range(whole.first_day.year + 1, whole.last_day.year + 1)
        ),
        today=Tick("today", _percent(_days_into(today, whole), whole.days))
        if whole.contains(today)
        else None,
        height=_TOP + len(steps) * _ROW + 16,
        months=(due.due_on.year - paid.last_day.year) * 12 + due.due_on.month - paid.last_day.month,
    )


def _by_practice(months: Span) -> str:
    first, last = months.first_day, months.last_day
    return f"{first:%B} or {last:%B} {last.year}, by practice"


def _days_into(day: date, whole: Span) -> int:
    return (day - whole.first_day).days


def _percent(days: int, of: int, *, at_least: int = 0) -> str:
    """Return days as percent of a length with two decimals, cut: 12.34%."""
    hundredths = max(days * 10_000 // of, at_least)
    return f"{hundredths // 100}.{hundredths % 100:02}%"
