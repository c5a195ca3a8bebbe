"""The worked examples by way of the database: the same facts on record, the same figures to the cent."""

from dataclasses import replace
from datetime import date

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments.calculation import rates
from payments.counting import CannotCalculate, counted_days, loans_and_borrows
from payments.rules.net_plus import Count, Participation, gather_activity
from payments.standing import days_with_a_letter, periods_owed
from reports.worked_examples import (
    ExpectedLine,
    Loans,
    RefusedLoans,
    split_examples,
)
from tests.factories import make_letter, make_library
from tests.payments.examples_on_record import OnRecord
from tests.payments.records import FISCAL_YEAR, HALVES, YEAR, certified
from transactions.rules.filing_calendar import (
    Span,
    measurement_period,
)

pytestmark = pytest.mark.django_db
of_each = pytest.mark.parametrize("example", split_examples(), ids=lambda example: example.name)


@of_each
def test_example_comes_out_to_the_cent(example):
    calculation = OnRecord(example).calculated()

    split = calculation.split
    assert [ExpectedLine(**vars(line)) for line in split.lines] == list(example.lines)
    assert split.transactions_pool_cents == example.transactions_pool_cents
    assert split.net_plus_pool_cents == example.net_plus_pool_cents
    assert split.undistributed_cents == example.undistributed_cents
    assert {key: tuple(each.code for each in unmet) for key, unmet in calculation.inputs.unmet.items()} == {
        row.key: row.not_in_order for row in example.libraries if row.not_in_order
    }


@of_each
def test_rates_and_filings_owed_are_those_stated(example):
    on_record = OnRecord(example)

    calculation = on_record.calculated()
    per_loan, per_net_plus = rates(calculation.split, calculation.sharing)
    owed = periods_owed(example.fiscal_year, list(on_record.libraries.values()))

    assert example.rate_per_loan in (None, per_loan)
    assert example.rate_per_net_plus in (None, per_net_plus)
    for key, number in example.filings_owed.items():
        assert len(owed[on_record.libraries[key].pk]) == number


@pytest.mark.parametrize(
    "example", [each for each in split_examples() if each.refused], ids=lambda example: example.name
)
def test_count_that_is_refused_lets_nothing_be_calculated(example):
    """Entry refuses such a count; were it on record all the same, no payment would rest on it."""
    for row in example.refused:
        with transaction.atomic():
            on_record = OnRecord(replace(example, loans=(*example.loans, as_loans(row))))
            with pytest.raises(CannotCalculate):
                on_record.calculated()
            transaction.set_rollback(True)


def as_loans(refused: RefusedLoans) -> Loans:
    return Loans(refused.lender, refused.home_library, refused.span, refused.loans, certified=True)


# The query and the rule in plain code


KEYS = "ABCD"
MONTHS = measurement_period(FISCAL_YEAR).months()
days = st.sampled_from([None, date(2026, 6, 1), date(2026, 9, 1), date(2027, 1, 1)])
networks = st.lists(
    st.tuples(
        st.sampled_from(KEYS), st.sampled_from(KEYS), st.sampled_from(MONTHS), st.integers(0, 2**31 - 1)
    ).filter(lambda row: row[0] != row[1]),
    max_size=12,
    unique_by=lambda row: row[:3],
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=networks, begins=st.fixed_dictionaries(dict.fromkeys(KEYS, days)))
def test_database_counts_as_the_rule_does(counts, begins):
    with transaction.atomic():
        libraries = {key: make_library(key=key) for key in KEYS}
        for key, library in libraries.items():
            make_letter(library, begins=begins[key])
            for half in HALVES:
                other = libraries["B" if key == "A" else "A"]
                own = {(other, month): 0 for month in half.months()} | {
                    (libraries[home], month): loans
                    for lender, home, month, loans in counts
                    if lender == key and half.contains(month)
                }
                certified(library, own, first_day=half.first_day)
        participation = days_with_a_letter(YEAR)

        sums = loans_and_borrows(counted_days(YEAR, participation))

        transaction.set_rollback(True)
    expected = gather_activity(
        [
            Count(lender, home, month, Span.of_month(month).last_day, loans)
            for lender, home, month, loans in counts
        ],
        {key: [Participation(begins[key], None)] for key in KEYS},
        YEAR.first_day,
        YEAR.last_day,
    )
    assert {line.key: (line.loans, line.borrows) for line in expected} == {
        key: sums.get(library.pk, (0, 0)) for key, library in libraries.items()
    }
