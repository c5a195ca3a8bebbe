"""What an upload would change in a filing, cell by cell, before anything is saved.

Nothing of an upload is kept between the steps: the page carries the counts, signed, until they are confirmed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from connecticard.canonical_json import sha256_of
from libraries.models import LibrarySuccession
from transactions.count_grid import Cell, CountGrid, Counts
from transactions.models import Filing, FilingBasis
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import NOT_COUNTED
from transactions.rules.reportable_loans import refusal
from transactions.towns_served import towns_served
from transactions.uploads.carried import carried, carry
from transactions.uploads.labels import LabelMatcher, Match, Reading, normal
from transactions.uploads.reduced import Loans, Reduced, Trouble, units

_SALT = "transactions.uploads"

HOW_READ = {
    Reading.REMEMBERED: "as your library said before",
    Reading.SHORTENED: "a short form of the name",
    Reading.TOWN: "the town’s only home library",
    Reading.VILLAGE: "the home library of the town in which it lies",
    Reading.MISSPELT: "a misspelling",
}


@dataclass(frozen=True)
class Upload:
    """An upload between two steps: its readings and what the person has said so far.

    `chosen` is the reading that was chosen, `meanings` what each label means, by its normal form (None: leave
    it out), `month` the month of a list that names none, `add_up` whether repeated labels are added up,
    `everything` whether cells that the file does not name become blank.
    """

    readings: tuple[Reduced, ...]
    chosen: int | None = None
    meanings: Mapping[str, int | None] = field(default_factory=dict)
    month: date | None = None
    add_up: bool = False
    everything: bool = False

    @property
    def reading(self) -> Reduced | None:
        """The reading to go on with; None while several are open."""
        if self.chosen is not None:
            return self.readings[self.chosen]
        return self.readings[0] if len(self.readings) == 1 else None


def packed(upload: Upload, filing: Filing, user_id: int) -> str:
    """Return an upload as a signed text for a hidden field of this person's page of this filing."""
    return carry(
        {
            "for": [filing.pk, user_id],
            "readings": [_as_data(reading) for reading in upload.readings],
            "chosen": upload.chosen,
            "meanings": dict(upload.meanings),
            "month": upload.month and upload.month.isoformat(),
            "add_up": upload.add_up,
            "everything": upload.everything,
        },
        salt=_SALT,
    )


def unpacked(text: str, filing: Filing, user_id: int) -> Upload:
    """Return the upload that `packed` wrote. Raises UploadLapsed where it is old, damaged or another's."""
    data = carried(text, salt=_SALT, whose=[filing.pk, user_id])
    return Upload(
        tuple(_from_data(reading) for reading in data["readings"]),
        data["chosen"],
        data["meanings"],
        date.fromisoformat(data["month"]) if data["month"] else None,
        data["add_up"],
        data["everything"],
    )


def _as_data(reading: Reduced) -> dict[str, Any]:
    labels = reading.labels
    number = {label: place for place, label in enumerate(labels)}
    months = list(dict.fromkeys(month for _, month in reading.counts))
    return {
        "said": reading.said,
        "is_grid": reading.is_grid,
        "is_of_single_loans": reading.is_of_single_loans,
        "labels": labels,
        "months": [month and month.isoformat() for month in months],
        "counts": [
            [number[label], months.index(month), loans.value if loans is NOT_COUNTED else loans]
            for (label, month), loans in reading.counts.items()
        ],
        "repeated": reading.repeated,
        "outside": reading.outside,
        "problems": [list(asdict(problem).values()) for problem in reading.problems],
        "notes": reading.notes,
        "more_problems": reading.more_problems,
    }


def _from_data(data: Mapping[str, Any]) -> Reduced:
    months = [date.fromisoformat(month) if month else None for month in data["months"]]
    return Reduced(
        data["said"],
        data["is_grid"],
        data["is_of_single_loans"],
        {
            (data["labels"][label], months[month]): NOT_COUNTED if loans == NOT_COUNTED.value else loans
            for label, month, loans in data["counts"]
        },
        data["repeated"],
        data["outside"],
        [Trouble(*problem) for problem in data["problems"]],
        data["notes"],
        data["more_problems"],
    )


# What is still to be asked


@dataclass(frozen=True)
class LabelToRead:
    """A label with what it is taken for and the loans that hang on it."""

    label: str
    match: Match
    loans: int


@dataclass(frozen=True)
class Questions:
    """What a person has to say before the differences can be shown."""

    labels: tuple[LabelToRead, ...]
    repeated: tuple[str, ...]
    month: bool

    def __bool__(self) -> bool:
        return bool(self.labels or self.repeated or self.month)


