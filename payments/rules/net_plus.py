"""From loan counts to what each library lent, borrowed, and lent more than it borrowed.

`gather_activity` is the rule in plain code, count by count. The calculation that runs in the database is
tested against it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import Span

_CHECKED = date(2026, 11, 21)

RULEBOOK = Rulebook(
    [
        Entry(
            key="net_plus.computed_for",
            value="library",
            citation="Regs. Conn. State Agencies § 11-31c-4(c); compare C.G.S. § 11-31a(c)",
            label=Label.PRACTICE,
            sentence="Net plus is worked out for each library, not for each town, where a town has several.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="net_plus.below_zero",
            value=0,
            citation="Regs. Conn. State Agencies § 11-31c-1(h)",
            label=Label.LAW,
            sentence="A library that lent less than its own card holders borrowed elsewhere has a net plus "
            "of 0.",
            last_checked_on=_CHECKED,
            effective_from=date(1983, 9, 23),
        ),
        Entry(
            key="net_plus.lender_must_participate_that_day",
            value=True,
            citation="Regs. Conn. State Agencies § 11-31c-1(d), (f)",
            label=Label.LAW,
            sentence="What a library lent on a day without a Letter of Agreement on file is no transaction,"
            " and adds to nobody's borrowing.",
            last_checked_on=_CHECKED,
            effective_from=date(1983, 9, 23),
        ),
        Entry(
            key="net_plus.after_a_merger",
            value="each library up to the merger",
            citation="Regs. Conn. State Agencies § 11-31c-4(c)",
            label=Label.READING,
            sentence="Net plus of a library that merged is worked out up to the merger, and never netted "
            "with its successor's.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="net_plus.uncertified_period_counts",
            value=False,
            citation="C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-2(d)",
            label=Label.READING,
            sentence="A period that was not certified adds nothing to loans and nothing to anyone's "
            "borrowing.",
            last_checked_on=_CHECKED,
        ),
    ]
)


@dataclass(frozen=True)
class LibraryActivity:
    """What one participating library lent and borrowed in the measurement period, in units.

    `eligible`: it has done all that is required to be paid.
    """

    key: str
    loans: int
    borrows: int
    eligible: bool = True


@dataclass(frozen=True)
class Count:
    """Units that one library lent on the cards of one home library, from first_day to last_day inclusive."""

    lender: str
    home_library: str
    first_day: date
    last_day: date
    loans: int


@dataclass(frozen=True)
class Participation:
    """Days, both inclusive, on which a Letter of Agreement was on file; None is open at that end."""

    first_day: date | None = None
    last_day: date | None = None


class CountsRefused(ValueError):
    """Counts from which no payment can be worked out; `problems` names each, with what to do."""

    def __init__(self, problems: Sequence[str]):
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def net_plus(loans: int, borrows: int) -> int:
    """Return how many units a library lent beyond what its own card holders borrowed elsewhere, at least 0.

    Source: Regs. Conn. State Agencies § 11-31c-1(h), 11-31c-4(c).
    """
    return max(0, loans - borrows)


def gather_activity(
    counts: Iterable[Count],
    participation: Mapping[str, Sequence[Participation]],
    first_day: date,
    last_day: date,
    *,
    not_in_order: Collection[str] = (),
) -> tuple[LibraryActivity, ...]:
    """Return loans and borrows of every library that took part on any day of the period, sorted by key.

    `counts` are the certified ones; those that lie outside the period are left aside. A library that took
    part but lent nothing has a line of zeros; one that never took part has none, and what it lent is in no
    sum. CountsRefused names every count that cannot be placed: one on the lender's own cards, one that runs
    over the edge of the period, one that runs over a change of the lender's participation, a negative one.
    A count of 0 is the same as no count.

    Source: Regs. Conn. State Agencies § 11-31c-1(c) to (h), 11-31c-4(b), (c).
    """
    spans = {key: _joined(rows) for key, rows in participation.items()}
    participants = sorted(
        key for key, rows in spans.items() if any(a <= last_day and first_day <= z for a, z in rows)
    )
    loans = dict.fromkeys(participants, 0)
    borrows = dict.fromkeys(participants, 0)
    problems: list[str] = []

    for count in counts:
        if count.loans == 0 or count.last_day < first_day or last_day < count.first_day:
            continue
        if problem := _problem(count, spans.get(count.lender, ()), first_day, last_day):
            problems.append(problem)
            continue
        if not any(a <= count.first_day and count.last_day <= z for a, z in spans.get(count.lender, ())):
            continue  # lent while not participating: no transaction
        loans[count.lender] += count.loans
        if count.home_library in borrows:
            borrows[count.home_library] += count.loans

    if problems:
        raise CountsRefused(problems)
    return tuple(
        LibraryActivity(key, loans[key], borrows[key], eligible=key not in not_in_order)
        for key in participants
    )


def _problem(count: Count, spans: Sequence[tuple[date, date]], first_day: date, last_day: date) -> str | None:
    """Return why a count cannot be placed, and what to do; None where it can."""
    who = f"{count.lender}, loans on cards of {count.home_library}"
    if count.last_day < count.first_day:
        return f"{who}, {count.first_day} to {count.last_day}: these days end before they begin; mend them."
    what = f"{who}, {written_span(Span(count.first_day, count.last_day))}"
    if type(count.loans) is not int or count.loans < 0:
        return f"{what}: {count.loans!r} is not a count; enter 0 or a whole number above it."
    if count.lender == count.home_library:
        return f"{what}: a library's loans on its own cards are no transactions; remove the row."
    if count.first_day < first_day or last_day < count.last_day:
        return f"{what}: the period runs over the edge of the twelve months measured; split it by month."
    touched = [(a, z) for a, z in spans if a <= count.last_day and count.first_day <= z]
    if touched and not any(a <= count.first_day and count.last_day <= z for a, z in touched):
        return (
            f"{what}: {count.lender} took part on some of these days only; split the count at the day its "
            "Letter of Agreement took effect or was withdrawn."
        )
    return None


def _joined(rows: Sequence[Participation]) -> list[tuple[date, date]]:
    """Return spans with open ends filled in, and those that overlap or touch made one."""
    joined: list[tuple[date, date]] = []
    for first, last in sorted((row.first_day or date.min, row.last_day or date.max) for row in rows):
        if joined and (joined[-1][1] == date.max or first <= joined[-1][1] + timedelta(days=1)):
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
