"""What a version of a filing changes against the certified version before it, cell by cell."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from libraries.models import Library
from transactions.count_grid import Cell, Counts, counts_on_record
from transactions.count_grid_form import column_label
from transactions.models import Filing
from transactions.rules.filing_checks import NotCounted

SHOWN_AT_ONCE = 40


@dataclass(frozen=True)
class Change:
    """A count, or a sum of counts, before and after; `place` and `column` say where it stands."""

    place: str
    column: str
    old: int | NotCounted | None
    new: int | NotCounted | None

    @property
    def difference(self) -> int:
        """Units more than before; less than 0 for fewer."""
        return _units(self.new) - _units(self.old)


@dataclass(frozen=True)
class Changes:
    """All that differs between two versions; `totals` are of the columns that change, the whole last."""

    since: Filing
    cells: tuple[Change, ...]
    totals: tuple[Change, ...]
    by_library: bool = False
    """Whether one version is by month and the other is not: then home libraries are compared as a whole."""
    now_nothing_lent: bool = False
    was_nothing_lent: bool = False
    covers_other_days: bool = False

    @property
    def none(self) -> bool:
        """Whether both versions say the same."""
        return not (self.cells or self.by_library or self.covers_other_days) and (
            self.now_nothing_lent == self.was_nothing_lent
        )

    @property
    def is_long(self) -> bool:
        """Whether the list is too long to be shown before it is asked for."""
        return len(self.cells) > SHOWN_AT_ONCE

    @property
    def whole(self) -> Change:
        """The units lent in the whole period."""
        return self.totals[-1]


def certified_before(filing: Filing) -> Filing | None:
    """Return the certified version that this one takes, or took, the place of; None for the first."""
    if filing.version == 1:
        return None
    return (
        Filing.objects.filter(
            library=filing.library_id,
            period=filing.period_id,
            version__lt=filing.version,
            certified_at__isnull=False,
        )
        .select_related("period", "library")
        .order_by("-version")
        .first()
    )


def changes_of(filing: Filing) -> Changes | None:
    """Return what a version changes; None where no version was certified before it."""
    before = certified_before(filing)
    return changes_between(before, filing) if before else None


def changes_between(old: Filing, new: Filing) -> Changes:
    """Return what differs between two versions of a filing, by name of the home library and month."""
    by_library = old.basis != new.basis
    was: Counts = counts_on_record(old)
    now: Counts = counts_on_record(new)
    if by_library:
        was, now = _of_libraries(was), _of_libraries(now)
    differing = [cell for cell in was.keys() | now.keys() if was.get(cell) != now.get(cell)]
    names = dict(Library.objects.filter(pk__in={home for home, _ in differing}).values_list("pk", "name"))
    differing.sort(key=lambda cell: (names[cell[0]].casefold(), cell[0], cell[1] or date.min))
    columns = sorted({column for _, column in differing}, key=lambda column: column or date.min)
    totals = [
        Change("", column_label(column), _sum(was, column), _sum(now, column))
        for column in columns
        if column is not None
    ]
    return Changes(
        since=old,
        cells=tuple(
            Change(names[cell[0]], column_label(cell[1]), was.get(cell), now.get(cell)) for cell in differing
        ),
        totals=(*totals, Change("", "Whole period", _all(was.values()), _all(now.values()))),
        by_library=by_library,
        now_nothing_lent=new.nothing_lent,
        was_nothing_lent=old.nothing_lent,
        covers_other_days=old.covers != new.covers,
    )


def _of_libraries(counts: Counts) -> dict[Cell, int | NotCounted | None]:
    """Return each home library's sum in the column of the whole period; a number outweighs not counted."""
    sums: dict[Cell, int | NotCounted | None] = {}
    for (home, _), loans in counts.items():
        cell = home, None
        if isinstance(loans, int):
            sums[cell] = _units(sums.get(cell)) + loans
        else:
            sums.setdefault(cell, loans)
    return sums


def _sum(counts: Counts, column: date | None) -> int:
    return _all(loans for (_, where), loans in counts.items() if where == column)


def _all(counts: Iterable[int | NotCounted | None]) -> int:
    return sum(_units(loans) for loans in counts)


def _units(loans: int | NotCounted | None) -> int:
    return loans if isinstance(loans, int) else 0
