from typing import Any

import pgtrigger
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext

from connecticard.constraints import ChangedWhile, frozen_rows, holds_a_day, no_overlap, paired
from connecticard.models import User
from connecticard.permissions import Action, may
from payments.models.appropriation import Appropriation
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.models import Filing
from transactions.rules.filing_calendar import Span, measurement_period

WITHHELD_POLICIES = [("keep", "keep"), ("redistribute", "redistribute")]


class PaymentRunQuerySet(models.QuerySet["PaymentRun"]):
    def published(self) -> "PaymentRunQuerySet":
        """The runs that stand as public records: certified, published and not void since."""
        return self.filter(status=PaymentRunStatus.CERTIFIED, publication__isnull=False)

    def visible_to(self, user: Any) -> "PaymentRunQuerySet":
        """Every run for who may see unpublished ones; else what was published, one voided since as void."""
        return self.all() if may(user, Action.VIEW_RUNS) else self.filter(publication__isnull=False)


class PaymentRun(models.Model):
    """One calculation of a fiscal year's payments, from draft to certified by a second person (4(a)).

    A certified run never changes; before disbursement it may be voided with a reason and made anew.
    """

    appropriation = models.ForeignKey(Appropriation, on_delete=models.PROTECT, related_name="payment_runs")
    fiscal_year = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField("number of the run within its fiscal year")
    status = models.CharField(
        max_length=12,
        choices=[(item.value, item.value) for item in PaymentRunStatus],
        default=PaymentRunStatus.DRAFT,
    )
    withheld_policy = models.CharField(max_length=12, choices=WITHHELD_POLICIES, default="keep")
    board_decision = models.CharField("Board's decision to redistribute", max_length=250, blank=True)
    next_policy = models.CharField(
        "policy chosen since the calculation, for the next one",
        max_length=12,
        choices=WITHHELD_POLICIES,
        blank=True,
    )
    next_board_decision = models.CharField(max_length=250, blank=True)
    assumed_eligible = models.BooleanField(
        default=False,
        help_text="Every library open in the period is treated as participating and in order: "
        "for replays of years that were filed before this system.",
    )
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    calculated_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    calculated_at = models.DateTimeField(null=True)
    appropriation_cents = models.PositiveBigIntegerField("amount split, in cents", null=True)
    transactions_pool_cents = models.PositiveBigIntegerField(null=True)
    net_plus_pool_cents = models.PositiveBigIntegerField(null=True)
    undistributed_cents = models.PositiveBigIntegerField(null=True)
    estimated = models.BooleanField(default=False)
    rulebook_edition = models.CharField(max_length=64, blank=True)
    inputs_sha256 = models.CharField(max_length=64, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    code_version = models.CharField(max_length=60, blank=True)
    certified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    certified_at = models.DateTimeField(null=True)
    attestation = models.TextField(blank=True)
    voided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    voided_at = models.DateTimeField(null=True)
    void_reason = models.TextField(blank=True)

    objects = PaymentRunQuerySet.as_manager()

    class Meta:
        ordering = ["-fiscal_year", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["fiscal_year", "number"], name="one_run_of_a_number"),
            models.UniqueConstraint(
                fields=["fiscal_year"],
                name="one_certified_run_a_fiscal_year",
                condition=Q(status=PaymentRunStatus.CERTIFIED),
            ),
            models.CheckConstraint(
                name="run_certified_by_another_than_prepared",
                condition=Q(certified_by__isnull=True) | ~Q(certified_by=F("prepared_by")),
            ),
            models.CheckConstraint(
                name="run_certified_by_another_than_calculated",
                condition=Q(certified_by__isnull=True) | ~Q(certified_by=F("calculated_by")),
            ),
            paired(
                "run_calculation_is_whole",
                "calculated_at",
                "calculated_by",
                "appropriation_cents",
                "transactions_pool_cents",
                "net_plus_pool_cents",
                "undistributed_cents",
            ),
            paired("run_certification_is_whole", "certified_at", "certified_by"),
            paired("run_voiding_is_whole", "voided_at", "voided_by"),
            models.CheckConstraint(
                name="run_pools_are_halves",
                condition=Q(appropriation_cents__isnull=True)
                | Q(appropriation_cents=F("transactions_pool_cents") + F("net_plus_pool_cents"))
                & Q(transactions_pool_cents__gte=F("net_plus_pool_cents"))
                & Q(transactions_pool_cents__lte=F("net_plus_pool_cents") + 1),
            ),
            models.CheckConstraint(
                name="run_status_has_its_marks",
                condition=Q(
                    status=PaymentRunStatus.DRAFT, calculated_at__isnull=True, certified_at__isnull=True
                )
                | Q(
                    status=PaymentRunStatus.CALCULATED, calculated_at__isnull=False, certified_at__isnull=True
                )
                | Q(
                    status=PaymentRunStatus.CERTIFIED, calculated_at__isnull=False, certified_at__isnull=False
                )
                & ~Q(attestation="")
                & ~Q(manifest_sha256="")
                | Q(status=PaymentRunStatus.VOID, voided_at__isnull=False) & ~Q(void_reason=""),
            ),
            models.CheckConstraint(
                name="only_a_void_run_is_voided",
                condition=Q(status=PaymentRunStatus.VOID) | Q(voided_at__isnull=True),
            ),
            models.CheckConstraint(
                name="redistribution_cites_the_board",
                condition=Q(withheld_policy="keep") | ~Q(board_decision=""),
            ),
            models.CheckConstraint(
                name="next_redistribution_cites_the_board",
                condition=~Q(next_policy="redistribute") | ~Q(next_board_decision=""),
            ),
            models.CheckConstraint(
                name="a_policy_is_chosen_until_the_certificate",
                condition=Q(next_policy="", next_board_decision="")
                | Q(status=PaymentRunStatus.CALCULATED) & ~Q(next_policy=""),
            ),
            models.CheckConstraint(
                name="eligibility_assumed_for_past_years_only",
                condition=Q(assumed_eligible=False) | Q(fiscal_year__lt=2027),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="certified_run_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(
                    pgtrigger.Q(old__certified_at__isnull=False),
                    exclude=["status", "voided_by", "voided_at", "void_reason"],
                ),
            ),
            pgtrigger.Protect(
                name="void_run_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__status=PaymentRunStatus.VOID.value)),
            ),
            pgtrigger.Protect(
                name="certified_run_only_becomes_void",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status=PaymentRunStatus.CERTIFIED.value)
                & ~pgtrigger.Q(
                    new__status__in=[PaymentRunStatus.CERTIFIED.value, PaymentRunStatus.VOID.value]
                ),
            ),
            pgtrigger.Trigger(
                name="disbursed_run_is_not_void",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__status=PaymentRunStatus.VOID.value)
                & ~pgtrigger.Q(old__status=PaymentRunStatus.VOID.value),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM payments_paymentbatch AS batch
                        WHERE batch.run_id = NEW.id AND batch.withdrawn_at IS NULL
                    ) THEN
                        RAISE EXCEPTION 'a run whose payments were sent to the Comptroller is not void';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="certified_run_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__certified_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return gettext("Payment run %(key)s") % {"key": f"{self.fiscal_year}-{self.number}"}

    @property
    def is_published(self) -> bool:
        """Whether the run became a public record; it stays one where it is voided since."""
        return hasattr(self, "publication")

    @property
    def measured(self) -> Span:
        """The twelve months measured (4(b), 4(c))."""
        return measurement_period(self.fiscal_year)


def frozen_with_run(run_ids: str = "SELECT run_id FROM touched") -> list[pgtrigger.Trigger]:
    """Return the triggers that keep a run's rows as they were certified."""
    return frozen_rows(
        "certified_run_stays",
        f"SELECT 1 FROM payments_paymentrun WHERE certified_at IS NOT NULL AND id IN ({run_ids})",  # noqa: S608
        "a certified payment run cannot change",
    )


class CountedFiling(models.Model):
    """A certified filing that a run counts, and the days of it on which its library took part (1(d))."""

    run = models.ForeignKey(PaymentRun, on_delete=models.CASCADE, related_name="counted_filings")
    filing = models.ForeignKey(Filing, on_delete=models.PROTECT, related_name="+")
    counted = DateRangeField()

    class Meta:
        constraints = [
            no_overlap("filing_counts_for_a_day_once", "run_id", "filing_id", during="counted"),
            holds_a_day("filing_counts_for_a_day", during="counted"),
        ]
        triggers = frozen_with_run()
