"""The grid of a filing as a form of one field, and as the table of a filing that is only looked at."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from connecticard.templatetags.figures import count as written_count
from transactions.count_grid import Cell, CountGrid, Counts, Line, Totals, totals
from transactions.rules.filing_checks import NOT_COUNTED, NotALoanCount, NotCounted, parse_loans


def cell_name(cell: Cell) -> str:
    """Return the name of a cell's control, which is its id on the page too: c12-2026-03, c12-total."""
    library_id, month = cell
    return f"c{library_id}-{column_name(month)}"


_CELL_NAME = re.compile(r"c([0-9]{1,18})-([0-9]{4}-[0-9]{2}|total)")


def column_name(month: date | None) -> str:
    """Return the name of a column in addresses and names of cells: 2026-03, total."""
    return "total" if month is None else f"{month:%Y-%m}"


def column_id(month: date | None) -> str:
    """Return the id of a column's heading on the page."""
    return f"m-{column_name(month)}"


def column_label(month: date | None) -> str:
    """Return the heading of a column."""
    return "Whole period" if month is None else f"{month:%b} {month.year}"


class CellErrors(ValidationError):
    """What is wrong in single cells, by cell."""

    def __init__(self, by_cell: Mapping[Cell, str]):
        super().__init__(list(by_cell.values()))
        self.by_cell = by_cell


def parsed(
    grid: CountGrid, typed: Mapping[Cell, str]
) -> tuple[dict[Cell, int | NotCounted | None], dict[Cell, str]]:
    """Read every cell of a grid: the answers and blanks, and what to say of the cells that are neither."""
    numbers: dict[Cell, int | NotCounted | None] = {}
    problems: dict[Cell, str] = {}
    for cell, text in typed.items():
        if not text:
            numbers[cell] = None
        elif text.isdecimal() and text.isascii() and len(text) < 10:  # nearly all: no more to be asked
            numbers[cell] = int(text)
        else:
            try:
                numbers[cell] = parse_loans(text, grid.names[cell[0]])
            except NotALoanCount as problem:
                problems[cell] = str(problem)
    return numbers, problems


class CountGridWidget(forms.Widget):
    """Draws all cells of a grid in one pass; a form of single fields takes more than ten times as long.

    `problems` are messages to show beside cells, `other_values` what somebody else saved there. `on_record`
    is the text of what is saved, where the cells may show something else; `lines` are those of the grid, in
    the order in which they are shown.
    """

    def __init__(self, grid: CountGrid):
        super().__init__()
        self.grid = grid
        self.lines: Sequence[Line] = grid.lines
        self.problems: Mapping[Cell, str] = {}
        self.other_values: Counts = {}
        self.on_record: Mapping[Cell, str] | None = None

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[Cell, str]:
        """Return the text of every cell that was sent; a cell that was not sent is not touched."""
        posted = data.dict() if hasattr(data, "dict") else data
        return {cell: posted[sent].strip() for cell in self.grid.cells if (sent := cell_name(cell)) in posted}

    def id_for_label(self, id_: str) -> str:
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        typed: Mapping[Cell, str] = value or {}
        numbers = parsed(self.grid, typed)[0]
        sums = totals(self.grid, numbers)
        columns = [(column, f"-{column_name(column)}") for column in self.grid.columns]
        noted = self.problems.keys() | self.other_values.keys()
        marked, lines_with_notes = set(noted), {library_id for library_id, _ in noted}
        if self.on_record is not None:
            marked |= {cell for cell, text in typed.items() if text != self.on_record.get(cell, "")}
        parts = [_head(self.grid)]
        for line in self.lines:
            library_id, open_in, row = line.library_id, line.columns, f"c{line.library_id}"
            parts.append(_line_heading(line, of_earlier_years=True))
            for column, suffix in columns:
                if column not in open_in:
                    parts.append(_NO_PLACE)
                    continue
                cell = (library_id, column)
                text = typed.get(cell, "")
                if text and not text.isalnum():
                    text = escape(text)
                id_ = row + suffix
                if cell in marked:
                    parts.append(self._marked_cell(cell, id_, f"r{library_id} m{suffix}", text))
                else:
                    parts.append(
                        f'<td><input id="{id_}" name="{id_}" value="{text}" inputmode="numeric"'
                        f' autocomplete="off" aria-labelledby="r{library_id} m{suffix}"></td>'
                    )
            total = sums.by_line[library_id] or _sum_of_line(line, numbers)
            parts.append(f'<td id="{row}-sum">{written_loans(total)}</td></tr>\n')
            if library_id in lines_with_notes:
                parts.append(self._notes(line))
        parts.append(_foot(self.grid, sums))
        return mark_safe("".join(parts))  # noqa: S308 - names and typed text are escaped above

    def _marked_cell(self, cell: Cell, id_: str, labels: str, text: str) -> str:
        extra, place = "", "<td>"
        if cell in self.problems:
            extra = ' aria-invalid="true"'
        if cell in self.other_values:
            extra += " data-conflict"
        if self.on_record is not None:
            extra += f' data-saved="{self.on_record.get(cell, "")}"'
        if cell in self.problems or cell in self.other_values:
            extra += f' aria-describedby="{id_}-note"'
            place = '<td data-state="error">'
        return (
            f'{place}<input id="{id_}" name="{id_}" value="{text}" inputmode="numeric"'
            f' autocomplete="off" aria-labelledby="{labels}"{extra}></td>'
        )

    def _notes(self, line: Line) -> str:
        """Return a row with what is to be said of cells of the line above, so that no column grows wider.

        It spans three columns: so many are on the narrowest screen, which shows one month at a time.
        """
        notes = []
        for column in self.grid.columns:
            cell = (line.library_id, column)
            said: list[str] = [escape(self.problems[cell])] if cell in self.problems else []
            if cell in self.other_values:
                other = self.other_values[cell]
                saved = "left this blank" if other is None else f"saved {written_loans(other)}"
                said.append(f"The other person {saved}.")
            if said:
                notes.append(
                    f'<div class="count-grid__note"><strong>{column_label(column)}</strong> '
                    f'<span id="{cell_name(cell)}-note">{" ".join(said)}</span></div>'
                )
        return f'<tr class="count-grid__notes"><td colspan="3">{"".join(notes)}</td></tr>\n'


