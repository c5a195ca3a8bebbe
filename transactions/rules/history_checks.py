"""Counts that do not fit what the same library certified before: to be explained, or worth a look.

Each check reads a filing in its context and yields what it finds. What is said by one check is not said again
by another; `filing_in_context` settles which of them speaks of a cell.
"""

from collections.abc import Iterator
from datetime import date
from statistics import median

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules._wording import written_month, written_span
from transactions.rules.filing_checks import ACCURACY_RULE, Problem, Tier
from transactions.rules.filing_in_context import FilingInContext, band_about, band_of_total
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
    ]
)

_RIGHT_OR_WRONG = "Correct the number, or say why it is right."
_COMPARE = "Compare it with your circulation system."


def outside_usual_range(context: FilingInContext) -> Iterator[Problem]:
    """A count of one home library in one month is about what it was in such months before.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for (home, month), usual in context.odd_cells.items():
        units = context.units(home, month) or 0
        assert month is not None
        tier = context.weight(usual.distance(units))
        yield Problem(
            "outside_usual_range",
            tier,
            f"{_units(units)} lent on cards of {context.name(home)} in {written_month(month)}; "
            f"{_usual(usual)} in such months before. {_what_to_do(tier)}",
            ACCURACY_RULE,
            home,
            month,
            units,
            band_about(units, usual),
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
            f"{_units(units)} lent on cards of {context.name(home)} in all; {_usual(usual)} in the same "
            f"months of earlier years. {_what_to_do(tier)}",
            ACCURACY_RULE,
            home,
            None,
            units,
            band_about(units, usual),
        )


def usual_line_missing(context: FilingInContext) -> Iterator[Problem]:
    """A home library on whose cards something was always lent has loans again.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for home, usual in context.gone.items():
        tier = _weight_of_line(context, home, usual, usual.low)
        told_what_to_do = (
            "Enter the loans, or say why there are none."
            if tier is Tier.MUST_EXPLAIN
            else "If it was left out, enter the loans."
        )
        yield Problem(
            "usual_line_missing",
            tier,
            f"Nothing is entered for cards of {context.name(home)}; {_usual(usual)} in the same months of "
            f"earlier years. {told_what_to_do}",
            ACCURACY_RULE,
            home,
            None,
            0,
            (0, 0),
        )


