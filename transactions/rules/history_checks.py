"""Counts that do not fit what the same library certified before: to be explained, or worth a look.

Each check reads a filing in its context and yields what it finds. What is said by one check is not said again
by another; `filing_in_context` settles which of them speaks of a cell.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from statistics import median

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules._wording import written_month, written_span
from transactions.rules.filing_checks import ACCURACY_RULE, Problem, Tier
from transactions.rules.filing_in_context import (
    FilingInContext,
    band_about,
    band_of_findings,
    band_of_total,
)
from transactions.rules.usual_counts import UsualRange, usual_range

LAST_CHECKED_ON = date(2026, 11, 21)

RULEBOOK = Rulebook(
    [
        Entry(
            "history_checks.share_moved_points",
            10,
            "",
            Label.PRACTICE,
            "The share of one home library in all loans is worth a look where it moved by this many "
            "hundredths of the whole since earlier years.",
            LAST_CHECKED_ON,
        ),
        Entry(
            "history_checks.fitting_of_hundred_a_line_off",
            75,
            "",
            Label.PRACTICE,
            "Where so many of a hundred odd counts of a month fit the line above, or the line below, the "
            "column is said to be pasted a line off.",
            LAST_CHECKED_ON,
        ),
    ]
)

_RIGHT_OR_WRONG = "Correct the number, or say why it is right."
_COUNTS_RIGHT_OR_WRONG = "Correct the counts, or say why they are right."
_COMPARE = "Compare it with your circulation system."


def changed_places(context: FilingInContext) -> Iterator[Problem]:
    """Two neighbours on the form, such as Canterbury and Canton, have each its own number.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for (first, column), (second, _) in context.changed_places:
        units, other = context.units(first, column) or 0, context.units(second, column) or 0
        usual, usual_of_other = context.ranges[first, column], context.ranges[second, column]
        years = None if column else min(usual.values, usual_of_other.values)
        where = f" in {written_month(column)}" if column else ""
        yield Problem(
            "changed_places",
            context.weight(usual.distance(units) + usual_of_other.distance(other), learned_from=years),
            f"{context.name(first)} and {context.name(second)} seem to have changed places{where}: "
            f"{units:,} and {other:,} each fit the other library. "
            "Exchange the two numbers, or say why they are right.",
            ACCURACY_RULE,
            first,
            column,
            units,
            band_about(units, usual, context.limits),
        )


def usual_line_missing(context: FilingInContext) -> Iterator[Problem]:
    """A home library on whose cards something was always lent has loans again.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for home, usual in context.gone.items():
        tier = _weight_of_line(context, home, usual, usual.low)
        what_to_do = (
            "Enter the loans, or say why there are none."
            if tier is Tier.MUST_EXPLAIN
            else "If it was left out, enter the loans."
        )
        yield Problem(
            "usual_line_missing",
            tier,
            f"Nothing is entered for cards of {context.name(home)}; {_usual(usual)} in the same months of "
            f"earlier years. {what_to_do}",
            ACCURACY_RULE,
            home,
            None,
            0,
            (0, 0),
        )


def line_outside_usual_range(context: FilingInContext) -> Iterator[Problem]:
    """What is lent on cards of one home library is over the whole filing about what it was in earlier years.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for home, usual in context.odd_lines.items():
        units = context.sum_of(home) or 0
        tier = _weight_of_line(context, home, usual, usual.distance(units))
        yield Problem(
            "line_outside_usual_range",
            tier,
            f"{_lent(units)} on cards of {context.name(home)} in all; {_usual(usual)} in the same "
            f"months of earlier years. {_what_to_do(tier)}",
            ACCURACY_RULE,
            home,
            None,
            units,
            band_about(units, usual, context.limits),
        )


