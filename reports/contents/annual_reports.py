"""What the three annual reports say. Source: Regs. Conn. State Agencies § 11-31c-3."""

from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, TypeVar

from connecticard.canonical_json import sha256_of
from reports.contents.origin import AppliedRule, Changes, MadeFrom

PUBLISHED = "published"
FILED = "filed"
ESTIMATED = "estimated"
"""Standings of a figure: certified by the library, published and not certified by it, or worked out."""


def _in_edition(number: int) -> str:
    return f", edition {number}" if number > 1 else ""


@dataclass(frozen=True)
class UseLine:
    """Connecticard use at one public library; None is not reported, 0 is reported none."""

    library_key: str
    library_name: str
    town: str
    participating: bool
    loans: int | None
    loans_a_year_before: int | None
    borrows: int | None
    net_plus: int | None
    standing: str = ""
    """How its loans came here: filed, published (not certified by it) or estimated; empty without loans."""
    standing_a_year_before: str = ""


@dataclass(frozen=True)
class TownOfUse:
    """What the libraries of a town lent, and what was lent elsewhere on their cards.

    None is not reported. A town without a public library has neither: its residents hold the cards of their
    principal public library in another town.
    """

    number: int
    name: str
    libraries: int
    loans: int | None
    borrows: int | None


@dataclass(frozen=True)
class YearOfUse:
    """The loans of the whole state in one program year; None where no figure was published."""

    fiscal_year: int
    measured_from: date
    measured_to: date
    loans: int | None
    standing: str = FILED
    """filed, published (by the State Library, or resting on published figures) or estimated."""


@dataclass(frozen=True)
class UseReport:
    """Use at each public library of the state in twelve months. Source: Regs. § 11-31c-3(a)."""

    template: ClassVar[str] = "reports/pdf/use_report.html"

    fiscal_year: int
    measured_from: date
    measured_to: date
    lines: tuple[UseLine, ...]
    """Every public library of the state, participating or not, in order of name."""
    libraries: int
    libraries_reporting: int
    libraries_not_reporting: int
    loans: int
    net_plus: int
    years: tuple[YearOfUse, ...]
    """The state's loans over the last years, oldest first; may be empty."""
    made_from: MadeFrom
    estimate: str = ""
    """How borrows and net plus are estimated; empty where they are not."""
    towns: tuple[TownOfUse, ...] = ()
    """Every town of the state, in order of name."""
    rules: tuple[AppliedRule, ...] = ()
    sources: tuple[str, ...] = ()
    """Publications from which figures come that are not on record here."""
    edition: int = 1
    is_preview: bool = False
    """Whether it was made before there was an edition of the year; every cover says so."""
    changes: Changes | None = None
    """Since the edition before; None in the first."""

    @property
    def title(self) -> str:
        return f"Use of the program FY{self.fiscal_year}{_in_edition(self.edition)}"

    @property
    def is_published_throughout(self) -> bool:
        """Whether no library certified its loans: all of them were published before this system."""
        return self.standing_throughout == PUBLISHED

    @property
    def standing_throughout(self) -> str:
        """How the loans of all libraries came here; empty where some came otherwise than others."""
        standings = {line.standing for line in self.lines if line.loans is not None}
        return standings.pop() if len(standings) == 1 else ""

    @property
    def is_estimated_throughout(self) -> bool:
        """Whether the loans of every library are estimates."""
        return self.standing_throughout == ESTIMATED


@dataclass(frozen=True)
class ParticipatingLibrary:
    """A library with a letter of agreement on file on the stated day. Source: Regs. § 11-31c-1(d)."""

    library_key: str
    library_name: str
    town: str
    also_serves: tuple[str, ...]
    """Other towns for which it is the principal public library, in order of name."""
    since: date | None
    """First day of the letter; None where it is older than our records."""


@dataclass(frozen=True)
class LibraryWithoutLetter:
    """A public library without a letter of agreement on file on the stated day."""

    library_key: str
    library_name: str
    town: str


@dataclass(frozen=True)
class TownServed:
    """The principal public library of a town on the stated day, and whether it takes part."""

    number: int
    name: str
    library_key: str
    library_name: str
    participating: bool


@dataclass(frozen=True)
class ParticipatingLibraries:
    """The libraries that take part on a stated day. Source: Regs. § 11-31c-3(b)."""

    template: ClassVar[str] = "reports/pdf/participating_libraries.html"

    on: date
    lines: tuple[ParticipatingLibrary, ...]
    libraries: int
    towns: int
    """Towns that have a participating library as their principal public library."""
    towns_of_the_state: int
    not_participating: tuple[LibraryWithoutLetter, ...]
    """The public libraries without a letter on file that day, in order of name."""
    made_from: MadeFrom
    served: tuple[TownServed, ...] = ()
    """Every town of the state, in order of name."""
    rules: tuple[AppliedRule, ...] = ()
    edition: int = 1
    is_preview: bool = False
    """Whether it was made before there was an edition of the year; every cover says so."""
    changes: Changes | None = None

    @property
    def title(self) -> str:
        day = f"{self.on:%B} {self.on.day}, {self.on.year}"
        return f"Participating libraries on {day}{_in_edition(self.edition)}"


@dataclass(frozen=True)
class SpendingCategory:
    """Money spent in one category by all libraries that reported."""

    name: str
    libraries: int
    cents: int


@dataclass(frozen=True)
class SpendingLine:
    """One library's expenditure report; the three amounts are None where none was received."""

    library_key: str
    library_name: str
    town: str
    received_cents: int
    """What the State paid the library in the fiscal year of receipt."""
    spent_cents: int | None
    held_cents: int | None
    """Unspent and still held for the library."""
    certified_on: date | None


@dataclass(frozen=True)
class ExpenditureSummary:
    """What libraries spent the money on. Source: Regs. § 11-31c-3(c), 2(e), 1(i)."""

    template: ClassVar[str] = "reports/pdf/expenditure_summary.html"

    due_on: date
    receipt_fiscal_year: int
    """State fiscal year in which the money was received."""
    libraries_owing: int
    """Libraries that received money in that year, and so owe a report."""
    libraries_reporting: int
    received_cents: int
    """Received by the libraries that reported; spent + held."""
    spent_cents: int
    held_cents: int
    categories: tuple[SpendingCategory, ...]
    lines: tuple[SpendingLine, ...]
    made_from: MadeFrom
    rules: tuple[AppliedRule, ...] = ()
    edition: int = 1
    is_preview: bool = False
    """Whether it was made before there was an edition of the year; every cover says so."""
    changes: Changes | None = None

    @property
    def title(self) -> str:
        return (
            f"Expenditure summary, money received in FY{self.receipt_fiscal_year}{_in_edition(self.edition)}"
        )


Report = TypeVar("Report", UseReport, ParticipatingLibraries, ExpenditureSummary)


def of_edition(report: Report, number: int, changes: Changes | None) -> Report:
    """Return a report as it stands in an edition of its year, which its data hash then covers.

    A first edition without changes is the report as it is. ValueError for a later one without `changes`:
    each says what changed.
    """
    if number == 1 and changes is None:
        return report
    if changes is None:
        raise ValueError(f"edition {number} of {report.title} has to say what changed since the one before")
    shown = {
        "data": report.made_from.data_sha256,
        "edition": number,
        "since": changes.edition_before,
        "reason": changes.reason,
        "sentences": changes.sentences,
        "figures": [[one.line, one.figure, one.before, one.now] for one in changes.figures],
    }
    made_from = replace(report.made_from, data_sha256=sha256_of(shown))
    return replace(report, edition=number, changes=changes, made_from=made_from)
