"""Where a document comes from: its source and its hashes, the law applied, and its edition."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class MadeFrom:
    """The origin of a document, printed at its end and at the foot of every page."""

    source: str
    """What the figures come from, in words: "payment run 12, certified May 4, 2018"."""
    rulebook_edition: str
    """SHA-256 of the law that was applied, 64 hexadecimal digits."""
    data_sha256: str
    """SHA-256 of the data shown, 64 hexadecimal digits."""
    dated: date
    """The day the document bears; the day of the certified record, not the day of printing."""


@dataclass(frozen=True)
class AppliedRule:
    """An entry of the rulebook on which the figures rest, with its value in words."""

    key: str
    value: str
    citation: str
    """Where it stands; empty where no text says it."""
    label: str
    """law, practice or reading."""
    sentence: str
    """What it says, in one sentence; empty where the rulebook that was applied is older than today's."""


@dataclass(frozen=True)
class ChangedFigure:
    """A figure that stands otherwise than in the edition before."""

    line: str
    """Whose figure it is: the name of a library, a category, a year."""
    figure: str
    """What it is: the heading of its column."""
    before: str
    """As the edition before wrote it; empty where it had none."""
    now: str


@dataclass(frozen=True)
class Changes:
    """What changed since the edition before, in sentences and line by line."""

    edition_before: int
    reason: str = ""
    """Why there is a new edition, as the person who prepared it wrote it."""
    sentences: tuple[str, ...] = ()
    """What was amended, in sentences."""
    figures: tuple[ChangedFigure, ...] = ()
    """Every figure that differs; may be empty where only other reports of the year changed."""
