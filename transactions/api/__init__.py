"""REST: what libraries file."""

from transactions.api.cadence import CadenceViewSet
from transactions.api.drafts import DraftsViewSet
from transactions.api.reading import FilingPeriodViewSet, FindingsViewSet, ReceiptViewSet, StatementViewSet
from transactions.api.writing import (
    CertifyViewSet,
    ExplanationViewSet,
    FilingViewSet,
    LoanCountViewSet,
    ReopenViewSet,
    ReturnViewSet,
    SubmitViewSet,
)

ROUTES = [
    ("filing-periods", FilingPeriodViewSet),
    ("filings", FilingViewSet),
    ("filings/<str:filing>/loan-counts", LoanCountViewSet),
    ("filings/<str:filing>/findings", FindingsViewSet),
    ("filings/<str:filing>/explanations", ExplanationViewSet),
    ("filings/<str:filing>/submit", SubmitViewSet),
    ("filings/<str:filing>/return", ReturnViewSet),
    ("filings/<str:filing>/reopen", ReopenViewSet),
    ("filings/<str:filing>/statement", StatementViewSet),
    ("filings/<str:filing>/certify", CertifyViewSet),
    ("filing-drafts", DraftsViewSet),
    ("receipts", ReceiptViewSet),
    ("libraries/<str:library>/cadence", CadenceViewSet),
]
