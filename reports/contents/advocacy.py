"""What the advocacy sheet of a library says: its figures, what is assumed, and sentences made of both."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from typing import ClassVar

from django.utils.translation import gettext, ngettext

from connecticard.templatetags.figures import count, dollars, percent
from reports.contents.origin import MadeFrom
from transactions.models import Provenance

HIGHLIGHTS = "Connecticut State Library, FY23 borrowIT CT Highlights"
HIGHLIGHTS_URL = "https://libguides.ctstatelibrary.org/dld/ccard/impact"
PRICE_CENTS, COST_CENTS, AVERAGE_PAYMENT_CENTS = 1500, 105, 32
"""Published there: the price of an item bought instead; what a loan to a non-resident costs the lender on the
average, without the item; and what the State paid for one on the average."""


PUBLISHED_WORDS = (
    f"The State Library publishes {dollars(PRICE_CENTS)} an item, and an average cost of "
    f"{dollars(COST_CENTS)} and payment of {dollars(AVERAGE_PAYMENT_CENTS)} a loan ({HIGHLIGHTS})."
)


@dataclass(frozen=True)
class SheetPartner:
    """Another library and the units that passed, in one direction."""

    name: str
    loans: int
    kind: Provenance


@dataclass(frozen=True)
class AdvocacySheet:
    """What the program is worth to the residents of one library, in the twelve months of a published run.

    Money in cents, loans in units. `lent` is None where the library did not count or report it;
    `payment_cents` is None where it has no line in the run.
    """

    template: ClassVar[str] = "reports/pdf/advocacy.html"

    library_key: str
    library_name: str
    town: str
    fiscal_year: int
    measured: str
    price_cents: int
    cost_cents: int
    borrowed: int
    borrowed_from: int
    borrowed_kind: Provenance
    lent: int | None
    lent_to: int
    lent_kind: Provenance
    took_part: bool
    filed: bool
    payment_cents: int | None
    withheld_cents: int
    payment_kind: Provenance
    lenders: tuple[SheetPartner, ...]
    borrowers: tuple[SheetPartner, ...]
    estimate_note: str
    address: str
    """Where the page of the sheet is found, with what was assumed."""
    made_from: MadeFrom

    @property
    def title(self) -> str:
        return f"What the program is worth: {self.library_name}, FY{self.fiscal_year}"

    @property
    def partner_rows(self) -> tuple[tuple[SheetPartner | None, SheetPartner | None], ...]:
        """Lenders and borrowers side by side, the most loans first; None where one list is shorter."""
        return tuple(zip_longest(self.lenders, self.borrowers))

    @property
    def price_is_published(self) -> bool:
        """Whether the price is the one that the State Library publishes."""
        return self.price_cents == PRICE_CENTS

    @property
    def cost_is_published(self) -> bool:
        """Whether the cost of a loan is the one that the State Library publishes."""
        return self.cost_cents == COST_CENTS

    @property
    def published_words(self) -> str:
        """What the State Library publishes of price, cost and payment, and where."""
        return PUBLISHED_WORDS

    @property
    def would_have_cost_cents(self) -> int:
        """What the items borrowed elsewhere would have cost at the price assumed."""
        return self.borrowed * self.price_cents

    @property
    def lending_cost_cents(self) -> int | None:
        """What lending cost at the cost assumed; None where loans are not known."""
        return None if self.lent is None else self.lent * self.cost_cents

    @property
    def cents_a_loan(self) -> Fraction | None:
        """The payment for each loan in cents; None without either."""
        return (
            Fraction(self.payment_cents, self.lent) if self.payment_cents is not None and self.lent else None
        )

    @property
    def borrowing(self) -> tuple[str, ...]:
        """What residents borrowed elsewhere, in sentences."""
        if not self.borrowed:
            return (
                gettext("No loan on cards of %(library)s at another library is counted in these months.")
                % {"library": self.library_name},
            )
        items = _items(self.borrowed, self.borrowed_kind)
        borrowed = ngettext(
            "Residents with cards of %(library)s borrowed %(items)s at %(number)s other library of "
            "Connecticut.",
            "Residents with cards of %(library)s borrowed %(items)s at %(number)s other libraries of "
            "Connecticut.",
            self.borrowed_from,
        )
        bought = ngettext(
            "Bought at %(price)s (assumption), it would have cost %(worth)s.",
            "Bought at %(price)s each (assumption), they would have cost %(worth)s.",
            self.borrowed,
        )
        return (
            borrowed % {"library": self.library_name, "items": items, "number": count(self.borrowed_from)},
            bought % {"price": dollars(self.price_cents), "worth": dollars(self.would_have_cost_cents)},
        )

    @property
    def lending(self) -> tuple[str, ...]:
        """What the library lent and was paid, in sentences."""
        if not self.took_part:
            return (
                gettext(
                    "It took no part in these months, so its own loans are not reported and nothing is paid "
                    "for them."
                ),
            )
        return (self._lent, *self._paid, *self._cost)

    @property
    def _lent(self) -> str:
        if not self.filed:
            return gettext("No certified filing of it counts for these months: what it lent is not known.")
        if self.lent is None:
            return gettext("It said that it did not count what it lent, which is not zero.")
        if not self.lent:
            return gettext("It lent nothing to residents of other towns.")
        return ngettext(
            "It lent %(items)s to people with cards of %(number)s other library.",
            "It lent %(items)s to people with cards of %(number)s other libraries.",
            self.lent_to,
        ) % {"items": _items(self.lent, self.lent_kind), "number": count(self.lent_to)}

    @property
    def _paid(self) -> tuple[str, ...]:
        if self.withheld_cents:
            withheld = gettext("Its payment of %(amount)s was withheld, because a requirement was not met.")
            return (withheld % {"amount": dollars(self.withheld_cents)},)
        if not self.payment_cents:
            nothing = gettext("The State paid it nothing for fiscal year %(fiscal_year)s.")
            return (nothing % {"fiscal_year": self.fiscal_year},) if self.lent else ()
        paid = {
            "amount": f"{dollars(self.payment_cents)}{mark_of(self.payment_kind)}",
            "fiscal_year": self.fiscal_year,
        }
        if self.cents_a_loan is None:
            return (gettext("The State paid it %(amount)s for fiscal year %(fiscal_year)s.") % paid,)
        said = gettext("The State paid it %(amount)s for fiscal year %(fiscal_year)s: %(each)s a loan.")
        return (said % {**paid, "each": _cents(self.cents_a_loan)},)

    @property
    def _cost(self) -> tuple[str, ...]:
        cost = self.lending_cost_cents
        if not cost:
            return ()
        figures = {"each": dollars(self.cost_cents), "cost": dollars(cost)}
        if self.withheld_cents or not self.payment_cents:
            return (gettext("At %(each)s a loan (assumption), lending cost it %(cost)s.") % figures,)
        if self.payment_cents >= cost:
            covered = gettext(
                "At %(each)s a loan (assumption), lending cost it %(cost)s; the payment covers that."
            )
            return (covered % figures,)
        covered = gettext(
            "At %(each)s a loan (assumption), lending cost it %(cost)s; the payment covers %(part)s of that."
        )
        return (covered % {**figures, "part": percent(self.payment_cents, cost)},)


def _items(units: int, kind: Provenance) -> str:
    items = ngettext("%(number)s item", "%(number)s items", units) % {"number": count(units)}
    return f"{items}{mark_of(kind)}"


def mark_of(kind: Provenance) -> str:
    """Return what stands in a sentence after a figure that the library did not file itself."""
    return {
        Provenance.FILED: "",
        Provenance.PUBLISHED: " " + gettext("(published, not certified by the library)"),
        Provenance.ESTIMATED: " " + gettext("(estimated)"),
    }[kind]


def _cents(value: Fraction) -> str:
    """Write cents with one decimal, half-even; dollars from a dollar on."""
    if value >= 100:
        return dollars(round(value))
    tenths = round(value * 10)
    return gettext("%(number)s cents") % {"number": f"{tenths // 10}.{tenths % 10}"}
