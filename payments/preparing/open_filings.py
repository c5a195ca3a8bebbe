"""Filings of a year that are still open, and what the absence of each does to everybody's payment."""

from collections.abc import Sequence
from dataclasses import dataclass

from libraries.models import Library
from payments.estimating.estimate import Estimate, Source, Stake
from payments.preparing.comparison import Comparison, Figures, compared
from transactions.rules._wording import written_span


@dataclass(frozen=True)
class OpenFiling:
    """A library with periods not certified: which, what stands in for them, and what is at stake.

    `most_affected` is the other library whose payment moves most; None where none moves.
    """

    library: Library
    periods: Sequence[tuple[str, Source]]
    stake: Stake
    most_affected: Library | None


def of_year(found: Estimate) -> list[OpenFiling]:
    """Return the libraries with open periods of an estimated year, the largest own payment at stake first."""
    libraries = {library.key: library for library in Library.objects.filter(key__in=found.library_ids)}
    rows = []
    for key, periods in found.periods.items():
        still_open = [
            (written_span(span), source) for span, source in periods if source is not Source.CERTIFIED
        ]
        if still_open:
            stake = found.stake_of(key)
            most = libraries[stake.most_affected] if stake.most_affected else None
            rows.append(OpenFiling(libraries[key], still_open, stake, most))
    return sorted(rows, key=lambda row: (-row.stake.own_cents, row.library.key))


def without(found: Estimate, keys: Sequence[str], withheld: str) -> Comparison:
    """Return everybody's line with the open filings of these libraries (before) and without (after).

    Source: C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-2(d), 11-31c-4(a), (b).
    """
    absent = found
    for key in keys:
        absent = absent.without(key)
    return compared(_figures(found, withheld), _figures(absent, withheld))


def _figures(found: Estimate, withheld: str) -> list[tuple[Library, Figures]]:
    libraries = {library.key: library for library in Library.objects.filter(key__in=found.library_ids)}
    return [
        (
            libraries[line.key],
            Figures(line.loans, line.borrows, line.net_plus, line.payment_cents, line.withheld_cents),
        )
        for line in found.split_under(withheld).lines
    ]
