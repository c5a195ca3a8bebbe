from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import F, Q

from connecticard.constraints import ChangedWhile, paired
from connecticard.models import User
from libraries.models import Library
from payments.models.board_order import BoardOrder
from payments.models.payee import PayeeKind
from payments.models.payment import Payment
from payments.models.payment_run import PaymentRun
from payments.models.withheld_release import WithheldRelease
from payments.rules.payment_run_status import PaymentRunStatus


class BatchKind(StrEnum):
    """Why the lines of a batch are paid."""

    PAYMENT = "payment"
    RELEASE = "release"
    REISSUE = "reissue"

    @property
    def label(self) -> str:
        """The kind in words for people."""
        return {
            BatchKind.PAYMENT: "Payments of the run",
            BatchKind.RELEASE: "Released money",
            BatchKind.REISSUE: "Returned payments sent again",
        }[self]


class PaymentBatchQuerySet(models.QuerySet["PaymentBatch"]):
    def standing(self) -> "PaymentBatchQuerySet":
        """Batches that the Comptroller took: none that was withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


class PaymentBatch(models.Model):
    """Payments of a run as one file to the Comptroller, under one order of the Board (C.G.S. 11-31b).

    The file is kept as it was sent. A batch that the Comptroller did not take is withdrawn with a reason, and
    put back in force with another where it was taken after all.
    """

    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="batches")
    number = models.PositiveSmallIntegerField("number of the batch within its run")
    code = models.CharField("batch id in the files", max_length=30, unique=True)
    kind = models.CharField(max_length=10, choices=[(item.value, item.label) for item in BatchKind])
    order = models.ForeignKey(BoardOrder, on_delete=models.PROTECT, related_name="batches")
    line_count = models.PositiveIntegerField("control total: lines")
    cents = models.PositiveBigIntegerField("control total: sum in cents")
    file = models.BinaryField("the file as it was sent")
    sha256 = models.CharField("SHA-256 of the file", max_length=64)
    exported_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    exported_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(blank=True)

    objects = PaymentBatchQuerySet.as_manager()

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_batch_of_a_number"),
            models.CheckConstraint(name="batch_has_lines", condition=Q(line_count__gt=0, cents__gt=0)),
            paired("batch_withdrawal_is_whole", "withdrawn_at", "withdrawn_by"),
            models.CheckConstraint(
                name="withdrawn_batch_says_why",
                condition=Q(withdrawn_at__isnull=True) | ~Q(withdrawn_because=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="batch_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="batch_stays_as_exported",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["withdrawn_by", "withdrawn_at", "withdrawn_because"]),
            ),
            pgtrigger.Trigger(
                name="withdrawn_batch_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__withdrawn_at__isnull=False)),
                func=f"""
                    IF NEW.withdrawn_at IS NOT NULL OR NOT EXISTS (
                        SELECT 1 FROM payments_batchreinstatement AS reinstatement
                        JOIN payments_boardorder AS ordered ON ordered.id = NEW.order_id
                        JOIN payments_paymentrun AS run ON run.id = NEW.run_id
                        WHERE reinstatement.batch_id = NEW.id
                        AND reinstatement.withdrawn_at = OLD.withdrawn_at
                        AND ordered.withdrawn_at IS NULL
                        AND run.status = '{PaymentRunStatus.CERTIFIED.value}'
                    ) THEN
                        RAISE EXCEPTION 'a withdrawn batch stays so until it is put back in force';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608
            ),
            pgtrigger.Trigger(
                name="batch_rests_on_an_order",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_boardorder AS ordered
                        JOIN payments_paymentrun AS run ON run.id = ordered.run_id
                        WHERE ordered.id = NEW.order_id AND run.id = NEW.run_id
                        AND ordered.withdrawn_at IS NULL
                        AND run.status = '{PaymentRunStatus.CERTIFIED.value}'
                    ) THEN
                        RAISE EXCEPTION 'a batch rests on an order of the Board for its certified run';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608
            ),
            pgtrigger.Trigger(
                name="batch_with_results_stands",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=True, new__withdrawn_at__isnull=False),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM payments_paymentresult AS result
                        JOIN payments_paymentbatchline AS line ON line.id = result.line_id
                        WHERE line.batch_id = NEW.id
                    ) THEN
                        RAISE EXCEPTION 'a batch with results is not withdrawn';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="batch_totals_are_those_of_its_lines",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentbatchline AS line WHERE line.batch_id = NEW.id
                        HAVING count(*) = NEW.line_count AND sum(line.cents) = NEW.cents
                    ) THEN
                        RAISE EXCEPTION 'the totals of a batch are those of its lines';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Batch {self.code}"

    @property
    def kind_label(self) -> str:
        """The kind in words for people."""
        return BatchKind(self.kind).label

    @property
    def content(self) -> bytes:
        """The bytes that were sent."""
        return bytes(self.file)


