from payments.models.appropriation import Appropriation, AppropriationChange
from payments.models.batch_reinstatement import BatchReinstatement
from payments.models.board_order import BoardOrder, OrderKind
from payments.models.contact_log_entry import ContactHow, ContactLogEntry
from payments.models.correction_statement import (
    CorrectionFiling,
    CorrectionLine,
    CorrectionStatement,
)
from payments.models.earlier_calculation import EarlierCalculation, EarlierLine, RunHandOver
from payments.models.expenditure_category import ExpenditureCategory
from payments.models.expenditure_report import (
    ExpenditureLine,
    ExpenditureReport,
    ExpenditureReportWaiver,
)
from payments.models.past_payment import PastPayment
from payments.models.payee import Payee, PayeeKind
from payments.models.payment import Payment, UnmetRequirement
from payments.models.payment_batch import BatchKind, PaymentBatch, PaymentBatchLine
from payments.models.payment_result import PaymentResult, ResultFile, ResultStatus
from payments.models.payment_run import CountedFiling, PaymentRun
from payments.models.published_figure import Measure, PublishedFigure
from payments.models.reminder import ReminderRun, ReminderSchedule
from payments.models.run_publication import RunPublication
from payments.models.run_verification import RulebookEdition, RunVerification, VerifiedBecause
from payments.models.withheld_release import PaymentCutoff, WithheldLapse, WithheldRelease

__all__ = [
    "Appropriation",
    "AppropriationChange",
    "BatchKind",
    "BatchReinstatement",
    "BoardOrder",
    "ContactHow",
    "ContactLogEntry",
    "CorrectionFiling",
    "CorrectionLine",
    "CorrectionStatement",
    "CountedFiling",
    "EarlierCalculation",
    "EarlierLine",
    "ExpenditureCategory",
    "ExpenditureLine",
    "ExpenditureReport",
    "ExpenditureReportWaiver",
    "Measure",
    "OrderKind",
    "PastPayment",
    "Payee",
    "PayeeKind",
    "Payment",
    "PaymentBatch",
    "PaymentBatchLine",
    "PaymentCutoff",
    "PaymentResult",
    "PaymentRun",
    "PublishedFigure",
    "ReminderRun",
    "ReminderSchedule",
    "ResultFile",
    "ResultStatus",
    "RulebookEdition",
    "RunHandOver",
    "RunPublication",
    "RunVerification",
    "UnmetRequirement",
    "VerifiedBecause",
    "WithheldLapse",
    "WithheldRelease",
]
