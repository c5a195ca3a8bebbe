"""Counts that the other side makes unlikely: its residents, its distance, what it borrows elsewhere."""

from collections.abc import Iterator
from datetime import date

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules.filing_checks import ACCURACY_RULE, Problem, Tier
from transactions.rules.filing_in_context import FilingInContext, band_up_to

LAST_CHECKED_ON = date(2026, 11, 21)


def _practice(key: str, value: int, sentence: str) -> Entry:
    return Entry(f"reciprocity_checks.{key}", value, "", Label.PRACTICE, sentence, LAST_CHECKED_ON)


RULEBOOK = Rulebook(
    [
        _practice(
            "units_for_each_resident",
            4,
            "More units a year than this for each resident of the towns that a home library serves must be "
            "explained. In fiscal year 2018 no library lent residents of another town more than about one "
            "and a quarter.",
        ),
        _practice("far_kilometres", 60, "A home library at least this far away is called far."),
        _practice(
            "far_units_for_hundred_residents",
            10,
            "More units a year than this for a hundred residents of a far town are asked about. "
            "In fiscal year 2018 the most was about three.",
        ),
        _practice(
            "units_that_matter",
            500,
            "These counts must be explained from this many units in the filing; from a tenth of it they are "
            "worth a look.",
        ),
        _practice(
            "certified_of_hundred_days",
            90,
            "What all libraries lent is used where so many of a hundred days of the year before, taken over "
            "all libraries, are certified.",
        ),
    ]
)

_MEANT = "Look whether another library was meant."
_RIGHT_OR_WRONG = "Correct the number, or say why it is right."


def more_than_residents_could_borrow(context: FilingInContext) -> Iterator[Problem]:
    """What is lent on cards of a home library is no more than its residents could carry away.

    Source: Regs. Conn. State Agencies § 11-31c-1(b), (f).
    """
    most = _number(context, "units_for_each_resident")
    for home, units, residents in _large_lines(context):
        if _in_a_year(context, units) <= most * residents:
            continue
        yield _problem(
            "more_than_residents_could_borrow",
            context,
            home,
            units,
            f"{units:,} units were lent on cards of {context.name(home)}, whose towns have {residents:,} "
            "residents.",
        )


def far_home_library(context: FilingInContext) -> Iterator[Problem]:
    """Residents of a far town borrow little here.

    Source: Regs. Conn. State Agencies § 11-31c-1(b), (f).
    """
    far = _number(context, "far_kilometres")
    most = _number(context, "far_units_for_hundred_residents")
    too_many = _number(context, "units_for_each_resident")
    for home, units, residents in _large_lines(context):
        kilometres = context.kilometres_to(home)
        in_a_year = _in_a_year(context, units)
        if kilometres is None or kilometres < far or not most * residents < in_a_year * 100:
            continue
        if in_a_year > too_many * residents:
            continue  # said by more_than_residents_could_borrow
        yield _problem(
            "far_home_library",
            context,
            home,
            units,
            f"{units:,} units were lent on cards of {context.name(home)}, "
            f"{round(kilometres / 1.609344)} miles away.",
        )


def more_than_all_libraries_lent(context: FilingInContext) -> Iterator[Problem]:
    """One library lends residents of a town less than all libraries together did in the year before.

    A count above that says that they borrow nowhere else any more, or that the count is wrong.

    Source: Regs. Conn. State Agencies § 11-31c-1(f), (h).
    """
    for home, units, residents in _large_lines(context):
        everybody = context.others[home].lent_to_them
        in_a_year = _in_a_year(context, units)
        if everybody is None or in_a_year <= everybody:
            continue
        if in_a_year > _number(context, "units_for_each_resident") * residents:
            continue  # said by more_than_residents_could_borrow
        yield _problem(
            "more_than_all_libraries_lent",
            context,
            home,
            units,
            f"{units:,} units were lent on cards of {context.name(home)}; all libraries together lent on its "
            f"cards {everybody:,} in the whole program year before.",
        )


def _problem(check: str, context: FilingInContext, home: str, units: int, what: str) -> Problem:
    asked = units >= _number(context, "units_that_matter")
    return Problem(
        check,
        Tier.MUST_EXPLAIN if asked else Tier.WORTH_A_LOOK,
        f"{what} {_MEANT} {_RIGHT_OR_WRONG}" if asked else f"{what} {_MEANT}",
        ACCURACY_RULE,
        home,
        None,
        units,
        band_up_to(units, context.limits),
    )


def _large_lines(context: FilingInContext) -> Iterator[tuple[str, int, int]]:
    """Yield home library, units and residents of the lines that are large enough to speak of."""
    least = _number(context, "units_that_matter") // 10
    for home in context.lines:
        sums = [context.units(home, column) or 0 for column in context.columns]
        if home in context.others and (units := sum(sums)) >= least:
            yield home, units, context.others[home].residents


def _in_a_year(context: FilingInContext, units: int) -> int:
    """Return what a count of the months looked at comes to in twelve, rounded down."""
    return units * 12 // len(context.months)


def _number(context: FilingInContext, key: str) -> int:
    return RULEBOOK.number(f"reciprocity_checks.{key}", context.today)


CHECKS = (more_than_residents_could_borrow, far_home_library, more_than_all_libraries_lent)
