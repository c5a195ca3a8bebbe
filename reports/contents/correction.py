"""What a correction statement says."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from reports.contents.origin import MadeFrom


@dataclass(frozen=True)
class CorrectionPaperLine:
    """One library in a correction statement; amounts in cents, `stated` by the statement before."""

    library_key: str
    library_name: str
    loans_before: int
    loans: int
    borrows_before: int
    borrows: int
    certified_cents: int
    stated_cents: int
    corrected_cents: int
    difference_cents: int
    total_cents: int
    settlement: str
    """What the total is, in words: a receivable, a recorded claim, or neither."""


@dataclass(frozen=True)
class CorrectionPaper:
    """What amendments after disbursement make of a run's shares. Source: Regs. § 11-31c-4(a) to (c)."""

    template: ClassVar[str] = "reports/pdf/correction_statement.html"

    run: str
    fiscal_year: int
    measured_from: date
    measured_to: date
    number: int
    lines: tuple[CorrectionPaperLine, ...]
    """Every library of the run, in order of its key."""
    amendments: tuple[str, ...]
    """Each filing amended since the statement before, or since the run, in a sentence."""
    receivable_cents: int
    claim_cents: int
    not_paid_cents: int
    """Difference of shares that were withheld and not released: owed neither way, and signed."""
    difference_cents: int
    total_cents: int
    """Of all libraries; the change in what was split, 0 unless a pool came to be empty."""
    appropriation_cents: int
    undistributed_cents: int
    prepared_by: str
    certified_by: str
    certified_on: date
    attestation: str
    estimate: str
    made_from: MadeFrom

    @property
    def title(self) -> str:
        return f"Correction statement {self.number} FY{self.fiscal_year}"

    @property
    def changed(self) -> tuple[CorrectionPaperLine, ...]:
        """Return the lines with a difference, against the last statement or against the run."""
        return tuple(line for line in self.lines if line.difference_cents or line.total_cents)
