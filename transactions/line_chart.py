"""A line of figures through the years, worked out here and drawn by a template as SVG.

The figures of a chart stand in a table beside it: it shows their shape, and writes as many of them as it has
room for. Where a figure comes from is shown by the shape of its point; a line between two of different kinds
is dashed, and a year without a number parts the line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from django.utils.translation import gettext

from connecticard.templatetags.figures import count as written_count

_ROOM_OF_A_YEAR, _WIDTH_OF_A_DIGIT = 34, 6.5  # pixels
_STEPS_OF_A_SCALE = (1, 2, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Size:
    """The picture in pixels, the room at its edges, and whether a scale with lines lies behind the points."""

    width: int
    height: int
    left: int = 24
    right: int = 24
    top: int = 24
    bottom: int = 24
    has_scale: bool = False
    radius: int = 4


BESIDE_A_GRID = Size(300, 112)
ON_A_PHONE = Size(350, 210, left=72, right=16, has_scale=True, radius=3)
ACROSS_A_PAGE = Size(720, 250, left=84, right=28, has_scale=True)


@dataclass(frozen=True)
class Value:
    """A number of a year and where it comes from: filed, published, estimated, or empty where unsaid."""

    number: int
    kind: str = ""


# A year and its values: the first is on the line, others of the year that differ stand beside it.
YearOfValues = tuple[str, Sequence[Value]]


@dataclass(frozen=True)
class Point:
    """One value: where it stands, in pixels of the picture. `figure` is empty where it has no room."""

    x: int
    y: int
    figure: str
    kind: str
    title: str
    figure_y: int
    """Where the figure is written: above, or below where the line comes from above."""
    anchor: str
    """“start” or “end” where the figure would run over the edge of the picture."""

    @property
    def corner(self) -> tuple[int, int]:
        """Where the square of a filed figure begins, which is 8 pixels wide."""
        return self.x - 4, self.y - 4


@dataclass(frozen=True)
class YearLabel:
    """A year that is written below the line."""

    x: int
    text: str


@dataclass(frozen=True)
class Piece:
    """A piece of line between neighbours that both have a number; dashed where their kinds differ."""

    path: str
    is_between_kinds: bool


@dataclass(frozen=True)
class Tick:
    """A line of the scale, and the number that it stands for."""

    y: int
    text: str

    @property
    def text_y(self) -> int:
        """Where the number is written."""
        return self.y + 4


@dataclass(frozen=True)
class LineChart:
    """Points in order of years, the pieces of line between them, and what is written around them."""

    points: tuple[Point, ...]
    pieces: tuple[Piece, ...]
    years: tuple[YearLabel, ...]
    ticks: tuple[Tick, ...]
    size: Size

    @property
    def scale_from(self) -> int:
        """Where the lines of the scale begin."""
        return self.size.left - 8 if self.ticks else 0

    @property
    def base(self) -> int:
        """Where zero is."""
        return self.size.height - self.size.bottom

    @property
    def years_at(self) -> int:
        """Where the years are written."""
        return self.size.height - 6


def line_chart(
    years: Sequence[YearOfValues],
    *,
    size: Size = BESIDE_A_GRID,
    write: Callable[[int], str] = written_count,
) -> LineChart | None:
    """Return the line of the years' values; None where fewer than two years have a number.

    It begins at zero, so that a small change looks small. `write` says how a number is written.
    """
    if sum(bool(values) for _, values in years) < 2:
        return None
    step = (size.width - size.left - size.right) / (len(years) - 1)
    room = size.height - size.top - size.bottom
    greatest = max(value.number for _, values in years for value in values)
    highest = _end_of_scale(greatest) if size.has_scale else max(greatest, 1)

    def y_of(number: int) -> int:
        return round(size.top + room * (1 - number / highest))

    places = [round(size.left + place * step) for place in range(len(years))]
    firsts = [values[0].number if values else None for _, values in years]
    written = _places_with_figures(["" if first is None else write(first) for first in firsts], step)
    points = [
        [
            Point(
                x=places[place],
                y=y_of(value.number),
                figure=write(value.number) if order == 0 and place in written else "",
                kind=value.kind,
                title=f"{year}: {write(value.number)}" + (f", {gettext(value.kind)}" if value.kind else ""),
                figure_y=y_of(value.number) + (18 if _is_below_its_line(firsts, place) else -8),
                anchor=_anchor(places[place], len(write(value.number)), size),
            )
            for order, value in enumerate(values)
        ]
        for place, (year, values) in enumerate(years)
    ]
    apart = ceil(_ROOM_OF_A_YEAR / step)
    return LineChart(
        points=tuple(point for of_year in points for point in of_year),
        pieces=tuple(
            Piece(f"M{one[0].x} {one[0].y}L{two[0].x} {two[0].y}", one[0].kind != two[0].kind)
            for one, two in pairwise(points)
            if one and two
        ),
        years=tuple(
            YearLabel(places[place], year)
            for place, (year, _) in enumerate(years)
            if (len(years) - 1 - place) % apart == 0
        ),
        ticks=tuple(Tick(y_of(number), write(number)) for number in (highest // 2, highest))
        if size.has_scale
        else (),
        size=size,
    )


def _end_of_scale(greatest: int) -> int:
    """Return the round number at which a scale ends: even, and not below the greatest number."""
    power = 1
    while True:
        for step in _STEPS_OF_A_SCALE:
            if (end := step * power) >= greatest and end % 2 == 0:
                return end
        power *= 10


def _is_below_its_line(numbers: Sequence[int | None], place: int) -> bool:
    """Whether the line leads to higher neighbours, so that what is written above would lie on it."""
    here = numbers[place] or 0
    beside = [numbers[at] for at in (place - 1, place + 1) if 0 <= at < len(numbers)]
    return sum(number - here for number in beside if number is not None) > 0


def _anchor(x: int, digits: int, size: Size) -> str:
    half = digits * _WIDTH_OF_A_DIGIT / 2
    from_x = size.left - 8 if size.has_scale else 0
    return "start" if x - half < from_x else "end" if x + half > size.width else ""


def _places_with_figures(texts: Sequence[str], step: float) -> set[int]:
    """Return the places whose figures are written: all where none runs into the next, else a few.

    `texts` are empty where there is no number. The few are the first and the last.
    """
    places = [place for place, text in enumerate(texts) if text]
    room = max(len(texts[place]) for place in places) * _WIDTH_OF_A_DIGIT + 8
    if all((two - one) * step >= room for one, two in pairwise(places)):
        return set(places)
    return {places[0], places[-1]} if (places[-1] - places[0]) * step >= room else {places[-1]}
