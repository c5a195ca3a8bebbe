"""A certified run, its Board's order and its payees, straight on record: what goes to the Comptroller."""

from datetime import date, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.clock import EASTERN
from connecticard.models import Role
from libraries.models import Library
from payments import services
from payments.disbursing.board_orders import record_order
from payments.disbursing.payment_batches import export_batch
from payments.models import BoardOrder, PastPayment, Payee, PayeeKind, PaymentBatch, PaymentRun
from tests.factories import make_letter, make_library, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified

CERTIFIED_AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)
ORDERED = date(2027, 4, 19)
AT = datetime(2027, 4, 20, 9, 0, tzinfo=EASTERN)


def make_libraries(*, in_debt: str = "") -> list[Library]:
    """Make three libraries: A lends B 30, B lends A 20, C lends nobody; one may owe a report.

    Of $1,000.00 A gets $800.00, B $200.00, C nothing; what one `in_debt` would get is withheld.
    """
    made = [make_library(name, key=name) for name in ("A", "B", "C")]
    for library in made:
        make_letter(library)
        PastPayment.objects.create(
            library=library,
            fiscal_year=FISCAL_YEAR - 2,
            cents=500_00 if library.key == in_debt else 0,
            source="ledger",
        )
    a, b, c = made
    for half in HALVES:
        certified(a, {b: 15}, first_day=half.first_day)
        certified(b, {a: 10}, first_day=half.first_day)
        certified(c, {}, first_day=half.first_day)
    return made


def certified_run(**fields: Any) -> PaymentRun:
    """Make the libraries, and their run certified on April 15, 2027."""
    make_libraries(**fields)
    staff = make_user(Role.STATE_STAFF)
    run = services.create_run(appropriation=appropriation(), by=staff, at=CERTIFIED_AT)
    run = services.calculate_run(run=run, by=staff, at=CERTIFIED_AT)
    return services.certify_run(run=run, by=make_user(Role.STATE_ADMINISTRATOR), at=CERTIFIED_AT)


def ordered(run: PaymentRun, number: str = "2027-08") -> BoardOrder:
    """Record the Board's order to pay a run, of April 19, 2027."""
    return record_order(run=run, number=number, dated=ORDERED, by=make_user(Role.STATE_STAFF), at=AT)


def make_payee(library: Library, **fields: Any) -> Payee:
    """Put a municipality on record as the payee of a library, from long ago."""
    values = {
        "kind": PayeeKind.MUNICIPALITY,
        "name": f"Town of {library.name}",
        "vendor_number": f"000{ord(library.name[0])}",
        "valid": DateRange(date(2020, 7, 1), None),
    }
    return Payee.objects.create(library=library, **(values | fields))


def ready_run(**fields: Any) -> PaymentRun:
    """Make a certified run with the Board's order and a payee for each library."""
    run = certified_run(**fields)
    ordered(run)
    for payment in run.payments.select_related("library"):
        make_payee(payment.library)
    return run


def exported(run: PaymentRun, **fields: Any) -> PaymentBatch:
    """Export what is ready, on April 20, 2027."""
    return export_batch(run=run, **({"by": make_user(Role.STATE_STAFF), "at": AT} | fields))
