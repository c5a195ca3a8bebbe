"""A file with the counts of many members of a consortium: read in memory, and carried by the page.

It names a lender, a home library, a month and the loans in each row, or has a column for each month.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from libraries.models import Consortium
from transactions.rules._wording import written_month
from transactions.rules.filing_checks import NOT_COUNTED, NotALoanCount, NotCounted, parse_loans
from transactions.uploads.carried import carried, carry
from transactions.uploads.labels import LabelMatcher, is_total, may_be_private
from transactions.uploads.months import YearMonth, month_of_heading, read_month
from transactions.uploads.reduced import quoted, why_no_count
from transactions.uploads.tables import Row, Table, TableRefused, column_letter, text_of

MOST_PROBLEMS = 200
MOST_COUNTS = 200_000
_HEADER_WITHIN = 30  # rows

_LENDER = re.compile(
    r"lender(?: fscs)?|lend(?:ing|er) (?:library|branch)|(?:check ?out|transaction|circulating|circ|owning|"
    r"loaning|station|service) (?:library|branch|location|site)|lent (?:by|at)",
    re.IGNORECASE,
)
_HOME = re.compile(
    r"home(?: library| branch)?(?: fscs)?|(?:patron|borrower|borrowing|cardholder|card|customer|user)s?"
    r"(?: home)? ?(?:library|branch|location|site)|issued by",
    re.IGNORECASE,
)
_MONTH = re.compile(r"(?:loan |check ?out |transaction )?(?:month|period|date)(?: of .*)?", re.IGNORECASE)
_LOANS = re.compile(
    r"(?:number of |total )?(?:loans?|check ?outs?|circ(?:ulation)?s?|transactions?|units?|items?|count)"
    r"(?: count)?",
    re.IGNORECASE,
)
_SALT = "transactions.consortium_upload"

Loans = int | NotCounted


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row: where, what, why, and what to do; `lender` is the label of its lender."""

    line: int
    column: str
    what: str
    why: str
    cure: str
    lender: str = ""


