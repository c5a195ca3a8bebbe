"""A file with the counts of many members of a consortium: read in memory, shown by member, saved as drafts.

The file names a lender, a home library, a month and the loans in each row, or has a column for each month.
Nothing of it is kept between the steps: the page carries the counts, signed (C.G.S. 11-25(b)).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from django.core import signing
from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import Consortium, Library
from transactions.consortium_members import period_name
from transactions.count_grid import Cell, Counts
from transactions.library_filings import PeriodOfLibrary, periods_of_libraries
from transactions.models import Filing, FilingBasis, LabelMapping, LoanCount
from transactions.rules._wording import written_day, written_month
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import NOT_COUNTED, NotALoanCount, NotCounted, parse_loans
from transactions.rules.filing_status import FilingStatus
from transactions.rules.reportable_loans import Refusal, refusal
from transactions.services.consortia import MemberDraft
from transactions.services.roster import successors
from transactions.towns_served import towns_served
from transactions.uploads.labels import LabelMatcher, Reading, is_total, may_be_private, normal
from transactions.uploads.months import YearMonth, month_of_heading, read_month
from transactions.uploads.reduced import quoted, why_no_count
from transactions.uploads.roster import matcher_on
from transactions.uploads.tables import Row, Table, TableRefused, column_letter, text_of

MOST_PROBLEMS = 200
MOST_COUNTS = 200_000
_SALT = "transactions.consortium_upload"
_OLDEST = 12 * 3600  # seconds, as long as somebody stays signed in
_LAPSED = "This preview is out of date. Nothing was saved. Send the file again."
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
    return found if _earliest(today) <= found <= today else None


def _earliest(today: date) -> date:
    return date(today.year - 2, today.month, 1)


# Between the steps


class UploadLapsed(ValueError):
    """What the page carried cannot be used any more; the message says what to do."""


def seen_of(previews: Sequence["MemberPreview"]) -> str:
    """Return in which state each draft was shown, as a signed text for a hidden field."""
    seen = {
        each.name: each.filing.revision if each.filing else None
        for preview in previews
        for each in preview.periods
        if each.is_to_save
    }
    return signing.dumps(seen, salt=_SALT, compress=True)


def drafts_as_seen(previews: Sequence["MemberPreview"], seen_text: str) -> list[MemberDraft]:
    """Return the drafts to save, each in the state in which it was shown. Raises UploadLapsed."""
    try:
        seen = signing.loads(seen_text, salt=_SALT, max_age=_OLDEST)
    except signing.BadSignature:
        raise UploadLapsed(_LAPSED) from None
    drafts = []
    for preview in previews:
        for each in preview.periods:
            if each.name in seen and each.own.record:
                drafts.append(
                    MemberDraft(
                        library=each.own.library,
                        period=each.own.record,
                        filing=None if seen[each.name] is None else each.filing or each.own.standing,
                        revision=seen[each.name],
                        cells=each.changed,
                    )
                )
    return drafts


def packed(file: MembersFile, consortium: Consortium, user_id: int) -> str:
    """Return a file as a signed text for a hidden field of this person's page of this consortium."""
    labels = {label: place for place, label in enumerate(file.lines)}
    months = sorted({month for _, _, month in file.counts})
    return signing.dumps(
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
        compress=True,
    )


def unpacked(text: str, consortium: Consortium, user_id: int) -> MembersFile:
    """Return the file that `packed` wrote. Raises UploadLapsed where it is old, damaged or another's."""
    try:
        data = signing.loads(text, salt=_SALT, max_age=_OLDEST)
    except signing.BadSignature:
        data = {}
    if data.get("for") != [consortium.pk, user_id]:
        raise UploadLapsed(_LAPSED)
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


# What the labels mean


@dataclass(frozen=True)
class Question:
    """A label that is not plain: what it may mean, the likeliest first."""

    label: str
    line: int
    choices: Sequence[Library]


@dataclass
class Labels:
    """What each label of a file means, None for leaving it out, and which must be asked."""

    meanings: dict[str, Library | None]
    questions: list[Question]
    guessed: list[tuple[str, Library]]


def matcher_of_members(
    members: Sequence[Library], today: date, answers: Mapping[str, int | None] | None = None
) -> LabelMatcher:
    """Return what reads labels by the residency of the last two years and by what members said of labels.

    `answers` are a person's own, by the normal form of a label. One of which members said different things
    is asked.
    """
    remembered: dict[str, int | None] = {}
    disputed: set[str] = set()
    rows = LabelMapping.objects.filter(library__in=members).values_list("normal_label", "home_library_id")
    for label, home in rows:
        if remembered.setdefault(label, home) != home:
            disputed.add(label)
    for label in disputed:
        del remembered[label]
    days = DateRange(_earliest(today), date.fromordinal(today.toordinal() + 1))
    return matcher_on(days, remembered | dict(answers or {}))


