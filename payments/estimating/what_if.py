"""What payments would be if something were otherwise: the answer to a question, never a payment.

The split is the engine of the real run. It rests on what a run froze, or on the estimate of an open year.
Counts that change are worked out from the totals kept for each certified filing. Nothing is stored.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from operator import sub

from libraries.models import Library
from payments.calculation import split_of
from payments.estimating.what_if_bases import Base, CannotAsk
from payments.rules.cents import rate
from payments.rules.changed_loans import changed_by, spread
from payments.rules.grant_formula import GrantLine, GrantSplit, LibraryActivity
from payments.rules.net_plus_by_town import NetPlusByTown, net_plus_by_town


@dataclass(frozen=True)
class Changes:
    """What is to be otherwise. Money in cents, percents in hundredths; a library by its key.

    A library with a change of its own loans takes that and not the change of everybody's.
    """

    appropriation_cents: int | None = None
    appropriation_percent: int | None = None
    withheld: str | None = None
    not_participating: frozenset[str] = frozenset()
    not_in_order: frozenset[str] = frozenset()
    in_order: frozenset[str] = frozenset()
    loans: Mapping[str, int] = field(default_factory=dict)
    loans_percent: Mapping[str, int] = field(default_factory=dict)
    all_loans_percent: int | None = None
    net_plus_by_town: bool = False

    @property
    def libraries(self) -> frozenset[str]:
        """Every library that is named."""
        return frozenset(
            chain(self.not_participating, self.not_in_order, self.in_order, self.loans, self.loans_percent)
        )

    def __bool__(self) -> bool:
        return self != Changes()


@dataclass(frozen=True)
class Sums:
    """A split in short. Money in cents, rates in dollars with ten decimals.

    `loans` and `net_plus` are the divisors of the two pools: net-plus loans of libraries, or of towns.
    """

    appropriation_cents: int
    transactions_pool_cents: int
    net_plus_pool_cents: int
    loans: int
    net_plus: int
    per_loan: str
    per_net_plus: str
    paid_cents: int
    withheld_cents: int
    undistributed_cents: int
    libraries: int


@dataclass(frozen=True)
class Line:
    """A library as it stands and as it would be; None where it has no line."""

    key: str
    now: GrantLine
    then: GrantLine | None

    @property
    def difference_cents(self) -> int:
        """What its payment would be more, or less."""
        return (self.then.payment_cents if self.then else 0) - self.now.payment_cents


@dataclass(frozen=True)
class Outcome:
    """The answer to a what-if question. It is not a payment."""

    base: Base
    changes: Changes
    split: GrantSplit
    now: Sums
    then: Sums
    lines: tuple[Line, ...]
    by_town: NetPlusByTown | None = None

    @cached_property
    def gainers(self) -> list[Line]:
        """Libraries that would be paid more, the greatest difference first."""
        return sorted(
            (line for line in self.lines if line.difference_cents > 0),
            key=lambda line: (-line.difference_cents, line.key),
        )

    @cached_property
    def losers(self) -> list[Line]:
        """Libraries that would be paid less, the greatest difference first."""
        return sorted(
            (line for line in self.lines if line.difference_cents < 0),
            key=lambda line: (line.difference_cents, line.key),
        )


def answer(base: Base, changes: Changes) -> Outcome:
    """Return what the payments of a year would be with these changes; CannotAsk where they make no sense.

    A library that does not participate is in no sum, and what it lent is in nobody's borrows. Who is not in
    order stays in every sum under `keep`, leaves the divisors under `redistribute`. Loans that change are
    spread over the home libraries in the proportions that they have, whose borrowing follows.

    Source: Regs. Conn. State Agencies § 11-31c-1(d), (f), (h), 11-31c-4(a) to (c); C.G.S. § 11-31a(c).
    """
    _refuse(base, changes)
    cents = base.appropriation_cents
    if changes.appropriation_cents is not None:
        cents = changes.appropriation_cents
    elif changes.appropriation_percent is not None:
        cents = changed_by(cents, changes.appropriation_percent)
    withheld = changes.withheld or base.withheld

    activity = _changed_activity(base, changes)
    split = split_of(activity, base.fiscal_year, cents, withheld=withheld)
    sharing = [library for library in activity if library.eligible or withheld == "keep"]
    by_town = None
    if changes.net_plus_by_town:
        by_town = net_plus_by_town(
            split.net_plus_pool_cents, sharing, _towns([library.key for library in sharing])
        )
        split = _with_net_plus_shares(split, by_town.library_cents, activity)
    then = {line.key: line for line in split.lines}
    return Outcome(
        base=base,
        changes=changes,
        split=split,
        now=_sums(
            base.split,
            [library for library in base.activity.values() if library.eligible or base.withheld == "keep"],
        ),
        then=_sums(split, sharing, by_town),
        lines=tuple(Line(line.key, line, then.get(line.key)) for line in base.split.lines),
        by_town=by_town,
    )


def _refuse(base: Base, changes: Changes) -> None:
    """Raise CannotAsk for what cannot be answered on this base, with what to do."""
    problems: dict[str, str] = {}
    if unknown := sorted(changes.libraries - set(base.activity)):
        problems["library"] = (
            f"{', '.join(unknown)}: no library of that key takes part in {base.key}. Its loans are in no sum "
            "there, so it can neither leave nor change. Take it out of the question."
        )
    states = (
        ("does not participate", changes.not_participating),
        ("is not in order", changes.not_in_order),
        ("is in order", changes.in_order),
    )
    for key in sorted(changes.libraries):
        said = [words for words, keys in states if key in keys]
        if len(said) > 1:
            problems["library"] = f"{key} {' and '.join(said)}: keep one of these."
        elif key in changes.not_participating and (key in changes.loans or key in changes.loans_percent):
            problems["loans"] = f"{key} does not participate, so its loans count for nothing: keep one."
        elif key in changes.loans and key in changes.loans_percent:
            problems["loans"] = f"{key} has its loans changed to a number and by percent: keep one of them."
    if changes.appropriation_cents is not None and changes.appropriation_percent is not None:
        problems["appropriation"] = "Give the appropriation as an amount or as a change in percent, not both."
    for key, number in changes.loans.items():
        if number and key in base.activity and not base.activity[key].loans:
            problems["loans"] = (
                f"{key} lent nothing, so nobody knows on whose cards {number:,} loans would be. "
                "Choose a library that lent."
            )
    if problems:
        raise CannotAsk(problems)


def _changed_activity(base: Base, changes: Changes) -> list[LibraryActivity]:
    """Return what each library that takes part would have lent and borrowed, and whether it is in order."""
    totals = dict.fromkeys(changes.not_participating, 0)
    for key, library in base.activity.items():
        if key in changes.loans:
            totals[key] = changes.loans[key]
        elif key in changes.loans_percent:
            totals[key] = changed_by(library.loans, changes.loans_percent[key])
        elif changes.all_loans_percent is not None and key not in totals:
            totals[key] = changed_by(library.loans, changes.all_loans_percent)
    changing = [key for key, total in totals.items() if total != base.activity[key].loans]

    borrows = _changed_borrows(base, {key: totals[key] for key in changing})
    return [
        LibraryActivity(
            key,
            totals.get(key, library.loans),
            borrows[key],
            eligible=key in changes.in_order or (library.eligible and key not in changes.not_in_order),
        )
        for key, library in base.activity.items()
        if key not in changes.not_participating
    ]


def _changed_borrows(base: Base, totals: Mapping[str, int]) -> dict[str, int]:
    """Return what each library would have borrowed where others lent these totals, by key of the lender."""
    borrows = {key: library.borrows for key, library in base.activity.items()}
    if not totals:
        return borrows
    home_libraries, rows = base.lent(totals)
    for key, upto in rows.items():
        if upto[-1] != base.activity[key].loans:
            raise CannotAsk(
                {
                    "base": f"The totals kept for {key} are not the sum of its counts. Have "
                    "`manage.py rebuild_filing_totals` run, then ask again."
                }
            )
    was = map(sum, zip(*rows.values(), strict=True))
    then = map(sum, zip(*(spread(upto, totals[key]) for key, upto in rows.items()), strict=True))
    before = 0
    for home, more in zip(home_libraries, map(sub, then, was), strict=True):
        if home in borrows:
            borrows[home] += more - before
        before = more
    return borrows


def _with_net_plus_shares(
    split: GrantSplit, cents: Mapping[str, int], activity: Collection[LibraryActivity]
) -> GrantSplit:
    """Return a split with other shares of the net-plus pool, by key; nothing for who is not named."""
    eligible = {library.key: library.eligible for library in activity}
    lines = []
    for line in split.lines:
        share = cents.get(line.key, 0)
        shares = line.transactions_share_cents + share
        lines.append(
            replace(
                line,
                net_plus_share_cents=share,
                payment_cents=shares if eligible[line.key] else 0,
                withheld_cents=0 if eligible[line.key] else shares,
            )
        )
    pools = split.transactions_pool_cents + split.net_plus_pool_cents
    return replace(
        split,
        lines=tuple(lines),
        undistributed_cents=pools - sum(line.payment_cents + line.withheld_cents for line in lines),
    )


def _sums(
    split: GrantSplit, sharing: Collection[LibraryActivity], by_town: NetPlusByTown | None = None
) -> Sums:
    in_divisors = {library.key for library in sharing}
    loans = sum(library.loans for library in sharing)
    net_plus = (
        sum(by_town.net_plus.values())
        if by_town
        else sum(line.net_plus for line in split.lines if line.key in in_divisors)
    )
    return Sums(
        appropriation_cents=split.transactions_pool_cents + split.net_plus_pool_cents,
        transactions_pool_cents=split.transactions_pool_cents,
        net_plus_pool_cents=split.net_plus_pool_cents,
        loans=loans,
        net_plus=net_plus,
        per_loan=rate(split.transactions_pool_cents, loans),
        per_net_plus=rate(split.net_plus_pool_cents, net_plus),
        paid_cents=sum(line.payment_cents for line in split.lines),
        withheld_cents=sum(line.withheld_cents for line in split.lines),
        undistributed_cents=split.undistributed_cents,
        libraries=len(split.lines),
    )


def _towns(keys: Collection[str]) -> dict[str, str]:
    """Return the name of the town in which each library stands."""
    return dict(Library.objects.filter(key__in=keys).values_list("key", "town__name"))