def questions(
    upload: Upload, reading: Reduced, filing: Filing, grid: CountGrid, matcher: LabelMatcher
) -> Questions:
    """Return what is still open; a label without loans, or of the lender's own towns alone, is not asked."""
    lines = grid.names
    open_labels = [
        found
        for found in labels_to_read(upload, reading, matcher)
        if found.match.is_asked
        and found.loans
        and not (
            found.match.is_known
            and found.match.choices
            and not any(home in lines for home in found.match.choices)
        )
    ]
    by_month = filing.basis == FilingBasis.BY_MONTH
    return Questions(
        labels=tuple(open_labels),
        repeated=() if upload.add_up else (*reading.repeated, *_named_twice(upload, reading, matcher)),
        month=by_month and not reading.has_months and upload.month is None and len(grid.columns) > 1,
    )


def labels_to_read(upload: Upload, reading: Reduced, matcher: LabelMatcher) -> list[LabelToRead]:
    """Return every label of a reading as it is understood now, in the order of the file."""
    loans: dict[str, int] = {}
    for (label, _), number in reading.counts.items():
        loans[label] = loans.get(label, 0) + units(number)
    return [LabelToRead(label, _meaning(upload, matcher, label), number) for label, number in loans.items()]


def _named_twice(upload: Upload, reading: Reduced, matcher: LabelMatcher) -> list[str]:
    """Return the labels that each name one library again: “Avon” and “Avon Free Public Library”.

    Two towns or villages of one library are parts of its count, and so are labels that a person explained.
    """
    if reading.is_of_single_loans:
        return []
    labels_of: dict[int, dict[str, LabelToRead]] = {}
    for found in labels_to_read(upload, reading, matcher):
        home = found.match.library
        if home is not None and found.loans and found.match.reading is not Reading.REMEMBERED:
            labels_of.setdefault(home, {})[normal(found.label)] = found
    return [
        " and ".join(found.label for found in labels.values())
        for labels in labels_of.values()
        if len(labels) > 1
        and any(found.match.reading not in (Reading.TOWN, Reading.VILLAGE) for found in labels.values())
    ]


def _meaning(upload: Upload, matcher: LabelMatcher, label: str) -> Match:
    mark = normal(label)
    if mark in upload.meanings:
        home = upload.meanings[mark]
        return Match(Reading.REMEMBERED, home, leave_out=home is None)
    return matcher.match(label)


def without_a_total(reading: Reduced, filing: Filing) -> list[date]:
    """Return the months that a filing of period totals covers and a file by month does not name."""
    if filing.basis == FilingBasis.BY_MONTH or not reading.has_months:
        return []
    named = {month for _, month in reading.counts}
    return [month for month in filing.covers_span.months() if month not in named]


# The differences


@dataclass(frozen=True)
class Change:
    """A cell that would change."""

    cell: Cell
    before: Loans
    after: Loans


@dataclass(frozen=True)
class LeftOut:
    """Loans of the file that are not taken over, and why."""

    label: str
    loans: int
    reason: str
    citation: str = ""


@dataclass(frozen=True)
class ReadAs:
    """A label that was not an official name letter by letter, and what it was read as."""

    label: str
    name: str
    how: str


