"""The split of an appropriation between participating libraries, to the cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from connecticard.rulebook import Entry, Label, Rulebook
from payments.rules.cents import apportion
from payments.rules.net_plus import LibraryActivity, net_plus

__all__ = ["RULEBOOK", "GrantLine", "GrantSplit", "LibraryActivity", "split_appropriation"]

_CHECKED = date(2026, 11, 21)

RULEBOOK = Rulebook(
    [
        Entry(
            key="grant.transactions_part",
            value="1/2",
            citation="C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(b), (c)",
            label=Label.LAW,
            sentence="Half of the appropriation is divided by transactions and half by net-plus "
            "transactions.",
            last_checked_on=_CHECKED,
            effective_from=date(1994, 1, 31),
        ),
        Entry(
            key="grant.amount_divided",
            value="the amount appropriated",
            citation="C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(b), (c)",
            label=Label.LAW,
            sentence="The amount appropriated is divided, less what was taken back since; a run on less "
            "says so with the document, and none divides more than is available.",
            last_checked_on=_CHECKED,
            effective_from=date(1994, 1, 31),
        ),
        Entry(
            key="grant.odd_cent_goes_to",
            value="transactions",
            citation="Regs. Conn. State Agencies § 11-31c-4(b), (c)",
            label=Label.READING,
            sentence="The odd cent of an appropriation that cannot be halved goes to the transactions pool.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="grant.not_in_order",
            value="keep",
            citation="Regs. Conn. State Agencies § 11-31c-4(a), (b)",
            label=Label.READING,
            sentence="The certified loans of a participating library that is not in order stay in every "
            "sum, and its own shares are withheld; nobody else's payment changes.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="grant.redistribute_needs_board_decision",
            value=True,
            citation="Regs. Conn. State Agencies § 11-31c-4(b)",
            label=Label.READING,
            sentence="Dividing the shares of libraries that are not in order among the others departs from "
            "the text; it needs a recorded decision of the Board and leaves nothing to release.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="grant.empty_pool",
            value="undistributed",
            citation="Regs. Conn. State Agencies § 11-31c-4(b), (c); C.G.S. § 4-89",
            label=Label.READING,
            sentence="A pool in which nobody has a share is not an error: it is not distributed, and lapses.",
            last_checked_on=_CHECKED,
        ),
    ]
)


@dataclass(frozen=True)
class GrantLine:
    """One library's part of the split; payment and withheld add up to its two shares. Money in cents."""

    key: str
    loans: int
    borrows: int
    net_plus: int
    transactions_share_cents: int
    net_plus_share_cents: int
    payment_cents: int
    withheld_cents: int


@dataclass(frozen=True)
class GrantSplit:
    """An appropriation divided: two pools, one line for each library sorted by key, and what nobody gets."""

    transactions_pool_cents: int
    net_plus_pool_cents: int
    lines: tuple[GrantLine, ...]
    undistributed_cents: int


def split_appropriation(
    appropriation_cents: int,
    activity: Sequence[LibraryActivity],
    *,
    withheld: str = "keep",
    on: date | None = None,
    under: Rulebook = RULEBOOK,
) -> GrantSplit:
    """Return each participating library's two shares of an appropriation, in cents that add up exactly.

    `withheld` says what becomes of the shares of a library that is not in order. "keep": it stays in both
    sums and its shares are held back. "redistribute": it leaves both sums and its money is 0; its counts and
    net plus are still shown. A pool in which nobody has a share is undistributed. `on` is the day whose
    rulebook entries apply, the newest where it is left out; `under` is the rulebook that holds them.

    ValueError for a key that appears twice, a number that is negative or not an `int` (a `bool` is not one),
    or an unknown policy.

    Source: C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(a) to (c).
    """
    if withheld not in ("keep", "redistribute"):
        raise ValueError(f"{withheld!r} is not a policy; choose keep or redistribute")
    _require_count(appropriation_cents, "the appropriation")
    by_key: dict[str, LibraryActivity] = {}
    for library in activity:
        if library.key in by_key:
            raise ValueError(f"{library.key} appears twice; give each library once")
        _require_count(library.loans, f"loans of {library.key}")
        _require_count(library.borrows, f"borrows of {library.key}")
        by_key[library.key] = library

    transactions_pool = _transactions_pool(appropriation_cents, on or date.max, under)
    net_plus_pool = appropriation_cents - transactions_pool

    libraries = [by_key[key] for key in sorted(by_key)]
    sharing = [library for library in libraries if library.eligible or withheld == "keep"]
    transactions_shares = apportion(transactions_pool, {library.key: library.loans for library in sharing})
    net_plus_shares = apportion(
        net_plus_pool, {library.key: net_plus(library.loans, library.borrows) for library in sharing}
    )

    lines = tuple(
        _line(library, transactions_shares.get(library.key, 0), net_plus_shares.get(library.key, 0))
        for library in libraries
    )
    return GrantSplit(
        transactions_pool_cents=transactions_pool,
        net_plus_pool_cents=net_plus_pool,
        lines=lines,
        undistributed_cents=appropriation_cents
        - sum(line.transactions_share_cents + line.net_plus_share_cents for line in lines),
    )


def _line(library: LibraryActivity, transactions_share: int, net_plus_share: int) -> GrantLine:
    shares = transactions_share + net_plus_share
    return GrantLine(
        key=library.key,
        loans=library.loans,
        borrows=library.borrows,
        net_plus=net_plus(library.loans, library.borrows),
        transactions_share_cents=transactions_share,
        net_plus_share_cents=net_plus_share,
        payment_cents=shares if library.eligible else 0,
        withheld_cents=0 if library.eligible else shares,
    )


def _transactions_pool(appropriation_cents: int, on: date, under: Rulebook) -> int:
    """Return the transactions pool in cents, with the odd cent where the rulebook puts it."""
    exact = appropriation_cents * Fraction(str(under.entry("grant.transactions_part", on).value))
    cents = exact.numerator // exact.denominator
    has_odd_cent = exact.denominator > 1
    takes_odd_cent = under.entry("grant.odd_cent_goes_to", on).value == "transactions"
    return cents + 1 if has_odd_cent and takes_odd_cent else cents


def _require_count(number: int, what: str) -> None:
    if type(number) is not int:
        raise ValueError(f"{what} must be a whole number, not {number!r}")
    if number < 0:
        raise ValueError(f"{what} must not be negative, and is {number}")
