"""A small line of figures through the years, worked out here and drawn by a template as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from connecticard.templatetags.figures import count as written_count

WIDTH, HEIGHT = 300, 112
_LEFT, _RIGHT, _TOP, _BOTTOM = 24, 24, 24, 24


@dataclass(frozen=True)
class Point:
    """One year: where it stands, in pixels of the picture. `y` is None where there is no number.

    `hollow` marks a figure that was estimated.
    """

    x: int
    y: int | None
    year: str
    figure: str
    hollow: bool

    @property
    def above(self) -> int | None:
        """Where the figure is written."""
        return None if self.y is None else self.y - 8


@dataclass(frozen=True)
class LineChart:
    """Points in order, and the pieces of line between neighbours that both have a number."""

    points: tuple[Point, ...]
    pieces: tuple[str, ...]
    width: int = WIDTH
    height: int = HEIGHT
    base: int = HEIGHT - _BOTTOM
    years_at: int = HEIGHT - 6


def line_chart(figures: Sequence[tuple[str, int | None, bool]]) -> LineChart | None:
    """Return the line of (year, number or None, estimated); None where fewer than two years have a number.

    It begins at zero, so that a small change looks small.
    """
    numbers = [number for _, number, _ in figures if number is not None]
    if len(numbers) < 2:
        return None
    highest = max(*numbers, 1)
    step = (WIDTH - _LEFT - _RIGHT) / (len(figures) - 1)
    room = HEIGHT - _TOP - _BOTTOM
    points = tuple(
        Point(
            x=round(_LEFT + place * step),
            y=None if number is None else round(_TOP + room * (1 - number / highest)),
            year=year,
            figure=written_count(number),
            hollow=estimated,
        )
        for place, (year, number, estimated) in enumerate(figures)
    )
    pieces = tuple(
        f"M{one.x} {one.y}L{two.x} {two.y}"
        for one, two in pairwise(points)
        if one.y is not None and two.y is not None
    )
    return LineChart(points, pieces)
