"""One program year of three libraries, from letters of agreement to certified payments and documents."""

from datetime import date, datetime

import pytest

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Role
from libraries.services import record_letter
from payments import services as payment_services
from payments.models import PastPayment
from payments.proving.verification import differences
from reports import making
from reports.models import Document
from reports.payment_list import RunDocuments
from reports.services import request_documents
from tests.factories import give_role, make_home_library, make_user
from transactions.models import Filing, FilingBasis, FilingPeriod, FilingTotal
from transactions.rules.filing_calendar import Cadence
from transactions.services.cadences import choose_cadence
from transactions.services.counts import save_counts
from transactions.services.filings import certify_filing, reopen_filing, start_filing, submit_filing
from transactions.services.holidays import load_holidays
from transactions.services.periods import open_filing_periods

# A and B file twice a year, C every month. Loans of every month: A to B 10 and to C 5, B to A 20, C to A 1.
EVERY_MONTH = {"A": {"B": 10, "C": 5}, "B": {"A": 20}, "C": {"A": 1}}


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=EASTERN)


@pytest.fixture
def staff(db):
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def administrator(db):
    return make_user(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def libraries(staff):
    made = {key: make_home_library(f"Library {key}", key=key) for key in "ABC"}
    for library in made.values():
        record_letter(library=library, filed_on=date(2020, 1, 1), signatory="The director", by=staff)
        PastPayment.objects.create(library=library, fiscal_year=2025, cents=0, source="Ledger")
    return made


def director_of(library):
    director = make_user(Role.LIBRARY_FILER, library=library)
    give_role(director, Role.LIBRARY_CERTIFIER, library=library)
    return director


def file_period(library, libraries, period, director, at):
    """File and certify one period of one library: the same loans in every month."""
    filing = start_filing(library=library, period=period, basis=FilingBasis.BY_MONTH, by=director, at=at)
    counts = {
        (libraries[home].pk, month): loans
        for home, loans in EVERY_MONTH[library.key].items()
        for month in filing.covers_span.months()
    }
    filing = save_counts(filing=filing, counts=counts, by=director, at=at, expected=filing.revision)
    filing = submit_filing(filing=filing, by=director, at=at)
    return certify_filing(filing=filing, by=director, at=at)


def test_a_year_from_letters_to_documents(libraries, staff, administrator, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    load_holidays()
    directors = {key: director_of(library) for key, library in libraries.items()}
    choose_cadence(library=libraries["C"], cadence=Cadence.MONTHLY, by=directors["C"], on=date(2026, 2, 20))

    for key, library in libraries.items():
        cadence = Cadence.MONTHLY if key == "C" else Cadence.SEMIANNUAL
        open_filing_periods(on=date(2027, 3, 1))
        for period in FilingPeriod.objects.filter(
            cadence=cadence, first_day__gte=date(2026, 3, 1), last_day__lte=date(2027, 2, 28)
        ):
            at = datetime.combine(period.due_on, datetime.min.time(), tzinfo=EASTERN)
            file_period(library, libraries, period, directors[key], at)
    assert Filing.objects.standing().count() == 2 + 2 + 12
    assert FilingTotal.objects.filter(filing__library=libraries["C"]).count() == 12

    appropriation = payment_services.record_appropriation(
        fiscal_year=2027, cents=100_001, act="An act", by=staff
    )
    run = payment_services.create_run(appropriation=appropriation, by=staff, at=noon(2027, 4, 1))
    run = payment_services.calculate_run(run=run, by=staff, at=noon(2027, 4, 1))
    run = payment_services.certify_run(run=run, by=administrator, at=noon(2027, 4, 2))

    # Loans 180 + 240 + 12 = 432. Net plus: A 180 - 252 -> 0, B 240 - 120 = 120, C 12 - 60 -> 0.
    # Transactions pool 500.01: A 20,833.75, B 27,778.33..., C 1,388.916... cents; C's remainder is largest,
    # then A's. Net-plus pool 500.00: all to B.
    assert {
        payment.library.key: (payment.loans, payment.borrows, payment.net_plus, payment.payment_cents)
        for payment in run.payments.select_related("library")
    } == {
        "A": (180, 252, 0, 20_834),
        "B": (240, 120, 120, 27_778 + 50_000),
        "C": (12, 60, 0, 1_389),
    }
    assert differences(run) == []

    batch = request_documents(run=run, by=staff, at=noon(2027, 4, 3))
    making.make_lines(batch.lines.values_list("pk", flat=True))
    assert batch.progress() == (7, 0, 7)
    with Document.objects.get(run=run, library=libraries["B"]).pdf.open() as pdf:
        assert pdf.read(5) == b"%PDF-"
    statement = RunDocuments(run).statement(libraries["B"].pk)
    assert statement.payment_cents == 77_778
    assert all(requirement.met for requirement in statement.requirements)


def test_an_amendment_after_certification_changes_no_certified_payment(libraries, staff, administrator):
    load_holidays()
    directors = {key: director_of(library) for key, library in libraries.items()}
    open_filing_periods(on=date(2027, 3, 1))
    halves = FilingPeriod.objects.filter(
        cadence=Cadence.SEMIANNUAL, first_day__gte=date(2026, 3, 1), last_day__lte=date(2027, 2, 28)
    )
    for key, library in libraries.items():
        for period in halves:
            file_period(library, libraries, period, directors[key], noon(2027, 3, 5))
    appropriation = payment_services.record_appropriation(
        fiscal_year=2027, cents=100_000, act="An act", by=staff
    )
    run = payment_services.create_run(appropriation=appropriation, by=staff, at=noon(2027, 4, 1))
    run = payment_services.calculate_run(run=run, by=staff, at=noon(2027, 4, 1))
    run = payment_services.certify_run(run=run, by=administrator, at=noon(2027, 4, 2))
    paid = dict(run.payments.values_list("library__key", "payment_cents"))

    standing = Filing.objects.standing().filter(library=libraries["A"]).first()
    amended = reopen_filing(
        filing=standing, reason="A day was missed.", by=directors["A"], at=noon(2027, 4, 10)
    )
    month = amended.covers_span.months()[0]
    amended = save_counts(
        filing=amended,
        counts={(libraries["B"].pk, month): 500},
        by=directors["A"],
        at=noon(2027, 4, 10),
        expected=amended.revision,
    )
    amended = submit_filing(filing=amended, by=directors["A"], at=noon(2027, 4, 10))
    certify_filing(filing=amended, by=directors["A"], at=noon(2027, 4, 10))

    assert amended.first_submitted_at == standing.first_submitted_at
    assert dict(run.payments.values_list("library__key", "payment_cents")) == paid
    assert differences(run) == []
    assert AuditEvent.objects.filter(action__contains="reopened").exists()
