"""Certified filings, straight on record: what a calculation reads."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.clock import EASTERN
from connecticard.models import User
from libraries.models import Library
from payments.models import Appropriation
from tests.factories import make_period, make_user
from transactions.models import Filing, LoanCount
from transactions.rules.filing_calendar import Cadence, Span
from transactions.services import derive_totals, filing_fingerprint

FISCAL_YEAR = 2027
YEAR = Span(date(2026, 3, 1), date(2027, 2, 28))
HALVES = (Span(date(2026, 3, 1), date(2026, 8, 31)), Span(date(2026, 9, 1), date(2027, 2, 28)))


def certified(
    lender: Library,
    counts: Mapping[Any, int | None],
    *,
    first_day: date = HALVES[0].first_day,
    cadence: Cadence = Cadence.SEMIANNUAL,
    by: User | None = None,
    submitted_on: date | None = None,
    covers: Span | None = None,
    estimated: str = "",
    published: str = "",
) -> Filing:
    """Put a certified filing on record; counts by home library, or by home library and month.

    `estimated` says how its counts were estimated, `published` where they were; both empty where the library
    filed them.
    """
    of = make_period(first_day, cadence)
    by_month = any(isinstance(key, tuple) for key in counts)
    days = covers or of.span
    at = datetime.combine(submitted_on or of.due_on, datetime.min.time(), tzinfo=EASTERN)
    person = by or make_user()
    version = Filing.objects.filter(library=lender, period=of).count() + 1
    standing = Filing.objects.standing().filter(library=lender, period=of)
    filing = Filing.objects.create(
        library=lender,
        period=of,
        version=version,
        amends_because="" if version == 1 else "counted again",
        status="submitted",
        basis="by_month" if by_month else "period_total",
        covers=DateRange(days.first_day, days.last_day + timedelta(days=1)),
        form_edition="test",
        provenance="estimated" if estimated else "published" if published else "filed",
        provenance_note=estimated or published,
        created_at=at,
        first_submitted_at=at,
        submitted_at=at,
        submitted_by=person,
        sha256="0" * 64,
    )
    for key, loans in counts.items():
        home, month = key if by_month else (key, None)
        LoanCount.objects.create(filing=filing, home_library=home, month=month, loans=loans)
    filing.sha256 = filing_fingerprint(filing.pk)
    standing.update(superseded_at=at)
    filing.status, filing.certified_at, filing.certified_by, filing.attestation = "certified", at, person, "x"
    filing.save()
    derive_totals([filing.pk])
    return filing


def appropriation(cents: int = 100_000, fiscal_year: int = FISCAL_YEAR) -> Appropriation:
    return Appropriation.objects.create(fiscal_year=fiscal_year, cents=cents, act="Public Act 26-1")
