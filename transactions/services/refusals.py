"""Why a service did not do what was asked. Every message says what to do next."""

from dataclasses import dataclass
from datetime import date


class FilingRefused(ValueError):
    """The change cannot be made; the message is a sentence for the person who asked."""


class FilingChanged(FilingRefused):
    """Somebody else changed the filing since it was read: read it again before writing."""


@dataclass(frozen=True)
class CellProblem:
    """What is wrong with one cell of the grid, or with the filing as a whole where both are None.

    `home_library` is the id of the home library's row, `month` the first day of the column's month; None in
    the column of period totals.
    """

    home_library: int | None
    month: date | None
    message: str
    citation: str = ""


class CountsRefused(FilingRefused):
    """Counts that cannot be saved, submitted or certified; nothing was stored."""

    def __init__(self, problems: list[CellProblem]):
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = problems


class NotCertifiable(CountsRefused):
    """A filing in which something must be mended or explained before it is submitted or certified."""