@dataclass
class MembersFile:
    """What a file says, by the labels that it uses; `lines` gives the first line of each label."""

    counts: dict[tuple[str, str, date], Loans] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    more_problems: int = 0
    notes: list[str] = field(default_factory=list)

    def trouble(self, problem: RowProblem) -> None:
        """Note what is wrong with a row, as long as there is room."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more_problems += 1

    @property
    def lenders(self) -> list[str]:
        """The labels of lenders, in the order of the file."""
        return list(dict.fromkeys(lender for lender, _, _ in self.counts))

    @property
    def homes(self) -> list[str]:
        """The labels of home libraries, in the order of the file."""
        return list(dict.fromkeys(home for _, home, _ in self.counts))


# Reading


@dataclass(frozen=True)
class _Columns:
    lender: int
    home: int
    month: int | None
    loans: Mapping[int, YearMonth | None]  # None where the month stands in its own column
    headings: Mapping[int, str]


def read_members_file(tables: Sequence[Table], matcher: LabelMatcher, today: date) -> MembersFile:
    """Return the counts of a file of many lenders. Raises TableRefused where it is none.

    A label that may be a person, an address or a card is not taken over.
    """
    for table in tables:
        head = list(islice(table.rows(), _HEADER_WITHIN))
        for place, (_, cells) in enumerate(head):
            if columns := _columns(cells):
                return _read(islice(table.rows(), place + 1, None), columns, matcher, today)
    raise TableRefused(
        "No row of headings names a lender and a home library. Give each row the lending library, the home "
        "library that issued the card, the month and the number of loans, under the headings lender, "
        "home_library, month and loans; or one column for each month instead of month and loans."
    )


def _columns(cells: Sequence[Any]) -> _Columns | None:
    """Return what stands where, if this row is one of headings for a lender and a home library."""
    headings = {place: re.sub(r"[\s_]+", " ", text_of(cell)).strip() for place, cell in enumerate(cells)}
    headings = {place: heading for place, heading in headings.items() if heading}
    lenders = [place for place, heading in headings.items() if _LENDER.fullmatch(heading)]
    homes = [place for place, heading in headings.items() if _HOME.fullmatch(heading)]
    if not lenders or not homes:
        return None
    months = [place for place, heading in headings.items() if _MONTH.fullmatch(heading)]
    across = {
        place: month
        for place, heading in headings.items()
        if (month := month_of_heading(heading)) is not None
    }
    loans = [place for place, heading in headings.items() if _LOANS.fullmatch(heading)]
    for found, what in ((lenders, "the lender"), (homes, "the home library"), (months, "the month")):
        if len(found) > 1:
            said = " and ".join(f"“{headings[place]}”" for place in found)
            raise TableRefused(f"The columns {said} could each be {what}. Remove or rename all but one.")
    if across:
        return _Columns(lenders[0], homes[0], None, across, headings)
    if not months or not loans:
        missing = "the month" if not months else "the number of loans"
        raise TableRefused(
            f"No column gives {missing}. Add it under the heading {'month' if not months else 'loans'}, or "
            "give one column for each month, headed with it."
        )
    if len(loans) > 1:
        said = " and ".join(f"“{headings[place]}”" for place in loans)
        raise TableRefused(f"The columns {said} could each be the loans. Remove or rename all but one.")
    return _Columns(lenders[0], homes[0], months[0], {loans[0]: None}, headings)


def _read(rows: Iterator[Row], columns: _Columns, matcher: LabelMatcher, today: date) -> MembersFile:
    found = MembersFile()
    first_line: dict[tuple[str, str, date], int] = {}
    totals = 0
    for line, cells in rows:

        def cell(place: int, cells: Sequence[Any] = cells) -> str:
            return text_of(cells[place]) if place < len(cells) else ""

        lender, home = cell(columns.lender), cell(columns.home)
        if not any(cell(place) for place in columns.headings):
            continue
        if is_total(lender) or is_total(home):
            totals += 1
            continue
        if not lender or not home:
            place = columns.lender if not lender else columns.home
            what = "lender" if not lender else "home library"
            _note(
                found, line, place, columns, "", f"no {what} is named", "Enter it, or remove the row.", lender
            )
            continue
        if unfit := next((label for label in (lender, home) if _is_private(label, matcher)), None):
            place = columns.lender if unfit == lender else columns.home
            _note(
                found,
                line,
                place,
                columns,
                "",
                "this looks like a person, an address or a card, not a library; it is not shown and not kept",
                "Export the library in this column.",
            )
            continue
        for place, heading in columns.loans.items():
            text = cell(place)
            if not text:
                continue
            said = heading if columns.month is None else read_month(cell(columns.month))
            month = said and _month(said, today)
            if month is None:
                _note(
                    found,
                    line,
                    columns.month or place,
                    columns,
                    "",
                    "this is no month of the last two years",
                    f"Write it as in {today:%Y-%m}.",
                    lender,
                )
                continue
            try:
                loans = parse_loans(text, home)
            except NotALoanCount as problem:
                _note(
                    found,
                    line,
                    place,
                    columns,
                    quoted(text),
                    why_no_count(problem),
                    f"Enter the number of units lent on cards of {home}, or 0.",
                    lender,
                )
                continue
            if loans is None:
                continue
            key = (lender, home, month)
            if key in first_line:
                _note(
                    found,
                    line,
                    columns.home,
                    columns,
                    home,
                    f"{lender}, {home} and {written_month(month)} stand in line {first_line[key]} already",
                    "Keep one of the rows, or add them up.",
                    lender,
                )
                continue
            first_line[key] = line
            found.counts[key] = loans
            for label in (lender, home):
                found.lines.setdefault(label, line)
        if len(found.counts) > MOST_COUNTS:
            raise TableRefused(
                f"The file holds more than {MOST_COUNTS:,} counts. Send it in parts, a few months at a time."
            )
    if totals:
        found.notes.append(f"{totals} row{'s' if totals > 1 else ''} of totals passed over.")
    if not found.counts and not found.problems:
        raise TableRefused("No row follows the headings. Choose the file with the counts.")
    return found


def _note(
    found: MembersFile,
    line: int,
    place: int,
    columns: _Columns,
    what: str,
    why: str,
    cure: str,
    lender: str = "",
) -> None:
    column = f"{column_letter(place)} ({columns.headings.get(place, 'no heading')})"
    found.trouble(RowProblem(line, column, what, why, cure, lender))


def _is_private(label: str, matcher: LabelMatcher) -> bool:
    return not matcher.match(label).is_known and (may_be_private(label) or matcher.may_be_a_person(label))


def _month(said: YearMonth, today: date) -> date | None:
    """Return the month meant: without a year the latest that has begun; None for one of no open year."""
    year, month = said
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    found = date(year, month, 1)
    return found if earliest_month(today) <= found <= today else None


def earliest_month(today: date) -> date:
    """Return the first day of the earliest month that a file may speak of."""
    return date(today.year - 2, today.month, 1)


# Between the steps


def packed(file: MembersFile, consortium: Consortium, user_id: int) -> str:
    """Return a file as a signed text for a hidden field of this person's page of this consortium."""
    labels = {label: place for place, label in enumerate(file.lines)}
    months = sorted({month for _, _, month in file.counts})
    return carry(
        {
            "for": [consortium.pk, user_id],
            "labels": [[label, line] for label, line in file.lines.items()],
            "months": [month.isoformat() for month in months],
            "counts": [
                [labels[lender], labels[home], months.index(month), -1 if loans is NOT_COUNTED else loans]
                for (lender, home, month), loans in file.counts.items()
            ],
            "problems": [
                [each.line, each.column, each.what, each.why, each.cure, each.lender]
                for each in file.problems
            ],
            "more_problems": file.more_problems,
            "notes": file.notes,
        },
        salt=_SALT,
    )


def unpacked(text: str, consortium: Consortium, user_id: int) -> MembersFile:
    """Return the file that `packed` wrote. Raises UploadLapsed where it is old, damaged or another's."""
    data = carried(text, salt=_SALT, whose=[consortium.pk, user_id])
    labels = [label for label, _ in data["labels"]]
    months = [date.fromisoformat(month) for month in data["months"]]
    return MembersFile(
        {
            (labels[lender], labels[home], months[month]): NOT_COUNTED if loans < 0 else loans
            for lender, home, month, loans in data["counts"]
        },
        dict(data["labels"]),
        [RowProblem(*each) for each in data["problems"]],
        data["more_problems"],
        data["notes"],
    )
