"""Everything that is written about filings, by topic; callers take it from here."""

from transactions.services.basis import change_basis
from transactions.services.cadences import (
    choice_to_come,
    choose_cadence,
    day_of_effect,
    next_day_of_change,
    withdraw_cadence_choice,
)
from transactions.services.checking import problems_of_cells
from transactions.services.consortia import DraftOutcome, MemberDraft, save_member_drafts
from transactions.services.content import (
    derive_totals,
    filing_content,
    filing_fingerprint,
    filing_fingerprints,
    rebuild_totals,
)
from transactions.services.counts import save_counts, save_good_counts
from transactions.services.explaining import Answer, explain, withdraw_explanation
from transactions.services.filings import (
    certify_filing,
    discard_version,
    hold_filing,
    reopen_filing,
    return_filing,
    start_filing,
    statement_of,
    submit_filing,
)
from transactions.services.findings import Finding, findings
from transactions.services.holidays import add_holiday, load_holidays, remove_holiday
from transactions.services.labels import forget_label, remember_labels
from transactions.services.periods import check_period_dates, open_filing_periods, set_period_dates
from transactions.services.refusals import (
    CellProblem,
    CountsRefused,
    FilingChanged,
    FilingRefused,
    NotCertifiable,
)
from transactions.services.waivers import (
    approve_waiver,
    decline_waiver,
    propose_waiver,
    propose_waivers,
    waiver_kind,
)

__all__ = [
    "Answer",
    "CellProblem",
    "CountsRefused",
    "DraftOutcome",
    "FilingChanged",
    "FilingRefused",
    "Finding",
    "MemberDraft",
    "NotCertifiable",
    "add_holiday",
    "approve_waiver",
    "certify_filing",
    "change_basis",
    "check_period_dates",
    "choice_to_come",
    "choose_cadence",
    "day_of_effect",
    "decline_waiver",
    "derive_totals",
    "discard_version",
    "explain",
    "filing_content",
    "filing_fingerprint",
    "filing_fingerprints",
    "findings",
    "forget_label",
    "hold_filing",
    "load_holidays",
    "next_day_of_change",
    "open_filing_periods",
    "problems_of_cells",
    "propose_waiver",
    "propose_waivers",
    "rebuild_totals",
    "remember_labels",
    "remove_holiday",
    "reopen_filing",
    "return_filing",
    "save_counts",
    "save_good_counts",
    "save_member_drafts",
    "set_period_dates",
    "start_filing",
    "statement_of",
    "submit_filing",
    "waiver_kind",
    "withdraw_cadence_choice",
    "withdraw_explanation",
]
