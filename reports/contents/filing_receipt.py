"""What a receipt or certificate of a filing says: whole counts, times and words, nothing formatted."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from reports.contents.origin import MadeFrom


@dataclass(frozen=True)
class MonthOfLoans:
    """The units lent in one month, or in the whole period; None where the library has no count."""

    label: str
    loans: int | None


@dataclass(frozen=True)
class FilingReceiptPaper:
    """What a library holds of a filing that was submitted or certified. Source: Regs. § 11-31c-2(a), (d).

    It says what was signed and nothing of what became of it later, so that it is the same whenever made.
    """

    template: ClassVar[str] = "reports/pdf/filing_receipt.html"

    number: str
    is_certificate: bool
    library_key: str
    library_name: str
    period: str
    """The months of the filing, in words."""
    version: int
    signer: str
    role: str
    signed_at: datetime
    statement: str
    sha256: str
    form_edition: str
    totals: tuple[MonthOfLoans, ...]
    """By month, the whole period last; empty where none were kept."""
    check_at: str
    """Address of the page on which anybody can check the number."""
    made_from: MadeFrom
    """Its edition is the SHA-256 of the words of the form; its data are the counts of the filing."""

    @property
    def title(self) -> str:
        return f"{'Certificate' if self.is_certificate else 'Submission receipt'} {self.number}"
