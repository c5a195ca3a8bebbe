from reports.models.document import (
    ANNUAL,
    OF_A_CORRECTION,
    OF_A_RUN,
    Document,
    DocumentKind,
    DocumentQuerySet,
    in_order,
)
from reports.models.document_batch import DocumentBatch, DocumentBatchLine, DocumentBatchLineQuerySet
from reports.models.edition import Edition, EditionDocument

__all__ = [
    "ANNUAL",
    "OF_A_CORRECTION",
    "OF_A_RUN",
    "Document",
    "DocumentBatch",
    "DocumentBatchLine",
    "DocumentBatchLineQuerySet",
    "DocumentKind",
    "DocumentQuerySet",
    "Edition",
    "EditionDocument",
    "in_order",
]
