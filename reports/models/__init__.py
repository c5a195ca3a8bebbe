from reports.models.assessment import CirculationMonths, GivenCirculation, Logo
from reports.models.delivery_assumption import DeliveryAssumption
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
from reports.models.year_box import YearBox

__all__ = [
    "ANNUAL",
    "OF_A_CORRECTION",
    "OF_A_RUN",
    "CirculationMonths",
    "DeliveryAssumption",
    "Document",
    "DocumentBatch",
    "DocumentBatchLine",
    "DocumentBatchLineQuerySet",
    "DocumentKind",
    "DocumentQuerySet",
    "Edition",
    "EditionDocument",
    "GivenCirculation",
    "Logo",
    "YearBox",
    "in_order",
]