@dataclass(frozen=True)
class Preview:
    """What saving would do: the cells as they would stand, and everything that would not be saved."""

    after: Counts
    changes: tuple[Change, ...]
    unchanged: int
    left_out: tuple[LeftOut, ...]
    read_as: tuple[ReadAs, ...]
    problems: tuple[Trouble, ...]
    more_problems: int
    notes: tuple[str, ...]

    @property
    def to_save(self) -> dict[Cell, Loans]:
        """The cells that change, as `save_counts` takes them."""
        return {change.cell: change.after for change in self.changes}

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of what would be saved, so that nothing is saved that was not shown."""
        return sha256_of(
            [[*map(str, change.cell), str(change.before), str(change.after)] for change in self.changes]
        )

    @property
    def read_as_towns(self) -> tuple[ReadAs, ...]:
        """Labels that are plain names of towns with one home library."""
        return tuple(found for found in self.read_as if found.how == HOW_READ[Reading.TOWN])

    @property
    def read_otherwise(self) -> tuple[ReadAs, ...]:
        """Labels that are neither official names nor plain names of towns."""
        return tuple(found for found in self.read_as if found.how != HOW_READ[Reading.TOWN])

    @property
    def becoming_blank(self) -> tuple[Change, ...]:
        """Cells that hold something now and would not any more."""
        return tuple(change for change in self.changes if change.after is None)


def preview(
    upload: Upload,
    reading: Reduced,
    filing: Filing,
    grid: CountGrid,
    on_record: Counts,
    matcher: LabelMatcher,
) -> Preview:
    """Return what an upload would change. Labels still to be asked are left out and listed as such."""
    lines = {line.library_id: line for line in grid.lines}
    names = {library.id: library.name for library in matcher.libraries}
    why_not = _Refusals(filing, matcher)
    given: dict[Cell, Loans] = {}
    labels_of: dict[int, list[str]] = {}
    left_out: dict[tuple[str, str, str], int] = {}

    def leave(label: str, loans: Loans, reason: str, citation: str = "") -> None:
        found = (label, reason, citation)
        left_out[found] = left_out.get(found, 0) + units(loans)

    for (label, month), loans in reading.counts.items():
        match = _meaning(upload, matcher, label)
        home = match.library
        if home is None:
            own = next((choice for choice in match.choices if match.is_known), None)
            if match.leave_out:
                leave(label, loans, "Your library said that this is no Connecticut home library.")
            elif own is not None and not any(choice in lines for choice in match.choices):
                leave(label, loans, *why_not.of(own, month))
            elif loans:
                leave(label, loans, "It was not said which home library this is.")
            continue
        if label not in (known := labels_of.setdefault(home, [])):
            known.append(label)
        column = _column(filing, grid, upload, month)
        line = lines.get(home)
        if line is None or column not in line.columns:
            if loans is not None:
                leave(label, loans, *why_not.of(home, month))
            continue
        given[home, column] = _added(given.get((home, column)), loans)
    if upload.everything:
        given |= {cell: None for cell in grid.cells if cell not in given}
    changes = [
        Change(cell, on_record.get(cell), given[cell])
        for cell in grid.cells
        if cell in given and on_record.get(cell) != given[cell]
    ]
    problems = list(reading.problems)
    if missing := without_a_total(reading, filing):
        problems.insert(0, _no_loans_of(missing))
    for month_name, loans in reading.outside.items():
        leave(f"All loans of {month_name}", loans, "This filing does not cover that month.")
    return Preview(
        after={**on_record, **{change.cell: change.after for change in changes}},
        changes=tuple(changes),
        unchanged=len(given) - len(changes),
        left_out=tuple(
            LeftOut(label, loans, reason, citation)
            for (label, reason, citation), loans in left_out.items()
            if loans or reason.startswith("Loans on your own")
        ),
        read_as=tuple(_read_as(upload, reading, matcher, names)),
        problems=tuple(problems),
        more_problems=reading.more_problems,
        notes=(*reading.notes, *_taken_together(labels_of, names)),
    )


def _no_loans_of(months: Sequence[date]) -> Trouble:
    return Trouble(
        "the whole file",
        f"No loans of {', '.join(f'{month:%B %Y}' for month in months)}",
        "stand in it, but this filing has one total for all its months.",
        "Make sure that the file is complete before you save.",
    )


def _column(filing: Filing, grid: CountGrid, upload: Upload, month: date | None) -> date | None:
    if filing.basis != FilingBasis.BY_MONTH:
        return None
    return month or upload.month or grid.columns[0]


def _added(before: Loans, loans: Loans) -> Loans:
    if isinstance(before, int) and isinstance(loans, int):
        return before + loans
    return before if loans is None or (isinstance(before, int) and loans is NOT_COUNTED) else loans


def _read_as(
    upload: Upload, reading: Reduced, matcher: LabelMatcher, names: Mapping[int, str]
) -> list[ReadAs]:
    found = []
    for item in labels_to_read(upload, reading, matcher):
        home = item.match.library
        if home is None or item.match.reading not in HOW_READ:
            continue
        said_now = normal(item.label) in upload.meanings
        found.append(
            ReadAs(item.label, names[home], "as you said" if said_now else HOW_READ[item.match.reading])
        )
    return found


def _taken_together(labels_of: Mapping[int, Sequence[str]], names: Mapping[int, str]) -> list[str]:
    return [
        f"{', '.join(labels[:-1])} and {labels[-1]} were added up for {names[home]}."
        for home, labels in labels_of.items()
        if len({normal(label) for label in labels}) > 1
    ]


class _Refusals:
    """Why loans on the cards of a library have no place in a filing."""

    def __init__(self, filing: Filing, matcher: LabelMatcher):
        self._filing, self._span = filing, filing.covers_span
        self._keys = {library.id: library.key for library in matcher.libraries}
        self._names = {library.key: library.name for library in matcher.libraries}
        self._served: Any = None
        self._successors: dict[str, str] = {}

    def of(self, home: int, month: date | None) -> tuple[str, str]:
        """Return the reason and the rule."""
        if self._served is None:
            self._served = towns_served()
            self._successors = dict(
                LibrarySuccession.objects.values_list("predecessor__key", "successor__key")
            )
        by_month = self._filing.basis == FilingBasis.BY_MONTH
        days = Span.of_month(month).intersection(self._span) if month and by_month else self._span
        found = refusal(
            self._filing.library.key,
            self._keys[home],
            days or self._span,
            self._served,
            names=self._names,
            successors=self._successors,
        )
        return (
            (f"{found.reason} {found.cure}", found.citation)
            if found
            else ("It has no place in this filing.", "")
        )


def with_meanings(upload: Upload, said: Mapping[str, int | None]) -> Upload:
    """Return the upload with more labels explained."""
    return replace(upload, meanings={**upload.meanings, **said})
