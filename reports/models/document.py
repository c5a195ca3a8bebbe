"""Documents that the State Library issues."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext

from connecticard.permissions import Action, may
from libraries.models import Library
from payments.models import PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus

if TYPE_CHECKING:
    from reports.models.edition import Edition


class DocumentKind(StrEnum):
    """What a document is."""

    PAYMENT_STATEMENT = "payment_statement"
    PAYMENT_LIST = "payment_list"
    USE_REPORT = "use_report"
    PARTICIPATING_LIBRARIES = "participating_libraries"
    EXPENDITURE_SUMMARY = "expenditure_summary"
    CORRECTION_STATEMENT = "correction_statement"

    @property
    def label(self) -> str:
        return {
            DocumentKind.PAYMENT_STATEMENT: "Payment statement",
            DocumentKind.PAYMENT_LIST: "Payment list",
            DocumentKind.USE_REPORT: "Report of use at each public library",
            DocumentKind.PARTICIPATING_LIBRARIES: "Participating libraries",
            DocumentKind.EXPENDITURE_SUMMARY: "Summary of expenditure reports",
            DocumentKind.CORRECTION_STATEMENT: "Correction statement",
        }[self]

    @property
    def slug(self) -> str:
        """Its name in addresses and file names."""
        return self.value.replace("_", "-")


ANNUAL = (
    DocumentKind.USE_REPORT,
    DocumentKind.PARTICIPATING_LIBRARIES,
    DocumentKind.EXPENDITURE_SUMMARY,
)
OF_A_RUN = (DocumentKind.PAYMENT_LIST, *ANNUAL)
OF_A_CORRECTION = (DocumentKind.CORRECTION_STATEMENT, *ANNUAL)


class DocumentQuerySet(models.QuerySet["Document"]):
    def published(self) -> "DocumentQuerySet":
        """Public records: the annual reports of published editions, and what stands beside them.

        That is every other document of a published run, made as certified; one voided since is marked void.
        """
        return self.filter(
            ~Q(kind__in=ANNUAL) | Q(in_edition__edition__published_at__isnull=False),
            certified=True,
            run__publication__isnull=False,
        )

    def visible_to(self, user: Any) -> "DocumentQuerySet":
        """The published documents, and all of them for who may see runs that are not published."""
        return self.all() if may(user, Action.VIEW_RUNS) else self.published()

    def newest(self) -> "DocumentQuerySet":
        """The newest document of each kind, run and library; one made as certified goes before any other.

        Of an annual report that is the one of the newest edition; correction statements each stand for
        themselves.
        """
        return self.order_by(
            "run_id",
            "kind",
            "library_id",
            "correction_number",
            "-certified",
            F("in_edition__edition__number").desc(nulls_last=True),
            "-made_at",
        ).distinct("run", "kind", "library", "correction_number")

    def with_edition(self) -> "DocumentQuerySet":
        """The documents with all that their label and standing read."""
        return self.select_related("run__publication", "library", "in_edition__edition")


class Document(models.Model):
    """A document made from a payment run or for its fiscal year (3(a) to (c)).

    It is kept as PDF and CSV; the reports and lists also as a workbook, and as the JSON of what they say,
    from which their pages and tables are made. The same data are never made twice: a document is known by its
    kind, run, library and data. One that was made before the run was certified, or an annual report of no
    edition, is a preview, for the State Library alone.
    """

    kind = models.CharField(max_length=30, choices=[(kind.value, kind.label) for kind in DocumentKind])
    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="documents")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, null=True, related_name="documents")
    title = models.CharField(max_length=250)
    correction_number = models.PositiveSmallIntegerField(
        "number of a correction statement; 0 for any other document", default=0
    )
    data_sha256 = models.CharField("SHA-256 of the data shown", max_length=64)
    certified = models.BooleanField("made from the run as certified", default=False)
    pdf = models.FileField(max_length=250)
    pdf_sha256 = models.CharField(max_length=64)
    pdf_size = models.PositiveIntegerField("size of the PDF in bytes", default=0)
    csv = models.FileField(max_length=250)
    csv_sha256 = models.CharField(max_length=64)
    csv_size = models.PositiveIntegerField("size of the CSV in bytes", default=0)
    xlsx = models.FileField(max_length=250, blank=True)
    xlsx_sha256 = models.CharField(max_length=64, blank=True)
    xlsx_size = models.PositiveIntegerField("size of the workbook in bytes", default=0)
    json = models.FileField("what the document says, as JSON", max_length=250, blank=True)
    json_sha256 = models.CharField(max_length=64, blank=True)
    json_size = models.PositiveIntegerField("size of the JSON in bytes", default=0)
    made_at = models.DateTimeField()

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "library__key", "-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "run", "library", "data_sha256"],
                name="one_document_of_the_same_data",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_statement_is_for_a_library",
                condition=Q(kind=DocumentKind.PAYMENT_STATEMENT, library__isnull=False)
                | ~Q(kind=DocumentKind.PAYMENT_STATEMENT) & Q(library__isnull=True),
            ),
            models.CheckConstraint(
                name="a_correction_statement_has_a_number",
                condition=Q(kind=DocumentKind.CORRECTION_STATEMENT, correction_number__gt=0)
                | ~Q(kind=DocumentKind.CORRECTION_STATEMENT) & Q(correction_number=0),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="report_of_a_certified_edition_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM reports_editiondocument AS report
                        JOIN reports_edition AS edition ON edition.id = report.edition_id
                        WHERE report.document_id = OLD.id AND edition.certified_at IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION 'a report of a certified edition cannot change';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def slug(self) -> str:
        """The name of its kind in addresses."""
        return DocumentKind(self.kind).slug

    @property
    def edition(self) -> "Edition | None":
        """The edition whose report it is; None for a preview and for what stands beside the editions."""
        return self.in_edition.edition if hasattr(self, "in_edition") else None

    @property
    def label(self) -> str:
        """What it is, in words, with its edition or number where it has one."""
        label = gettext(DocumentKind(self.kind).label)
        if self.kind == DocumentKind.CORRECTION_STATEMENT:
            return f"{label} {self.correction_number}"
        edition = self.edition
        if edition is None or edition.number == 1:
            return label
        return gettext("%(report)s, edition %(number)s") % {"report": label, "number": edition.number}

    @property
    def standing(self) -> str:
        """Return published, certified, preview or void; of an annual report where its edition stands."""
        if self.run.status == PaymentRunStatus.VOID:
            return "void"
        if self.kind in ANNUAL:
            return str(self.edition.status) if self.edition else "preview"
        if not self.certified:
            return "preview"
        return "published" if self.run.is_published else "certified"


def in_order(documents: Iterable[Document]) -> list[Document]:
    """Return documents as people look for them: by kind, then by the library's name."""
    kinds = list(DocumentKind)
    return sorted(
        documents, key=lambda document: (kinds.index(DocumentKind(document.kind)), str(document.library))
    )
