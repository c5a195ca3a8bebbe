"""Saving what somebody typed into the grid of a filing."""

from datetime import datetime

from django.db import connection, transaction

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from transactions.models import Filing
from transactions.rules.filing_calendar import eastern_day
from transactions.rules.filing_checks import NOT_COUNTED
from transactions.rules.filing_status import FilingStatus
from transactions.services.checking import Cells, problems_of_cells
from transactions.services.records import refuse_closed
from transactions.services.refusals import CellProblem, CountsRefused, FilingChanged, FilingRefused

_SAVE = """
    INSERT INTO transactions_loancount AS stored (filing_id, home_library_id, month, loans)
    SELECT %(filing)s, * FROM unnest(%(homes)s::bigint[], %(months)s::date[], %(loans)s::integer[])
    ON CONFLICT (filing_id, home_library_id, month) DO UPDATE SET loans = excluded.loans
    WHERE stored.loans IS DISTINCT FROM excluded.loans
"""

_BLANK = """
    DELETE FROM transactions_loancount stored
    USING unnest(%(homes)s::bigint[], %(months)s::date[]) AS typed (home_library_id, month)
    WHERE stored.filing_id = %(filing)s AND stored.home_library_id = typed.home_library_id
        AND stored.month IS NOT DISTINCT FROM typed.month
"""


@transaction.atomic
def save_counts(
    *,
    filing: Filing,
    counts: Cells,
    by: User | None,
    at: datetime,
    expected: int,
    nothing_lent: bool | None = None,
) -> Filing:
    """Save cells of a filing's grid, None for a blank, and return the filing; cells not given stay.

    `counts` is by id of the home library and first day of the month (None for period totals). `expected` is
    the revision of the filing that the person saw; FilingChanged where somebody has saved since. `by` None is
    the harvest, whose right is the source's. CountsRefused with every bad cell, and then nothing is saved;
    FilingRefused where it may not be edited; PermissionDenied for who does not enter counts for this library.
    """
    filing = _as_seen(filing, by, at, expected)
    if problems := problems_of_cells(filing, counts):
        raise CountsRefused(problems)
    return _save(filing, counts, nothing_lent, by, at)


@transaction.atomic
def save_good_counts(
    *,
    filing: Filing,
    counts: Cells,
    by: User,
    at: datetime,
    expected: int,
    nothing_lent: bool | None = None,
) -> tuple[Filing, list[CellProblem]]:
    """Save the cells in which nothing is wrong, and return the filing and what is wrong with the others.

    So what is typed is saved while typing goes on; otherwise as `save_counts`. The filing keeps its revision
    where nothing was saved.
    """
    filing = _as_seen(filing, by, at, expected)
    problems = problems_of_cells(filing, counts)
    bad = {(problem.home_library, problem.month) for problem in problems}
    good = {cell: loans for cell, loans in counts.items() if cell not in bad}
    if good or nothing_lent is not None:
        filing = _save(filing, good, nothing_lent, by, at)
    return filing, problems


def _as_seen(filing: Filing, by: User | None, at: datetime, expected: int) -> Filing:
    """Lock the filing; FilingChanged where it is not as the person saw it."""
    filing = editable(filing, by, at)
    if filing.revision != expected:
        raise FilingChanged(
            "Somebody else saved this filing while you were editing it. Nothing of yours was saved: "
            "reload the page, compare, and enter your counts again."
        )
    return filing


def _save(filing: Filing, counts: Cells, nothing_lent: bool | None, by: User | None, at: datetime) -> Filing:
    _store(filing, counts)
    filing.revision += 1
    filing.saved_at = at
    if nothing_lent is not None:
        filing.nothing_lent = nothing_lent
    filing.save(update_fields=["revision", "saved_at", "nothing_lent"])
    AuditEvent.record(
        "counts_saved", target=filing, by=by, after={"cells": len(counts), "revision": filing.revision}
    )
    return filing


def _store(filing: Filing, counts: Cells) -> None:
    """Store answers by one statement and blanks by another, where there are any; not counted is null."""
    answers = [
        (home, month, None if loans is NOT_COUNTED else loans)
        for (home, month), loans in counts.items()
        if loans is not None
    ]
    blanks = [cell for cell, loans in counts.items() if loans is None]
    with connection.cursor() as cursor:
        if answers:
            homes, months, loans = (list(column) for column in zip(*answers, strict=True))
            cursor.execute(_SAVE, {"filing": filing.pk, "homes": homes, "months": months, "loans": loans})
        if blanks:
            homes, months = (list(column) for column in zip(*blanks, strict=True))
            cursor.execute(_BLANK, {"filing": filing.pk, "homes": homes, "months": months})


def editable(filing: Filing, by: User | None, at: datetime) -> Filing:
    """Lock the filing, and refuse one that may not be edited now. Raises PermissionDenied."""
    filing = (
        Filing.objects.select_related("library", "period").select_for_update(of=("self",)).get(pk=filing.pk)
    )
    if by is not None:
        permissions.check(by, Action.ENTER_COUNTS, filing.library, on=eastern_day(at))
    status = FilingStatus(filing.status)
    if not status.may_be_edited:
        raise FilingRefused(
            "This filing is certified. Reopen it to make a new version."
            if status is FilingStatus.CERTIFIED
            else "This filing is submitted. Have it returned to correct it."
        )
    refuse_closed(filing.period, by, eastern_day(at))
    return filing