def outside_usual_range(context: FilingInContext) -> Iterator[Problem]:
    """A count of one home library in one month is about what it was in such months before.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for (home, month), usual in context.odd_cells.items():
        assert month is not None, "a period total is the whole line"
        units = context.units(home, month) or 0
        tier = context.weight(usual.distance(units))
        if month in context.odd_months:
            tier = Tier.WORTH_A_LOOK  # many_counts_unusual asks for the whole month
        yield Problem(
            "outside_usual_range",
            tier,
            f"{_lent(units)} on cards of {context.name(home)} in {written_month(month)}; "
            f"{_usual(usual)} in such months before. {_what_to_do(tier)}",
            ACCURACY_RULE,
            home,
            month,
            units,
            band_about(units, usual, context.limits),
        )


def many_counts_unusual(context: FilingInContext) -> Iterator[Problem]:
    """Few counts of one month are far from what they were: many together have one cause, asked about once.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for month, odd in context.odd_months.items():
        cells = {cell: usual for cell, usual in context.odd_cells.items() if cell[1] == month}
        tier = context.weight(sum(usual.distance(context.units(*cell) or 0) for cell, usual in cells.items()))
        where_to_look = (
            "They would fit one line higher or lower: look whether the column was pasted a line off."
            if _is_a_line_off(context, month)
            else "Look whether this is the right month, and the right report."
        )
        yield Problem(
            "many_counts_unusual",
            tier,
            f"In {written_month(month)} the counts of {odd} home libraries are far from what they were in "
            f"such months before. {where_to_look} {_what_to_do(tier, _COUNTS_RIGHT_OR_WRONG)}",
            ACCURACY_RULE,
            None,
            month,
            odd,
            band_of_findings(odd, context.limits),
        )


def many_lines_unusual(context: FilingInContext) -> Iterator[Problem]:
    """Few home libraries are far from what they were in earlier years: many together are asked about once.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    if not context.has_many_odd_lines:
        return
    lines = context.odd_lines | context.gone
    compared = [home for home in lines if context.is_compared_by_month(home)]
    tier = context.weight(
        sum(usual.distance(context.sum_of(home) or 0) for home, usual in lines.items()),
        learned_from=None if compared else min(usual.values for usual in lines.values()),
    )
    yield Problem(
        "many_lines_unusual",
        tier,
        f"The loans on cards of {len(lines)} home libraries are far from what they were in the same months "
        "of earlier years. Look whether these are the right months, and the right report. "
        f"{_what_to_do(tier, _COUNTS_RIGHT_OR_WRONG)}",
        ACCURACY_RULE,
        value=len(lines),
        band=band_of_findings(len(lines), context.limits),
    )


def month_total_outside_usual_range(context: FilingInContext) -> Iterator[Problem]:
    """The loans of a month add up to about what they did in such months before.

    A cell that is spoken of by itself is taken at its usual count, so that one slip is not asked about twice.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for month, usual in context.odd_totals.items():
        units = context.total_of(month)
        tier = context.weight(usual.distance(units))
        if context.has_many_odd_totals:
            tier = Tier.WORTH_A_LOOK  # filing_total_outside_usual_range asks for all of them
        yield Problem(
            "month_total_outside_usual_range",
            tier,
            f"{_lent(units)} in {written_month(month)} in all; {_usual(usual)} in such months before. "
            f"{_what_to_do(tier, _COUNTS_RIGHT_OR_WRONG)}",
            ACCURACY_RULE,
            None,
            month,
            units,
            band_about(units, usual, context.limits),
        )


