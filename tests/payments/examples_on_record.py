"""The facts of a worked example, put on record as the pages and imports would."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.clock import EASTERN
from libraries.models import Library, LibrarySuccession
from payments.calculation import calculate
from payments.models import ExpenditureReport, PastPayment
from payments.rules.eligibility import Code
from payments.rules.expenditure_reporting import fiscal_year_days, report_due_in
from payments.standing import days_with_a_letter
from reports.worked_examples import Days, SplitExample
from tests.factories import make_letter, make_residency, make_town, make_user
from transactions.models import Filing, FilingPeriod, LoanCount
from transactions.rules.filing_calendar import PeriodDates, Span, due_by_law, periods_of_year
from transactions.services import filing_fingerprint


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
        filing.sha256 = filing_fingerprint(filing.pk)
        filing.save()
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