def changed_places(context: FilingInContext) -> Iterator[Problem]:
    """Two neighbours on the form, such as Canterbury and Canton, have each its own number.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for (first, month), (second, _) in context.changed_places:
        units, other = context.units(first, month) or 0, context.units(second, month) or 0
        assert month is not None
        usual = context.ranges[first, month]
        yield Problem(
            "changed_places",
            context.weight(usual.distance(units) + context.ranges[second, month].distance(other)),
            f"{context.name(first)} and {context.name(second)} seem to have changed places in "
            f"{written_month(month)}: {units:,} and {other:,} each fit the other library. "
            "Exchange the two numbers, or say why they are right.",
            ACCURACY_RULE,
            first,
            month,
            units,
            band_about(units, usual),
        )


def many_counts_unusual(context: FilingInContext) -> Iterator[Problem]:
    """Few counts of one month are far from what they were: many together have one cause.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for month, odd in context.odd_months.items():
        cells = [cell for cell in context.unusual if cell[1] == month]
        outside = sum(context.unusual[cell].distance(context.units(*cell) or 0) for cell in cells)
        tier = context.weight(outside)
        moved = _moved_by_a_line(context, month)
        look = (
            "They would fit one line higher or lower: look whether the column was pasted a line off. "
            if moved
            else "Look whether this is the right month, and the right report. "
        )
        yield Problem(
            "many_counts_unusual",
            tier,
            f"In {written_month(month)} the counts of {odd} home libraries are far from what they were in "
            f"such months before. {look}{_what_to_do(tier, 'Correct them, or say why they are right.')}",
            ACCURACY_RULE,
            None,
            month,
            odd,
            (0, odd + max(odd // 10, 2)),
        )


def month_total_outside_usual_range(context: FilingInContext) -> Iterator[Problem]:
    """The loans of a month add up to about what they did in such months before.

    A cell that is spoken of by itself is taken at its usual count, so that one slip is not asked about twice.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for month, usual in _odd_totals(context).items():
        units = context.total_of(month)
        tier = context.weight(usual.distance(units))
        yield Problem(
            "month_total_outside_usual_range",
            tier,
            f"{_units(units)} lent in {written_month(month)} in all; {_usual(usual)} in such months before. "
            f"{_what_to_do(tier, 'Correct the counts, or say why the total is right.')}",
            ACCURACY_RULE,
            None,
            month,
            units,
            band_about(units, usual),
        )


def filing_total_outside_usual_range(context: FilingInContext) -> Iterator[Problem]:
    """The loans of a filing add up to about what they did in the same months of earlier years.

    It speaks where no month of the filing does.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    if not context.columns or _odd_totals(context) or context.odd_months:
        return
    years = [sum(units or 0 for units in year.values()) for year in context.comparable_sums]
    usual = usual_range(years, context.limits, is_total=True)
    spoken_of = [*context.odd_lines.items(), *context.gone.items()]
    expected = sum(usual_of_line.middle - (context.sum_of(home) or 0) for home, usual_of_line in spoken_of)
    expected += sum(usual.middle - (context.units(*cell) or 0) for cell, usual in context.odd_cells.items())
    if usual is None or usual.holds(context.total) or usual.holds(context.total + expected):
        return
    tier = context.weight(usual.distance(context.total), learned_from=len(years))
    yield Problem(
        "filing_total_outside_usual_range",
        tier,
        f"{_units(context.total)} lent in {written_span(context.filing.covers)} in all; {_usual(usual)} in "
        "the same months of earlier years. "
        f"{_what_to_do(tier, 'Correct the counts, or say why the total is right.')}",
        ACCURACY_RULE,
        value=context.total,
        band=band_of_total(context.total),
    )


def share_moved(context: FilingInContext) -> Iterator[Problem]:
    """The share of one home library in all loans is about what it was in earlier years.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    years = [
        (year, total)
        for year in context.comparable_sums
        if (total := sum(units or 0 for units in year.values()))
    ]
    if not years or not context.total:
        return
    points = RULEBOOK.number("history_checks.share_moved_points", context.today)
    spoken_of = context.gone.keys() | context.odd_lines.keys() | {home for home, _ in context.odd_cells}
    for home in context.lines:
        units = context.sum_of(home)
        if units is None or home in spoken_of:
            continue
        before = median((year.get(home) or 0) / total for year, total in years)
        now = units / context.total
        moved = abs(now - before)
        if moved * 100 < points or moved * context.total < context.limits.units_that_matter:
            continue
        yield Problem(
            "share_moved",
            Tier.WORTH_A_LOOK,
            f"{_percent(now)} of all loans are on cards of {context.name(home)}; {_percent(before)} were in "
            f"the same months of earlier years. {_COMPARE}",
            ACCURACY_RULE,
            home,
        )


def _odd_totals(context: FilingInContext) -> dict[date, UsualRange]:
    """Return the months whose total is outside its range, also with their odd cells at the usual count."""
    found: dict[date, UsualRange] = {}
    for month, comparable in context.comparable.items():
        if month in context.odd_months or not context.total_of(month):
            continue
        totals = [context.earlier.total_of(before) for before in comparable]
        usual = usual_range(totals, context.limits, is_total=True)
        spoken_of = {cell: context.ranges[cell] for cell in context.unusual if cell[1] == month}
        as_usual = context.total_of(month) + sum(
            usual_of_cell.middle - (context.units(*cell) or 0) for cell, usual_of_cell in spoken_of.items()
        )
        if usual and not usual.holds(context.total_of(month)) and not usual.holds(as_usual):
            found[month] = usual
    return found


def _moved_by_a_line(context: FilingInContext, month: date) -> bool:
    """Return whether most of the odd counts of a month fit the line above, or most the line below."""
    odd = [
        number
        for number, home in enumerate(context.lines)
        if (home, month) in context.unusual and context.units(home, month)
    ]
    for step in (-1, 1):
        fitting = 0
        for number in odd:
            beside = number + step
            if 0 <= beside < len(context.lines):
                usual = context.ranges.get((context.lines[beside], month))
                fitting += usual is not None and usual.holds(context.units(context.lines[number], month) or 0)
        if odd and fitting * 4 >= len(odd) * 3:
            return True
    return False


def _weight_of_line(context: FilingInContext, home: str, usual: UsualRange, units_outside: int) -> Tier:
    learned_from = None if context.is_compared_by_month(home) else usual.values
    return context.weight(units_outside, learned_from=learned_from)


def _what_to_do(tier: Tier, if_asked: str = _RIGHT_OR_WRONG) -> str:
    return if_asked if tier is Tier.MUST_EXPLAIN else _COMPARE


def _units(units: int) -> str:
    return f"{units:,} {'unit was' if units == 1 else 'units were'}"


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
    month_total_outside_usual_range,
    filing_total_outside_usual_range,
    share_moved,
)
