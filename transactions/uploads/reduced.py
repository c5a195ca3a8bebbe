"""What is left of a table: one number for each label and month, and what could not be taken over."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from transactions.rules.filing_checks import NOT_COUNTED, NotALoanCount, NotCounted, parse_loans
from transactions.uploads.labels import LabelMatcher, may_be_private
from transactions.uploads.months import YearMonth, years_named
from transactions.uploads.tables import UNCALCULATED, Row, column_letter, text_of

_MOST_PROBLEMS = 200

# What a cell says: a number, that there is no count, or nothing.
Loans = int | NotCounted | None


def units(loans: Loans) -> int:
    """Return what a cell adds to a sum: a blank and “not counted” add nothing."""
    return loans if isinstance(loans, int) else 0


@dataclass(frozen=True)
class Wanted:
    """What the filing can take: its months in order, and who lends. `matcher` knows every home library."""

    months: tuple[date, ...]
    lender: int
    matcher: LabelMatcher

    def month(self, found: YearMonth) -> date | str:
        """Return the month of the filing that is meant, or how a month outside it is called."""
        year, number = found
        for month in self.months:
            if month.month == number and year in (None, month.year):
                return month
        return f"{date(year or 2000, number, 1):%B}" + (f" {year}" if year else "")


@dataclass(frozen=True)
class Trouble:
    """One thing in a file that cannot be taken over: where it is, what, why, and how to mend it."""

    where: str
    what: str
    why: str
    cure: str


@dataclass
class Reduced:
    """A table reduced to counts: by label as written and month, None where the table names no month.

    `is_grid` where months stand across, `is_of_single_loans` where rows were counted. In a grid a blank cell
    is given as None. `repeated` are labels that stand in several rows and were added
    up; `outside` are loans of months that the filing does not have, by the name of the month.
    """

    said: str
    is_grid: bool = False
    is_of_single_loans: bool = False
    counts: dict[tuple[str, date | None], Loans] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    outside: dict[str, int] = field(default_factory=dict)
    problems: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    more_problems: int = 0

    @property
    def labels(self) -> list[str]:
        """Every label once, in the order of the table."""
        return list(dict.fromkeys(label for label, _ in self.counts))

    @property
    def has_months(self) -> bool:
        """Whether the table says of every number in which month it belongs."""
        return all(month is not None for _, month in self.counts)

    def trouble(self, where: str, what: str, why: str, cure: str) -> None:
        """Note a problem; of very many alike only the number is kept."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Trouble(where, what, why, cure))
        else:
            self.more_problems += 1


def cell_of(cells: Sequence[Any], column: int) -> str:
    """Return the text of a cell; empty where the row is shorter."""
    return text_of(cells[column]) if column < len(cells) else ""


def called(column: int, headings: Mapping[int, str]) -> str:
    """Return how messages call a column: its heading, else its letter."""
    return f"“{headings[column]}”" if headings.get(column) else column_letter(column)


def place_of(line: int, column: int, headings: Mapping[int, str]) -> str:
    """Return where a cell stands, in words."""
    heading = headings.get(column)
    return f"line {line}, column {column_letter(column)}" + (f" ({heading})" if heading else "")


def is_number(text: str) -> bool:
    """Whether a text looks like a count, or says that there is none."""
    return len(text) < 20 and (
        re.fullmatch(r"-?[0-9][0-9,]*(?:\.[0-9]+)?", text) is not None or text.lower() == NOT_COUNTED.value
    )


def plain_number(text: str) -> int | None:
    """Return the number in a text; None for anything else."""
    try:
        loans = parse_loans(text)
    except NotALoanCount:
        return None
    return loans if isinstance(loans, int) else None


def number_of(reading: Reduced, where: str, text: str, label: str) -> tuple[bool, Loans]:
    """Return whether a cell can be taken over, and its number; None for a blank."""
    if text is UNCALCULATED:
        reading.trouble(
            where,
            "a formula",
            "without a value: the program that wrote the file did not work it out.",
            "Open the file in Excel, save it and send it again, or type the number in the cell.",
        )
        return False, None
    try:
        return True, parse_loans(text, label)
    except NotALoanCount as problem:
        reading.trouble(
            where,
            quoted(text),
            why_no_count(problem),
            f"Enter the number of units lent on cards of {label}, or 0.",
        )
        return False, None


def quoted(text: str) -> str:
    """Return a figure as it was written, also 35O or 1l; anything else may be a person or a card."""
    return f"“{text}”" if re.fullmatch(r"(?=.*[0-9])[-+0-9.,() OolI]{1,10}", text) else "text"


def why_no_count(problem: NotALoanCount) -> str:
    """Return why a cell is no count, without the cell."""
    for why in ("is below zero", "is too large to be a count"):
        if why in str(problem):
            return f"{why}."
    return "is not a whole number."


def usable(reading: Reduced, line: int, label: str, wanted: Wanted) -> bool:
    """Whether the label of a row can be shown and read; otherwise the problem is noted."""
    if not label:
        reading.trouble(
            f"line {line}",
            "numbers",
            "without a home library beside them.",
            "Write the home library in that line.",
        )
        return False
    if not wanted.matcher.match(label).is_known and may_be_private(label):
        hide(reading, line, 1)
        return False
    return True


def is_too_wide(reading: Reduced, line: int, cells: Sequence[Any], width: int) -> bool:
    """Whether a line has cells beyond the last heading: a comma inside a cell has moved those after it."""
    if len(cells) <= width or not any(text_of(cell) for cell in cells[width:]):
        return False
    reading.trouble(
        f"line {line}",
        f"{len(cells)} cells",
        f"where the headings have {width}: a comma or tab inside a cell has moved those after it.",
        "This line is left out. Send the report as XLSX, or with quotation marks around such cells.",
    )
    return True


def hide(reading: Reduced, line: int, rows: int) -> None:
    """Note a label that may be a person, without showing it."""
    reading.trouble(
        f"line {line}",
        "a cell that is no library",
        f"stands where the home library should. It may be a person or a card, and is not shown. Rows: "
        f"{rows:,}.",
        "They are left out. Mend the file, or add the loans in the grid.",
    )


def add_loans(reading: Reduced, label: str, month: date | str | None, loans: Loans) -> None:
    """Add the loans of one cell to what is known of its label and month."""
    if isinstance(month, str):
        if loans:
            reading.outside[month] = reading.outside.get(month, 0) + units(loans)
        return
    before = reading.counts.get((label, month))
    if isinstance(loans, int):
        reading.counts[label, month] = units(before) + loans
    elif before is None:
        reading.counts[label, month] = loans


def note_other_year(reading: Reduced, above: Sequence[Row], wanted: Wanted) -> None:
    """Note a title that names other years than the filing covers."""
    years = {year for _, cells in above for cell in cells for year in years_named(text_of(cell))}
    ours = {month.year for month in wanted.months}
    if years and years.isdisjoint(ours):
        said = ", ".join(map(str, sorted(years)))
        reading.trouble(
            "above the table",
            f"The heading names {said}",
            f"but this filing is for {wanted.months[0]:%B %Y} to {wanted.months[-1]:%B %Y}.",
            "Make sure that this is the right file before you save.",
        )
