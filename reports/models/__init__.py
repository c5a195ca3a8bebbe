from reports.models.document import (
    OF_A_CORRECTION,
    OF_A_RUN,
    Document,
    DocumentKind,
    DocumentQuerySet,
    in_order,
)
from reports.models.document_batch import DocumentBatch, DocumentBatchLine, DocumentBatchLineQuerySet

__all__ = [
    "OF_A_CORRECTION",
    "OF_A_RUN",
    "Document",
    "DocumentBatch",
    "DocumentBatchLine",
    "DocumentBatchLineQuerySet",
    "DocumentKind",
    "DocumentQuerySet",
    "in_order",
]
