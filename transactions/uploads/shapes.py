"""What a table says of loans: a *grid*, a *list* or an *export* of single loans.

Only the columns of home library, month and number are read; the values of all others are looked at for
nothing but their kind.
"""

from collections.abc import Sequence
from itertools import islice

from transactions.uploads.grids import month_header, read_grid
from transactions.uploads.lists import read_list
from transactions.uploads.reduced import Reduced, Wanted
from transactions.uploads.tables import Table, TableRefused

_HEAD = 60  # rows in which a header is looked for
_MOST_READINGS = 6


def read_tables(tables: Sequence[Table], wanted: Wanted) -> list[Reduced]:
    """Return every way in which the tables can be read; the person chooses where there are several.

    Raises TableRefused where there is none.
    """
    found: list[Reduced] = []
    refusals: list[TableRefused] = []
    for table in tables:
        try:
            readings = read_table(table, wanted)
        except TableRefused as refused:
            refusals.append(refused)
            continue
        for reading in readings:
            if len(tables) > 1:
                reading.said = f"Sheet “{table.name}”: {reading.said}"
            found.append(reading)
    if not found:
        raise refusals[0]
    return found[:_MOST_READINGS]


def read_table(table: Table, wanted: Wanted) -> list[Reduced]:
    """Return every way in which one table can be read, at least one. Raises TableRefused."""
    head = list(islice(table.rows(), _HEAD))
    if header := month_header(head):
        return read_grid(table, head, header, wanted)
    return read_list(table, head, wanted)
