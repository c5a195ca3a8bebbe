"""A filing on record as the checks of the rules read it, and their problems as the pages place them."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.db import connection

from libraries.models import Library
from transactions.models import Filing, FilingBasis
from transactions.rules import filing_checks
from transactions.rules.filing_checks import NOT_COUNTED, Count, FilingToCheck, NotCounted, Problem
from transactions.services.refusals import CellProblem
from transactions.services.roster import successors
from transactions.towns_served import towns_served

# What can be said of a cell by itself; the other checks look at the filing as a whole.
CELL_CHECKS = (
    filing_checks.not_whole,
    filing_checks.negative,
    filing_checks.too_large,
    filing_checks.month_and_total_mixed,
    filing_checks.month_outside_covers,
    filing_checks.refused_home_library,
)

# Whether a home library is not on record, not open on all the days, or ever shares a town with the lender.
_HOMES_OPEN_TO_DOUBT = """
    SELECT EXISTS (
        SELECT FROM unnest(%(homes)s::bigint[]) AS typed (id)
        LEFT JOIN libraries_library home ON home.id = typed.id
        WHERE home.id IS NULL OR NOT home.open_during @> %(covers)s::daterange
            OR home.town_id = %(town)s OR home.id IN (
                SELECT theirs.library_id
                FROM libraries_residency mine JOIN libraries_residency theirs USING (town_id)
                WHERE mine.library_id = %(lender)s
            ) OR home.town_id IN (SELECT town_id FROM libraries_residency WHERE library_id = %(lender)s)
            OR EXISTS (
                SELECT FROM libraries_residency theirs
                WHERE theirs.library_id = home.id AND theirs.town_id = %(town)s
            )
    )
"""

Cells = Mapping[tuple[int, date | None], int | NotCounted | None]


def problems_of_cells(filing: Filing, cells: Cells) -> list[CellProblem]:
    """Return what is wrong with cells that somebody typed, whatever the rest of the filing says.

    The checks, which have to know towns and days, are asked only where a cell is open to doubt: a grid is
    saved often, and nearly always nothing is wrong with it.
    """
    if not _open_to_doubt(filing, cells):
        return []
    to_check, ids = _to_check(filing, cells)
    unknown = [
        CellProblem(home, month, "No such library is on record. Reload the page and enter the loans again.")
        for home, month in cells
        if home not in ids.values()
    ]
    return unknown + _placed([problem for check in CELL_CHECKS for problem in check(to_check)], ids)


def _open_to_doubt(filing: Filing, cells: Cells) -> bool:
    """Return False only where no check can find anything wrong with these cells."""
    months: set[date | None] = (
        set(filing.covers_span.months()) if filing.basis == FilingBasis.BY_MONTH else {None}
    )
    for (_, month), loans in cells.items():
        if month not in months:
            return True
        if loans is None or loans is NOT_COUNTED:
            continue
        if not (type(loans) is int and 0 <= loans <= filing_checks.LARGEST_COUNT):
            return True
    with connection.cursor() as cursor:
        cursor.execute(
            _HOMES_OPEN_TO_DOUBT,
            {
                "homes": list({home for home, _ in cells}),
                "lender": filing.library_id,
                "town": filing.library.town_id,
                "covers": filing.covers,
            },
        )
        return bool(cursor.fetchone()[0])


def _to_check(filing: Filing, cells: Cells) -> tuple[FilingToCheck, dict[str, int]]:
    ids = {home for home, _ in cells} | {filing.library_id}
    libraries = list(Library.objects.filter(pk__in=ids).values_list("pk", "key", "name", "town__name"))
    keys = {pk: key for pk, key, _, _ in libraries}
    to_check = FilingToCheck(
        lender=keys[filing.library_id],
        covers=filing.covers_span,
        by_month=filing.basis == FilingBasis.BY_MONTH,
        counts=[Count(keys[home], month, loans) for (home, month), loans in cells.items() if home in keys],
        served=towns_served(ids),
        nothing_lent=filing.nothing_lent,
        names={key: name for _, key, name, _ in libraries} | {town: town for _, _, _, town in libraries},
        successors=successors(),
    )
    return to_check, {key: pk for pk, key in keys.items()}


def _placed(problems: Iterable[Problem], ids: Mapping[str, int]) -> list[CellProblem]:
    return [
        CellProblem(
            ids[problem.home_library] if problem.home_library else None,
            problem.month,
            problem.message,
            problem.citation,
        )
        for problem in problems
    ]
