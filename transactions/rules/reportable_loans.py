"""On whose cards a library may report loans, judged in the month of the loan.

A library *normally serves* the town where it stands and every town for which it is the designated principal
library (1(c), 1(f)): one `Service` row for each. A loan to a resident of such a town is no transaction. The
form counts by home library and not by town, so the town is read from the card: the cards of a home library
are refused to a lender while both serve one town. Hence a library's own cards are always refused, also those
held by residents of a second town that it serves, and two libraries of one town never report each other.
One loan is lost by this: where a second library of the principal library's town lends to a resident of a town
without a library, the card does not tell that resident from its own. The form has no place for it.

A town taken up or given up in mid-month leaves that month reportable, for the other days. One number for
several months cannot say which days it means, so there it is refused and must be given month by month.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import Span

LAST_CHECKED_ON = date(2026, 11, 21)

RULEBOOK = Rulebook(
    [
        Entry(
            key="own_cards_reportable",
            value=False,
            citation="Regs. Conn. State Agencies § 11-31c-1(f)",
            label=Label.LAW,
            sentence="A library does not report loans on its own cards, also not those of residents of a "
            "second town for which it is the principal library.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="cards_of_a_served_town_reportable",
            value=False,
            citation="Regs. Conn. State Agencies § 11-31c-1(c), (f)",
            label=Label.LAW,
            sentence="A library does not report loans on cards of a home library of a town that it normally "
            "serves: the town where it stands and every town for which it is the principal library.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="town_served_judged_by",
            value="month",
            citation="Regs. Conn. State Agencies § 11-31c-1(f)",
            label=Label.READING,
            sentence="Whether a library serves a town is judged in the month of the loan: a month is left "
            "out when it served the town on every day. One number for several months in which that changed "
            "is not accepted and is given month by month.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="cards_of_a_library_without_letter_reportable",
            value=True,
            citation="Regs. Conn. State Agencies § 11-31c-1(a), (d), (f)",
            label=Label.READING,
            sentence="A card of any home library in Connecticut counts, whether that library takes part or "
            "not; only the lender has to.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="cards_of_a_closed_library_are_its_successors",
            value=True,
            citation="Regs. Conn. State Agencies § 11-31c-1(c)",
            label=Label.READING,
            sentence="After a library has closed, loans on its cards are reported as loans on the cards of "
            "the library that succeeded it.",
            last_checked_on=LAST_CHECKED_ON,
        ),
    ]
)

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Service:
    """A town that a library normally serves, from a day to a day; None means without a bound.

    Rows come from residency and from the town where a library stands while it is open; the same fact may be
    given twice. `town` and `library` are any stable keys (town name, FSCS key).
    """

    town: str
    library: str
    first_day: date | None
    last_day: date | None

    def within(self, span: Span) -> Span | None:
        """Return the days of the span on which the row holds, None where there is none."""
        first_day = span.first_day if self.first_day is None else max(span.first_day, self.first_day)
        last_day = span.last_day if self.last_day is None else min(span.last_day, self.last_day)
        return Span(first_day, last_day) if first_day <= last_day else None


class TownsServed:
    """All rows of service, held by library; make it once for a page or a file."""

    def __init__(self, services: Iterable[Service]):
        self._by_library: dict[str, list[Service]] = {}
        for service in services:
            self._by_library.setdefault(service.library, []).append(service)

    def libraries(self) -> list[str]:
        """Return the libraries that serve a town on any day, sorted."""
        return sorted(self._by_library)

    def was_open(self, library: str, span: Span) -> bool:
        """Return whether the library served any town on any day of the span."""
        return any(service.within(span) for service in self._by_library.get(library, ()))

    def was_open_throughout(self, library: str, span: Span) -> bool:
        """Return whether one row holds on every day of the span."""
        return any(row.within(span) == span for row in self._by_library.get(library, ()))

    def closed_before(self, library: str, day: date) -> bool:
        """Return whether the library once served a town and had ceased to before the day."""
        rows = self._by_library.get(library, [])
        return bool(rows) and all(row.last_day is not None and row.last_day < day for row in rows)

    def own_towns(self, library: str, span: Span) -> frozenset[str]:
        """Return the towns that the library normally served on at least one day of the span."""
        return frozenset(row.town for row in self._by_library.get(library, ()) if row.within(span))

    def days_served(self, library: str, town: str, span: Span) -> int:
        """Return on how many days of the span the library normally served the town."""
        parts = sorted(
            part
            for row in self._by_library.get(library, ())
            if row.town == town and (part := row.within(span))
        )
        days, counted_to = 0, span.first_day - timedelta(days=1)
        for part in parts:
            first_day = max(part.first_day, counted_to + timedelta(days=1))
            if first_day <= part.last_day:
                days += Span(first_day, part.last_day).days
                counted_to = part.last_day
        return days


class RefusedBecause(StrEnum):
    """Why loans on a home library's cards cannot be reported."""

    OWN_LIBRARY = "own_library"
    NOT_OPEN = "not_open"
    OWN_TOWN = "own_town"
    SPANS_A_CHANGE = "spans_a_change"


