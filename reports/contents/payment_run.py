"""What the documents of a payment run say: the statement of each library, and the list of them all."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import zip_longest
from typing import ClassVar

from payments.explaining.change_of_payment import Change
from payments.explaining.payment_explained import Rounding
from payments.explaining.requirements_met import Requirement, WaiverNote
from reports.contents.origin import MadeFrom


@dataclass(frozen=True)
class Pool:
    """One half of the appropriation and the sum that divides it. Source: Regs. § 11-31c-4(b), (c)."""

    cents: int
    weight: int
    """Loans of all participating libraries, or their net-plus loans; 0 where there was none."""

    @property
    def rate(self) -> Fraction:
        """Return the dollars for one loan, exact; 0 where nothing divides the pool."""
        return Fraction(self.cents, 100 * self.weight) if self.weight else Fraction(0)


@dataclass(frozen=True)
class RunFacts:
    """A payment run, as its statements and its list describe it."""

    number: int
    fiscal_year: int
    """State fiscal year of payment, named for the year in which it ends."""
    measured_from: date
    measured_to: date
    appropriation_cents: int
    appropriation_source: str
    """The act and its date, and any document that lowered the amount."""
    transactions: Pool
    net_plus: Pool
    redistributes_withheld: bool = False
    """Whether a withheld share goes to the other libraries (the Board's decision) or is kept."""
    assumes_eligible: bool = False
    """Whether every open library was taken as participating and in order, as for years before this system."""
    estimate: str = ""
    """What is estimated and how, in one sentence; empty where nothing is."""
    prepared_by: str = ""
    certified_by: str = ""
    certified_on: date | None = None
    """None: a preview, and every page says so."""


@dataclass(frozen=True)
class CountedFiling:
    """A filing whose loans are in the run."""

    first_day: date
    last_day: date
    version: int
    loans: int | None
    """None: nothing but "not counted" stands in it."""
    standing: str
    """"certified by the library", or "published, not certified by the library"."""
    recorded_on: date
    sha256: str


@dataclass(frozen=True)
class Division:
    """A share written out: the pool, divided by everybody's figure, times the library's own.

    ValueError where the share is not that quotient to the cent: no document prints a wrong division.
    """

    pool: Pool
    own: int
    """The library's loans or net-plus loans; 0 where the Board's decision leaves it out of the division."""
    share_cents: int

    def __post_init__(self) -> None:
        if abs(self.rounding) >= Fraction(1, 100):
            raise ValueError(
                f"a share of {self.share_cents} cents does not follow from {self.pool} and {self.own}"
            )

    @property
    def before_rounding(self) -> Fraction:
        """Return the exact share in dollars."""
        return self.pool.rate * self.own

    @property
    def rounding(self) -> Fraction:
        """Return what rounding to whole cents added, in dollars; less than one cent either way."""
        return Fraction(self.share_cents, 100) - self.before_rounding


@dataclass(frozen=True)
class TopPartner:
    """A library with many loans from or to the one of a statement."""

    name: str
    loans: int


@dataclass(frozen=True)
class PaymentStatement:
    """What one library is paid, and why. Source: Regs. § 11-31c-4."""

    template: ClassVar[str] = "reports/pdf/payment_statement.html"

    run: RunFacts
    library_key: str
    library_name: str
    town: str
    loans: int | None
    """None: the library said that it did not count them, which is not zero."""
    borrows: int
    net_plus: int
    transactions: Division
    net_plus_division: Division
    payment_cents: int
    withheld_cents: int
    requirements: tuple[Requirement, ...]
    filings: tuple[CountedFiling, ...]
    made_from: MadeFrom
    waivers: tuple[WaiverNote, ...] = ()
    spending_due_on: date | None = None
    """The day by which the library reports what it spent this payment on; None where nothing is paid."""
    change: Change | None = None
    """The change from the year before; None where no run of it is published."""
    transactions_rounding: Rounding | None = None
    net_plus_rounding: Rounding | None = None
    lent_to: tuple[TopPartner, ...] = ()
    """Whose cards borrowed from it, the most loans first; the first few."""
    borrowed_from: tuple[TopPartner, ...] = ()
    """Who lent on its cards, the most loans first; the first few."""
    explained_at: str = ""
    """Address of the page that explains this payment in full."""
    rulebook_at: str = ""
    """Address of the rulebook as of the day whose law was applied."""

    @property
    def rulebook_keys(self) -> tuple[str, ...]:
        """The entries of the rulebook that this statement rests on, by key."""
        keys = ["grant.transactions_part", "net_plus.below_zero", "cents.rounding"]
        if self.withheld_cents:
            keys.append("grant.not_in_order")
        if self.change:
            keys.append("change.divided_between_causes")
        return (*keys, *dict.fromkeys(one.key for one in self.unmet if one.key))

    @property
    def rounded(self) -> str:
        """Return its places in the queues for the cents left over, in words; empty where it had none."""
        named = (("transactions", self.transactions_rounding), ("net-plus", self.net_plus_rounding))
        places = [
            f"place {rounding.own.number} of {rounding.waiting} in the {pool} pool, "
            f"{'which got' if rounding.own.gets_a_cent else 'without'} one of {rounding.cents}"
            for pool, rounding in named
            if rounding and rounding.own
        ]
        return f"In the queue for the cents left over it had {'; and '.join(places)}." if places else ""

    @property
    def partners(self) -> tuple[tuple[TopPartner | None, TopPartner | None], ...]:
        """Both lists of partners, row by row."""
        return tuple(zip_longest(self.lent_to, self.borrowed_from))

    @property
    def title(self) -> str:
        return f"Payment statement FY{self.run.fiscal_year}: {self.library_name}"

    @property
    def unmet(self) -> tuple[Requirement, ...]:
        return tuple(requirement for requirement in self.requirements if not requirement.met)


@dataclass(frozen=True)
class PaymentLine:
    """One library's line of the payment list."""

    library_key: str
    library_name: str
    loans: int | None
    """None: the library said that it did not count them, which is not zero."""
    borrows: int
    net_plus: int
    transactions_share_cents: int
    net_plus_share_cents: int
    payment_cents: int
    withheld_cents: int
    unmet: tuple[Requirement, ...] = ()


@dataclass(frozen=True)
class PaymentTotals:
    """The last line of the payment list; paid + withheld + undistributed = appropriation."""

    libraries: int
    loans: int
    net_plus: int
    transactions_share_cents: int
    net_plus_share_cents: int
    paid_cents: int
    withheld_cents: int
    undistributed_cents: int
    libraries_paid: int
    libraries_withheld: int


@dataclass(frozen=True)
class PaymentList:
    """What every participating library is paid in a fiscal year. Source: Regs. § 11-31c-4."""

    template: ClassVar[str] = "reports/pdf/payment_list.html"

    run: RunFacts
    lines: tuple[PaymentLine, ...]
    totals: PaymentTotals
    made_from: MadeFrom
    waivers: tuple[WaiverNote, ...] = ()

    @property
    def title(self) -> str:
        return f"Payment list FY{self.run.fiscal_year}"

    @property
    def withheld_lines(self) -> tuple[PaymentLine, ...]:
        """Return the lines of libraries that are not in order."""
        return tuple(line for line in self.lines if line.unmet)
