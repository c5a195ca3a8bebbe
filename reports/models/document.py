"""Documents that the State Library issues."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from connecticard.permissions import Action, may
from libraries.models import Library
from payments.models import PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus


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


OF_A_RUN = (
    DocumentKind.PAYMENT_LIST,
    DocumentKind.USE_REPORT,
    DocumentKind.PARTICIPATING_LIBRARIES,
    DocumentKind.EXPENDITURE_SUMMARY,
)
OF_A_CORRECTION = (DocumentKind.CORRECTION_STATEMENT, DocumentKind.USE_REPORT)


class DocumentQuerySet(models.QuerySet["Document"]):
    def published(self) -> "DocumentQuerySet":
        """Documents of published runs, made as certified: public records, of one voided since marked void."""
        return self.filter(certified=True, run__publication__isnull=False)

    def visible_to(self, user: Any) -> "DocumentQuerySet":
        """The published documents, and all of them for who may see runs that are not published."""
        return self.all() if may(user, Action.VIEW_RUNS) else self.published()

    def newest(self) -> "DocumentQuerySet":
        """The newest document of each kind, run and library; one made as certified goes before any other.

        Of a use report that is its newest edition; correction statements each stand for themselves.
        """
        return self.order_by(
            "run_id", "kind", "library_id", "correction_number", "-certified", "-edition", "-made_at"
        ).distinct("run", "kind", "library", "correction_number")

    def earlier_editions(self) -> "DocumentQuerySet":
        """Use reports in whose place a later edition stands, the newest of each edition, latest first."""
        later = Document.objects.filter(
            kind=OuterRef("kind"), run=OuterRef("run"), certified=True, edition__gt=OuterRef("edition")
        )
        return (
            self.filter(Exists(later), kind=DocumentKind.USE_REPORT, certified=True)
            .order_by("run_id", "-edition", "-made_at")
            .distinct("run", "edition")
        )


class Document(models.Model):
    """A document made from a payment run or for its fiscal year, as PDF and as CSV (3(a) to (c)).

    The same data are never made twice: a document is known by its kind, run, library and data.
    One that was made before the run was certified is a preview, for the State Library alone.
    """

    kind = models.CharField(max_length=30, choices=[(kind.value, kind.label) for kind in DocumentKind])
    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="documents")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, null=True, related_name="documents")
    title = models.CharField(max_length=250)
    edition = models.PositiveSmallIntegerField(
        "edition of a use report: 1 counts what the run counted", default=1
    )
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
                name="a_use_report_has_editions",
                condition=Q(edition=1) | Q(kind=DocumentKind.USE_REPORT, edition__gt=1),
            ),
            models.CheckConstraint(
                name="a_correction_statement_has_a_number",
                condition=Q(kind=DocumentKind.CORRECTION_STATEMENT, correction_number__gt=0)
                | ~Q(kind=DocumentKind.CORRECTION_STATEMENT) & Q(correction_number=0),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def label(self) -> str:
        """What it is, in words, with its edition or number where it has one."""
        label = DocumentKind(self.kind).label
        if self.kind == DocumentKind.CORRECTION_STATEMENT:
            return f"{label} {self.correction_number}"
        return f"{label}, edition {self.edition}" if self.edition > 1 else label

    @property
    def standing(self) -> str:
        """Return published, certified, preview (not made from a certified run) or void."""
        if self.run.status == PaymentRunStatus.VOID:
            return "void"
        if not self.certified:
            return "preview"
        return "published" if self.run.is_published else "certified"


def in_order(documents: Iterable[Document]) -> list[Document]:
    """Return documents as people look for them: by kind, then by the library's name."""
    kinds = list(DocumentKind)
    return sorted(
        documents, key=lambda document: (kinds.index(DocumentKind(document.kind)), str(document.library))
    )
