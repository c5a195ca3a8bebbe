"""Harvested counts in drafts, beside what people typed there.

A cell follows the harvest as long as nobody changed it: it is blank and was never harvested, or says what was
harvested last. What a person typed or blanked instead stays, and the page says what the source gave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from transactions.models import (
    Filing,
    FilingBasis,
    FilingPeriod,
    HarvestedCount,
    HarvestedMonth,
    HarvestOutcome,
    HarvestRun,
    LoanCount,
)
from transactions.rules.filing_calendar import eastern_day
from transactions.rules.filing_checks import NotCounted
from transactions.services.counts import save_counts
from transactions.services.filings import start_filing
from transactions.services.refusals import FilingRefused

Loans = int | NotCounted


@dataclass(frozen=True)
class Saved:
    """What became of a harvested month: None for `outcome` where the draft said so already.

    `changed` cells were set, `kept` ones were typed otherwise and stayed.
    """

    outcome: HarvestOutcome | None
    changed: int
    kept: int


@dataclass(frozen=True)
class TypedOtherwise:
    """A cell of a draft that does not say what the source gave last; None is a blank."""

    home: Library
    month: date
    typed: Loans | None
    harvested: int | None


@transaction.atomic
def save_harvested(
    *,
    run: HarvestRun,
    library: Library,
    period: FilingPeriod,
    month: date,
    counts: Mapping[int, int],
    at: datetime,
) -> Saved:
    """Put a month of a library, by id of the home library, into its draft, begun where there is none.

    The same month again changes nothing, and a month without loans begins no draft. Raises FilingRefused
    where the filing may not be edited, and CountsRefused, as `save_counts`; nothing is saved then.
    """
    Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    filing = Filing.objects.open().filter(library=library, period=period).first()
    outcome = HarvestOutcome.CHANGED
    if filing is None and not counts:
        return Saved(None, 0, 0)
    if filing is None:
        filing = start_filing(library=library, period=period, basis=FilingBasis.BY_MONTH, by=None, at=at)
        outcome = HarvestOutcome.DRAFTED
    filing = Filing.objects.select_for_update(of=("self",)).get(pk=filing.pk)
    if filing.basis != FilingBasis.BY_MONTH:
        raise FilingRefused("The draft gives one total for each home library. Change it to months first.")
    known = HarvestedMonth.objects.filter(filing=filing, month=month).first()
    before = dict(known.counts.values_list("home_library_id", "loans")) if known else {}
    stands = {home: loans for (home, of), loans in filing.loan_counts.by_cell().items() if of == month}
    cells: dict[tuple[int, date | None], Loans | None] = {}
    kept = 0
    for home in {*before, *counts}:
        if stands.get(home) == counts.get(home):
            continue
        if filing.nothing_lent or stands.get(home) != before.get(home):
            kept += 1
        else:
            cells[home, month] = counts.get(home)
    if cells:
        save_counts(filing=filing, counts=cells, by=None, at=at, expected=filing.revision)
    if known is None or before != counts:
        _remember(filing, month, counts, run, at)
        AuditEvent.record(
            "counts_harvested",
            target=filing,
            by=None,
            after={
                "source": str(run.source),
                "month": f"{month:%Y-%m}",
                "cells": len(cells),
                "typed otherwise and kept": kept,
            },
        )
    elif not cells:
        return Saved(None, 0, kept)
    return Saved(HarvestOutcome.KEPT if kept else outcome, len(cells), kept)


def _remember(filing: Filing, month: date, counts: Mapping[int, int], run: HarvestRun, at: datetime) -> None:
    given, _ = HarvestedMonth.objects.update_or_create(
        filing=filing, month=month, defaults={"run": run, "harvested_at": at}
    )
    given.counts.all().delete()
    HarvestedCount.objects.bulk_create(
        HarvestedCount(harvested_month=given, home_library_id=home, loans=loans)
        for home, loans in counts.items()
    )


def difference_on_record(filing: Filing, month: date, counts: Mapping[int, int]) -> int:
    """Return in how many cells a filing that is signed says otherwise than a source does now."""
    stands = {home: loans for (home, of), loans in filing.loan_counts.by_cell().items() if of == month}
    return sum(stands.get(home) != counts.get(home) for home in {*stands, *counts})


def typed_otherwise(filing: Filing) -> list[TypedOtherwise]:
    """Return the cells of harvested months that do not say what the source gave last, by month and name."""
    given = {
        (home, month): loans
        for home, month, loans in HarvestedCount.objects.filter(harvested_month__filing=filing).values_list(
            "home_library_id", "harvested_month__month", "loans"
        )
    }
    months = set(filing.harvested_months.values_list("month", flat=True))
    stands = {
        cell: loans
        for cell, loans in LoanCount.objects.filter(filing=filing).by_cell().items()
        if cell[1] in months
    }
    cells = [(home, month) for home, month in {*given, *stands} if month is not None]
    differing = [cell for cell in cells if given.get(cell) != stands.get(cell)]
    homes = Library.objects.in_bulk({home for home, _ in differing})
    return sorted(
        (
            TypedOtherwise(homes[home], month, stands.get((home, month)), given.get((home, month)))
            for home, month in differing
        ),
        key=lambda cell: (cell.month, cell.home.name),
    )


@transaction.atomic
def take_harvested(*, filing: Filing, by: User, at: datetime, expected: int) -> Filing:
    """Set the cells of harvested months to what the source gave last, in the name of the person who asks.

    Raises FilingChanged and FilingRefused as `save_counts`.
    """
    permissions.check(by, Action.ENTER_COUNTS, filing.library, on=eastern_day(at))
    return save_counts(
        filing=filing,
        counts={(cell.home.pk, cell.month): cell.harvested for cell in typed_otherwise(filing)},
        by=by,
        at=at,
        expected=expected,
    )
