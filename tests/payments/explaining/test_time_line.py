"""The time line from loans to the report on their payment."""

from datetime import date

import pytest

from payments.disbursing.ledger import Received
from payments.explaining.time_line import time_line
from payments.models import PastPayment
from payments.rules.expenditure_reporting import report_due_in
from transactions.rules.filing_calendar import Span

DUE = report_due_in(2027)


def test_steps_follow_the_money_from_the_first_loan_to_the_payment_that_depends_on_the_report():
    drawn = time_line(DUE, received=None, today=date(2026, 11, 21))

    assert [(step.number, step.days) for step in drawn.stretches] == [
        (1, Span(date(2024, 3, 1), date(2025, 2, 28))),
        (2, Span(date(2025, 4, 1), date(2025, 5, 31))),
        (3, Span(date(2024, 7, 1), date(2025, 6, 30))),
        (4, Span(date(2025, 7, 1), date(2026, 11, 1))),
        (5, Span(date(2027, 4, 1), date(2027, 5, 31))),
    ]
    assert drawn.stretches[1].when == "April or May 2025, by practice"
    assert drawn.months == 18
    assert [tick.label for tick in drawn.years] == ["2025", "2026", "2027"]


def test_day_on_record_stands_for_the_months_of_payment():
    received = Received([PastPayment(cents=12_345, received_on=date(2025, 4, 30), source="ledger")])

    drawn = time_line(DUE, received=received, today=date(2026, 11, 21))

    assert drawn.stretches[1].when == "received April 30, 2025"
    assert drawn.stretches[1].note == "$123.45"
    assert drawn.months == 19


def test_bars_lie_within_the_line_and_follow_their_days():
    drawn = time_line(DUE, received=None, today=date(2024, 3, 1))
    lefts = [float(step.left.rstrip("%")) for step in drawn.stretches]
    widths = [float(step.width.rstrip("%")) for step in drawn.stretches]

    assert lefts[0] == 0
    assert all(left + width <= 100 for left, width in zip(lefts, widths, strict=True))
    assert lefts[1] < lefts[3] < lefts[4]
    assert drawn.today.left == "0.00%"


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2027, 7, 1)])
def test_today_is_left_out_where_it_lies_beside_the_line(today):
    assert time_line(DUE, received=None, today=today).today is None
