"""The demonstration's year before: certified, published, ordered and paid, so that this one can be compared.

Figures, orders, payees and their vendor numbers are made up and say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, User
from libraries.models import Library
from payments import services
from payments.disbursing.board_orders import record_order
from payments.disbursing.payees import proposal_for
from payments.disbursing.payment_batches import export_batch
from payments.disbursing.payment_file import TOTAL, csv_bytes
from payments.disbursing.result_services import import_results
from payments.disbursing.result_table import COLUMNS
from payments.models import Payee, PayeeKind, PaymentBatch, PaymentRun
from payments.rules.cents import plain_dollars
from reports.services import publish_run

RETURNED_LINE = 20


@dataclass(frozen=True)
class StatePeople:
    """Who acts at the State Library."""

    staff: User
    colleague: User
    administrator: User


def is_paid_here(fiscal_year: int) -> bool:
    """Return whether a year before has a run: who was in order may be assumed for past years only."""
    return fiscal_year < services.FIRST_YEAR_FILED_HERE


def keep_made_up_payees(libraries: Sequence[Library], *, since: date, by: User) -> None:
    """Keep for every library a payee of the kind that the roster proposes."""
    payees = []
    for number, library in enumerate(libraries, start=1):
        proposal = proposal_for(library)
        kind = proposal.kind if proposal else PayeeKind.ASSOCIATION
        payees.append(
            Payee(
                library=library,
                kind=kind,
                name=f"Town of {library.town}" if kind is PayeeKind.MUNICIPALITY else library.name,
                vendor_number=f"DEMO-{number:04}",
                valid=DateRange(since, None),
            )
        )
    for payee in Payee.objects.bulk_create(payees):
        AuditEvent.record(
            "payee_kept",
            target=payee,
            by=by,
            after={"name": payee.name, "vendor_number": payee.vendor_number},
        )


def pay_year(fiscal_year: int, cents: int, *, act: str, people: StatePeople) -> PaymentRun:
    """Take a past year from its appropriation, in cents, to what the Comptroller says became of it."""
    appropriation = services.record_appropriation(
        fiscal_year=fiscal_year,
        cents=cents,
        act=act,
        by=people.staff,
        enacted_on=date(fiscal_year - 1, 6, 30),
    )
    in_april = [_noon(date(fiscal_year, 4, day)) for day in (6, 13, 14, 17, 20)]
    prepared, certified, published, ordered, exported = in_april
    run = services.create_run(
        appropriation=appropriation, by=people.staff, at=prepared, assumed_eligible=True
    )
    run = services.calculate_run(run=run, by=people.staff, at=prepared)
    run = services.certify_run(run=run, by=people.administrator, at=certified)
    publish_run(run=run, by=people.administrator, at=published)
    record_order(
        run=run,
        number=f"DEMO-{fiscal_year}-1",
        dated=ordered.date(),
        text=act,
        by=people.colleague,
        at=ordered,
    )
    batch = export_batch(run=run, by=people.colleague, at=exported)
    import_results(
        run=run,
        content=_results(batch, date(fiscal_year, 5, 4)),
        name=f"results-{batch.code}.csv",
        by=people.colleague,
        at=_noon(date(fiscal_year, 5, 6)),
    )
    return run


def _results(batch: PaymentBatch, on: date) -> bytes:
    """Return a file by which every line was paid that day, but for one that came back."""
    lines = list(batch.lines.order_by("number"))
    rows = [
        (
            batch.code,
            line.code,
            "returned" if line.number == RETURNED_LINE else "paid",
            on.isoformat(),
            f"DEMO-{line.number:05}",
            plain_dollars(line.cents),
        )
        for line in lines
    ]
    total = (TOTAL, len(lines), "", "", "", plain_dollars(sum(line.cents for line in lines)))
    return csv_bytes([COLUMNS, *rows, total])


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=EASTERN)
