"""Saving the grid of one filing, one row for each count, against one JSON column that holds it all.

Each round begins with empty tables. The same rows saved hundreds of times within seconds leave old versions
behind, and a transaction that is open anywhere on the server, in whatever database, keeps the server from
clearing them away: what would be measured then is somebody else's transaction. So measure on a server that
nobody else uses.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import count

from django.db import connection, transaction

from connecticard import permissions
from connecticard.models import AuditEvent, Role, User
from connecticard.permissions import Action
from libraries.models import Library
from libraries.roster import load_roster
from tests.bench.measure import Measurement, paired
from tests.factories import make_filing, make_period, make_user
from transactions.models import Filing
from transactions.rules.filing_calendar import Cadence
from transactions.services import save_counts

ROWS = 190
SAVES = 40
"""Saves in a round: one alone is over too soon to be timed."""

AT = datetime(2026, 4, 2, 14, tzinfo=UTC)
MONTHS = (date(2026, 3, 1), date(2026, 4, 1))
_numbers = count(1)


def run() -> Iterable[Measurement]:
    load_roster()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_counts (filing_id bigint PRIMARY KEY, counts jsonb NOT NULL)")
    library = Library.objects.get(key="CT0001")
    person = make_user(Role.LIBRARY_FILER, library=library, second_factor=False)
    filing = make_filing(library, make_period(MONTHS[0], Cadence.SEMIANNUAL))
    homes = Library.objects.exclude(pk=library.pk).order_by("key").values_list("pk", flat=True)[: ROWS // 2]
    cells = [(home, month) for home in homes for month in MONTHS]
    yield paired(
        f"saving one filing of {len(cells)} rows against one JSON upsert",
        ours=lambda: _repeat(lambda: _save(filing, cells, person)),
        floor=lambda: _repeat(lambda: _save_json(filing, cells, person)),
        goal=2.5,
        prepare=_empty,
    )


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE transactions_loancount, bench_counts")


def _repeat(save) -> None:
    for _ in range(SAVES):
        save()


def _typed(cells: list[tuple[int, date]]) -> dict[tuple[int, date], int]:
    """Return other numbers for every cell each time."""
    number = next(_numbers)
    return {cell: (number + place) % 500 for place, cell in enumerate(cells)}


def _save(filing: Filing, cells: list[tuple[int, date]], by: User) -> None:
    revision = Filing.objects.values_list("revision", flat=True).get(pk=filing.pk)
    save_counts(filing=filing, counts=_typed(cells), by=by, at=AT, expected=revision)


@transaction.atomic
def _save_json(filing: Filing, cells: list[tuple[int, date]], by: User) -> None:
    """The same lock, permission, version and audit row; no cell is looked at."""
    revision = Filing.objects.values_list("revision", flat=True).get(pk=filing.pk)
    filing = (
        Filing.objects.select_related("library", "period").select_for_update(of=("self",)).get(pk=filing.pk)
    )
    permissions.check(by, Action.ENTER_COUNTS, filing.library, on=AT.date())
    assert filing.revision == revision
    counts = {f"{home} {month}": loans for (home, month), loans in _typed(cells).items()}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_counts VALUES (%s, %s) "
            "ON CONFLICT (filing_id) DO UPDATE SET counts = excluded.counts",
            [filing.pk, json.dumps(counts)],
        )
    filing.revision += 1
    filing.saved_at = AT
    filing.save(update_fields=["revision", "saved_at", "nothing_lent"])
    AuditEvent.record(
        "counts_saved", target=filing, by=by, after={"cells": len(counts), "revision": filing.revision}
    )
