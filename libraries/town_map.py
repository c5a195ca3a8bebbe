"""Connecticut's 169 towns as a map: each shaded by a value, in steps, with its legend.

The map is drawn on the server as SVG paths. It is never the only place where its values stand: a page shows
the same values in a table beside it. Boundaries, source and licence: `data/README.md`.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import cos, radians
from pathlib import Path
from typing import Any

from django.utils.translation import gettext, ngettext

from libraries import roster_files

WIDTH = 720
STEPS = 5

_BOUNDARIES = Path(__file__).resolve().parent / "data" / "ct_towns.topojson"
_LEAST_BEND = 1.5  # in square units of the map: a point that bends a line by less is not seen, and left out

Point = tuple[float, float]
Value = int | Fraction


@dataclass(frozen=True)
class Outline:
    """A town's boundary: the path of an SVG element, on a map `WIDTH` units wide.

    `centre` is the middle of its largest part; `neighbours` are the numbers of the towns that share a line of
    boundary with it.
    """

    number: int
    name: str
    path: str
    centre: tuple[int, int]
    neighbours: frozenset[int]


@dataclass(frozen=True)
class MapTown:
    """A town as the map shows it. `words` is its value in words, `url` empty where it leads nowhere."""

    number: int
    name: str
    path: str
    words: str
    url: str


@dataclass(frozen=True)
class MapStep:
    """The towns of one shade, and in words the values that it holds.

    Step 0 is a value of zero, None no value; 1 is the lightest shade, `STEPS` the darkest.
    """

    step: int | None
    words: str
    towns: tuple[MapTown, ...]

    @property
    def name(self) -> str:
        """The shade's name in addresses and style: 0 to 5, or none."""
        return "none" if self.step is None else str(self.step)


@dataclass(frozen=True)
class TownMap:
    """A map of all towns in a few shades. `key` tells it from other maps of the page."""

    key: str
    title: str
    description: str
    height: int
    steps: tuple[MapStep, ...]
    marked: Outline | None
    mark_words: str
    draws_outlines: bool

    width = WIDTH


@cache
def outlines() -> tuple[Outline, ...]:
    """Return the boundary of each town, by town number; worked out once a process."""
    return _drawn()[0]


@cache
def height() -> int:
    """Return the height of the map in the units of its width."""
    return _drawn()[1]


