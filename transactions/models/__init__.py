from transactions.models.delivery_report import DeliveryCount, DeliveryReport, DeliveryTally
from transactions.models.explanation import Explanation
from transactions.models.filing import Filing, FilingBasis, Provenance
from transactions.models.filing_period import FilingPeriod
from transactions.models.filing_receipt import FilingReceipt
from transactions.models.filing_total import FilingTotal
from transactions.models.harvest import (
    HarvestedCount,
    HarvestedMonth,
    HarvestLine,
    HarvestOutcome,
    HarvestRun,
    HarvestSchedule,
    HarvestSource,
    HarvestState,
)
from transactions.models.holiday import Holiday
from transactions.models.label_mapping import LabelMapping
from transactions.models.loan_count import LoanCount, reports_loans
from transactions.models.reporting_cadence import ReportingCadence
from transactions.models.waiver import Waiver, WaiverTerms

__all__ = [
    "DeliveryCount",
    "DeliveryReport",
    "DeliveryTally",
    "Explanation",
    "Filing",
    "FilingBasis",
    "FilingPeriod",
    "FilingReceipt",
    "FilingTotal",
    "HarvestLine",
    "HarvestOutcome",
    "HarvestRun",
    "HarvestSchedule",
    "HarvestSource",
    "HarvestState",
    "HarvestedCount",
    "HarvestedMonth",
    "Holiday",
    "LabelMapping",
    "LoanCount",
    "Provenance",
    "ReportingCadence",
    "Waiver",
    "WaiverTerms",
    "reports_loans",
]