def read_labels(file: MembersFile, matcher: LabelMatcher) -> Labels:
    """Return what the labels of a file mean."""
    libraries = {library.pk: library for library in Library.objects.all()}
    found = Labels({}, [], [])
    for label, line in file.lines.items():
        match = matcher.match(label)
        if match.is_asked:
            choices = match.choices or matcher.suggestions(label)
            found.questions.append(Question(label, line, [libraries[pk] for pk in choices]))
            continue
        library = None if match.library is None else libraries[match.library]
        found.meanings[label] = library
        if library and match.reading in (Reading.SHORTENED, Reading.MISSPELT, Reading.VILLAGE):
            found.guessed.append((label, library))
    return found


# What would change


@dataclass(frozen=True)
class Difference:
    """A cell that would change."""

    home: Library
    month: date
    before: int | NotCounted | None
    after: int | NotCounted | None


@dataclass
class PeriodPreview:
    """What the file does to one member's filing for one period; `refused` says why it can do nothing."""

    own: PeriodOfLibrary
    months: list[date]
    counts: dict[Cell, Loans]
    differences: list[Difference]
    before: int
    after: int
    refused: str = ""

    @property
    def filing(self) -> Filing | None:
        """The draft that would be changed; None where a new one would be begun."""
        return self.own.working

    @property
    def what(self) -> str:
        """What happens, in words."""
        if self.refused:
            return "Refused"
        if self.filing is None:
            return "New draft"
        return "Changes the draft" if self.differences else "No change"

    @property
    def name(self) -> str:
        """What a page calls it, to say in which state it was seen."""
        return f"{self.own.library.pk}-{period_name(self.own.dates)}"

    @property
    def changed(self) -> dict[Cell, Loans | None]:
        """The cells that the file changes, with what they become."""
        return {(each.home.pk, each.month): each.after for each in self.differences}

    @property
    def is_to_save(self) -> bool:
        """Whether a draft would be begun or changed."""
        return not self.refused and (self.filing is None or bool(self.differences))


@dataclass
class MemberPreview:
    """What the file does to one lender that it names."""

    library: Library
    periods: list[PeriodPreview]
    problems: list[RowProblem]
    left_out: list[tuple[str, int]]
    refused: str = ""

    @property
    def may_be_saved(self) -> bool:
        """Whether something would be saved and no row has to be mended first."""
        return not self.refused and not self.problems and any(each.is_to_save for each in self.periods)

    @property
    def what(self) -> str:
        """What happens, in words."""
        if self.refused:
            return "Refused"
        if self.problems:
            return "To mend first"
        return ", ".join(dict.fromkeys(each.what for each in self.periods)) or "Nothing to save"


def preview_members(
    file: MembersFile, labels: Labels, consortium: Consortium, today: date
) -> list[MemberPreview]:
    """Return what a file would change, by lender and name; rows with a label still asked are not in it.

    The file replaces the months that it has for a member: a home library that it does not name there becomes
    blank. Months that it does not have stay.
    """
    members = {membership.library_id for membership in consortium.memberships.filter(valid__contains=today)}
    counts: dict[Library, dict[Cell, Loans]] = defaultdict(dict)
    written: dict[tuple[int, Cell], str] = {}
    problems: dict[Library, list[RowProblem]] = defaultdict(list)
    for problem in file.problems:
        if problem.lender and (lender := labels.meanings.get(problem.lender)):
            problems[lender].append(problem)
    for (lender_label, home_label, month), loans in file.counts.items():
        lender, home = labels.meanings.get(lender_label), labels.meanings.get(home_label)
        if lender is None or home is None:
            continue
        cell = (home.pk, month)
        other = written.setdefault((lender.pk, cell), home_label)
        if cell in counts[lender]:
            problems[lender].append(
                RowProblem(
                    file.lines[home_label],
                    "home library",
                    home_label,
                    f"“{other}” and “{home_label}” both mean {home}, so {written_month(month)} stands twice",
                    "Keep one of the rows, or add them up.",
                )
            )
            continue
        counts[lender][cell] = loans
    lenders = sorted({*counts, *problems}, key=lambda library: library.name)
    own_members = [lender for lender in lenders if lender.pk in members]
    homes = Library.objects.in_bulk({home for of_lender in counts.values() for home, _ in of_lender})
    roster = _Roster.of([*own_members, *homes.values()])
    periods = periods_of_libraries(own_members, today)
    standing = _counts_on_record(periods)
    return [
        MemberPreview(
            lender,
            [],
            problems[lender],
            [],
            f"{lender} is not a member of {consortium} today. Its own filer enters its counts.",
        )
        if lender.pk not in members
        else _preview_of(
            lender, counts[lender], problems[lender], periods[lender.pk], standing, homes, roster
        )
        for lender in lenders
    ]


