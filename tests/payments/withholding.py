"""Example W6: C is not in order, its default can be cured, and the Board can order the release."""

from datetime import date, datetime, time

from connecticard.clock import EASTERN
from connecticard.models import Role, User
from libraries.models import Library
from payments import services
from payments.disbursing.board_orders import record_order
from payments.models import (
    BoardOrder,
    ExpenditureReport,
    ExpenditureReportWaiver,
    OrderKind,
    PastPayment,
    Payment,
    PaymentRun,
)
from tests.factories import make_letter, make_library, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified

CERTIFIED_AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)
JUNE_30 = date(2027, 6, 30)
JULY_1 = date(2027, 7, 1)


def at(day: date, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), tzinfo=EASTERN)


def w6_libraries() -> list[Library]:
    """A, B and C with the loans of W6; C received money and owes a report on it."""
    made = [make_library(f"Library {key}", key=key) for key in "ABC"]
    for library in made:
        make_letter(library)
        PastPayment.objects.create(
            library=library, fiscal_year=FISCAL_YEAR - 2, cents=500_00 * (library.key == "C"), source="ledger"
        )
    a, b, c = made
    certified(a, {b: 10, c: 10})
    certified(b, {a: 12, c: 5})
    certified(c, {a: 5, b: 15})
    for library in made:
        certified(library, {}, first_day=HALVES[1].first_day)
    return made


def certified_run(
    cents: int = 1000_01,
    *,
    policy: str = "keep",
    staff: User | None = None,
    administrator: User | None = None,
) -> PaymentRun:
    """Split an appropriation between the libraries on record, and certify it."""
    staff = staff or make_user(Role.STATE_STAFF)
    run = services.create_run(
        appropriation=appropriation(cents),
        by=staff,
        at=CERTIFIED_AT,
        withheld_policy=policy,
        board_decision="Vote 1" if policy == "redistribute" else "",
    )
    services.calculate_run(run=run, by=staff, at=CERTIFIED_AT)
    return services.certify_run(
        run=run, by=administrator or make_user(Role.STATE_ADMINISTRATOR), at=CERTIFIED_AT
    )


def w6_run(**options: object) -> PaymentRun:
    """The certified run of W6: 487.94 is withheld from C."""
    w6_libraries()
    return certified_run(**options)  # type: ignore[arg-type]


def line_of(run: PaymentRun, key: str = "C") -> Payment:
    return run.payments.select_related("library", "run").get(library__key=key)


def cure_c(on: date) -> None:
    """C files its report on a day, certified, under a waiver approved that day."""
    c = Library.objects.get(key="C")
    person, other = make_user(), make_user()
    ExpenditureReport.objects.create(
        library=c,
        fiscal_year=FISCAL_YEAR - 2,
        version=1,
        status="certified",
        received_cents=500_00,
        unspent_cents=500_00,
        created_at=at(on),
        first_submitted_at=at(on),
        submitted_at=at(on),
        submitted_by=person,
        certified_at=at(on),
        certified_by=person,
        attestation="x",
        sha256="0" * 64,
    )
    ExpenditureReportWaiver.objects.create(
        library=c,
        fiscal_year=FISCAL_YEAR - 2,
        kind="late_acceptance",
        until=on,
        authority="The State Librarian",
        reason="The director was ill",
        proposed_by=person,
        proposed_at=at(on),
        approved_by=other,
        approved_at=at(on),
    )


def release_order(
    run: PaymentRun, dated: date, number: str = "2027-9", recorded: date | None = None
) -> BoardOrder:
    return record_order(
        run=run,
        number=number,
        dated=dated,
        kind=OrderKind.RELEASE,
        by=make_user(Role.STATE_STAFF),
        at=at(recorded or dated),
    )
