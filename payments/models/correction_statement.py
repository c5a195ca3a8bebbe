import pgtrigger
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q

from connecticard.constraints import ChangedWhile, frozen_rows, holds_a_day, paired
from connecticard.models import User
from libraries.models import Library
from payments.models.payment_run import PaymentRun
from payments.rules.correction import Settlement, settlement
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.models import Filing


class CorrectionStatementQuerySet(models.QuerySet["CorrectionStatement"]):
    def certified(self) -> "CorrectionStatementQuerySet":
        """Statements that stand: an administrator who did not prepare them certified them."""
        return self.filter(certified_at__isnull=False)


class CorrectionStatement(models.Model):
    """What amendments after disbursement make of a run's shares, library by library; it pays nothing.

    Each states the difference against the one before it and the total against the run. Once certified it
    never changes. Source: Regs. Conn. State Agencies § 11-31c-4(a) to (c).
    """

    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="corrections")
    number = models.PositiveSmallIntegerField("number of the statement within its run")
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    undistributed_cents = models.PositiveBigIntegerField("undistributed by the corrected split, in cents")
    rulebook_edition = models.CharField(max_length=64)
    inputs_sha256 = models.CharField(max_length=64)
    manifest_sha256 = models.CharField(max_length=64)
    code_version = models.CharField(max_length=60)
    certified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    certified_at = models.DateTimeField(null=True)
    attestation = models.TextField(blank=True)

    objects = CorrectionStatementQuerySet.as_manager()

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_correction_of_a_number"),
            models.UniqueConstraint(
                fields=["run"], name="one_open_correction_of_a_run", condition=Q(certified_at__isnull=True)
            ),
            paired("correction_certification_is_whole", "certified_at", "certified_by"),
            models.CheckConstraint(
                name="correction_certified_by_another",
                condition=Q(certified_by__isnull=True) | ~Q(certified_by=F("prepared_by")),
            ),
            models.CheckConstraint(
                name="certified_correction_is_attested",
                condition=Q(certified_at__isnull=True, attestation="")
                | Q(certified_at__isnull=False) & ~Q(attestation=""),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="correction_balances",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__certified_at__isnull=False),
                func=f"""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentrun AS run
                        WHERE run.id = NEW.run_id AND run.status = '{PaymentRunStatus.CERTIFIED.value}'
                        AND run.appropriation_cents = NEW.undistributed_cents + (
                            SELECT coalesce(sum(corrected_cents), 0) FROM payments_correctionline
                            WHERE statement_id = NEW.id
                        )
                    ) OR EXISTS (
                        SELECT 1 FROM (
                            SELECT library_id, transactions_share_cents + net_plus_share_cents AS cents
                            FROM payments_payment WHERE run_id = NEW.run_id
                        ) AS payment FULL JOIN (
                            SELECT library_id, certified_cents
                            FROM payments_correctionline WHERE statement_id = NEW.id
                        ) AS line USING (library_id)
                        WHERE line.certified_cents IS DISTINCT FROM payment.cents
                    ) OR EXISTS (
                        SELECT 1 FROM payments_correctionline AS line
                        LEFT JOIN payments_correctionstatement AS last
                            ON last.run_id = NEW.run_id AND last.number = NEW.number - 1
                        LEFT JOIN payments_correctionline AS stated
                            ON stated.statement_id = last.id AND stated.library_id = line.library_id
                        WHERE line.statement_id = NEW.id
                        AND line.stated_cents <> coalesce(stated.corrected_cents, line.certified_cents)
                    ) THEN
                        RAISE EXCEPTION 'a correction divides what its run divided, to the cent';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608
            ),
            pgtrigger.Protect(
                name="certified_correction_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__certified_at__isnull=False)),
            ),
            pgtrigger.Protect(name="correction_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Correction statement {self.number} of {self.run}"


def _frozen_with_statement() -> list[pgtrigger.Trigger]:
    return frozen_rows(
        "certified_correction_stays",
        "SELECT 1 FROM payments_correctionstatement WHERE certified_at IS NOT NULL "
        "AND id IN (SELECT statement_id FROM touched)",
        "a certified correction statement cannot change",
    )


class CorrectionFiling(models.Model):
    """A certified filing that a correction counts, and the days of it that count.

    `replaces` is the filing that the run counted in its place; the same one where nothing was amended. None
    where the filing was first certified after the run: the new edition of the use report shows it, the
    corrected split does not count it (4(a)).
    """

    statement = models.ForeignKey(CorrectionStatement, on_delete=models.CASCADE, related_name="filings")
    filing = models.ForeignKey(Filing, on_delete=models.PROTECT, related_name="+")
    replaces = models.ForeignKey(Filing, on_delete=models.PROTECT, null=True, related_name="+")
    counted = DateRangeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "filing", "counted"], name="correction_counts_days_of_a_filing_once"
            ),
            holds_a_day("correction_counts_a_day", during="counted"),
        ]
        triggers = _frozen_with_statement()


class CorrectionLine(models.Model):
    """One library in a correction: its share as certified, as last stated, and as it is now."""

    statement = models.ForeignKey(CorrectionStatement, on_delete=models.CASCADE, related_name="lines")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="correction_lines")
    loans = models.PositiveBigIntegerField()
    borrows = models.PositiveBigIntegerField()
    net_plus = models.PositiveBigIntegerField()
    transactions_share_cents = models.PositiveBigIntegerField()
    net_plus_share_cents = models.PositiveBigIntegerField()
    certified_cents = models.PositiveBigIntegerField("the two shares as the run certified them")
    stated_cents = models.PositiveBigIntegerField("as the statement before this one has them")
    corrected_cents = models.PositiveBigIntegerField("the two shares now")
    paid = models.BooleanField("the share went to the library: it was in order, or it was released")

    class Meta:
        ordering = ["library__key"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "library"], name="one_correction_line_of_a_library"),
            models.CheckConstraint(
                name="corrected_is_the_two_shares",
                condition=Q(corrected_cents=F("transactions_share_cents") + F("net_plus_share_cents")),
            ),
        ]
        triggers = _frozen_with_statement()

    def __str__(self) -> str:
        return f"{self.library}, {self.statement}"

    @property
    def difference_cents(self) -> int:
        """The change since it was last stated."""
        return self.corrected_cents - self.stated_cents

    @property
    def total_cents(self) -> int:
        """The change since the run was certified."""
        return self.corrected_cents - self.certified_cents

    @property
    def settlement(self) -> Settlement:
        """What the total is: a receivable, a recorded claim, or neither."""
        return settlement(self.total_cents, paid=self.paid)
