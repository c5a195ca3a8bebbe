"""Bars of figures, the longest for the greatest, worked out here and drawn by a template as SVG.

Each bar stands below its label and its figure, so that a long name has the whole width. Bars begin at zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connecticard.templatetags.figures import count as written_count

_PITCH, _TEXT_AT, _BAR_AT, _BAR_HEIGHT = 38, 13, 19, 10  # pixels from the top of each bar's room


@dataclass(frozen=True)
class Bar:
    """A label, its figure in words, and where its bar lies, in pixels of the picture."""

    label: str
    figure: str
    text_y: int
    y: int
    length: int
    percent: float
    """The same of the picture's whole width, for a picture as wide as its page."""


@dataclass(frozen=True)
class BarChart:
    """Bars from the top of a picture down."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    bar_height: int = _BAR_HEIGHT

    @property
    def words(self) -> str:
        """Every bar in words."""
        return "; ".join(f"{bar.label}: {bar.figure}" for bar in self.bars)


def bar_chart(
    values: Sequence[tuple[str, int]],
    *,
    width: int = 720,
    write: Callable[[int], str] = written_count,
) -> BarChart | None:
    """Return a bar for each label and its number, in the order given; None where none is above zero.

    `write` says how a number is written. ValueError for a number below zero.
    """
    if any(number < 0 for _, number in values):
        raise ValueError("a bar shows a number of zero or more")
    greatest = max((number for _, number in values), default=0)
    if not greatest:
        return None
    return BarChart(
        bars=tuple(
            Bar(
                label=label,
                figure=write(number),
                text_y=place * _PITCH + _TEXT_AT,
                y=place * _PITCH + _BAR_AT,
                length=max(round(width * number / greatest), 1) if number else 0,
                percent=max(round(100 * number / greatest, 1), 0.2) if number else 0,
            )
            for place, (label, number) in enumerate(values)
        ),
        width=width,
        height=len(values) * _PITCH,
    )
