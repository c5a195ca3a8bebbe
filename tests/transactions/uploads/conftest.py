"""The shipped roster as labels are matched to it, without a database, and files that are made on the spot."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from transactions.uploads.labels import KnownLibrary, LabelMatcher
from transactions.uploads.reduced import Reduced, Wanted
from transactions.uploads.shapes import read_tables
from transactions.uploads.tables import open_tables

DATA = Path(__file__).resolve().parents[3] / "libraries" / "data"
HALF = tuple(date(2026, month, 1) for month in range(3, 9))


def shipped_libraries() -> list[KnownLibrary]:
    """Return every library of the shipped roster, numbered from 1 in its order."""
    with (DATA / "libraries.csv").open(encoding="utf-8", newline="") as text:
        return [
            KnownLibrary(
                number,
                row["fscs_key"],
                row["name"],
                row["town"],
                () if row["name_fy2018"] == row["name"] else (row["name_fy2018"],),
            )
            for number, row in enumerate(csv.DictReader(text), start=1)
        ]


def shipped_towns(libraries: Sequence[KnownLibrary]) -> dict[str, list[int]]:
    """Return the home libraries of each town, the principal one first."""
    of_key = {library.key: library.id for library in libraries}
    with (DATA / "towns.csv").open(encoding="utf-8", newline="") as text:
        towns = {row["town"]: [of_key[row["principal_library_fscs"]]] for row in csv.DictReader(text)}
    for library in libraries:
        if library.id not in towns[library.town]:
            towns[library.town].append(library.id)
    return towns


LIBRARIES = shipped_libraries()
TOWNS = shipped_towns(LIBRARIES)
NAMES = {library.id: library.name for library in LIBRARIES}
IDS = {library.key: library.id for library in LIBRARIES}


@pytest.fixture(scope="session")
def matcher() -> LabelMatcher:
    return LabelMatcher(LIBRARIES, TOWNS)


@pytest.fixture
def wanted(matcher) -> Wanted:
    """A filing of Bethel by month, March to August 2026."""
    return Wanted(HALF, IDS["CT0010"], matcher)


@pytest.fixture
def read(wanted) -> Callable[..., Reduced]:
    """Read a file or text that can be read in one way only."""

    def read(content: bytes | str, months: Sequence[date] = HALF) -> Reduced:
        with open_tables(content if isinstance(content, bytes) else content.encode()) as tables:
            (reading,) = read_tables(tables, Wanted(tuple(months), wanted.lender, wanted.matcher))
        return reading

    return read


def workbook(rows: Sequence[Sequence[Any]], *, merged: Sequence[str] = (), title: str = "Sheet1") -> bytes:
    """Return a workbook with these rows on its one sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
