"""Counts that look copied, left out or made up: what the pattern of a filing itself gives away."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules._wording import written_day, written_month, written_span
from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import ACCURACY_RULE, FORM_RULE, RECORDS_RULE, Problem, Tier
from transactions.rules.filing_in_context import FilingInContext, band_of_total, band_up_to

LAST_CHECKED_ON = date(2026, 11, 21)


def _practice(key: str, value: int, sentence: str) -> Entry:
    return Entry(f"pattern_checks.{key}", value, "", Label.PRACTICE, sentence, LAST_CHECKED_ON)


RULEBOOK = Rulebook(
    [
        _practice(
            "telling_count",
            10,
            "Two months are called copies by their counts of at least this many units; smaller ones are "
            "often equal by chance.",
        ),
        _practice("telling_counts_of_a_copy", 6, "At least so many such counts must be equal."),
        _practice(
            "equal_of_hundred_counts",
            90,
            "Where so many of a hundred such counts are equal, but not all, the month is worth a look.",
        ),
        _practice(
            "counts_of_one_value",
            6,
            "So many counts of one month are worth a look where all are the same number, ten or more.",
        ),
        _practice(
            "round_counts",
            8,
            "Where at least so many counts are large and most of them end in 0, the filing is worth a look: "
            "an estimate can never be certified as a library's own count.",
        ),
        _practice("round_counts_from", 20, "A count of at least this many units is large for that."),
        _practice("round_of_hundred_counts", 80, "So many of a hundred large counts are most of them."),
        _practice(
            "small_alike_of_hundred_counts",
            90,
            "Of the counts too small to tell, so many of a hundred must be equal too in a copied month.",
        ),
        _practice(
            "usual_units_of_a_month",
            20,
            "A month without loans is pointed out where at least this many units are usual.",
        ),
    ]
)


def copied_from_another_month(context: FilingInContext) -> Iterator[Problem]:
    """No two months of a filing have the same counts throughout.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    if not context.filing.by_month:
        return
    seen: list[_Column] = []
    for month in context.months:
        counts = {home: context.units(home, month) for home in context.lines}
        column = _column(context, written_month(month), counts)
        yield from _copied("copied_from_another_month", context, month, column, seen)
        seen.append(column)


def copied_from_an_earlier_filing(context: FilingInContext) -> Iterator[Problem]:
    """A month, or a total of the period, is not one that was certified before.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    earlier = (
        [
            _column(context, written_month(month), loans)
            for month, loans in sorted(context.earlier.months.items(), reverse=True)
        ]
        if context.filing.by_month
        else [_column(context, written_span(total.span), total.loans) for total in context.earlier.totals]
    )
    for month in context.columns:
        counts = {home: context.units(home, month) for home in context.lines}
        column = _column(context, written_month(month) if month else "", counts)
        yield from _copied("copied_from_an_earlier_filing", context, month, column, earlier)


def month_without_loans(context: FilingInContext) -> Iterator[Problem]:
    """A month of nothing but zeros stands beside others of the kind, or has a reason.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    if not context.filing.by_month:
        return
    for month in context.months:
        if context.total_of(month) or _is_not_counted(context, month):
            continue
        usual, whence = _usual_total(context, month)
        if usual < RULEBOOK.number("pattern_checks.usual_units_of_a_month", context.today):
            continue
        tier = context.weight(usual)
        yield Problem(
            "month_without_loans",
            tier,
            f"Nothing was lent in {written_month(month)}; about {usual:,} units were {whence}. "
            "Enter the loans"
            + (", or say why there were none." if tier is Tier.MUST_EXPLAIN else " if any were left out."),
            RECORDS_RULE,
            None,
            month,
            0,
            (0, 0),
        )