@dataclass(frozen=True)
class _Roster:
    """What tells whether a loan on a card of a home library can be reported by a lender."""

    served: Any
    names: Mapping[str, str]
    successors: Mapping[str, str]

    @classmethod
    def of(cls, libraries: Sequence[Library]) -> "_Roster":
        names = {library.key: library.name for library in libraries}
        return cls(towns_served({library.pk for library in libraries}), names, successors())

    def refusal(self, lender: Library, home: Library, days: Span) -> Refusal | None:
        return refusal(lender.key, home.key, days, self.served, names=self.names, successors=self.successors)


def _counts_on_record(periods: Mapping[int, Sequence[PeriodOfLibrary]]) -> dict[int, dict[Cell, Loans]]:
    filings = [own.working.pk for of_library in periods.values() for own in of_library if own.working]
    found: dict[int, dict[Cell, Loans]] = defaultdict(dict)
    rows = LoanCount.objects.filter(filing__in=filings, month__isnull=False)
    for filing, home, month, loans in rows.values_list("filing_id", "home_library_id", "month", "loans"):
        found[filing][home, month] = NOT_COUNTED if loans is None else loans
    return found


def _preview_of(
    lender: Library,
    counts: Mapping[Cell, Loans],
    problems: list[RowProblem],
    periods: Sequence[PeriodOfLibrary],
    on_record: Mapping[int, Mapping[Cell, Loans]],
    homes: dict[int, Library],
    roster: _Roster,
) -> MemberPreview:
    found = MemberPreview(lender, [], problems, [])
    left_out: dict[str, int] = defaultdict(int)
    months = sorted({month for _, month in counts if month})
    rest = list(months)
    for own in periods:
        of_period = [month for month in months if own.covers.overlaps(Span.of_month(month))]
        if not of_period:
            continue
        rest = [month for month in rest if month not in of_period]
        kept: dict[Cell, Loans] = {}
        for (home_id, month), loans in counts.items():
            if month not in of_period or month is None:
                continue
            days = Span.of_month(month).intersection(own.covers)
            assert days is not None
            if refused := roster.refusal(lender, homes[home_id], days):
                left_out[refused.reason] += _number(loans)
            else:
                kept[home_id, month] = loans
        found.periods.append(_of_period(own, of_period, kept, on_record, homes))
    if rest:
        named = ", ".join(written_month(month) for month in rest)
        found.problems.append(
            RowProblem(
                0,
                "month",
                "",
                f"{lender} owes no filing for {named}, or its period has not opened",
                "Remove these rows, or ask the State Library to correct the roster.",
            )
        )
    found.left_out = sorted(left_out.items())
    found.periods.sort(key=lambda each: each.own.dates.span)
    return found


def _of_period(
    own: PeriodOfLibrary,
    months: list[date],
    kept: dict[Cell, Loans],
    on_record: Mapping[int, Mapping[Cell, Loans]],
    homes: dict[int, Library],
) -> PeriodPreview:
    before: Counts = {
        cell: loans
        for cell, loans in (on_record.get(own.working.pk, {}) if own.working else {}).items()
        if cell[1] in months
    }
    unknown = {home for home, _ in before if home not in homes}
    homes |= Library.objects.in_bulk(unknown) if unknown else {}
    differences = [
        Difference(homes[home], month, before.get((home, month)), kept.get((home, month)))
        for home, month in sorted({*before, *kept}, key=lambda cell: (homes[cell[0]].name, cell[1]))
        if month and before.get((home, month)) != kept.get((home, month))
    ]
    return PeriodPreview(
        own,
        months,
        kept,
        differences,
        sum(map(_number, before.values())),
        sum(map(_number, kept.values())),
        _why_refused(own),
    )


def _number(loans: Loans | None) -> int:
    return 0 if loans is None or loans is NOT_COUNTED else loans


def _why_refused(own: PeriodOfLibrary) -> str:
    """Return why a consortium's file can do nothing to this filing; empty where it can."""
    if own.is_closed:
        return f"Entry closed on {written_day(own.dates.closes_on)}. Ask the State Library."
    if own.working is None and own.standing is not None:
        return "It is certified. Its certifier can amend it; then the new version can be uploaded."
    if own.working is not None and not FilingStatus(own.working.status).may_be_edited:
        return "It is submitted. Have its certifier return it, then upload again."
    if own.working is not None and own.working.basis == FilingBasis.PERIOD_TOTAL:
        return "Its draft gives one total for each home library. Change the draft to months first."
    if own.record is None:
        return "Its period has not opened."
    return ""


def meanings_to_remember(labels: Labels, answers: Mapping[str, int | None]) -> dict[str, Library | None]:
    """Return what a person said of labels that this file uses."""
    return {label: home for label, home in labels.meanings.items() if normal(label) in answers}
