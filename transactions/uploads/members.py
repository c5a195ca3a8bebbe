"""What a file of many lenders would do to the members of a consortium: shown by member, saved as drafts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import Consortium, Library
from transactions.consortium_members import period_name
from transactions.count_grid import Cell, Counts
from transactions.library_filings import PeriodOfLibrary, periods_of_libraries
from transactions.models import Filing, FilingBasis, LabelMapping, LoanCount
from transactions.rules._wording import written_day, written_month
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import NOT_COUNTED, NotCounted
from transactions.rules.filing_status import FilingStatus
from transactions.rules.reportable_loans import Refusal, refusal
from transactions.services.consortia import MemberDraft
from transactions.services.roster import successors
from transactions.towns_served import towns_served
from transactions.uploads.carried import carried, carry
from transactions.uploads.labels import LabelMatcher, Reading, normal
from transactions.uploads.members_file import Loans, MembersFile, RowProblem, earliest_month
from transactions.uploads.roster import matcher_on

_SALT = "transactions.consortium_drafts"


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
    days = DateRange(earliest_month(today), date.fromordinal(today.toordinal() + 1))
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
    file: MembersFile, labels: Labels, owner: Consortium | Library, today: date
) -> list[MemberPreview]:
    """Return what a file would change, by lender and name; rows with a label still asked are not in it.

    `owner` is the consortium whose members the file may speak of, or the one library that it is of.

    The file replaces the months that it has for a member: a home library that it does not name there becomes
    blank. Months that it does not have stay.
    """
    members = {library.pk for library in libraries_of(owner, today)}
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
            f"{lender} is not a member of {owner} today. Its own filer enters its counts.",
        )
        if lender.pk not in members
        else _preview_of(
            lender, counts[lender], problems[lender], periods[lender.pk], standing, homes, roster
        )
        for lender in lenders
    ]


def libraries_of(owner: Consortium | Library, today: date) -> list[Library]:
    """Return the members of a consortium on a day, or the library itself."""
    if isinstance(owner, Library):
        return [owner]
    memberships = owner.memberships.filter(valid__contains=today)
    return list(Library.objects.filter(consortium_memberships__in=memberships))


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


# In which state it was shown


def seen_of(previews: Sequence[MemberPreview]) -> str:
    """Return in which state each draft was shown, as a signed text for a hidden field."""
    seen = {
        each.name: each.filing.revision if each.filing else None
        for preview in previews
        for each in preview.periods
        if each.is_to_save
    }
    return carry(seen, salt=_SALT)


def drafts_as_seen(previews: Sequence[MemberPreview], seen_text: str) -> list[MemberDraft]:
    """Return the drafts to save, each in the state in which it was shown. Raises UploadLapsed."""
    seen = carried(seen_text, salt=_SALT)
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
