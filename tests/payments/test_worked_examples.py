"""The worked examples by way of the database: the same facts on record, the same figures to the cent."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connecticard.clock import EASTERN
from libraries.models import Library, LibrarySuccession
from payments.calculation import calculate, rates
from payments.counting import CannotCalculate, counted_days, loans_and_borrows
from payments.models import ExpenditureReport, PastPayment
from payments.rules.eligibility import Code
from payments.rules.expenditure_reporting import fiscal_year_days, report_due_in
from payments.rules.net_plus import Count, Participation, gather_activity
from payments.standing import days_with_a_letter, periods_owed
from reports.worked_examples import (
    Days,
    ExpectedLine,
    Loans,
    RefusedLoans,
    SplitExample,
    split_examples,
)
from tests.factories import make_letter, make_library, make_residency, make_town, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, YEAR, certified
from transactions.models import Filing, FilingPeriod, LoanCount
from transactions.rules.filing_calendar import (
    PeriodDates,
    Span,
    due_by_law,
    measurement_period,
    periods_of_year,
)

pytestmark = pytest.mark.django_db
of_each = pytest.mark.parametrize("example", split_examples(), ids=lambda example: example.name)


def dated(days: Days) -> DateRange:
    return DateRange(days.first_day, days.last_day and days.last_day + timedelta(days=1))


class OnRecord:
    """An example's facts, put on record as the pages and imports would."""

    def __init__(self, example: SplitExample):
        self.example = example
        self.person = make_user()
        towns = {name: make_town(name) for name in example.towns}
        self.libraries = {
            row.key: Library.objects.create(
                key=row.key, name=f"Library {row.key}", town=towns[row.town], open_during=dated(row.open)
            )
            for row in example.libraries
        }
        for row in example.residency:
            days = dated(row.days)
            make_residency(
                towns[row.town],
                self.libraries[row.library],
                principal=row.principal,
                begins=days.lower,
                ends=days.upper,
            )
        for row in example.libraries:
            library = self.libraries[row.key]
            for letter in row.letters:
                days = dated(letter)
                make_letter(library, begins=days.lower, ends=days.upper)
            for cadence, first_day, last_day in row.cadences:
                library.cadences.create(cadence=cadence, valid=dated(Days(first_day, last_day)))
            self._receive_money(library, row.not_in_order)
        in_order = {row.key for row in example.libraries if not row.not_in_order}
        for row in example.successions:
            if row.predecessor not in in_order:
                continue  # recorded only after the payment was worked out
            LibrarySuccession.objects.create(
                predecessor=self.libraries[row.predecessor],
                successor=self.libraries[row.successor],
                on=row.on,
                document="vote",
            )
        self.took_part = days_with_a_letter(example.measured)
        for row in example.libraries:
            for dates in periods_of_year(example.fiscal_year, row.cadences, ()):
                self._file(self.libraries[row.key], dates, row.not_in_order)

    def _receive_money(self, library, not_in_order):
        due = report_due_in(self.example.fiscal_year)
        owes = {Code.EXPENDITURE_REPORT_MISSING, Code.EXPENDITURE_REPORT_LATE} & set(not_in_order)
        PastPayment.objects.create(
            library=library, fiscal_year=due.covers_fiscal_year, cents=100 if owes else 0, source="ledger"
        )
        if Code.EXPENDITURE_REPORT_LATE in not_in_order:
            at = moment(due.due_on + timedelta(days=1))
            ExpenditureReport.objects.create(
                library=library,
                fiscal_year=due.covers_fiscal_year,
                version=1,
                status="certified",
                received_cents=100,
                unspent_cents=100,
                created_at=at,
                first_submitted_at=at,
                submitted_at=at,
                submitted_by=self.person,
                certified_at=at,
                certified_by=self.person,
                attestation="x",
                sha256="0" * 64,
            )

    def _file(self, library: Library, dates: PeriodDates, not_in_order) -> None:
        period = FilingPeriod.objects.get_or_create(
            cadence=dates.cadence,
            first_day=dates.span.first_day,
            defaults={
                "last_day": dates.span.last_day,
                "opens_on": dates.opens_on,
                "law_due_on": dates.law_due_on,
                "due_on": dates.due_on,
                "accepted_until": dates.accepted_until,
                "closes_on": dates.closes_on,
            },
        )[0]
        lent = [
            row for row in self.example.loans if row.lender == library.key and dates.span.covers(row.span)
        ]
        days = [
            both for span in self.took_part.get(library.pk, ()) if (both := span.intersection(dates.span))
        ]
        if not lent and (not days or Code.FILING_MISSING in not_in_order):
            return
        hull = Span(days[0].first_day, days[-1].last_day) if days else dates.span
        covers = hull if all(hull.covers(row.span) for row in lent) else dates.span
        late = Code.FILING_LATE in not_in_order
        due_on = due_by_law(dates.cadence, dates.span, ())
        at = moment(due_on + timedelta(days=1) if late else due_on)
        by_month = any(row.by_month for row in lent)
        filing = Filing.objects.create(
            library=library,
            period=period,
            version=1,
            status="submitted",
            basis="by_month" if by_month else "period_total",
            covers=dated(Days(covers.first_day, covers.last_day)),
            form_edition="test",
            created_at=at,
            first_submitted_at=at,
            submitted_at=at,
            submitted_by=self.person,
            sha256="0" * 64,
        )
        counts = defaultdict(int)
        for row in lent:
            month = row.span.first_day.replace(day=1) if by_month else None
            counts[self.libraries[row.home_library], month] += row.loans
        LoanCount.objects.bulk_create(
            LoanCount(filing=filing, home_library=home, month=month, loans=loans)
            for (home, month), loans in counts.items()
        )
        if all(row.certified for row in lent):
            self._certify(filing, at)

    def _certify(self, filing: Filing, at: datetime) -> None:
        filing.status, filing.attestation = "certified", "x"
        filing.certified_at, filing.certified_by = at, self.person
        filing.save()

    def calculated(self):
        return calculate(
            self.example.fiscal_year,
            self.example.appropriation_cents,
            withheld=self.example.withheld,
            on=fiscal_year_days(self.example.fiscal_year)[1],
        )


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=EASTERN)


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
