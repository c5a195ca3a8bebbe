"""Arrows between towns, drawn over a town map: the more units, the broader.

They are worked out here and drawn by `_components/town_map.html` as SVG, styled by class alone. Like the
map's shades, they stand beside a table that says the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot

from libraries.town_map import outlines

BREADTHS = 4
_BOW = 0.18  # how far an arrow bows out, as a part of its length: there and back do not cover each other
_FROM_THE_CENTRE = 3.0
_HEAD_LENGTHS = (7.0, 8.5, 10.0, 12.0)
_HEAD_HALVES = (2.8, 3.6, 4.6, 5.8)


@dataclass(frozen=True)
class Arc:
    """An arrow: its line and its head as SVG paths, its breadth from 1 to `BREADTHS`, and what it says."""

    line: str
    head: str
    breadth: int
    words: str


@dataclass(frozen=True)
class FlowArcs:
    """The arrows of a map, the broadest drawn last; `words` explain them in the legend."""

    arcs: tuple[Arc, ...]
    words: str


def flow_arcs(
    flows: Sequence[tuple[int, int, int]], *, words: str, write: Callable[[str, str, int], str]
) -> FlowArcs:
    """Return an arrow for each flow: number of the town it leads from, of the one it leads to, and units.

    `words` explain the arrows in the legend; `write` says one in words, from the names of its two towns and
    its units. A flow within a town, or of a town that is not on the map, is not drawn.
    """
    towns = {outline.number: outline for outline in outlines()}
    shown = [flow for flow in flows if flow[0] != flow[1] and flow[0] in towns and flow[1] in towns]
    greatest = max((units for *_, units in shown), default=0)
    arcs = []
    for start, end, units in sorted(shown, key=lambda flow: flow[2]):
        breadth = max(1, -(-units * BREADTHS // greatest)) if greatest else 1
        line, head = _drawn(towns[start].centre, towns[end].centre, breadth)
        arcs.append(Arc(line, head, breadth, write(towns[start].name, towns[end].name, units)))
    return FlowArcs(tuple(arcs), words)


def _drawn(start: tuple[int, int], end: tuple[int, int], breadth: int) -> tuple[str, str]:
    """Return line and head of an arrow that bows to the right of its way."""
    (ax, ay), (bx, by) = start, end
    across, down = bx - ax, by - ay
    length = hypot(across, down) or 1.0
    middle_x = (ax + bx) / 2 - down * _BOW
    middle_y = (ay + by) / 2 + across * _BOW
    out_x, out_y = _towards((ax, ay), (middle_x, middle_y))
    in_x, in_y = _towards((middle_x, middle_y), (bx, by))
    head = min(_HEAD_LENGTHS[breadth - 1], length / 2)
    half = _HEAD_HALVES[breadth - 1]
    first_x, first_y = ax + out_x * _FROM_THE_CENTRE, ay + out_y * _FROM_THE_CENTRE
    neck_x, neck_y = bx - in_x * head, by - in_y * head
    return (
        f"M{first_x:.0f} {first_y:.0f}Q{middle_x:.0f} {middle_y:.0f} {neck_x:.1f} {neck_y:.1f}",
        f"M{bx} {by}L{neck_x - in_y * half:.1f} {neck_y + in_x * half:.1f}"
        f"L{neck_x + in_y * half:.1f} {neck_y - in_x * half:.1f}z",
    )


def _towards(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Return the direction from one point to another, one unit long."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = hypot(across, down) or 1.0
    return across / length, down / length