@dataclass(frozen=True)
class Refusal:
    """Why a count is refused, what to do instead, and the rule."""

    because: RefusedBecause
    reason: str
    cure: str
    citation: str


def own_towns(library: str, span: Span, served: TownsServed) -> frozenset[str]:
    """Return the towns that a library normally served on at least one day of the span.

    Source: Regs. Conn. State Agencies § 11-31c-1(c) and (f).
    """
    return served.own_towns(library, span)


def refusal(
    lender: str,
    home_library: str,
    span: Span,
    served: TownsServed,
    *,
    names: Mapping[str, str] = _NOTHING,
    successors: Mapping[str, str] = _NOTHING,
) -> Refusal | None:
    """Return why the lender cannot report loans on a home library's cards over a span; None where it can.

    `span` is what one number stands for: a month (or the part of it that the filing covers), or the whole of
    a period total. A span inside one month is judged as that month. `names` gives the name of a library or
    town by its key, the key itself where it has none; `successors` the library that succeeded a closed one.

    Source: Regs. Conn. State Agencies § 11-31c-1(c) and (f).
    """
    if home_library == lender:
        return _refusal(
            RefusedBecause.OWN_LIBRARY,
            "own_cards_reportable",
            span,
            "Loans on your own library's cards are not borrowIT CT loans.",
            "Leave your own library out.",
        )
    home_name = names.get(home_library, home_library)
    if not served.was_open(home_library, span):
        successor = successors.get(home_library)
        cure = "Leave it blank."
        if successor and served.closed_before(home_library, span.first_day):
            cure = f"Enter loans on its cards for {names.get(successor, successor)}, which succeeded it."
        return _refusal(
            RefusedBecause.NOT_OPEN,
            "cards_of_a_closed_library_are_its_successors",
            span,
            f"{home_name} was not open in {written_span(span)}.",
            cure,
        )
    one_month = len(span.months()) == 1
    for town in sorted(served.own_towns(lender, span) & served.own_towns(home_library, span)):
        town_name = names.get(town, town)
        if served.days_served(lender, town, span) == span.days:
            return _refusal(
                RefusedBecause.OWN_TOWN,
                "cards_of_a_served_town_reportable",
                span,
                f"{home_name} is a library of {town_name}, a town that your library served "
                f"in {written_span(span)}.",
                "Leave it blank: loans to residents of a town that you serve are not borrowIT CT loans.",
            )
        if not one_month:
            return _refusal(
                RefusedBecause.SPANS_A_CHANGE,
                "town_served_judged_by",
                span,
                f"Your library served {town_name}, the town of {home_name}, for a part "
                f"of {written_span(span)} only.",
                "Give the loans month by month, and leave out the months in which you served it.",
            )
    return None


def reportable_months(lender: str, home_library: str, span: Span, served: TownsServed) -> tuple[date, ...]:
    """Return the months of a span in which the lender may report loans on a home library's cards.

    The first and the last month may be short; empty where the home library has no place on the form.

    Source: Regs. Conn. State Agencies § 11-31c-1(f).
    """
    if home_library == lender:
        return ()
    share_a_town = served.own_towns(lender, span) & served.own_towns(home_library, span)
    if not share_a_town and served.was_open_throughout(home_library, span):
        return span.months()
    return tuple(
        month
        for month in span.months()
        if (days := Span.of_month(month).intersection(span))
        and refusal(lender, home_library, days, served) is None
    )


def _refusal(because: RefusedBecause, key: str, span: Span, reason: str, cure: str) -> Refusal:
    return Refusal(because, reason, cure, RULEBOOK.entry(key, span.first_day).citation)
