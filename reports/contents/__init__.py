"""What each document that people keep says: whole counts, whole cents, dates and words, nothing formatted.

A document is a frozen value. Services gather it from the records, `reports.documents` turns it into HTML
and PDF, and `reports.tables` into the tables of its page and its files. Templates show what stands here and
add nothing up.
"""

from payments.explaining.requirements_met import Requirement, WaiverNote
from reports.contents.advocacy import AdvocacySheet
from reports.contents.annual_reports import (
    ESTIMATED,
    FILED,
    PUBLISHED,
    ExpenditureSummary,
    LibraryWithoutLetter,
    ParticipatingLibraries,
    ParticipatingLibrary,
    SpendingCategory,
    SpendingLine,
    TownOfUse,
    TownServed,
    UseLine,
    UseReport,
    YearOfUse,
    of_edition,
)
from reports.contents.assessment import Assessment
from reports.contents.board_order import BoardOrderPaper, OrderedPayment
from reports.contents.correction import CorrectionPaper, CorrectionPaperLine
from reports.contents.delivery import DeliveryVolume
from reports.contents.filing_receipt import FilingReceiptPaper, MonthOfLoans
from reports.contents.origin import AppliedRule, ChangedFigure, Changes, MadeFrom
from reports.contents.payment_run import (
    CountedFiling,
    Division,
    PaymentLine,
    PaymentList,
    PaymentStatement,
    PaymentTotals,
    Pool,
    RunFacts,
    TopPartner,
)

AnnualReport = UseReport | ParticipatingLibraries | ExpenditureSummary

DocumentContents = (
    PaymentStatement | PaymentList | UseReport | ParticipatingLibraries | ExpenditureSummary | CorrectionPaper
)
"""Documents with tables, which are kept with the files of them."""

Paper = DocumentContents | BoardOrderPaper | FilingReceiptPaper | AdvocacySheet | Assessment | DeliveryVolume
"""Everything that becomes a PDF."""

__all__ = [
    "ESTIMATED",
    "FILED",
    "PUBLISHED",
    "AdvocacySheet",
    "AnnualReport",
    "AppliedRule",
    "Assessment",
    "BoardOrderPaper",
    "ChangedFigure",
    "Changes",
    "CorrectionPaper",
    "CorrectionPaperLine",
    "CountedFiling",
    "DeliveryVolume",
    "Division",
    "DocumentContents",
    "ExpenditureSummary",
    "FilingReceiptPaper",
    "LibraryWithoutLetter",
    "MadeFrom",
    "MonthOfLoans",
    "OrderedPayment",
    "Paper",
    "ParticipatingLibraries",
    "ParticipatingLibrary",
    "PaymentLine",
    "PaymentList",
    "PaymentStatement",
    "PaymentTotals",
    "Pool",
    "Requirement",
    "RunFacts",
    "SpendingCategory",
    "SpendingLine",
    "TopPartner",
    "TownOfUse",
    "TownServed",
    "UseLine",
    "UseReport",
    "WaiverNote",
    "YearOfUse",
    "of_edition",
]
