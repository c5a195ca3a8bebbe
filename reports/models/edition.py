"""Editions of a fiscal year's annual reports."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext

from connecticard.constraints import ChangedWhile, frozen_rows, paired
from connecticard.models import User
from connecticard.permissions import Action, may
from payments.models import CorrectionStatement, PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus
from reports.models.document import ANNUAL, Document, DocumentKind
from reports.rules.edition_status import EditionStatus, status_of


class EditionQuerySet(models.QuerySet["Edition"]):
    def published(self) -> "EditionQuerySet":
        """Editions that are public records; one whose run was voided since stays one and says so."""
        return self.filter(published_at__isnull=False)

    def visible_to(self, user: Any) -> "EditionQuerySet":
        """The published editions, and all of them for who may see runs that are not published."""
        return self.all() if may(user, Action.VIEW_RUNS) else self.published()

    def current(self, fiscal_year: int) -> "Edition | None":
        """The newest published edition of a fiscal year."""
        return self.published().filter(fiscal_year=fiscal_year).order_by("-number").first()


class Edition(models.Model):
    """One issue of a fiscal year's three annual reports, from draft to published (3(a) to (c)).

    Numbers go on within the fiscal year, also from a run that was voided to the one in its place. Nothing of
    a certified edition changes: a later correction is the next edition, which says what changed. The payment
    list, the statements and correction statements stand beside it and are public with their run.
    """

    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="editions")
    fiscal_year = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField("number of the edition within its fiscal year")
    correction = models.ForeignKey(
        CorrectionStatement, on_delete=models.PROTECT, null=True, related_name="editions"
    )
    reason = models.TextField("why there is this edition; empty for the first", blank=True)
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    certified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    certified_at = models.DateTimeField(null=True)
    attestation = models.TextField(blank=True)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    documents = models.ManyToManyField(Document, through="EditionDocument", related_name="editions")

    objects = EditionQuerySet.as_manager()

    class Meta:
        ordering = ["-fiscal_year", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["fiscal_year", "number"], name="one_edition_of_a_number"),
            models.UniqueConstraint(
                fields=["fiscal_year"],
                name="one_open_edition_of_a_fiscal_year",
                condition=Q(certified_at__isnull=True),
            ),
            models.CheckConstraint(name="editions_count_from_one", condition=Q(number__gte=1)),
            models.CheckConstraint(name="a_later_edition_says_why", condition=Q(number=1) | ~Q(reason="")),
            paired("edition_review_is_whole", "reviewed_at", "reviewed_by"),
            paired("edition_certification_is_whole", "certified_at", "certified_by"),
            paired("edition_publication_is_whole", "published_at", "published_by"),
            models.CheckConstraint(
                name="edition_steps_in_order",
                condition=Q(certified_at__isnull=True, published_at__isnull=True)
                | Q(reviewed_at__isnull=False, certified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="edition_reviewed_by_another",
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("prepared_by")),
            ),
            models.CheckConstraint(
                name="edition_certified_by_another",
                condition=Q(certified_by__isnull=True) | ~Q(certified_by=F("prepared_by")),
            ),
            models.CheckConstraint(
                name="certified_edition_is_attested",
                condition=Q(certified_at__isnull=True, attestation="")
                | Q(certified_at__isnull=False) & ~Q(attestation=""),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="edition_is_of_its_run",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentrun
                        WHERE id = NEW.run_id AND fiscal_year = NEW.fiscal_year
                    ) OR NEW.correction_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM payments_correctionstatement
                        WHERE id = NEW.correction_id AND run_id = NEW.run_id AND certified_at IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION
                            'an edition is of a run of its fiscal year, and of a certified correction of it';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="certified_edition_is_complete",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.reviewed_at IS NOT NULL"),
                func=f"""
                    IF TG_OP = 'UPDATE' AND OLD.certified_at IS NOT NULL THEN
                        RETURN NEW;
                    END IF;
                    IF NOT EXISTS (
                        SELECT 1 FROM payments_paymentrun AS run
                        JOIN payments_runpublication AS publication ON publication.run_id = run.id
                        WHERE run.id = NEW.run_id AND run.status = '{PaymentRunStatus.CERTIFIED.value}'
                    ) OR {len(ANNUAL)} <> (
                        SELECT count(*) FROM reports_editiondocument WHERE edition_id = NEW.id
                    ) THEN
                        RAISE EXCEPTION
                            'an edition is reviewed and certified whole, of a published run that stands';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608
            ),
            pgtrigger.Protect(
                name="certified_edition_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(
                    pgtrigger.Q(old__certified_at__isnull=False), exclude=["published_by", "published_at"]
                ),
            ),
            pgtrigger.Protect(
                name="published_edition_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__published_at__isnull=False)),
            ),
            pgtrigger.Protect(name="edition_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return gettext("Edition %(number)s of fiscal year %(fiscal_year)s") % {
            "number": self.number,
            "fiscal_year": self.fiscal_year,
        }

    @property
    def status(self) -> EditionStatus:
        """Where it stands: draft, reviewed, certified or published."""
        return status_of(
            reviewed=self.reviewed_at is not None,
            certified=self.certified_at is not None,
            published=self.published_at is not None,
        )

    @property
    def is_withdrawn(self) -> bool:
        """Whether the run whose figures it has was voided since."""
        return self.run.status == PaymentRunStatus.VOID


class EditionDocument(models.Model):
    """One of the three annual reports of an edition: exactly the document that was certified with it."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=30, choices=[(kind.value, kind.label) for kind in ANNUAL])
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="in_edition")

    class Meta:
        ordering = ["edition", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "kind"], name="one_report_of_a_kind_in_an_edition"),
            models.CheckConstraint(
                name="annual_reports_have_editions",
                condition=Q(kind__in=[kind.value for kind in ANNUAL]),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="report_is_of_the_run_of_its_edition",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM reports_document AS document
                        JOIN reports_edition AS edition ON edition.run_id = document.run_id
                        WHERE document.id = NEW.document_id AND edition.id = NEW.edition_id
                        AND document.kind = NEW.kind AND document.certified
                    ) THEN
                        RAISE EXCEPTION 'a report of an edition is of its kind and of the run of the edition';
                    END IF;
                    RETURN NEW;
                """,
            ),
            *frozen_rows(
                "certified_edition_stays",
                "SELECT 1 FROM reports_edition WHERE certified_at IS NOT NULL "
                "AND id IN (SELECT edition_id FROM touched)",
                "the reports of a certified edition cannot change",
            ),
        ]

    def __str__(self) -> str:
        return f"{DocumentKind(self.kind).label}, {self.edition}"
