"""Loading the published figures that the product ships: what is missing is added, nothing is changed.

The files, their sources and licences: `transactions/data/README.md`. An empty cell of a library was left
blank by the profile and stays so; one of the state is a figure that was not found, and makes no record.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import transaction

from connecticard.models import AuditEvent
from libraries.models import Library
from payments.models import Measure, PublishedFigure
from payments.rules.cents import parse_dollars

DATA = Path(settings.BASE_DIR) / "transactions" / "data"
PROFILE = "Connecticut State Library, Connecticut’s Public Libraries: A Statistical Profile"
STATE_SOURCE = "Connecticut State Library, statistical profiles and pages on the program"
_LOANS_OF_A_YEAR = "loans_fy"


@dataclass
class HistoryLoad:
    """What a load did: rows added, rows that now stand, and where a row on record says something else."""

    added: int = 0
    on_record: int = 0
    differences: list[str] = field(default_factory=list)


class LibrariesMissing(ValueError):
    """The shipped figures name libraries that are not on record."""


@transaction.atomic
def load_history() -> HistoryLoad:
    """Add the shipped figures that are not on record, in one statement; safe to run again.

    A figure on record stays as it is, whoever recorded it; where it differs, the difference is listed.
    Raises LibrariesMissing before the roster is loaded.
    """
    libraries = dict(Library.objects.values_list("key", "pk"))
    shipped = {_key(figure): figure for figure in shipped_figures(libraries)}
    before = {_key(figure) for figure in PublishedFigure.objects.all()}
    missing = [figure for key, figure in shipped.items() if key not in before]
    PublishedFigure.objects.bulk_create(missing, ignore_conflicts=True)
    load = HistoryLoad()
    added = []
    for figure in PublishedFigure.objects.select_related("library"):
        load.on_record += 1
        found = shipped.get(_key(figure))
        if found is not None and found.value != figure.value:
            load.differences.append(f"{figure}: {_written(figure)} on record, {_written(found)} shipped")
        elif found is not None and _key(figure) not in before:
            added.append((figure, None, {"value": figure.value, "source": figure.source}))
    AuditEvent.record_each("published_figure_loaded", targets=added, by=None)
    load.added = len(added)
    return load


def _key(figure: PublishedFigure) -> tuple[int | None, str, int]:
    return figure.library_id, figure.measure, figure.fiscal_year


def _written(figure: PublishedFigure) -> str:
    return "blank" if figure.value is None else f"{figure.value:,}"


def shipped_figures(libraries: Mapping[str, int]) -> Iterator[PublishedFigure]:
    """Yield the shipped figures; `libraries` gives the id of each library by its key."""
    for row in _rows("published_statewide.csv"):
        year = int(row["fiscal_year"])
        if row["appropriation"]:
            yield _of_the_state(year, Measure.APPROPRIATION, parse_dollars(row["appropriation"]), "")
        if row["loans"]:
            yield _of_the_state(year, Measure.LOANS, int(row["loans"]), row["note"])
    for row in _rows("published_loans_by_library.csv"):
        if row["fscs_key"] not in libraries:
            raise LibrariesMissing(
                f"Library {row['fscs_key']} ({row['name']}) is not on record; run load_roster first."
            )
        for column, value in row.items():
            if column.startswith(_LOANS_OF_A_YEAR):
                year = int(column.removeprefix(_LOANS_OF_A_YEAR))
                yield PublishedFigure(
                    library_id=libraries[row["fscs_key"]],
                    measure=Measure.LOANS,
                    fiscal_year=year,
                    value=int(value) if value else None,
                    source=f"{PROFILE}, FY{year}",
                )


def _of_the_state(year: int, measure: Measure, value: int, note: str) -> PublishedFigure:
    return PublishedFigure(measure=measure, fiscal_year=year, value=value, note=note, source=STATE_SOURCE)


def _rows(file: str) -> Iterator[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
