"""A small world of records for the REST interface: libraries, a certified run, one that is not, a draft."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from connecticard import clock
from connecticard.clock import EASTERN
from connecticard.models import Role, User
from connecticard.permissions import Scope
from connecticard.services import make_api_token
from libraries.models import Library
from payments import services
from payments.models import ExpenditureLine, ExpenditureReport, PastPayment, PaymentRun
from reports.models import ANNUAL, Document, DocumentKind, Edition, EditionDocument
from tests.factories import make_letter, make_library, make_period, make_residency, make_town, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions.models import Filing, FilingReceipt, LoanCount
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services.receipts import give_receipt

AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)
TODAY = date(2027, 9, 20)
STATEMENT = 999_001
"""Number of the document that is a statement."""


@dataclass
class World:
    """What is on record, and who may read it."""

    libraries: dict[str, Library]
    certified_run: PaymentRun
    calculated_run: PaymentRun
    filing: Filing
    draft: Filing
    report: ExpenditureReport
    statement: Document
    unpublished: Document
    receipt: FilingReceipt
    staff: User
    filer: User


def make_world() -> World:
    """Avon lends Bethel 30 and Bethel lends Avon 20; Canton reports none; Dunes has no library."""
    made = {
        key: make_library(f"{name} Library", town=make_town(name, number=number), key=key)
        for number, (key, name) in enumerate(
            [("CT0001", "Avon"), ("CT0002", "Bethel"), ("CT0003", "Canton")], start=1
        )
    }
    avon, bethel, canton = made.values()
    for library in made.values():
        make_letter(library)
        make_residency(library.town, library)
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    make_residency(make_town("Dunes", number=4), canton)
    make_library("Essex Library", town=make_town("Essex", number=5), key="CT0005")
    month = HALVES[1].first_day
    filing = certified(avon, {bethel: 15}, first_day=HALVES[0].first_day)
    certified(avon, {(bethel, month): 15, (canton, month): 0}, first_day=month)
    for half in HALVES:
        certified(bethel, {avon: 10}, first_day=half.first_day)
        certified(canton, {}, first_day=half.first_day)
    staff, administrator = make_user(Role.STATE_STAFF), make_user(Role.STATE_ADMINISTRATOR)
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    run = services.calculate_run(run=run, by=staff, at=AT)
    run = services.certify_run(run=run, by=administrator, at=AT)
    services.record_publication(run=run, by=administrator, at=AT)
    make_edition(run, prepared_by=staff, by=administrator)
    later = services.create_run(
        appropriation=appropriation(fiscal_year=FISCAL_YEAR + 1), by=staff, at=AT + timedelta(days=30)
    )
    draft = Filing.objects.create(
        library=bethel,
        period=make_period(date(2027, 3, 1)),
        version=1,
        basis="by_month",
        covers=(date(2027, 3, 1), date(2027, 9, 1)),
        form_edition="test",
        created_at=AT,
    )
    LoanCount.objects.create(filing=draft, home_library=avon, month=date(2027, 3, 1), loans=3)
    report = ExpenditureReport.objects.create(
        library=avon, fiscal_year=2027, version=1, received_cents=80_000, unspent_cents=0, created_at=AT
    )
    ExpenditureLine.objects.create(report=report, category="materials", cents=80_000, note="books")
    return World(
        libraries=made,
        certified_run=run,
        calculated_run=later,
        filing=filing,
        draft=draft,
        report=report,
        statement=make_document(run, avon, pk=STATEMENT),
        unpublished=make_document(later),
        receipt=give_receipt(filing, ReceiptKind.SUBMISSION, statement="Submitted", by=staff, at=AT),
        staff=staff,
        filer=make_user(Role.LIBRARY_FILER, library=avon),
    )


def make_document(run: PaymentRun, library: Library | None = None, pk: int | None = None) -> Document:
    return Document.objects.create(
        pk=pk,
        kind=DocumentKind.PAYMENT_STATEMENT if library else DocumentKind.PAYMENT_LIST,
        run=run,
        library=library,
        title="A document",
        data_sha256="a" * 64,
        pdf="a.pdf",
        pdf_sha256="b" * 64,
        csv="a.csv",
        csv_sha256="c" * 64,
        certified=run.certified_at is not None,
        made_at=AT,
    )


def make_edition(run: PaymentRun, *, prepared_by: User, by: User) -> Edition:
    """Put the first edition of a run's annual reports on record, published; its reports have no files."""
    edition = Edition.objects.create(
        run=run, fiscal_year=run.fiscal_year, number=1, prepared_by=prepared_by, prepared_at=AT
    )
    for kind in ANNUAL:
        report = Document.objects.create(
            kind=kind,
            run=run,
            title="A report",
            data_sha256="e" * 64,
            pdf="a.pdf",
            pdf_sha256="b" * 64,
            csv="a.csv",
            csv_sha256="c" * 64,
            xlsx="a.xlsx",
            xlsx_sha256="d" * 64,
            certified=True,
            made_at=AT,
        )
        EditionDocument.objects.create(edition=edition, kind=kind, document=report)
    for step in ("reviewed", "certified", "published"):
        setattr(edition, f"{step}_by", by)
        setattr(edition, f"{step}_at", AT)
        edition.attestation = "" if step == "reviewed" else "They follow from the records."
        edition.save()
    return edition


