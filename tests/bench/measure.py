"""A ratio between two ways of doing the same work, measured side by side.

Absolute times say more about the machine than about the code. Each round runs both sides one after the
other, so that both meet the same noise; the median of the rounds' ratios is what is judged.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

ROUNDS = 7
SLACK = 0.10
"""A measurement within 10 % of its goal passes: that is the noise of a shared machine."""


@dataclass(frozen=True)
class Measurement:
    """One ratio against its goal."""

    name: str
    ratio: float
    goal: float
    at_most: bool
    """True where the ratio shall not exceed the goal, False where it shall reach it."""
    detail: str = ""

    @property
    def passed(self) -> bool:
        if self.at_most:
            return self.ratio <= self.goal * (1 + SLACK)
        return self.ratio >= self.goal * (1 - SLACK)


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(
    name: str,
    *,
    ours: Callable[[], object],
    floor: Callable[[], object],
    goal: float,
    at_most: bool = True,
    rounds: int = ROUNDS,
    rate: bool = False,
    prepare: Callable[[], object] = lambda: None,
) -> Measurement:
    """Return the median ratio of our time to the floor's, over paired rounds after one warm-up of each.

    With `rate`, the ratio is of work done in a second: the floor's time to ours. `prepare` runs before each
    and is not measured.
    """

    def measured(work: Callable[[], object]) -> float:
        prepare()
        return seconds(work)

    measured(ours)
    measured(floor)
    pairs = []
    for number in range(rounds):
        if number % 2:
            second, first = measured(floor), measured(ours)
        else:
            first, second = measured(ours), measured(floor)
        pairs.append((first, second))
    ratio = median(b / a if rate else a / b for a, b in pairs)
    ours_median, floor_median = median(a for a, _ in pairs), median(b for _, b in pairs)
    return Measurement(
        name, ratio, goal, at_most, f"{ours_median * 1000:,.1f} ms against {floor_median * 1000:,.1f} ms"
    )
