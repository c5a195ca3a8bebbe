"""Why a library's payment is not what it was the year before: the change divided between its causes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from math import factorial

from connecticard.rulebook import Entry, Label, Rulebook
from payments.rules.net_plus import net_plus

RULEBOOK = Rulebook(
    [
        Entry(
            key="change.divided_between_causes",
            value="the average over every order of the causes",
            citation="Regs. Conn. State Agencies § 11-31c-4(b), (c)",
            label=Label.READING,
            sentence="The causes of a change are put in place one after another, last year's figure giving "
            "way to this year's; what each adds depends on what went before, so its part is the average over "
            "every order, in exact fractions, and the parts are rounded to whole cents that add up to the "
            "change. It explains a payment and decides none.",
            last_checked_on=date(2026, 11, 21),
        ),
    ]
)

_MOST_ROUNDING = 2  # cents: each of two shares is less than one cent from its exact fraction


class Cause(StrEnum):
    """What a payment rests on and what may have changed. The order is that in which pages tell it."""

    OWN_LOANS = "own_loans"
    OTHERS_LOANS = "others_loans"
    OWN_BORROWING = "own_borrowing"
    APPROPRIATION = "appropriation"
    TAKING_PART = "taking_part"
    IN_ORDER = "in_order"
    ROUNDING = "rounding"


@dataclass(frozen=True)
class YearOfPayment:
    """One library's payment of a year with what it rests on. Money in whole cents.

    `others_loans` and `others_net_plus` are the sums over the other libraries that share in the division.
    A library that is not in order has a payment of 0; what is held for it is `withheld_cents`.
    """

    transactions_pool_cents: int
    net_plus_pool_cents: int
    loans: int
    borrows: int
    others_loans: int
    others_net_plus: int
    in_order: bool
    payment_cents: int
    withheld_cents: int

    @property
    def net_plus(self) -> int:
        """Loans above borrows, or 0."""
        return net_plus(self.loans, self.borrows)


@dataclass(frozen=True)
class Part:
    """What one cause added to a payment or took from it, in cents."""

    cause: Cause
    cents: int


def explain_change(before: YearOfPayment | None, now: YearOfPayment | None) -> tuple[Part, ...]:
    """Return the change of a library's payment between two years, divided between its causes.

    One part for each cause in the order of `Cause`, 0 where it changed nothing; the parts are whole cents and
    add up to the change of the payment. None is a year in which the library took no part: the whole change is
    then of taking part. ValueError where a payment does not follow from its figures to the cent.

    The four figures of the division are put in place in every order and each is credited with the average of
    what it adds (the Shapley value), in exact fractions. To these come what was held back because the library
    was not in order, and what the cents given by rounding differ. All are rounded by largest remainder to the
    change itself.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    return tuple(
        Part(cause, cents) for cause, cents in zip(Cause, _whole(exact_parts(before, now)), strict=True)
    )


def exact_parts(before: YearOfPayment | None, now: YearOfPayment | None) -> dict[Cause, Fraction]:
    """Return the part of each cause in cents before rounding; they add up to the change.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    parts = dict.fromkeys(Cause, Fraction(0))
    if before is None or now is None:
        parts[Cause.TAKING_PART] = Fraction(_paid(now) - _paid(before))
        return parts
    parts |= _averages(before, now)
    parts[Cause.IN_ORDER] = _held(before) - _held(now)
    parts[Cause.ROUNDING] = _rounding(now) - _rounding(before)
    return parts


def _averages(before: YearOfPayment, now: YearOfPayment) -> dict[Cause, Fraction]:
    """Return what each figure of the division adds, on the average over all orders of putting them in place.

    An order matters to a figure only by which others stand before it, so each set of those is weighed by how
    many orders have it.
    """
    count = len(_FIGURES)
    share = {
        frozenset(chosen): _exact_share(_with(before, now, chosen))
        for size in range(count + 1)
        for chosen in combinations(_FIGURES, size)
    }
    return {
        cause: sum(
            (
                (share[chosen | {cause}] - share[chosen])
                * Fraction(factorial(len(chosen)) * factorial(count - len(chosen) - 1), factorial(count))
                for chosen in share
                if cause not in chosen
            ),
            Fraction(0),
        )
        for cause in _FIGURES
    }


def _with(before: YearOfPayment, now: YearOfPayment, chosen: tuple[Cause, ...]) -> YearOfPayment:
    """Return the year before with some of its figures as they are now."""
    year = before
    for cause in chosen:
        year = _FIGURES[cause](year, now)
    return year


_FIGURES: dict[Cause, Callable[[YearOfPayment, YearOfPayment], YearOfPayment]] = {
    Cause.OWN_LOANS: lambda year, now: replace(year, loans=now.loans),
    Cause.OTHERS_LOANS: lambda year, now: replace(
        year, others_loans=now.others_loans, others_net_plus=now.others_net_plus
    ),
    Cause.OWN_BORROWING: lambda year, now: replace(year, borrows=now.borrows),
    Cause.APPROPRIATION: lambda year, now: replace(
        year,
        transactions_pool_cents=now.transactions_pool_cents,
        net_plus_pool_cents=now.net_plus_pool_cents,
    ),
}


def _exact_share(year: YearOfPayment) -> Fraction:
    """Return the two shares before rounding, in cents, as if the library were in order."""
    return _part(year.transactions_pool_cents, year.loans, year.others_loans) + _part(
        year.net_plus_pool_cents, year.net_plus, year.others_net_plus
    )


def _part(pool_cents: int, own: int, others: int) -> Fraction:
    return Fraction(pool_cents * own, own + others) if own else Fraction(0)


def _paid(year: YearOfPayment | None) -> int:
    if year is None:
        return 0
    _rounding(year)
    return year.payment_cents


def _held(year: YearOfPayment) -> Fraction:
    """Return what the library did not get because it was not in order: kept for it, or gone to the others."""
    if year.in_order:
        return Fraction(0)
    return Fraction(year.withheld_cents) if year.withheld_cents else _exact_share(year)


def _rounding(year: YearOfPayment) -> Fraction:
    """Return the cents that rounding gave or took. ValueError where more than rounding would be needed."""
    difference = year.payment_cents + _held(year) - _exact_share(year)
    if abs(difference) >= _MOST_ROUNDING:
        raise ValueError(f"a payment of {year.payment_cents} cents does not follow from {year}")
    return difference


def _whole(parts: dict[Cause, Fraction]) -> list[int]:
    """Return parts whose sum is whole as whole cents with that sum, by largest remainder, earlier first."""
    cents = {cause: part.__floor__() for cause, part in parts.items()}
    left_over = int(sum(parts.values())) - sum(cents.values())
    for cause in sorted(parts, key=lambda cause: cents[cause] - parts[cause])[:left_over]:
        cents[cause] += 1
    return list(cents.values())