def not_open_throughout(context: FilingInContext) -> Iterator[Problem]:
    """Of a month in which the library took part for some days only, only those days count.

    Source: Regs. Conn. State Agencies § 11-31c-1(d), (f).
    """
    if not context.filing.by_month:
        return
    covers = context.filing.covers
    for month in context.months:
        days = Span.of_month(month).intersection(covers)
        if days is None or days == Span.of_month(month) or not context.total_of(month):
            continue
        yield Problem(
            "not_open_throughout",
            Tier.WORTH_A_LOOK,
            f"Your library was open and took part in {written_month(month)} only from "
            f"{written_day(days.first_day)} to {written_day(days.last_day)}. Look whether the "
            f"{context.total_of(month):,} units are those of these days alone.",
            "Regs. Conn. State Agencies § 11-31c-1(d), (f)",
            None,
            month,
        )


def counts_of_one_value(context: FilingInContext) -> Iterator[Problem]:
    """The counts of a column are not all one number.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    least = RULEBOOK.number("pattern_checks.counts_of_one_value", context.today)
    telling = RULEBOOK.number("pattern_checks.telling_count", context.today)
    for column in context.columns:
        counts = [units for (_, month), units in context.answers.items() if units and month == column]
        if len(counts) < least or len(set(counts)) > 1 or counts[0] < telling:
            continue
        where = written_month(column) if column else "this filing"
        yield Problem(
            "counts_of_one_value",
            Tier.WORTH_A_LOOK,
            f"All {len(counts)} counts of {where} are {counts[0]:,}. Look whether one number was filled in "
            "for all home libraries.",
            ACCURACY_RULE,
            None,
            column,
        )


def round_numbers(context: FilingInContext) -> Iterator[Problem]:
    """Counts end in every digit: where nearly all end in 0 they may be estimates.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    least = RULEBOOK.number("pattern_checks.round_counts", context.today)
    large_from = RULEBOOK.number("pattern_checks.round_counts_from", context.today)
    most = RULEBOOK.number("pattern_checks.round_of_hundred_counts", context.today)
    large = [
        units
        for (_, column), units in context.answers.items()
        if units and units >= large_from and column in context.columns
    ]
    even = sum(units % 10 == 0 for units in large)
    if len(large) < least or even * 100 < len(large) * most:
        return
    yield Problem(
        "round_numbers",
        Tier.WORTH_A_LOOK,
        f"{even} of the {len(large)} larger counts end in 0. Enter what your system counted: estimates "
        "cannot be certified.",
        ACCURACY_RULE,
    )


