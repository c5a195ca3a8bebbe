"""What became of a payment, in dated lines: certified, published, ordered, sent, paid; released or lapsed."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext

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
        found.append((eastern_day(run.certified_at), _CERTIFIED, gettext("The run was certified.")))
    if publication := getattr(run, "publication", None):
        found.append((eastern_day(publication.published_at), _PUBLISHED, gettext("The run was published.")))
    if order := order_of(run):
        said = gettext("The Board ordered the payments: order %(number)s.") % {"number": order.number}
        found.append((order.dated, _ORDERED, said))
    for release in payment.releases.approved().select_related("order"):
        found.append(
            (
                release.order.dated,
                _RELEASED,
                gettext("%(amount)s that was withheld was released by order %(number)s of the Board.")
                % {"amount": dollars(release.cents), "number": release.order.number},
            )
        )
    for lapse in payment.lapses.standing():
        said = gettext("%(amount)s that was withheld lapsed: %(reason)s") % {
            "amount": dollars(lapse.cents),
            "reason": lapse.reason,
        }
        found.append((lapse.on, _LAPSED, said))
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
                gettext(
                    "Correction statement %(number)s: by counts amended since, its two shares would be "
                    "%(corrected)s instead of %(certified)s. It pays nothing and changes no other payment."
                )
                % {
                    "number": correction.statement.number,
                    "corrected": dollars(correction.corrected_cents),
                    "certified": dollars(correction.certified_cents),
                },
            )
        )
    return tuple(Event(on, sentence) for on, _, sentence in sorted(found))


def _of_line(payment: Payment, line: PaymentBatchLine) -> list[tuple[date, int, str]]:
    told = [(eastern_day(line.batch.exported_at), _SENT, _sent(payment, line))]
    for result in line.results.all():
        became = (
            gettext("%(amount)s was paid, reference %(reference)s.")
            if result.status == "paid"
            else gettext("The payment came back, reference %(reference)s.")
        )
        said = became % {"amount": dollars(line.cents), "reference": result.reference}
        told.append((result.on, _RESULT, said))
    return told


def _sent(payment: Payment, line: PaymentBatchLine) -> str:
    to_another = line.paid_to_id != payment.library_id
    if line.reissue_of_id and to_another:
        said = gettext(
            "%(amount)s went again to the Comptroller in batch %(batch)s for %(library)s, its legal "
            "successor."
        )
    elif line.reissue_of_id:
        said = gettext("%(amount)s went again to the Comptroller in batch %(batch)s.")
    elif to_another:
        said = gettext(
            "%(amount)s went to the Comptroller in batch %(batch)s for %(library)s, its legal successor."
        )
    else:
        said = gettext("%(amount)s went to the Comptroller in batch %(batch)s.")
    return said % {"amount": dollars(line.cents), "batch": line.batch.code, "library": line.paid_to}
