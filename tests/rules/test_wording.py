from datetime import date

from transactions.rules._wording import written_day, written_month, written_span
from transactions.rules.filing_calendar import Span


def test_day_and_month_have_no_leading_zero():
    assert written_day(date(2027, 3, 8)) == "March 8, 2027"
    assert written_month(date(2027, 3, 8)) == "March 2027"


def test_span_of_whole_months_is_written_by_their_names():
    assert written_span(Span(date(2026, 3, 1), date(2026, 8, 31))) == "March 2026 to August 2026"
    assert written_span(Span(date(2028, 2, 1), date(2028, 2, 29))) == "February 2028"


def test_any_other_span_is_written_by_its_days():
    assert written_span(Span(date(2026, 3, 1), date(2026, 8, 30))) == "March 1, 2026 to August 30, 2026"
    assert written_span(Span(date(2026, 3, 9), date(2026, 3, 9))) == "March 9, 2026"
