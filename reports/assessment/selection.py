"""What of an assessment is shown, in which order, and what is assumed: kept in its address alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from payments.rules.cents import plain_dollars
from reports.contents.advocacy import AVERAGE_PAYMENT_CENTS, COST_CENTS, PRICE_CENTS
from reports.contents.assessment import Section

EVERY = tuple(Section)


def sections_of(text: str) -> tuple[Section, ...]:
    """Return the sections that an address names, in its order; all of them where it names none.

    ValueError for a name that no section has, and for one that stands there twice.
    """
    if not text:
        return EVERY
    sections = tuple(Section(name) for name in text.split("."))
    if len(set(sections)) < len(sections):
        raise ValueError("a section stands in an assessment once")
    return sections


@dataclass(frozen=True)
class Selection:
    """What somebody asked for; `fiscal_year` None is the newest year that is published."""

    sections: tuple[Section, ...] = EVERY
    fiscal_year: int | None = None
    price_cents: int = PRICE_CENTS
    cost_cents: int = COST_CENTS
    average_cents: int = AVERAGE_PAYMENT_CENTS

    @property
    def in_address(self) -> str:
        """The sections as an address names them."""
        return ".".join(self.sections)

    @property
    def query(self) -> str:
        """The query of an address that asks for the same again."""
        return self._with(self.sections)

    @property
    def choices(self) -> tuple["Choice", ...]:
        """Each section shown, and the addresses that move it or leave it out."""
        last = len(self.sections) - 1
        return tuple(
            Choice(
                section,
                up=self._with(_swapped(self.sections, place - 1)) if place else "",
                down=self._with(_swapped(self.sections, place)) if place < last else "",
                out=self._with([other for other in self.sections if other != section]) if last else "",
            )
            for place, section in enumerate(self.sections)
        )

    @property
    def left_out(self) -> tuple[tuple[Section, str], ...]:
        """Each section that is not shown, and the query that adds it at the end."""
        return tuple(
            (section, self._with([*self.sections, section]))
            for section in EVERY
            if section not in self.sections
        )

    @property
    def with_everything(self) -> str:
        """The query that shows every section in the usual order."""
        return self._with(EVERY)

    def _with(self, sections: Sequence[Section]) -> str:
        asked: dict[str, object] = {"sections": ".".join(sections)}
        if self.fiscal_year is not None:
            asked["year"] = self.fiscal_year
        amounts = {"price": self.price_cents, "cost": self.cost_cents, "average": self.average_cents}
        return urlencode(asked | {name: plain_dollars(cents) for name, cents in amounts.items()})


@dataclass(frozen=True)
class Choice:
    """A section that is shown; each query is empty where it cannot go that way."""

    section: Section
    up: str
    down: str
    out: str


def _swapped(sections: Sequence[Section], place: int) -> list[Section]:
    """Return the sections with the one at a place and the next exchanged."""
    swapped = list(sections)
    swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
    return swapped
