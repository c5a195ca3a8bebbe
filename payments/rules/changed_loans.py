"""Loan counts as they would be had a library lent more or less: whole units, and none lost on the way.

For what-if questions only. No payment rests on a count that was changed here.
"""

import re
from collections.abc import Sequence

PERCENT_PATTERN = r"-(?:100|[0-9]{1,2}(?:\.[0-9]{1,2})?)|[0-9]{1,3}(?:\.[0-9]{1,2})?"
_PERCENT = re.compile(PERCENT_PATTERN)


def parse_percent(text: str) -> int:
    """Return a change in percent, such as -20 or 12.5, in hundredths of a percent.

    ValueError where it is written in any other way, takes away more than there is, or adds 1,000 or more.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    if not isinstance(text, str) or not _PERCENT.fullmatch(text):
        raise ValueError(
            f"{text!r} is no change in percent; write a number from -100 to 999 with at most two decimals, "
            "such as -20 or 12.5"
        )
    whole, _, decimals = text.removeprefix("-").partition(".")
    hundredths = int(whole) * 100 + int(decimals.ljust(2, "0"))
    return -hundredths if text.startswith("-") else hundredths


def plain_percent(hundredths: int) -> str:
    """Return hundredths of a percent as `parse_percent` reads them: -20, 12.5.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    whole, rest = divmod(abs(hundredths), 100)
    decimals = f".{rest:02}".rstrip("0") if rest else ""
    return f"{'-' if hundredths < 0 else ''}{whole}{decimals}"


def changed_by(number: int, hundredths: int) -> int:
    """Return a number raised or lowered by hundredths of a percent, to the nearest whole, a half upwards.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    return (number * (100_00 + hundredths) * 2 + 100_00) // (2 * 100_00)


def spread(upto: Sequence[int], total: int) -> list[int]:
    """Return counts in the proportions that they have, adding up to another total exactly.

    Counts are given and returned as running sums: the first, the first two, and so on, the last their total.
    Each running sum is the exact part of the new total cut to whole units, so that each count lies less than
    one unit from its exact part, no fraction is given twice, and 0 stays 0. ValueError for a total below 0,
    or above it where there is nothing to spread it by.

    Source: Regs. Conn. State Agencies § 11-31c-1(f), (h).
    """
    now = upto[-1] if upto else 0
    if total < 0 or (total and not now):
        raise ValueError(f"{total} units cannot be spread in proportion to {now}")
    if total == now:
        return list(upto)
    return [units * total // now for units in upto]