def month_not_counted(context: FilingInContext) -> Iterator[Problem]:
    """A month, or a whole filing, of which nothing was counted has a reason: it earns nothing.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    whole = [column for column in context.columns if _is_not_counted(context, column)]
    if whole and len(whole) == len(context.columns):
        yield _uncounted(context, None, "this filing", Tier.MUST_EXPLAIN)
        return
    for month in whole:
        assert month is not None, "the only column of period totals is the whole filing"
        tier = context.weight(_usual_total(context, month)[0])
        yield _uncounted(context, month, written_month(month), tier)


def _uncounted(context: FilingInContext, column: date | None, where: str, tier: Tier) -> Problem:
    cells = sum(units is None and column in (None, month) for (_, month), units in context.answers.items())
    what_to_do = (
        "Enter the loans, or say why they were not counted."
        if tier is Tier.MUST_EXPLAIN
        else "If you know the loans, enter them."
    )
    return Problem(
        "month_not_counted",
        tier,
        f"All of {where} is marked as not counted, and adds nothing to your library's payment. {what_to_do}",
        RECORDS_RULE,
        None,
        column,
        cells,
        band_up_to(cells, context.limits),
    )


def line_not_counted(context: FilingInContext) -> Iterator[Problem]:
    """Loans on cards of a home library that were not counted in some months are worth a look.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), (b).
    """
    whole = {column for column in context.columns if _is_not_counted(context, column)}
    uncounted: dict[str, list[date | None]] = {}
    for (home, column), units in context.answers.items():
        if units is None and column in context.columns and column not in whole:
            uncounted.setdefault(home, []).append(column)
    for home in sorted(uncounted, key=lambda key: context.name(key).casefold()):
        columns = uncounted[home]
        where = ", ".join(written_month(column) for column in columns if column) or "this filing"
        yield Problem(
            "line_not_counted",
            Tier.WORTH_A_LOOK,
            f"Loans on cards of {context.name(home)} are marked as not counted in {where}, and add nothing "
            "to your library's payment. If you know the number, enter it.",
            FORM_RULE,
            home,
            columns[0],
        )


def _usual_total(context: FilingInContext, month: date) -> tuple[int, str]:
    """Return what a month comes to by earlier ones or, without those, by the others, and which these are."""
    before = [context.earlier.total_of(earlier) for earlier in context.comparable.get(month, ())]
    beside = [context.total_of(other) for other in context.months if other != month]
    if before:
        return round(median(before)), "in such months before"
    return round(median(beside or [0])), "in the other months of this filing"


def _is_not_counted(context: FilingInContext, column: date | None) -> bool:
    """Return whether a column holds nothing but cells that were not counted."""
    answers = [units for (_, month), units in context.answers.items() if month == column]
    return bool(answers) and not any(answers) and None in answers


@dataclass(frozen=True)
class _Column:
    """Counts by home library, and those of them that tell by themselves; `name` is empty for this filing."""

    name: str
    counts: Mapping[str, int | None]
    telling: frozenset[tuple[str, int]]


def _column(context: FilingInContext, name: str, counts: Mapping[str, int | None]) -> _Column:
    least = RULEBOOK.number("pattern_checks.telling_count", context.today)
    return _Column(
        name, counts, frozenset((home, units) for home, units in counts.items() if units and units >= least)
    )


def _copied(
    check: str,
    context: FilingInContext,
    month: date | None,
    column: _Column,
    others: Iterable[_Column],
) -> Iterator[Problem]:
    """Yield what is to be said of the first of the others that has the same counts, or nearly the same."""
    least = RULEBOOK.number("pattern_checks.telling_counts_of_a_copy", context.today)
    nearly = RULEBOOK.number("pattern_checks.equal_of_hundred_counts", context.today)
    if len(column.telling) < least:
        return
    for other in others:
        equal = len(column.telling & other.telling)
        every = max(len(column.telling), len(other.telling))
        if equal == every and _small_alike(context, column, other):
            total = context.total_of(month)
            yield Problem(
                check,
                Tier.MUST_EXPLAIN,
                f"{column.name or 'This filing'} has exactly the counts of {other.name}. "
                "Enter its own, or say why they are the same.",
                ACCURACY_RULE,
                None,
                month,
                total,
                band_of_total(total, context.limits),
            )
            return
        if equal * 100 >= every * nearly and equal >= 2 * least:
            yield Problem(
                check,
                Tier.WORTH_A_LOOK,
                f"{equal} of the {every} larger counts of {column.name or 'this filing'} are exactly those "
                f"of {other.name}. Look whether they were filled in from there.",
                ACCURACY_RULE,
                None,
                month,
            )
            return


def _small_alike(context: FilingInContext, column: _Column, other: _Column) -> bool:
    """Return whether the counts too small to tell by themselves are equal for the most part."""
    telling = {home for home, _ in column.telling}
    small = [
        home
        for home in column.counts.keys() | other.counts.keys()
        if home not in telling and (column.counts.get(home) or other.counts.get(home))
    ]
    alike = sum((column.counts.get(home) or 0) == (other.counts.get(home) or 0) for home in small)
    most = RULEBOOK.number("pattern_checks.small_alike_of_hundred_counts", context.today)
    return alike * 100 >= len(small) * most


CHECKS = (
    month_without_loans,
    copied_from_another_month,
    copied_from_an_earlier_filing,
    counts_of_one_value,
    round_numbers,
    not_open_throughout,
    month_not_counted,
    line_not_counted,
)
