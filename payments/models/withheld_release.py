import pgtrigger
from django.db import models
from django.db.models import F, Q

from connecticard.constraints import ChangedWhile, paired
from connecticard.models import User
from payments.models.board_order import BoardOrder, OrderKind
from payments.models.payment import Payment
from payments.models.payment_run import PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus

_HOLDS = Q(declined_at__isnull=True)

# Whoever releases or lapses a payment holds its row, so that two who do it at once cannot both succeed.
_HOLD_PAYMENT = "PERFORM 1 FROM payments_payment WHERE id = NEW.payment_id FOR NO KEY UPDATE;"


class PaymentCutoff(models.Model):
    """The last day on which the Comptroller takes payments of a fiscal year, where it is before June 30.

    A later row replaces an earlier one of the same year; each stays as it was recorded.
    """

    fiscal_year = models.PositiveSmallIntegerField("state fiscal year, named for the year in which it ends")
    last_day = models.DateField()
    source = models.CharField("the Comptroller's notice, with its date", max_length=250)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-fiscal_year", "-recorded_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="cutoff_in_its_fiscal_year",
                condition=Q(last_day__year=F("fiscal_year"), last_day__month__lte=6)
                | Q(last_day__year=F("fiscal_year") - 1, last_day__month__gte=7),
            ),
            models.CheckConstraint(name="cutoff_names_its_source", condition=~Q(source="")),
        ]
        triggers = [
            pgtrigger.Protect(name="cutoff_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Comptroller's cut-off of fiscal year {self.fiscal_year}"


class WithheldReleaseQuerySet(models.QuerySet["WithheldRelease"]):
    def waiting(self) -> "WithheldReleaseQuerySet":
        """Those that wait for a second person."""
        return self.filter(approved_at__isnull=True, declined_at__isnull=True)

    def approved(self) -> "WithheldReleaseQuerySet":
        """Those that a second person approved: the money is to be paid."""
        return self.filter(approved_at__isnull=False)

    def holding(self) -> "WithheldReleaseQuerySet":
        """Those that keep money from lapsing: approved, or waiting for a second person."""
        return self.filter(_HOLDS)


class WithheldRelease(models.Model):
    """Money withheld from a library, released because its default was cured and the Board ordered it.

    It covers exactly what was withheld, and pays once a second person approves. One that is declined never
    held; it stays on record with its reason. Source: Regs. Conn. State Agencies § 11-31c-4(a), (b); C.G.S.
    §§ 4-89, 11-31b.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="releases")
    order = models.ForeignKey(BoardOrder, on_delete=models.PROTECT, related_name="releases")
    cents = models.PositiveBigIntegerField("money released: all that was withheld")
    cured_on = models.DateField("day on which the last requirement was met")
    reason = models.TextField("how the default was cured")
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    declined_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True)
    declined_because = models.TextField(blank=True)

    objects = WithheldReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["payment__library__key", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment"], name="withheld_money_released_once", condition=_HOLDS
            ),
            paired("release_approval_is_whole", "approved_at", "approved_by"),
            paired("release_declining_is_whole", "declined_at", "declined_by"),
            models.CheckConstraint(
                name="release_approved_by_another",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("recorded_by")),
            ),
            models.CheckConstraint(name="release_says_how_it_was_cured", condition=~Q(reason="")),
            models.CheckConstraint(
                name="declined_release_says_why_and_is_not_approved",
                condition=Q(declined_at__isnull=True, declined_because="")
                | (Q(declined_at__isnull=False, approved_at__isnull=True) & ~Q(declined_because="")),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="release_follows_the_law",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=f"""
                    {_HOLD_PAYMENT}
                    IF NEW.declined_at IS NOT NULL THEN RETURN NEW; END IF;
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_payment AS payment
                        JOIN payments_paymentrun AS run ON run.id = payment.run_id
                        JOIN payments_boardorder AS board_order ON board_order.id = NEW.order_id
                        WHERE payment.id = NEW.payment_id
                        AND run.status = '{PaymentRunStatus.CERTIFIED.value}'
                        AND payment.withheld_cents = NEW.cents AND NEW.cents > 0
                        AND board_order.run_id = run.id AND board_order.withdrawn_at IS NULL
                        AND board_order.kind = '{OrderKind.RELEASE.value}'
                        AND board_order.dated <= make_date(run.fiscal_year, 6, 30)
                        AND NEW.cured_on <= make_date(run.fiscal_year, 6, 30)
                    ) THEN
                        RAISE EXCEPTION 'a release pays what was withheld, by an order of its run in time';
                    END IF;
                    IF EXISTS (
                        SELECT 1 FROM payments_withheldlapse
                        WHERE payment_id = NEW.payment_id AND set_aside_at IS NULL
                    ) AND NEW.approved_at IS NOT NULL THEN
                        RAISE EXCEPTION 'money that lapsed cannot be released';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608
            ),
            pgtrigger.Protect(
                name="release_stays_as_recorded",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    exclude=["approved_by", "approved_at", "declined_by", "declined_at", "declined_because"]
                ),
            ),
            pgtrigger.Protect(
                name="settled_release_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(
                    pgtrigger.Q(old__approved_at__isnull=False) | pgtrigger.Q(old__declined_at__isnull=False)
                ),
            ),
            pgtrigger.Protect(name="release_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Release of what was withheld from {self.payment}"


class WithheldLapseQuerySet(models.QuerySet["WithheldLapse"]):
    def standing(self) -> "WithheldLapseQuerySet":
        """Lapses as they are: none that an order dated in time, found later, set aside."""
        return self.filter(set_aside_at__isnull=True)


_POOLS = [("transactions", "transactions"), ("net_plus", "net plus")]


class WithheldLapse(models.Model):
    """Money of a run that no order covered by the last day: withheld from a library, or a whole pool.

    Recorded after the close of the last day (C.G.S. § 4-89). Where an order dated in time comes to light
    afterwards, its release sets the lapse aside; the row stays.
    """

    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="lapses")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="lapses")
    pool = models.CharField("pool that nobody had a share in", max_length=12, choices=_POOLS, blank=True)
    cents = models.PositiveBigIntegerField()
    on = models.DateField("lapsed at the close of this day")
    reason = models.TextField()
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="Nobody: the nightly task."
    )
    recorded_at = models.DateTimeField()
    set_aside_at = models.DateTimeField(null=True)
    set_aside_by = models.ForeignKey(
        "payments.WithheldRelease", on_delete=models.PROTECT, null=True, related_name="set_aside"
    )

    objects = WithheldLapseQuerySet.as_manager()

    class Meta:
        ordering = ["pool", "payment__library__key", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment"], name="withheld_money_lapses_once", condition=Q(set_aside_at__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["run", "pool"], name="pool_lapses_once", condition=Q(payment__isnull=True)
            ),
            models.CheckConstraint(
                name="lapse_of_a_payment_or_a_pool",
                condition=Q(payment__isnull=False, pool="")
                | Q(payment__isnull=True, pool__in=["transactions", "net_plus"]),
            ),
            models.CheckConstraint(name="lapse_of_some_money", condition=Q(cents__gt=0)),
            models.CheckConstraint(name="lapse_says_why", condition=~Q(reason="")),
            paired("lapse_set_aside_is_whole", "set_aside_at", "set_aside_by"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="lapse_follows_the_law",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"""
                    {_HOLD_PAYMENT}
                    IF (NEW.recorded_at AT TIME ZONE 'America/New_York')::date <= NEW."on" THEN
                        RAISE EXCEPTION 'money lapses at the close of its last day, not before';
                    END IF;
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentrun AS run WHERE run.id = NEW.run_id
                        AND run.status = '{PaymentRunStatus.CERTIFIED.value}'
                        AND NEW."on" <= make_date(run.fiscal_year, 6, 30)
                    ) OR NEW.payment_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM payments_payment AS payment
                        WHERE payment.id = NEW.payment_id AND payment.run_id = NEW.run_id
                        AND payment.withheld_cents = NEW.cents
                    ) THEN
                        RAISE EXCEPTION 'a lapse is of what a certified run withheld, to the cent';
                    END IF;
                    IF EXISTS (
                        SELECT 1 FROM payments_withheldrelease
                        WHERE payment_id = NEW.payment_id AND declined_at IS NULL
                    ) THEN
                        RAISE EXCEPTION 'money that an order releases cannot lapse';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608
            ),
            pgtrigger.Protect(
                name="lapse_stays_as_recorded",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["set_aside_at", "set_aside_by"]),
            ),
            pgtrigger.Protect(
                name="lapse_set_aside_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__set_aside_at__isnull=False)),
            ),
            pgtrigger.Protect(name="lapse_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Lapse of {self.payment or f'the {self.pool} pool of {self.run}'}"
