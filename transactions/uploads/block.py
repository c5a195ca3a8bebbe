"""A block of numbers pasted into a cell of the grid: it fills to the right and down, as in a spreadsheet."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date

from transactions.count_grid import CountGrid
from transactions.rules.filing_checks import NotALoanCount, parse_loans
from transactions.uploads.reduced import Loans, Reduced
from transactions.uploads.tables import text_of

_CELL_NAME = re.compile(r"c([0-9]{1,18})-([0-9]{4}-[0-9]{2}|total)")
_LONGEST_BLOCK = 1_000_000  # characters
_LOOKS_LIKE_A_COUNT = re.compile(r"-?[0-9][0-9,. ]*|n/?c|not counted|-", re.IGNORECASE)


def read_block(text: str, anchor: str, order: Sequence[int], grid: CountGrid) -> Reduced | None:
    """Return a pasted block by the libraries' keys; None where it is no block of numbers for this grid.

    `anchor` is the name of the cell in which it was pasted, `order` the ids of the lines as the page shows
    them. What would stand beyond the edges of the grid, or in a cell without a place, is a problem of its
    own.
    """
    begin = _CELL_NAME.fullmatch(anchor)
    lines = {line.library_id: line for line in grid.lines}
    shown = [library_id for library_id in order if library_id in lines] or list(lines)
    if begin is None or int(begin[1]) not in shown:
        return None
    column = None if begin[2] == "total" else date.fromisoformat(f"{begin[2]}-01")
    if column not in grid.columns:
        return None
    rows = _rows(text)
    if rows is None:
        return None
    first_row, first_column = shown.index(int(begin[1])), grid.columns.index(column)
    block = Reduced("a block of numbers, filled in from the cell where you pasted it", is_grid=True)
    for down, cells in enumerate(rows):
        for right, written in enumerate(cells):
            where = f"row {down + 1}, column {right + 1} of what you pasted"
            if first_row + down >= len(shown) or first_column + right >= len(grid.columns):
                if written:
                    block.trouble(
                        where,
                        f"“{written[:20]}”",
                        "stands beyond the edge of the grid.",
                        "It is left out. Paste it further up or to the left.",
                    )
                continue
            line = lines[shown[first_row + down]]
            month = grid.columns[first_column + right]
            if month not in line.columns:
                if written:
                    block.trouble(
                        where,
                        f"“{written[:20]}”",
                        f"falls in a month in which {line.name} has no place.",
                        "It is left out. Look whether the block begins in the right cell.",
                    )
                continue
            try:
                loans: Loans = parse_loans(written, line.name)
            except NotALoanCount as problem:
                block.trouble(
                    where, f"“{written[:20]}”", f"({line.name}) cannot be taken over.", str(problem)
                )
                continue
            block.counts[line.key, month] = loans
    return block


def _rows(text: str) -> list[list[str]] | None:
    """Return the cells of a block that looks like numbers throughout; None for anything else."""
    if len(text) > _LONGEST_BLOCK:
        return None
    try:  # a spreadsheet copies with tabs; a comma is part of a number
        rows = [[text_of(cell) for cell in row] for row in csv.reader(io.StringIO(text), delimiter="\t")]
    except csv.Error:
        return None
    filled = [cell for row in rows for cell in row if cell]
    if not filled or not all(_LOOKS_LIKE_A_COUNT.fullmatch(cell) for cell in filled):
        return None
    return rows