def filing_total_outside_usual_range(context: FilingInContext) -> Iterator[Problem]:
    """The loans of a filing add up to about what they did in the same months of earlier years.

    It speaks for the totals of several months, or where no month speaks.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    if context.has_many_odd_totals:
        usual = _added(context.odd_totals.values())
        units = sum(context.total_of(month) for month in context.odd_totals)
        tier = context.weight(usual.distance(units))
        what = f"{_lent(units)} in {len(context.odd_totals)} months; {_usual(usual)} in such months before."
    elif not context.columns or context.odd_totals or context.odd_months or context.has_many_odd_lines:
        return
    else:
        years = [sum(units or 0 for units in year.values()) for year in context.comparable_sums]
        usual_of_years = usual_range(years, context.limits, is_total=True)
        units = context.total
        if usual_of_years is None or usual_of_years.holds(units):
            return
        if usual_of_years.holds(max(units - _slips(context), 0)):
            return
        usual = usual_of_years
        tier = context.weight(usual.distance(units), learned_from=len(years))
        what = (
            f"{_lent(units)} in {written_span(context.filing.covers)} in all; {_usual(usual)} in the same "
            "months of earlier years."
        )
    yield Problem(
        "filing_total_outside_usual_range",
        tier,
        f"{what} {_what_to_do(tier, _COUNTS_RIGHT_OR_WRONG)}",
        ACCURACY_RULE,
        value=context.total,
        band=band_of_total(context.total, context.limits),
    )


def share_moved(context: FilingInContext) -> Iterator[Problem]:
    """The share of one home library in all loans is about what it was in earlier years.

    Counts that are spoken of by themselves are taken at their usual ones.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    years = [
        (year, total)
        for year in context.comparable_sums
        if (total := sum(units or 0 for units in year.values()))
    ]
    total_now = context.total - _slips(context)
    if not years or total_now <= 0:
        return
    points = RULEBOOK.number("history_checks.share_moved_points", context.today)
    spoken_of = context.gone.keys() | context.odd_lines.keys() | {home for home, _ in context.unusual}
    for home in context.lines:
        units = context.sum_of(home)
        if units is None or home in spoken_of:
            continue
        before = median((year.get(home) or 0) / total for year, total in years)
        now = units / total_now
        moved = abs(now - before)
        if moved * 100 < points or moved * total_now < context.limits.units_that_matter:
            continue
        yield Problem(
            "share_moved",
            Tier.WORTH_A_LOOK,
            f"{_percent(now)} of all loans are on cards of {context.name(home)}; {_percent(before)} were in "
            f"the same months of earlier years. {_COMPARE}",
            ACCURACY_RULE,
            home,
        )


def _slips(context: FilingInContext) -> int:
    """Return how far the counts that are spoken of by themselves lie from their usual ones, together."""
    lines = context.odd_lines | context.gone
    return sum((context.sum_of(home) or 0) - usual.middle for home, usual in lines.items()) + sum(
        (context.units(*cell) or 0) - usual.middle for cell, usual in context.odd_cells.items()
    )


def _added(ranges: Iterable[UsualRange]) -> UsualRange:
    every = list(ranges)
    return UsualRange(
        sum(usual.low for usual in every),
        sum(usual.middle for usual in every),
        sum(usual.high for usual in every),
        min(usual.values for usual in every),
    )


def _is_a_line_off(context: FilingInContext, month: date) -> bool:
    """Return whether most of the odd counts of a month fit the line above, or most the line below."""
    odd = [
        (number, units)
        for number, home in enumerate(context.lines)
        if (home, month) in context.odd_cells and (units := context.units(home, month))
    ]
    most = RULEBOOK.number("history_checks.fitting_of_hundred_a_line_off", context.today)
    for step in (-1, 1):
        beside = dict(zip(range(-step, len(context.lines) - step), context.lines, strict=True))
        fitting = sum(
            usual.holds(units)
            for number, units in odd
            if number in beside and (usual := context.ranges.get((beside[number], month)))
        )
        if odd and fitting * 100 >= len(odd) * most:
            return True
    return False


def _weight_of_line(context: FilingInContext, home: str, usual: UsualRange, units_outside: int) -> Tier:
    if context.has_many_odd_lines:
        return Tier.WORTH_A_LOOK  # many_lines_unusual asks for all of them
    learned_from = None if context.is_compared_by_month(home) else usual.values
    return context.weight(units_outside, learned_from=learned_from)


def _what_to_do(tier: Tier, if_asked: str = _RIGHT_OR_WRONG) -> str:
    return if_asked if tier is Tier.MUST_EXPLAIN else _COMPARE


def _lent(units: int) -> str:
    return f"{units:,} {'unit was' if units == 1 else 'units were'} lent"


def _usual(usual: UsualRange) -> str:
    if usual.low == usual.high:
        return f"{usual.low:,} is usual"
    if not usual.low:
        return f"at most {usual.high:,} are usual"
    return f"{usual.low:,} to {usual.high:,} are usual"


def _percent(share: float) -> str:
    return f"{round(share * 100)} percent"


CHECKS = (
    changed_places,
    usual_line_missing,
    line_outside_usual_range,
    outside_usual_range,
    many_counts_unusual,
    many_lines_unusual,
    month_total_outside_usual_range,
    filing_total_outside_usual_range,
    share_moved,
)