def middles() -> dict[int, Point]:
    """Return the middle of each town's area, by town number: degrees west to east and south to north."""
    topology = json.loads(_BOUNDARIES.read_text(encoding="utf-8"))
    arcs = [_degrees(arc, topology["transform"]) for arc in topology["arcs"]]
    number_of = {town.geoid: town.number for town in roster_files.towns()}
    found = {}
    for shape in topology["objects"]["towns"]["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        outer = [_joined(polygon[0], arcs) for polygon in polygons]
        found[number_of[shape["properties"]["geoid"]]] = _middle(outer)
    return found


def _joined(ring: list[int], arcs: list[list[Point]]) -> list[Point]:
    """Return the points of a ring; a number below zero is an arc run backwards."""
    return [point for number in ring for point in (arcs[number] if number >= 0 else arcs[~number][::-1])]


def _middle(rings: list[list[Point]]) -> Point:
    """Return the centre of gravity of areas. Across a town a degree may be taken for a plane's."""
    area = x = y = 0.0
    for ring in rings:
        doubled = cx = cy = 0.0
        for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
            cross = ax * by - bx * ay
            doubled, cx, cy = doubled + cross, cx + (ax + bx) * cross, cy + (ay + by) * cross
        weight = abs(doubled)
        area, x, y = area + weight, x + weight * cx / (3 * doubled), y + weight * cy / (3 * doubled)
    return x / area, y / area


def town_map(
    values: Mapping[int, Value | None],
    *,
    key: str,
    title: str,
    words: Callable[[Any], str],
    zero_words: str | None = None,
    no_data_words: str | None = None,
    breaks: Sequence[Value] | None = None,
    url: Callable[[int], str] | None = None,
    marked: int | None = None,
    mark_words: str = "",
    draws_outlines: bool = True,
) -> TownMap:
    """Return a map of the towns, each shaded by its value.

    `values` holds a value for each town number, zero or more; None or nothing says that it is not known, and
    such a town is hatched. `words` writes a value, `zero_words` and `no_data_words` what the two bare shades
    mean. `breaks` are the greatest values of all steps but the last, rising; where none are given, each step
    holds about as many towns as the next. `url` gives the address that a town leads to; the same addresses
    must stand in the table beside the map, because the map is not walked through by keyboard. `marked` is a
    town drawn with a heavy border, which `mark_words` explains. A second map on a page takes the outlines of
    the first where its `draws_outlines` is False.

    ValueError for a negative value, for a number that no town has, and for breaks that do not rise.
    """
    towns = {outline.number: outline for outline in outlines()}
    for number, value in values.items():
        if number not in towns:
            raise ValueError(f"no town of Connecticut has the number {number}")
        if value is not None and value < 0:
            raise ValueError(f"{towns[number].name}: a map shows values of zero or more, not {value}")
    greatest = _breaks(values) if breaks is None else list(breaks)
    if greatest != sorted(set(greatest)):
        raise ValueError(f"the breaks of a map must rise: {greatest}")

    not_known = gettext("not known") if no_data_words is None else no_data_words
    nothing = gettext("none") if zero_words is None else zero_words
    found: dict[int | None, list[MapTown]] = {}
    of_step: dict[int | None, list[Value]] = {}
    for outline in towns.values():
        value = values.get(outline.number)
        step = None if value is None else bisect_left(greatest, value) + 1 if value else 0
        found.setdefault(step, []).append(
            MapTown(
                number=outline.number,
                name=outline.name,
                path=outline.path,
                words=not_known if value is None else words(value) if value else nothing,
                url=url(outline.number) if url else "",
            )
        )
        of_step.setdefault(step, []).append(value or 0)
    bare = {None: not_known, 0: nothing}
    steps = tuple(
        MapStep(step, bare[step] if not step else _range(of_step[step], words), tuple(found[step]))
        for step in sorted(found, key=lambda step: STEPS + 1 if step is None else step)
    )
    return TownMap(
        key=key,
        title=title,
        description=gettext("%(steps)s. The table says the same for each town.")
        % {"steps": "; ".join(f"{step.words}: {_towns(len(step.towns))}" for step in steps)},
        height=height(),
        steps=steps,
        marked=towns[marked] if marked else None,
        mark_words=mark_words,
        draws_outlines=draws_outlines,
    )


def _breaks(values: Mapping[int, Value | None]) -> list[Value]:
    """Return the greatest value of each step but the last, so that each holds about as many towns."""
    rising = sorted(value for value in values.values() if value)
    ends = {rising[len(rising) * step // STEPS - 1] for step in range(1, STEPS) if len(rising) >= STEPS}
    return sorted(ends - {rising[-1]}) if rising else []


def _range(values: Sequence[Value], words: Callable[[Any], str]) -> str:
    least, most = words(min(values)), words(max(values))
    return least if least == most else gettext("%(least)s to %(most)s") % {"least": least, "most": most}


def _towns(count: int) -> str:
    return ngettext("%(number)s town", "%(number)s towns", count) % {"number": count}


# Drawing


@cache
def _drawn() -> tuple[tuple[Outline, ...], int]:
    topology = json.loads(_BOUNDARIES.read_text(encoding="utf-8"))
    arcs = [_degrees(arc, topology["transform"]) for arc in topology["arcs"]]
    west = min(x for arc in arcs for x, _ in arc)
    east = max(x for arc in arcs for x, _ in arc)
    south = min(y for arc in arcs for _, y in arc)
    north = max(y for arc in arcs for _, y in arc)
    # A degree of longitude is shorter than one of latitude by the cosine of the latitude. Across a state so
    # small, one cosine for all of it is off by less than one part in a hundred.
    narrowing = cos(radians((north + south) / 2))
    scale = (WIDTH - 2) / ((east - west) * narrowing)
    lines = [
        _rounded(_straightened([((x - west) * narrowing * scale, (north - y) * scale) for x, y in arc]))
        for arc in arcs
    ]
    number_of = {town.geoid: town for town in roster_files.towns()}
    rings_of = {}
    on_arc: dict[int, set[int]] = {}
    for shape in topology["objects"]["towns"]["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        town = number_of[shape["properties"]["geoid"]]
        rings_of[town] = [ring for polygon in polygons for ring in polygon]
        for arc in (arc for ring in rings_of[town] for arc in ring):
            on_arc.setdefault(max(arc, ~arc), set()).add(town.number)
    found = []
    for town, rings in rings_of.items():
        drawn = [_ring(ring, lines) for ring in rings]
        beside = {number for towns in on_arc.values() if town.number in towns for number in towns}
        found.append(
            Outline(
                town.number,
                town.name,
                "".join(map(_path, drawn)),
                _centre(max(drawn, key=lambda ring: abs(_twice_the_area(ring)))),
                frozenset(beside - {town.number}),
            )
        )
    return (
        tuple(sorted(found, key=lambda outline: outline.number)),
        round((north - south) * scale) + 2,
    )


def _degrees(arc: list[list[int]], transform: dict[str, list[float]]) -> list[Point]:
    """Return the points of an arc in degrees; each is written as its step from the one before."""
    (scale_x, scale_y), (first_x, first_y) = transform["scale"], transform["translate"]
    x = y = 0
    points = []
    for step_x, step_y in arc:
        x, y = x + step_x, y + step_y
        points.append((x * scale_x + first_x, y * scale_y + first_y))
    return points


def _straightened(line: list[Point]) -> list[Point]:
    """Return a line without the points that bend it least; its ends stay, so that towns still meet."""
    points = list(line)
    least = 4 if points[0] == points[-1] else 2
    while len(points) > least:
        bends = [_bend(*points[place - 1 : place + 2]) for place in range(1, len(points) - 1)]
        smallest = min(bends)
        if smallest > _LEAST_BEND:
            break
        del points[bends.index(smallest) + 1]
    return points


def _bend(before: Point, point: Point, after: Point) -> float:
    """Return the area of the triangle that a line would lose without its middle point."""
    (ax, ay), (bx, by), (cx, cy) = before, point, after
    return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2


def _rounded(line: list[Point]) -> list[tuple[int, int]]:
    return [(round(x) + 1, round(y) + 1) for x, y in line]


def _ring(ring: list[int], lines: Sequence[list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Return a closed ring from its arcs, each place once; a number below zero is an arc run backwards."""
    points: list[tuple[int, int]] = []
    for number in ring:
        line = lines[number] if number >= 0 else lines[~number][::-1]
        points += [point for place, point in enumerate(line) if point != (line[place - 1] if place else None)]
    once = [point for place, point in enumerate(points) if point != points[place - 1]]
    return once or points[:1]


def _sides(ring: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Return for each side the sums of its ends' x and y, and its part of twice the ring's area, signed."""
    return [
        (ax + bx, ay + by, ax * by - bx * ay)
        for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True)
    ]


def _twice_the_area(ring: list[tuple[int, int]]) -> int:
    return sum(part for _, _, part in _sides(ring))


def _centre(ring: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the centre of gravity of a ring."""
    whole = 3 * _twice_the_area(ring)
    return (
        round(sum(x * part for x, _, part in _sides(ring)) / whole),
        round(sum(y * part for _, y, part in _sides(ring)) / whole),
    )


def _path(ring: list[tuple[int, int]]) -> str:
    """Return a ring as an SVG path of whole steps; nothing for an islet too small to be drawn."""
    if len(ring) < 3:
        return ""
    (x, y), *rest = ring
    written = f"M{x} {y}l"
    for number, (next_x, next_y) in enumerate(rest):
        step_x, step_y = next_x - x, next_y - y
        written += f"{' ' if number and step_x >= 0 else ''}{step_x}{' ' if step_y >= 0 else ''}{step_y}"
        x, y = next_x, next_y
    return f"{written}z"
