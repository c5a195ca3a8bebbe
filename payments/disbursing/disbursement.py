"""Whether the money of a run went out: nothing is voided or divided again after that (4(a))."""

from django.db.models import F, Q, QuerySet, Sum

from payments.models import PaymentBatchLine, PaymentRun, ResultStatus, WithheldRelease


def is_disbursed(run: PaymentRun) -> bool:
    """Return whether a batch of this run was exported to the Comptroller and not withdrawn."""
    return run.batches.standing().exists()


def sent_cents(run: PaymentRun) -> int:
    """Return what is with the Comptroller or paid, in cents; a payment sent again counts once."""
    return _sum(PaymentBatchLine.objects.filter(batch__run=run, stands=True))


def unsent_cents(run: PaymentRun) -> int:
    """Return what the run pays and no standing line holds, in cents; of withheld money what was released."""
    standing = PaymentBatchLine.objects.filter(batch__run=run, stands=True).values("payment")
    released = WithheldRelease.objects.approved().filter(payment__run=run).values("payment")
    to_pay = run.payments.filter(Q(withheld_cents=0) | Q(pk__in=released)).exclude(pk__in=standing)
    return to_pay.aggregate(cents=Sum(F("payment_cents") + F("withheld_cents")))["cents"] or 0


def paid_cents(run: PaymentRun) -> int:
    """Return what the Comptroller paid and did not get back, in cents."""
    return _sum(
        PaymentBatchLine.objects.filter(batch__run=run, results__status=ResultStatus.PAID).exclude(
            results__status=ResultStatus.RETURNED
        )
    )


def is_paid(run: PaymentRun) -> bool:
    """Return whether every payment of the run was sent, and all that was sent was paid."""
    sent = sent_cents(run)
    return bool(sent) and not unsent_cents(run) and paid_cents(run) == sent


def _sum(lines: QuerySet[PaymentBatchLine]) -> int:
    return lines.aggregate(cents=Sum("cents"))["cents"] or 0