class CountGridField(forms.Field):
    """All cells of a grid, validated as one matrix of whole numbers, blanks and “not counted”."""

    widget: CountGridWidget

    def __init__(self, grid: CountGrid):
        super().__init__(required=False, widget=CountGridWidget(grid), label="Loans")
        self.grid = grid

    def bound_data(self, data: Mapping[Cell, str], initial: Mapping[Cell, str] | None) -> dict[Cell, str]:
        return {**(initial or {}), **data}

    def clean(self, value: Mapping[Cell, str]) -> dict[Cell, int | NotCounted | None]:
        numbers, problems = parsed(self.grid, value)
        if problems:
            raise CellErrors(problems)
        return numbers


class CountGridForm(forms.Form):
    """The grid of a filing as somebody fills it in.

    `revision` says which state of the filing the page was opened with, `opened_with` what stood in its cells
    then, so that two people who type at the same time never overwrite one another unseen.
    """

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    opened_with = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    nothing_lent = forms.BooleanField(required=False, label="")

    def __init__(
        self,
        data: Any = None,
        *,
        grid: CountGrid,
        counts: Counts,
        revision: int,
        nothing_lent: bool,
        zero_return: str,
    ):
        super().__init__(
            data,
            initial={
                "revision": revision,
                "opened_with": grid.written(counts),
                "nothing_lent": nothing_lent,
                "counts": _as_text(counts),
            },
        )
        self.grid = grid
        self.fields["counts"] = CountGridField(grid)
        if data is not None:
            self._widget.on_record = _as_text(counts)
        self.fields["nothing_lent"].label = zero_return
        self.cell_problems: dict[Cell, str] = {}

    def add_error(self, field: Any, error: Any) -> None:
        if isinstance(error, CellErrors):
            self.mark_cells(error.by_cell)
        super().add_error(field, error)

    def mark_cells(self, problems: Mapping[Cell, str]) -> None:
        """Show messages beside their cells."""
        self.cell_problems |= problems
        self._widget.problems = self.cell_problems

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show the lines in another order."""
        self._widget.lines = lines

    def typed(self) -> tuple[dict[Cell, int | NotCounted | None], dict[Cell, str]]:
        """Return the answers and blanks typed, and the text of each cell."""
        text = self._widget.value_from_datadict(self.data, self.files, "counts")
        return parsed(self.grid, text)[0], text

    def without_a_place(self) -> list[tuple[int, str, str]]:
        """Return what was typed into cells that the grid no longer has: home library, column and text."""
        places = {cell_name(cell) for cell in self.grid.cells}
        return [
            (int(found[1]), "Whole period" if found[2] == "total" else found[2], text.strip())
            for name, text in self.data.items()
            if name not in places and (found := _CELL_NAME.fullmatch(name)) and text.strip()
        ]

    def begun_with(self) -> dict[Cell, int | NotCounted | None] | None:
        """Return what stood in the cells when the page was opened; None where that cannot be told."""
        return self.grid.read_back(self.data.get("opened_with", ""))

    def show_again(
        self, *, revision: int, text: Mapping[Cell, str], saved: Counts, conflicts: Counts
    ) -> None:
        """Show other text in the cells than was sent, on the state of the filing as it is now on record."""
        data = {name: value for name, value in self.data.items() if not name.startswith("c")}
        data |= {cell_name(cell): value for cell, value in text.items()}
        data |= {"revision": str(revision), "opened_with": self.grid.written(saved)}
        self.data = data
        self._widget.other_values = conflicts
        self._widget.on_record = _as_text(saved)

    @property
    def _widget(self) -> CountGridWidget:
        widget = self.fields["counts"].widget
        assert isinstance(widget, CountGridWidget)
        return widget


def _as_text(counts: Counts) -> dict[Cell, str]:
    return {cell: "" if loans is None else str(loans) for cell, loans in counts.items()}


def written_loans(loans: int | NotCounted | None) -> str:
    """Return what a cell says in a few signs: 1,234, n/c, or nothing for a blank."""
    return NOT_COUNTED.value if isinstance(loans, NotCounted) else written_count(loans)


def read_only_grid(grid: CountGrid, counts: Counts) -> SafeString:
    """Return the table of a filing that is only looked at; a blank stays blank."""
    sums = totals(grid, counts)
    parts = [_head(grid)]
    for line in grid.lines:
        parts.append(_line_heading(line))
        for column in grid.columns:
            if column in line.columns:
                parts.append(_read_only_cell(counts.get((line.library_id, column))))
            else:
                parts.append(_NO_PLACE)
        parts.append(f"{_read_only_cell(_sum_of_line(line, counts))}</tr>\n")
    parts.append(_foot(grid, sums))
    return mark_safe("".join(parts))  # noqa: S308 - names are escaped in _line_heading


def _sum_of_line(line: Line, counts: Counts) -> int | NotCounted | None:
    """Return what a line adds up to; None where all of it is blank, NOT_COUNTED where nothing was counted."""
    cells = [counts.get((line.library_id, column)) for column in line.columns]
    numbers = [loans for loans in cells if isinstance(loans, int)]
    if numbers:
        return sum(numbers)
    return NOT_COUNTED if NOT_COUNTED in cells else None


def _read_only_cell(loans: int | NotCounted | None) -> str:
    return _NOT_COUNTED if isinstance(loans, NotCounted) else f"<td>{written_count(loans)}</td>"


_NOT_COUNTED = '<td><abbr title="not counted">n/c</abbr><span class="usa-sr-only"> not counted</span></td>'
_NO_PLACE = (
    '<td class="count-grid__no-place"><span aria-hidden="true">–</span>'
    '<span class="usa-sr-only">no loans can be reported</span></td>'
)


def _head(grid: CountGrid) -> str:
    columns = "".join(
        f'<th scope="col" id="{column_id(column)}">{column_label(column)}</th>' for column in grid.columns
    )
    return (
        '<table class="count-grid" data-count-grid><caption class="usa-sr-only">Units lent, by home library'
        ' and month</caption><thead><tr><th scope="col">Home library that issued the card</th>'
        f'{columns}<th scope="col">Total</th></tr></thead><tbody>\n'
    )


def _line_heading(line: Line, *, of_earlier_years: bool = False) -> str:
    """Return the heading of a row; it leads to the loans of earlier years on the page where one enters."""
    id_, name = line.library_id, escape(line.name)
    where = "" if line.town in line.name else f'<span class="count-grid__town">{escape(line.town)}</span>'
    if of_earlier_years:
        return f'<tr><th scope="row"><a id="r{id_}" href="../history/{id_}/">{name}</a>{where}</th>'
    return f'<tr><th scope="row"><span id="r{id_}">{name}</span>{where}</th>'


def _foot(grid: CountGrid, sums: Totals) -> str:
    columns = "".join(
        f'<td id="m-{column_name(column)}-sum">{sums.by_column[column]:,}</td>' for column in grid.columns
    )
    return (
        f'</tbody><tfoot><tr><th scope="row">All home libraries</th>{columns}'
        f'<td id="sum">{sums.all:,}</td></tr></tfoot></table>'
    )


def in_order(grid: CountGrid, problems: Mapping[Cell, str]) -> Iterable[tuple[Cell, str]]:
    """Return messages in the order of the grid's cells."""
    return ((cell, problems[cell]) for cell in grid.cells if cell in problems)


# Plain forms
