from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import F, Q

from connecticard.constraints import ChangedWhile, paired
from connecticard.models import User
from payments.models.payment_run import PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus


class OrderKind(StrEnum):
    """What an order of the Board has paid."""

    PAYMENT = "payment"
    RELEASE = "release"

    @property
    def label(self) -> str:
        """The kind in words for people."""
        return {OrderKind.PAYMENT: "Payment of the run", OrderKind.RELEASE: "Release of withheld money"}[self]


class BoardOrderQuerySet(models.QuerySet["BoardOrder"]):
    def standing(self) -> "BoardOrderQuerySet":
        """Orders as the Board made them: none that was recorded by mistake and taken back."""
        return self.filter(withdrawn_at__isnull=True)


_STANDS = Q(withdrawn_at__isnull=True)


class BoardOrder(models.Model):
    """An order of the State Library Board to pay the amounts of a certified run, or money withheld in it.

    It stays as it was recorded (C.G.S. 11-31b). One recorded by mistake is taken back with a reason.
    """

    kind = models.CharField(max_length=10, choices=[(item.value, item.label) for item in OrderKind])
    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="board_orders")
    number = models.CharField("number in the Board's minutes", max_length=40)
    dated = models.DateField("date of the order")
    text = models.TextField("what the Board ordered, in its words", blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField("why the record of it was taken back", blank=True)

    objects = BoardOrderQuerySet.as_manager()

    class Meta:
        ordering = ["dated", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="one_board_order_of_a_number", condition=_STANDS),
            models.UniqueConstraint(
                fields=["run"],
                name="one_payment_order_of_a_run",
                condition=_STANDS & Q(kind=OrderKind.PAYMENT),
            ),
            models.CheckConstraint(name="board_order_has_a_number", condition=~Q(number="")),
            models.CheckConstraint(
                name="board_order_not_in_the_future",
                condition=Q(dated__lte=F("recorded_at__date")),
            ),
            paired("board_order_withdrawal_is_whole", "withdrawn_at", "withdrawn_by"),
            models.CheckConstraint(
                name="withdrawn_board_order_says_why", condition=_STANDS | ~Q(withdrawn_because="")
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="board_order_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["withdrawn_by", "withdrawn_at", "withdrawn_because"]),
            ),
            pgtrigger.Protect(
                name="withdrawn_board_order_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__withdrawn_at__isnull=False)),
            ),
            pgtrigger.Protect(name="board_order_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="board_order_in_use_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=True, new__withdrawn_at__isnull=False),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM payments_paymentbatch WHERE order_id = NEW.id AND withdrawn_at IS NULL
                    ) OR EXISTS (
                        SELECT 1 FROM payments_withheldrelease WHERE order_id = NEW.id AND declined_at IS NULL
                    ) THEN
                        RAISE EXCEPTION 'an order on which payments or releases rest is not taken back';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="board_order_follows_the_certificate",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentrun AS run
                        WHERE run.id = NEW.run_id AND run.status = '{PaymentRunStatus.CERTIFIED.value}'
                        AND (run.certified_at AT TIME ZONE 'America/New_York')::date <= NEW.dated
                    ) THEN
                        RAISE EXCEPTION 'an order of the Board follows the certificate of its run';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608
            ),
        ]

    def __str__(self) -> str:
        return f"Order {self.number} of the Board"

    @property
    def kind_label(self) -> str:
        """The kind in words for people."""
        return OrderKind(self.kind).label
