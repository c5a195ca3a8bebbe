"""REST: what libraries file."""

from transactions.api.cadence import CadenceViewSet
from transactions.api.drafts import DraftsViewSet
from transactions.api.explaining import ExplanationViewSet
from transactions.api.reading import FilingPeriodViewSet, FindingsViewSet, ReceiptViewSet, StatementViewSet
from transactions.api.signing import CertifyViewSet, ReopenViewSet, ReturnViewSet, SubmitViewSet
from transactions.api.writing import FilingViewSet, LoanCountViewSet
from transactions.desk.api import ROUTES as DESK

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
    *DESK,
]
