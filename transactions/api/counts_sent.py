"""Loan counts as a request sends them, in JSON or in CSV: read strictly, each with its place in the body."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from connecticard.api_bodies import MOST_MISTAKES, Json, a_key, an_object, pointer
from connecticard.api_problems import PROBLEMS, Mistake, Refused
from libraries.models import Library
from transactions.rules.filing_checks import (
    LARGEST_COUNT,
    NOT_COUNTED,
    NotALoanCount,
    NotCounted,
    parse_loans,
)
from transactions.services import CellProblem

# The id of the home library and the first day of the month; None for a total of the period.
Cell = tuple[int, date | None]
Loans = int | NotCounted | None

_MONTH = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])(?:-01)?")
_ALIASES = {"lender_fscs": "lender", "home_library_fscs": "home_library"}

HOME: Json = a_key("Key of the home library that issued the cards.", example="CT0001")
LENDER: Json = a_key("Key of the library that lent.", example="CT0012")
MONTH: Json = {
    "type": ["string", "null"],
    "pattern": f"^{_MONTH.pattern}$",
    "description": "The month, as 2026-03 or by its first day; null for a total of the period.",
    "examples": ["2026-03-01"],
}
LOANS: Json = {
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": LARGEST_COUNT,
    "description": "Units lent; 0 says none were, null that they were not counted.",
}
COUNT = an_object({"home_library": HOME, "month": MONTH, "loans": LOANS}, optional=["month"])
CELL = an_object({"home_library": HOME, "month": MONTH}, optional=["month"])
COUNT_OF_LENDER = an_object({"lender": LENDER, "home_library": HOME, "month": MONTH, "loans": LOANS})


@dataclass
class CountsSent:
    """Counts of one filing with their places in the body; None blanks a cell.

    `column` names in CSV the column of a cell whose months stand side by side.
    """

    cells: dict[Cell, Loans] = field(default_factory=dict)
    places: dict[Cell, str | int] = field(default_factory=dict)
    months_across: bool = False

    def place_of(self, cell: Cell) -> str | None:
        """Return where in the body a cell stands: a pointer in JSON, line and column in CSV."""
        place = self.places.get(cell)
        if not isinstance(place, int):
            return place
        month = cell[1]
        return f"line {place}, {f'{month:%Y-%m}' if self.months_across and month else 'loans'}"

    def as_mistakes(self, problems: Iterable[CellProblem]) -> list[Mistake]:
        """Return what a service found wrong as the client is told; None is the place of what is not sent."""
        cure = PROBLEMS["not_accepted"][1]
        return [
            Mistake(
                "not_accepted",
                self.place_of((problem.home_library, problem.month)) if problem.home_library else None,
                problem.message,
                f"See {problem.citation}." if problem.citation else cure,
            )
            for problem in list(problems)[:MOST_MISTAKES]
        ]


class Keys:
    """The libraries on record by key, read once for a body; mistakes are gathered until `refuse`."""

    def __init__(self) -> None:
        self.ids: Mapping[str, int] = dict(Library.objects.values_list("key", "pk"))
        self.mistakes: list[Mistake] = []

    def id_of(self, key: str, place: str | None) -> int | None:
        """Return the id of a library; None, and a mistake is noted, where there is none."""
        found = self.ids.get(key)
        if found is None:
            detail = f"There is no library {key[:60]!r}."
            self.note("not_on_record", place, detail, "Give the key as the route libraries writes it.")
        return found

    def note(self, code: str, place: str | None, detail: str, cure: str) -> None:
        """Note a mistake; Refused at once where there are very many."""
        self.mistakes.append(Mistake(code, place, detail, cure))
        if len(self.mistakes) >= MOST_MISTAKES:
            self.refuse()

    def refuse(self) -> None:
        """Raise Refused where there was a mistake."""
        if self.mistakes:
            raise Refused(self.mistakes, 422)


def month_of(text: str | None) -> date | None:
    """Return the first day of a month as the schema lets it pass; None for a total of the period."""
    return None if text is None else date(int(text[:4]), int(text[5:7]), 1)


def from_json(counts: Sequence[Mapping[str, Any]], blanks: Sequence[Mapping[str, Any]] = ()) -> CountsSent:
    """Return the counts of one filing as JSON gives them. Refused with every mistake."""
    keys, sent = Keys(), CountsSent()
    for name, rows in (("counts", counts), ("delete", blanks)):
        for index, row in enumerate(rows):
            home = keys.id_of(row["home_library"], pointer(name, index, "home_library"))
            cell = (home or 0, month_of(row.get("month")))
            if home is None:
                continue
            place = pointer(name, index, "loans" if name == "counts" else "home_library")
            if cell in sent.places:
                _twice(keys, place, sent.place_of(cell))
                continue
            sent.cells[cell] = _loans(row["loans"]) if name == "counts" else None
            sent.places[cell] = place or ""
    keys.refuse()
    return sent


def from_json_of_lenders(counts: Sequence[Mapping[str, Any]]) -> dict[int, CountsSent]:
    """Return counts by the id of their lender. Refused with every mistake."""
    keys, sent = Keys(), dict[int, CountsSent]()
    for index, row in enumerate(counts):
        lender = keys.id_of(row["lender"], pointer("counts", index, "lender"))
        home = keys.id_of(row["home_library"], pointer("counts", index, "home_library"))
        if lender is None or home is None:
            continue
        place, cell = pointer("counts", index, "loans"), (home, month_of(row["month"]))
        of_lender = sent.setdefault(lender, CountsSent())
        if cell in of_lender.places:
            _twice(keys, place, of_lender.place_of(cell))
            continue
        of_lender.cells[cell], of_lender.places[cell] = _loans(row["loans"]), place or ""
    keys.refuse()
    return sent


def _loans(loans: float | None) -> int | NotCounted:
    return NOT_COUNTED if loans is None else int(loans)  # 12.0 is an integer to JSON Schema


def _twice(keys: Keys, place: str | None, before: str | None) -> None:
    keys.note("not_accepted", place, f"This count is given already at {before}.", "Give each count once.")


# CSV


@dataclass(frozen=True)
class _Columns:
    width: int
    lender: int | None
    home: int
    month: int | None
    loans: Mapping[int, date | None]
    headings: Sequence[str]


def from_csv(lines: Iterator[str]) -> CountsSent:
    """Return the counts of one filing, read line by line. Refused with every bad line."""
    return _from_csv(lines, of_lenders=False).get(0, CountsSent())


def from_csv_of_lenders(lines: Iterator[str]) -> dict[int, CountsSent]:
    """Return counts by the id of their lender, read line by line. Refused with every bad line."""
    return _from_csv(lines, of_lenders=True)


def _from_csv(lines: Iterator[str], *, of_lenders: bool) -> dict[int, CountsSent]:
    rows = csv.reader(lines, strict=True)
    sent: dict[int, CountsSent] = {}
    try:
        columns = _columns(next(rows, []), of_lenders)
        keys = Keys()
        for cells in rows:
            if cells:
                _read_row(rows.line_num, cells, columns, keys, sent)
    except csv.Error as error:
        detail = f"Line {rows.line_num} is not CSV: {error}."
        cure = "Mend the quotation marks of this line."
        raise Refused([Mistake("parse_error", f"line {rows.line_num}", detail, cure)]) from None
    keys.refuse()
    return sent


def _read_row(
    line: int, cells: Sequence[str], columns: _Columns, keys: Keys, sent: dict[int, CountsSent]
) -> None:
    if len(cells) != columns.width:
        detail = f"The line has {len(cells)} cells, the heading {columns.width}."
        keys.note("not_accepted", f"line {line}", detail, "Give each line a cell for each column.")
        return
    lender: int | None = 0
    if columns.lender is not None:
        lender = keys.id_of(cells[columns.lender].strip(), f"line {line}, lender")
    key = cells[columns.home].strip()
    home = keys.id_of(key, f"line {line}, home_library")
    if lender is None or home is None:
        return
    of_lender = sent.setdefault(lender, CountsSent(months_across=columns.month is None))
    for place, across in columns.loans.items():
        month = across
        if columns.month is not None:
            written = cells[columns.month].strip()
            found = _MONTH.fullmatch(written)
            if found is None:
                detail = f"{written[:40]!r} is no month."
                keys.note("not_accepted", f"line {line}, month", detail, "Write it as 2026-03.")
                return
            month = date(int(found[1]), int(found[2]), 1)
        column = f"line {line}, {columns.headings[place]}"
        try:
            loans = parse_loans(cells[place], key)
        except NotALoanCount as mistake:
            cure = "Write a whole number, n/c for not counted, or leave the cell empty for a blank."
            keys.note("not_accepted", column, str(mistake), cure)
            continue
        cell = (home, month)
        if cell in of_lender.places:
            _twice(keys, column, of_lender.place_of(cell))
            continue
        of_lender.cells[cell], of_lender.places[cell] = loans, line


def _columns(cells: Sequence[str], of_lenders: bool) -> _Columns:
    """Return what stands where by the heading. Refused where a column is missing, repeated or unknown."""
    written = [cell.strip().lower() for cell in cells]
    names = [_ALIASES.get(cell, cell) for cell in written]
    across = {
        place: date(int(found[1]), int(found[2]), 1)
        for place, name in enumerate(names)
        if (found := _MONTH.fullmatch(name))
    }
    needed = ["lender", "home_library"] if of_lenders else ["home_library"]
    if not across:
        needed.append("loans")
        if of_lenders:
            needed.append("month")
    known = needed if across else [*needed, "month"]
    wanted = f"The columns are {', '.join(needed)}" + (
        " and the months." if across else ("." if of_lenders else " and, where counts are by month, month.")
    )
    mistakes = []
    meant: list[str | date] = [across.get(place, name) for place, name in enumerate(names)]
    for place, name in enumerate(names):
        where = f"line 1, {cells[place][:60]}"
        if meant[place] in meant[:place]:
            mistakes.append(Mistake("not_accepted", where, "This column is given twice.", wanted))
        elif place not in across and name not in known:
            detail = f"There is no column {cells[place][:60]!r}."
            mistakes.append(Mistake("not_accepted", where, detail, f"Leave it out. {wanted}"))
    for name in needed:
        if name not in names:
            detail = f"The column {name} is missing."
            mistakes.append(Mistake("not_accepted", f"line 1, {name}", detail, f"Add it. {wanted}"))
    if mistakes:
        raise Refused(mistakes[:MOST_MISTAKES], 422)
    return _Columns(
        width=len(names),
        lender=names.index("lender") if of_lenders else None,
        home=names.index("home_library"),
        month=names.index("month") if "month" in names else None,
        loans=across or {names.index("loans"): None},
        headings=[f"{across[place]:%Y-%m}" if place in across else name for place, name in enumerate(names)],
    )
