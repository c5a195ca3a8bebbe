"""What pages show of a filing beside its counts: its dates, the same months last year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Sum

from connecticard.models import AuditEvent, User
from transactions.count_grid import CountGrid, Counts, totals
from transactions.library_filings import due_of, granted_waivers
from transactions.models import Filing, FilingBasis, HarvestedMonth, LoanCount
from transactions.rules.filing_calendar import Span, program_year, program_year_of
from transactions.services.harvested import TypedOtherwise, typed_otherwise


def context_of(filing: Filing) -> dict[str, Any]:
    """Return what every page of a filing shows above its figures."""
    span, period = filing.covers_span, filing.period.span
    return {
        "filing": filing,
        "due": due_of(filing.period),
        "covers": None if span == period else span,
        "standing": standing_of(filing),
        "waivers": granted_waivers(filing.library, filing.period),
        "harvested": harvest_of(filing),
    }


@dataclass(frozen=True)
class Harvested:
    """What a filing has from harvests: its months, and where it says otherwise than the source."""

    months: Sequence[HarvestedMonth]
    typed: Sequence[TypedOtherwise]


def harvest_of(filing: Filing) -> Harvested | None:
    """Return what a filing has from harvests; None where it has nothing from any."""
    months = list(filing.harvested_months.select_related("run__source"))
    return Harvested(months, typed_otherwise(filing)) if months else None


@dataclass(frozen=True)
class LastSaved:
    """Who wrote to a filing last, None where the system did, and when."""

    by: User | None
    at: datetime


def last_saved(filing: Filing) -> LastSaved | None:
    """Return the last act upon a filing, as the audit trail has it."""
    event = (
        AuditEvent.objects.filter(target_type=filing._meta.label_lower, target_id=filing.pk)
        .select_related("by")
        .order_by("-at", "-pk")
        .first()
    )
    return LastSaved(event.by, event.at) if event else None


def standing_of(filing: Filing) -> Filing | None:
    """Return the certified version of the same period that counts now, this one or another."""
    if filing.is_standing:
        return filing
    if filing.is_open and filing.version == 1:
        return None
    return Filing.objects.standing().filter(library=filing.library, period=filing.period).first()


@dataclass(frozen=True)
class Compared:
    """A total of this filing beside the same one a year before; None where none is on record."""

    label: str
    loans: int
    year_before: int | None


def comparison(filing: Filing, grid: CountGrid, counts: Counts) -> list[Compared]:
    """Return the total of each month, and of the whole period, beside last year's certified counts."""
    sums = totals(grid, counts)
    before = _year_before(filing)
    compared = [
        Compared(f"{month:%B %Y}", loans, before.get(_a_year_before(month)))
        for month, loans in sums.by_column.items()
        if month is not None
    ]
    months = [_a_year_before(month) for month in filing.covers_span.months()]
    every = [before.get(month) for month in months]
    known = [loans for loans in every if loans is not None]
    whole = before.get(None)
    if whole is None and len(known) == len(every):
        whole = sum(known)
    return [*compared, Compared("Whole period", sums.all, whole)]


def _year_before(filing: Filing) -> dict[date | None, int | None]:
    """Return the library's certified loans of the months a year earlier; under None a total of the period.

    A month for which nothing is on record is not among them, or is None where nothing was counted.
    """
    months = [_a_year_before(month) for month in filing.covers_span.months()]
    first_day, last_day = months[0], Span.of_month(months[-1]).last_day
    before = (
        Filing.objects.standing()
        .filter(library=filing.library)
        .within(program_year(program_year_of(first_day)))
        .filter(covers__overlap=(first_day, last_day + timedelta(days=1)))
    )
    found: dict[date | None, int | None] = {}
    by_id = {standing.pk: standing for standing in before}
    for standing in by_id.values():
        if standing.basis == FilingBasis.BY_MONTH:
            found |= {month: 0 for month in standing.covers_span.months() if month in months}
        elif list(standing.covers_span.months()) == months:
            found[None] = 0
    sums = LoanCount.objects.filter(filing__in=by_id).values("month").annotate(loans=Sum("loans"))
    found |= {row["month"]: row["loans"] for row in sums if row["month"] in found}
    return found


def _a_year_before(month: date) -> date:
    return month.replace(year=month.year - 1)
