"""Money in whole cents: reading it, writing it, and dividing it without losing one.

Integers only. An amount that cannot be read is refused, never taken as zero.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from connecticard.rulebook import Entry, Label, Rulebook

RULEBOOK = Rulebook(
    [
        Entry(
            key="cents.rounding",
            value="largest remainder",
            citation="Regs. Conn. State Agencies § 11-31c-4(b), (c)",
            label=Label.READING,
            sentence="Shares are exact fractions; each is cut to whole cents, and the cents left over go "
            "one each to the largest fractions cut off, so that the shares of a pool add up to it.",
            last_checked_on=date(2026, 11, 21),
        ),
        Entry(
            key="cents.tie",
            value="lower key",
            citation="Regs. Conn. State Agencies § 11-31c-4(b), (c)",
            label=Label.READING,
            sentence="Where the fractions cut off are equal, the cent goes to the library with the lower "
            "key.",
            last_checked_on=date(2026, 11, 21),
        ),
        Entry(
            key="cents.zero_weight_gets_a_cent",
            value=False,
            citation="Regs. Conn. State Agencies § 11-31c-4(b), (c)",
            label=Label.READING,
            sentence="A library without a loan, or without a net-plus loan, gets no cent of that pool.",
            last_checked_on=date(2026, 11, 21),
        ),
    ]
)

_DOLLARS = re.compile(r"([0-9]+)(?:\.([0-9]{1,2}))?")
_MOST_DIGITS = 15  # more than any appropriation, less than the largest whole number a database column holds


def parse_dollars(text: str) -> int:
    """Return an amount written as digits with at most two decimals, such as 703638.00, in cents.

    ValueError where it is written in any other way; no sign, no comma and no space is read past.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    found = _DOLLARS.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(
            f"{text!r} is not an amount in dollars; write digits with at most two decimals, such as 703638.00"
        )
    dollars, decimals = found.groups(default="")
    if len(dollars) > _MOST_DIGITS:
        raise ValueError(
            f"an amount has at most {_MOST_DIGITS} digits before the point; this has {len(dollars)}"
        )
    return int(dollars) * 100 + int(decimals.ljust(2, "0"))


def plain_dollars(cents: int) -> str:
    """Return cents as dollars for a file: 1234.56, and -1234.56 below zero.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    _require_whole(cents)
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{dollars}.{rest:02}"


def dollars(cents: int) -> str:
    """Return cents as dollars for a reader: $1,234.56, and -$1,234.56 below zero.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    _require_whole(cents)
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${whole:,}.{rest:02}"


def apportion(total_cents: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Return total_cents divided in proportion to weights, in cents by key, sorted by key.

    The parts add up to the total exactly, by largest remainder, ties to the lower key. Every part is within
    a cent of its exact share, and a weight of zero gets nothing. Where no weight is above zero every part is
    0 and the total stays undivided. ValueError for a total or a weight that is negative or no whole number.

    A part never falls, not even by a cent, when its weight rises, no other weight rises, and the others
    together fall by no more than it rose. Its exact share then rises or stays and every other falls or stays.
    If it keeps its whole cents, then whoever also does so has less cut off and cannot pass it in the queue
    for the cents left over; and each that drops whole cents, and may pass it, adds as many to that queue.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    parts, cut_off = _cut(total_cents, weights)
    left_over = total_cents - sum(parts.values()) if cut_off else 0
    for key in _queue(cut_off)[:left_over]:
        parts[key] += 1
    return parts


@dataclass(frozen=True)
class Place:
    """A place in the queue for the cents left over when every share of a pool was cut to whole cents.

    `cut_off` is the fraction of a cent that was cut; `gets_a_cent` whether the cents reach this place.
    """

    key: str
    whole_cents: int
    cut_off: Fraction
    gets_a_cent: bool


def rounding_queue(total_cents: int, weights: Mapping[str, int]) -> tuple[Place, ...]:
    """Return who stands in the queue for the cents that `apportion` leaves over, the first served first.

    Whoever has nothing cut off stands in no queue. A part is `whole_cents`, and a cent more where the cents
    left over reach it. Errors as for `apportion`.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    parts, cut_off = _cut(total_cents, weights)
    left_over = total_cents - sum(parts.values())
    sum_of_weights = sum(weights.values())
    return tuple(
        Place(key, parts[key], Fraction(cut_off[key], sum_of_weights), number < left_over)
        for number, key in enumerate(_queue(cut_off))
        if cut_off[key]
    )


def _cut(total_cents: int, weights: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Return each part in whole cents, and what was cut off of it in cents divided by the sum of weights.

    Sorted by key; nothing is cut off where no weight is above zero.
    """
    _require_count(total_cents, "the total")
    for key, weight in weights.items():
        _require_count(weight, f"the weight of {key}")

    sum_of_weights = sum(weights.values())
    if sum_of_weights == 0:
        return dict.fromkeys(sorted(weights), 0), {}

    parts: dict[str, int] = {}
    cut_off: dict[str, int] = {}
    for key in sorted(weights):
        parts[key], cut_off[key] = divmod(total_cents * weights[key], sum_of_weights)
    return parts, cut_off


def _queue(cut_off: Mapping[str, int]) -> list[str]:
    """Return keys by what was cut off, the most first; equal ones stay in order of key."""
    return sorted(cut_off, key=lambda key: -cut_off[key])


def rate(cents: int, count: int) -> str:
    """Return dollars for each of count as text with ten decimals, a half rounded to the even digit.

    "0.0000000000" where count is 0. ValueError for a negative number or one that is not whole.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    _require_count(cents, "the amount")
    _require_count(count, "the count")
    if count == 0:
        return "0.0000000000"
    units, rest = divmod(cents * 10**8, count)  # ten-billionths of a dollar
    if rest * 2 > count or (rest * 2 == count and units % 2):
        units += 1
    return f"{units // 10**10}.{units % 10**10:010}"


def _require_whole(number: int) -> None:
    if type(number) is not int:
        raise ValueError(f"an amount must be a whole number of cents, not {number!r}")


def _require_count(number: int, what: str) -> None:
    if type(number) is not int:
        raise ValueError(f"{what} must be a whole number, not {number!r}")
    if number < 0:
        raise ValueError(f"{what} must not be negative, and is {number}")
