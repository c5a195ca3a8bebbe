"""What became of a payment, in dated lines: certified, published, ordered, sent, paid; released or lapsed."""

from dataclasses import dataclass
from datetime import date

from connecticard.templatetags.figures import dollars
from payments.disbursing.board_orders import order_of
from payments.models import Payment
from payments.models.correction_statement import CorrectionLine
from payments.models.payment_batch import PaymentBatchLine
from transactions.rules.filing_calendar import eastern_day

# What happens on one day is told in the order in which it can happen.
_CERTIFIED, _PUBLISHED, _ORDERED, _RELEASED, _LAPSED, _SENT, _RESULT, _CORRECTED = range(8)


@dataclass(frozen=True)
class Event:
    """Something that happened to the money of a payment."""

    on: date
    sentence: str


def course(payment: Payment) -> tuple[Event, ...]:
    """Return what became of a payment so far, the earliest first.

    Source: C.G.S. §§ 4-89, 11-31b; Regs. Conn. State Agencies § 11-31c-4(a).
    """
    run = payment.run
    found: list[tuple[date, int, str]] = []
    if run.certified_at:
        found.append((eastern_day(run.certified_at), _CERTIFIED, "The run was certified."))
    if publication := getattr(run, "publication", None):
        found.append((eastern_day(publication.published_at), _PUBLISHED, "The run was published."))
    if order := order_of(run):
        found.append((order.dated, _ORDERED, f"The Board ordered the payments: order {order.number}."))
    for release in payment.releases.approved().select_related("order"):
        found.append(
            (
                release.order.dated,
                _RELEASED,
                f"{dollars(release.cents)} that was withheld was released by order {release.order.number} of "
                "the Board.",
            )
        )
    for lapse in payment.lapses.standing():
        found.append((lapse.on, _LAPSED, f"{dollars(lapse.cents)} that was withheld lapsed: {lapse.reason}"))
    sent = payment.batch_lines.filter(batch__withdrawn_at__isnull=True)
    for line in sent.select_related("batch", "paid_to"):
        found += _of_line(payment, line)
    corrections = CorrectionLine.objects.filter(
        library=payment.library, statement__run=run, statement__certified_at__isnull=False
    ).select_related("statement")
    for correction in corrections:
        assert correction.statement.certified_at is not None, "the filter leaves out what is not certified"
        found.append(
            (
                eastern_day(correction.statement.certified_at),
                _CORRECTED,
                f"Correction statement {correction.statement.number}: by counts amended since, its two "
                f"shares would be {dollars(correction.corrected_cents)} instead of "
                f"{dollars(correction.certified_cents)}. It pays nothing and changes no other payment.",
            )
        )
    return tuple(Event(on, sentence) for on, _, sentence in sorted(found))


def _of_line(payment: Payment, line: PaymentBatchLine) -> list[tuple[date, int, str]]:
    again = " again" if line.reissue_of_id else ""
    other = f" for {line.paid_to}, its legal successor" if line.paid_to_id != payment.library_id else ""
    told = [
        (
            eastern_day(line.batch.exported_at),
            _SENT,
            f"{dollars(line.cents)} went{again} to the Comptroller in batch {line.batch.code}{other}.",
        )
    ]
    for result in line.results.all():
        became = f"{dollars(line.cents)} was paid" if result.status == "paid" else "The payment came back"
        told.append((result.on, _RESULT, f"{became}, reference {result.reference}."))
    return told