def token_of(user: User, *scopes: Scope) -> dict[str, str]:
    """Return the header with which another program acts for a person, in every scope unless said."""
    _, text = make_api_token(
        assignment=user.role_assignments.get(),
        name="a program",
        scopes=scopes or tuple(Scope),
        expires_at=clock.now() + timedelta(days=30),
        by=user,
    )
    return {"Authorization": f"Bearer {text}"}


# An address of every route, each with something on record for State Library staff.
ADDRESSES = {
    "towns": ["/api/v1/towns/", "/api/v1/towns/1/"],
    "libraries": ["/api/v1/libraries/", "/api/v1/libraries/CT0001/"],
    "residencies": ["/api/v1/residencies/"],
    "filing-periods": ["/api/v1/filing-periods/", "/api/v1/filing-periods/semiannual-2026-03-01/"],
    "payment-runs": ["/api/v1/payment-runs/", "/api/v1/payment-runs/2027-1/"],
    "payments": [
        "/api/v1/payment-runs/2027-1/payments/",
        "/api/v1/payment-runs/2027-1/payments/CT0001/",
    ],
    "what-if": ["/api/v1/what-if/?base=2027-1"],
    "desk": ["/api/v1/desk/"],
    "desk-card": ["/api/v1/desk/card/?shown=nothing"],
    "desk-loan": ["/api/v1/desk/loan/?lives=other_town&card=home&lent=loose_issue&number=3"],
    "desk-cards": ["/api/v1/desk/cards/?who=resident"],
    "desk-lending": ["/api/v1/desk/lending/?asks=policy"],
    "desk-return": ["/api/v1/desk/return/?item=print&situation=asked"],
    "desk-fine": [
        "/api/v1/desk/fine/?returned_to=lender&due=2026-11-02&handed_in=2026-11-12&lender_rate=0.10"
    ],
    "desk-account": ["/api/v1/desk/account/?about=overdue"],
    "editions": ["/api/v1/editions/", "/api/v1/editions/2027-1/"],
    "documents": ["/api/v1/documents/", "/api/v1/documents/{statement}/"],
    "statistics-use": ["/api/v1/statistics/use/?fiscal_year=2027"],
    "statistics-history": ["/api/v1/statistics/history/?subject=CT0001"],
    "statistics-flows": ["/api/v1/statistics/flows/?fiscal_year=2027"],
    "filings": ["/api/v1/filings/", "/api/v1/filings/CT0001-semiannual-2026-03-01-1/"],
    "loan-counts": ["/api/v1/filings/CT0001-semiannual-2026-03-01-1/loan-counts/"],
    "findings": ["/api/v1/filings/CT0001-semiannual-2026-03-01-1/findings/"],
    "explanations": ["/api/v1/filings/CT0001-semiannual-2026-03-01-1/explanations/"],
    "statement": ["/api/v1/filings/CT0001-semiannual-2026-03-01-1/statement/"],
    "receipts": ["/api/v1/receipts/", "/api/v1/receipts/{receipt}/"],
    "cadence": ["/api/v1/libraries/CT0001/cadence/"],
    "expenditure-reports": ["/api/v1/expenditure-reports/", "/api/v1/expenditure-reports/CT0001-2027-1/"],
}
