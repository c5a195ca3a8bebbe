from payments.models.appropriation import Appropriation, AppropriationChange
from payments.models.expenditure_report import (
    ExpenditureLine,
    ExpenditureReport,
    ExpenditureReportWaiver,
)
from payments.models.past_payment import PastPayment
from payments.models.payment import Payment, UnmetRequirement
from payments.models.payment_run import CountedFiling, PaymentRun

__all__ = [
    "Appropriation",
    "AppropriationChange",
    "CountedFiling",
    "ExpenditureLine",
    "ExpenditureReport",
    "ExpenditureReportWaiver",
    "PastPayment",
    "Payment",
    "PaymentRun",
    "UnmetRequirement",
]
