"""A filing with five earlier years behind it, to be spoilt by the tests of the checks that think."""

from dataclasses import replace
from datetime import date
from random import Random

from transactions.rules.filing_calendar import Span
from transactions.rules.filing_checks import Count, FilingToCheck
from transactions.rules.filing_in_context import FilingInContext, HomeLibrary
from transactions.rules.reportable_loans import TownsServed
from transactions.rules.usual_counts import EarlierCounts, EarlierTotal

HALF = Span(date(2026, 9, 1), date(2027, 2, 28))
MONTHS = HALF.months()
OCTOBER, NOVEMBER = MONTHS[1], MONTHS[2]
TODAY = date(2027, 3, 5)

# What is usually lent in a month on the cards of each home library, in the order of the form.
USUAL = {
    "Avon": 120,
    "Barkhamsted": 30,
    "Burlington": 0,
    "Canterbury": 2,
    "Canton": 400,
    "Colebrook": 1,
    "Farmington": 900,
    "Granby": 60,
    "Hartland": 12,
    "Simsbury": 700,
    "Torrington": 5,
}


def usual_month(month, usual=None):
    """Return the counts of a month, which rise and fall by up to a tenth, always alike for one month."""
    chance = Random(month.toordinal())
    return {
        home: units + round(units * chance.uniform(-0.1, 0.1))
        for home, units in (USUAL if usual is None else usual).items()
    }


def earlier_counts(years=5, usual=None):
    months = (date(year, month, 1) for year in range(2026 - years, 2027) for month in range(1, 13))
    return EarlierCounts(
        {
            month: usual_month(month, usual)
            for month in months
            if date(2026 - years, 9, 1) <= month < HALF.first_day
        }
    )


def earlier_totals(years=5):
    return EarlierCounts(
        totals=[
            EarlierTotal(
                Span(date(year, 9, 1), date(year + 1, 2, 28)),
                {home: units * 6 + units * (year % 7 + 1) // 20 for home, units in USUAL.items()},
            )
            for year in range(2025, 2025 - years, -1)
        ]
    )


def in_context(changes=None, *, months=MONTHS, usual=None, today=TODAY, earlier=None, filing=None, **context):
    """Return a usual filing with some cells changed: by home library and month; None leaves a blank."""
    cells = {
        (home, month): units for month in months for home, units in usual_month(month, usual).items() if units
    }
    cells |= changes or {}
    return FilingInContext(
        replace(
            FilingToCheck(
                lender="New Hartford",
                covers=HALF,
                by_month=True,
                counts=[Count(home, month, units) for (home, month), units in cells.items()],
                served=TownsServed([]),
            ),
            **(filing or {}),
        ),
        today,
        earlier_counts() if earlier is None else earlier,
        **context,
    )


def in_totals(changes=None, *, earlier=None, **context):
    """Return a usual filing of period totals, with some changed."""
    totals = {home: units * 6 + len(home) for home, units in USUAL.items() if units} | (changes or {})
    return FilingInContext(
        FilingToCheck(
            lender="New Hartford",
            covers=HALF,
            by_month=False,
            counts=[Count(home, None, units) for home, units in totals.items()],
            served=TownsServed([]),
        ),
        TODAY,
        earlier_totals() if earlier is None else earlier,
        **context,
    )


def found(check, context):
    """Return what one check finds, as tier, home library and month."""
    return [(problem.tier.value, problem.home_library, problem.month) for problem in check(context)]


NEIGHBOURS = {
    home: HomeLibrary(residents=10_000, position=(41.8, -72.9), lent_to_them=20_000) for home in USUAL
}
