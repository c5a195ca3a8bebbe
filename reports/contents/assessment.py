"""What an assessment says: a library's or a consortium's year in the program, for its board."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar

from payments.past_years.history import weakest
from payments.past_years.trends import Charts
from reports.contents.advocacy import (
    AVERAGE_PAYMENT_CENTS,
    COST_CENTS,
    PRICE_CENTS,
    PUBLISHED_WORDS,
    AdvocacySheet,
    mark_of,
)
from reports.contents.origin import MadeFrom
from reports.places.flows import Exchange
from reports.places.maps import MapsOfPlace
from reports.rules import assessment as rules
from reports.rules.assessment import Borrowed, Circulation, Lent, Place, Subject
from transactions.models import Provenance


class Section(StrEnum):
    """A part of an assessment, which one may leave out or move. Its value stands in addresses."""

    LOANS = "loans"
    SHARE = "share"
    GAINED = "gained"
    COST = "cost"
    TREND = "trend"
    PEERS = "peers"
    USED = "used"
    CAME = "came"

    @property
    def heading(self) -> str:
        return {
            Section.LOANS: "Lent and borrowed",
            Section.SHARE: "Share of circulation to residents of other towns",
            Section.GAINED: "What residents gained",
            Section.COST: "What lending costs, and what is paid",
            Section.TREND: "Five years",
            Section.PEERS: "Beside peers of similar size",
            Section.USED: "Where the cards were used",
            Section.CAME: "Who borrowed there",
        }[self]

    @property
    def template(self) -> str:
        """The piece of page and of paper that shows it."""
        return f"reports/assessment/_{self.value}.html"


@dataclass(frozen=True)
class PeerLine:
    """A library or a consortium beside its peers; `lent` is None where it is not known."""

    name: str
    residents: int
    lent: int | None
    payment_cents: int | None
    kind: Provenance
    is_own: bool = False

    @property
    def each(self) -> Fraction | None:
        """Items lent for each resident; None where either is not known."""
        return None if self.lent is None or not self.residents else Fraction(self.lent, self.residents)

    @property
    def for_a_hundred(self) -> int | None:
        """Items lent for every 100 residents, to the nearest."""
        return None if self.each is None else round(self.each * 100)


@dataclass(frozen=True)
class YearLine:
    """A fiscal year: what was lent, by how many of the libraries it is known, and how firm that is."""

    fiscal_year: int
    lent: int | None
    known: int
    kind: Provenance


@dataclass(frozen=True)
class MemberLine:
    """A member of a consortium in the year; what is not known, or has no line in the payments, is None."""

    name: str
    town: str
    lent: int | None
    borrowed: int | None
    payment_cents: int | None
    kind: Provenance


@dataclass(frozen=True)
class TownLine:
    """A town and the units that passed, in one direction; None is not counted."""

    town: str
    loans: int | None
    kind: Provenance


@dataclass(frozen=True)
class Own:
    """The logo of whom an assessment is about: the PNG, its SHA-256 and its size in pixels."""

    png: bytes
    sha256: str
    width: int
    height: int

    @property
    def name(self) -> str:
        """How a document calls it: like one of our own static files, though it is none."""
        return f"own/{self.sha256}.png"


@dataclass(frozen=True)
class Assessment:
    """What the program is to one library, or to the members of a consortium, in a year that is published.

    Money in cents, loans in units (1(g)). `sheet` holds what residents of a library gained; None for a
    consortium. `payment_cents` is None where there is no line in the payments of the year. `residents` live
    in the towns served, by the count of July 1, 2020.
    """

    template: ClassVar[str] = "reports/pdf/assessment.html"

    subject: Subject
    about: str
    """Under the name: its town, or how many libraries."""
    sections: tuple[Section, ...]
    fiscal_year: int
    measured: str
    residents: int
    lent: Lent
    lent_kind: Provenance
    lent_to: int
    silent: int
    """Members of which it is not known what they lent."""
    borrowed: Borrowed
    borrowed_kind: Provenance
    borrowed_from: int
    borrowed_within: int
    payment_cents: int | None
    payment_kind: Provenance
    paid_members: int
    withheld_members: int
    price_cents: int
    cost_cents: int
    average_cents: int
    circulation: Circulation | None
    circulation_sources: tuple[str, ...]
    years: tuple[YearLine, ...]
    lent_by_year: dict[str, dict[int, int]]
    """Units by library key and fiscal year, of the years that are known."""
    trend: Charts | None
    peers: tuple[PeerLine, ...]
    """Itself among them, the most residents first."""
    peer_rule: str
    members: tuple[MemberLine, ...]
    used: tuple[TownLine, ...]
    came: tuple[TownLine, ...]
    maps: MapsOfPlace
    sheet: AdvocacySheet | None
    estimate_note: str
    logo: Own | None
    address: str
    """Where the page is found, with its selection and what was assumed."""
    made_from: MadeFrom

    @property
    def title(self) -> str:
        return f"Assessment: {self.subject.name}, FY{self.fiscal_year}"

    @property
    def images(self) -> dict[str, bytes]:
        """The pictures that it carries, by the name that its template gives them."""
        return {self.logo.name: self.logo.png} if self.logo else {}

    @property
    def assumes_as_published(self) -> bool:
        """Whether price, cost and average payment are those that the State Library publishes."""
        entered = (self.price_cents, self.cost_cents, self.average_cents)
        return entered == (PRICE_CENTS, COST_CENTS, AVERAGE_PAYMENT_CENTS)

    @property
    def published_words(self) -> str:
        """What the State Library publishes of price, cost and payment, and where."""
        return PUBLISHED_WORDS

    @property
    def lending_cost_cents(self) -> int | None:
        """What lending cost at the cost assumed; None where loans are not known."""
        return None if self.lent.number is None else self.lent.number * self.cost_cents

    @property
    def average_payment_cents(self) -> int | None:
        """What would be paid at the average assumed; None where loans are not known."""
        return None if self.lent.number is None else self.lent.number * self.average_cents

    # What it says

    @property
    def lent_and_borrowed(self) -> tuple[str, ...]:
        said = rules.balance(self.subject, self.lent, self.borrowed)
        return (*said, *rules.silent_members(self.subject, self.silent))

    @property
    def share(self) -> tuple[str, ...]:
        return rules.share_of_circulation(self.subject, self.lent, self.circulation)

    @property
    def gained(self) -> tuple[str, ...]:
        said = (
            self.sheet.borrowing
            if self.sheet
            else rules.borrowed_by_members(
                self.subject,
                self.borrowed,
                libraries=self.borrowed_from,
                within=self.borrowed_within,
                price_cents=self.price_cents,
            )
        )
        return (*said, *rules.for_residents(self.borrowed, self.residents))

    @property
    def cost(self) -> tuple[str, ...]:
        average = rules.beside_the_average(
            self.lent,
            average_cents=self.average_cents,
            paid_cents=self.payment_cents,
            of_state=self.average_cents == AVERAGE_PAYMENT_CENTS,
        )
        if self.sheet:
            return (*self.sheet.lending, *average)
        paid = rules.paid_to_members(
            self.subject,
            self.lent,
            fiscal_year=self.fiscal_year,
            paid_cents=self.payment_cents or 0,
            paid=self.paid_members,
            withheld=self.withheld_members,
            mark=mark_of(self.payment_kind),
        )
        cost = rules.cost_covered(self.lent, cost_cents=self.cost_cents, paid_cents=self.payment_cents)
        return (*paid, *cost, *average)

    @property
    def through_the_years(self) -> tuple[str, ...]:
        years = [line.fiscal_year for line in self.years]
        return rules.through_the_years(self.subject, years, self.lent_by_year)

    @property
    def beside_peers(self) -> tuple[str, ...]:
        own = next((line.each for line in self.peers if line.is_own), None)
        return rules.beside_peers(self.subject, own, [line.each for line in self.peers if not line.is_own])

    @property
    def where_used(self) -> str:
        return rules.where_cards_were_used(self.subject, _places(self.used))

    @property
    def who_came(self) -> str:
        return rules.who_borrowed(self.subject, _places(self.came), self.lent)

    @property
    def used_kind(self) -> Provenance | None:
        """The kind of all figures of where cards were used; None where kinds differ."""
        return _one_kind(line.kind for line in self.used if line.loans is not None)

    @property
    def came_kind(self) -> Provenance | None:
        return _one_kind(line.kind for line in self.came if line.loans is not None)

    @property
    def peers_kind(self) -> Provenance | None:
        return _one_kind(line.kind for line in self.peers if line.lent is not None)

    @property
    def members_kind(self) -> Provenance | None:
        return _one_kind(line.kind for line in self.members if line.lent is not None)

    @property
    def years_kind(self) -> Provenance | None:
        return _one_kind(line.kind for line in self.years if line.lent is not None)


def towns_of(exchanges: tuple[Exchange, ...]) -> tuple[TownLine, ...]:
    """Add up what passed with libraries of the same town, the most first, not counted last."""
    found: dict[str, TownLine] = {}
    for one in exchanges:
        town, before = one.partner.town, found.get(one.partner.town)
        loans, kind = one.loans, one.kind
        if before is not None:
            known = [number for number in (before.loans, loans) if number is not None]
            loans = sum(known) if known else None
            kind = weakest({before.kind, kind})
        found[town] = TownLine(town, loans, kind)
    return tuple(sorted(found.values(), key=lambda line: (line.loans is None, -(line.loans or 0), line.town)))


def _places(lines: tuple[TownLine, ...]) -> list[Place]:
    return [Place(line.town, line.loans) for line in lines if line.loans]


def _one_kind(kinds: Iterable[Provenance]) -> Provenance | None:
    found = set(kinds)
    return found.pop() if len(found) == 1 else None