_STANDS = Q(stands=True)


class PaymentBatchLine(models.Model):
    """One payment to one payee in a batch, frozen as it was sent.

    `stands` ends when the batch is withdrawn, until it is put back in force, or when a returned payment is
    sent again: so a payment has at most one line that stands, and is paid at most once (4(a)).
    """

    batch = models.ForeignKey(PaymentBatch, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveSmallIntegerField()
    code = models.CharField("line id in the files", max_length=40, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="batch_lines")
    release = models.ForeignKey(
        WithheldRelease,
        on_delete=models.PROTECT,
        null=True,
        related_name="batch_lines",
        help_text="What released the money, where it was withheld.",
    )
    paid_to = models.ForeignKey(
        Library,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The library itself, or its legal successor.",
    )
    payee_name = models.CharField(max_length=120)
    payee_kind = models.CharField(max_length=12, choices=[(item.value, item.label) for item in PayeeKind])
    vendor_number = models.CharField(max_length=20)
    cents = models.PositiveBigIntegerField()
    reissue_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="reissues")
    stands = models.BooleanField(default=True)

    class Meta:
        ordering = ["batch", "number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="one_batch_line_of_a_number"),
            models.UniqueConstraint(
                fields=["payment"], name="a_payment_is_sent_once_at_a_time", condition=_STANDS
            ),
            models.CheckConstraint(name="batch_line_pays_something", condition=Q(cents__gt=0)),
            models.CheckConstraint(
                name="batch_line_names_its_payee", condition=~Q(payee_name="") & ~Q(vendor_number="")
            ),
            models.CheckConstraint(
                name="batch_line_reissues_another",
                condition=Q(reissue_of__isnull=True) | ~Q(reissue_of=F("pk")),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="batch_line_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="batch_line_stays_as_exported",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["stands"]),
            ),
            pgtrigger.Trigger(
                name="batch_line_is_of_its_batch",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM payments_paymentbatch AS batch
                        JOIN payments_payment AS payment ON payment.id = NEW.payment_id
                        WHERE batch.id = NEW.batch_id AND (
                            payment.run_id <> batch.run_id
                            OR NEW.cents <> payment.payment_cents + payment.withheld_cents
                            OR (payment.withheld_cents > 0) <> EXISTS (
                                SELECT 1 FROM payments_withheldrelease AS release
                                WHERE release.id = NEW.release_id AND release.payment_id = payment.id
                                AND release.order_id = batch.order_id AND release.approved_at IS NOT NULL
                            )
                            OR batch.line_count < NEW.number
                            OR batch.cents <> (
                                SELECT sum(line.cents) FROM payments_paymentbatchline AS line
                                WHERE line.batch_id = batch.id
                            )
                        )
                    ) THEN
                        RAISE EXCEPTION 'a batch line pays one payment of its run in full';
                    END IF;
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="payment_is_paid_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM payments_paymentbatchline AS line
                        JOIN payments_paymentbatch AS batch ON batch.id = line.batch_id
                        WHERE line.payment_id = NEW.payment_id AND batch.withdrawn_at IS NULL
                        AND NOT EXISTS (
                            SELECT 1 FROM payments_paymentresult AS result
                            WHERE result.line_id = line.id AND result.status = 'returned'
                        )
                    ) THEN
                        RAISE EXCEPTION 'a payment is paid at most once';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="batch_line_ends_for_a_reason",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("stands"),
                func="""
                    IF NEW.stands = (EXISTS (
                        SELECT 1 FROM payments_paymentbatch AS batch
                        WHERE batch.id = NEW.batch_id AND batch.withdrawn_at IS NOT NULL
                    ) OR EXISTS (
                        SELECT 1 FROM payments_paymentresult AS result
                        WHERE result.line_id = NEW.id AND result.status = 'returned'
                    )) THEN
                        RAISE EXCEPTION 'a line stands until it is returned or its batch is withdrawn';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Line {self.code}"

    @property
    def payee_kind_label(self) -> str:
        """The kind of the payee in words for people."""
        return PayeeKind(self.payee_kind).label
