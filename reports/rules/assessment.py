"""What an assessment says in sentences, worked out from figures and never guessed.

A figure that is not known is said to be so, with the reason; it is never read as zero, and nothing is
compared with it. Counts are units lent (1(g)), money whole cents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from payments.rules.cents import dollars


@dataclass(frozen=True)
class Subject:
    """Whom an assessment is about: one library, or the members of a consortium, `members` of them."""

    name: str
    members: int = 0

    @property
    def is_group(self) -> bool:
        return self.members > 0

    @property
    def who(self) -> str:
        """As a sentence begins."""
        return "Its members" if self.is_group else "It"

    @property
    def their_cards(self) -> str:
        return "its members’ cards" if self.is_group else "its cards"


class NotKnown(StrEnum):
    """Why it is not known what was lent."""

    TOOK_NO_PART = "took no part"
    NOT_FILED = "not filed"
    NOT_COUNTED = "not counted"


@dataclass(frozen=True)
class Lent:
    """Units lent to residents of other towns; `number` None is not known, and `why` says why.

    `mark` stands after the number where it was not filed by the library: “ (estimated)”.
    """

    number: int | None
    mark: str = ""
    why: NotKnown | None = None


@dataclass(frozen=True)
class Borrowed:
    """Units that other libraries lent on the cards of whom the assessment is about."""

    number: int
    mark: str = ""


@dataclass(frozen=True)
class Circulation:
    """Everything that was lent to anybody, as libraries gave it, and what of it went to other towns.

    `lent` are the loans to residents of other towns of the same libraries. `months` says in words which
    twelve months the circulation covers, `loan_months` which the loans do. `libraries` are how many gave it.
    """

    items: int
    lent: int
    months: str
    loan_months: str
    libraries: int = 1

    @property
    def is_possible(self) -> bool:
        """Whether the part is not more than the whole."""
        return self.lent <= self.items


@dataclass(frozen=True)
class Place:
    """A town and the units that passed."""

    town: str
    units: int


# Loans and borrows


def what_was_lent(subject: Subject, lent: Lent) -> str:
    """Return what was lent to residents of other towns, or why that is not known.

    Source: Regs. Conn. State Agencies § 11-31c-1(f), 2(a).
    """
    if lent.number is None:
        return {
            NotKnown.TOOK_NO_PART: (
                f"{subject.who} took no part in these months, so what {_they(subject)} lent is not reported."
            ),
            NotKnown.NOT_COUNTED: (
                f"{subject.who} said that {_they(subject)} did not count what was lent, which is not zero."
            ),
        }.get(
            lent.why or NotKnown.NOT_FILED,
            f"No certified filing counts for these months: what {_they(subject)} lent is not known.",
        )
    if not lent.number:
        return f"{subject.who} lent nothing to residents of other towns."
    return f"{subject.who} lent {_items(lent.number)}{lent.mark} to residents of other towns."


def balance(subject: Subject, lent: Lent, borrowed: Borrowed) -> tuple[str, ...]:
    """Return what was lent, what was borrowed elsewhere, and which of the two is more.

    Source: Regs. Conn. State Agencies § 11-31c-1(f), (h).
    """
    cards = subject.their_cards
    if not borrowed.number:
        other = f"No loan on {cards} at another library is counted."
    else:
        verb = "was" if borrowed.number == 1 else "were"
        other = f"{_items(borrowed.number)}{borrowed.mark} {verb} borrowed elsewhere on {cards}."
    said = (what_was_lent(subject, lent), other)
    if lent.number is None:
        return (*said, "Which of the two is more cannot be said.")
    difference = lent.number - borrowed.number
    if not difference:
        return (*said, f"That is as much lent as borrowed on {cards}.") if lent.number else said
    if not lent.number or not borrowed.number:
        return said
    more_or_less = "more" if difference > 0 else "fewer"
    part = _percent(abs(difference), borrowed.number)
    return (*said, f"That is {_items(abs(difference))} {more_or_less} lent than borrowed ({part}).")


def silent_members(subject: Subject, silent: int) -> tuple[str, ...]:
    """Return of how many members it is not known what they lent; nothing where of none, or of all."""
    if not 0 < silent < subject.members:
        return ()
    return (f"What {_count(silent)} of its {_count(subject.members)} members lent is not known.",)


# The share of circulation


def share_of_circulation(subject: Subject, lent: Lent, circulation: Circulation | None) -> tuple[str, ...]:
    """Return which part of everything lent went to residents of other towns, where both are known."""
    if circulation is None:
        missing = (
            "No member has given its circulation" if subject.is_group else "Its circulation is not on record"
        )
        return (f"{missing}, so the share of it that went to residents of other towns is not known.",)
    if lent.number is None:
        circulated = f"It circulated {_items(circulation.items)} in all ({circulation.months})."
        return (circulated, "Which share went to residents of other towns is not known.")
    if not circulation.is_possible:
        return (
            f"The circulation given, {_items(circulation.items)}, is less than the "
            f"{_items(circulation.lent)} lent to residents of other towns: one of the two must be "
            "wrong, and no share is worked out.",
        )
    whole = f"Of {_items(circulation.items)} circulated ({circulation.months})"
    if subject.is_group:
        whole += f" by the {circulation.libraries} of {subject.members} members that gave the figure"
    part = (
        f"{whole}, none went to residents of other towns."
        if not circulation.lent
        else f"{whole}, {_count(circulation.lent)}{lent.mark} went to residents of other towns: "
        f"{_percent(circulation.lent, circulation.items)}."
    )
    if circulation.months == circulation.loan_months:
        return (part,)
    return (part, f"Loans are those of {circulation.loan_months}, so the share is near, not exact.")


# What residents gained


def borrowed_by_members(
    subject: Subject, borrowed: Borrowed, *, libraries: int, within: int, price_cents: int
) -> tuple[str, ...]:
    """Return what people with cards of a consortium's members borrowed elsewhere, and what it was worth.

    `libraries` are how many lent it, `within` the units that one member lent on a card of another.
    `price_cents` is what an item would have cost to buy: an assumption.
    """
    if not borrowed.number:
        return (f"No loan on cards of members of {subject.name} at another library is counted.",)
    worth, price = dollars(borrowed.number * price_cents), dollars(price_cents)
    lenders = _number(libraries, "library", "libraries")
    said = [
        f"People with cards of members of {subject.name} borrowed {_items(borrowed.number)}{borrowed.mark} "
        f"at {lenders} other than their own."
    ]
    if within:
        verb = "was" if within == 1 else "were"
        said.append(f"{_count(within)} of these {verb} borrowed at another member.")
    said.append(
        f"Bought at {price} (assumption), it would have cost {worth}."
        if borrowed.number == 1
        else f"Bought at {price} each (assumption), they would have cost {worth}."
    )
    return tuple(said)


def for_residents(borrowed: Borrowed, residents: int) -> tuple[str, ...]:
    """Return how many items were borrowed elsewhere for every hundred residents; nothing where none were."""
    if not borrowed.number or not residents:
        return ()
    hundredths = round(Fraction(borrowed.number * 100, residents))
    many = "less than 1 item" if not hundredths else _items(hundredths)
    return (f"That is {many} for every 100 of the {_count(residents)} residents of the towns served.",)


# Cost against payment


def paid_to_members(
    subject: Subject,
    lent: Lent,
    *,
    fiscal_year: int,
    paid_cents: int,
    paid: int,
    withheld: int,
    mark: str = "",
) -> tuple[str, ...]:
    """Return what the State paid the members of a consortium; `paid` and `withheld` count members.

    `mark` stands after the amount where it rests on estimates.
    """
    if lent.number is None:
        return (what_was_lent(subject, lent),)
    said = [what_was_lent(subject, lent)]
    if paid:
        each = f" to {_number(paid, 'member', 'members')}"
        said.append(f"The State paid {dollars(paid_cents)}{mark}{each} for fiscal year {fiscal_year}.")
    else:
        said.append(f"The State paid no member anything for fiscal year {fiscal_year}.")
    if withheld:
        verb = "was" if withheld == 1 else "were"
        said.append(
            f"The {'payment' if withheld == 1 else 'payments'} of {_number(withheld, 'member', 'members')} "
            f"{verb} withheld, because a requirement was not met."
        )
    return tuple(said)


def cost_covered(lent: Lent, *, cost_cents: int, paid_cents: int | None) -> tuple[str, ...]:
    """Return what lending cost at so much a loan (an assumption), and which part of it was paid."""
    if not lent.number:
        return ()
    cost = lent.number * cost_cents
    said = f"At {dollars(cost_cents)} a loan (assumption), lending cost {dollars(cost)}"
    if not paid_cents:
        return (f"{said}.",)
    if paid_cents >= cost:
        return (f"{said}; what was paid covers that.",)
    return (f"{said}; what was paid covers {_percent(paid_cents, cost)} of that.",)


def beside_the_average(
    lent: Lent, *, average_cents: int, paid_cents: int | None, of_state: bool = True
) -> tuple[str, ...]:
    """Return how the payment stands beside so many cents a loan; nothing where either is not known.

    `of_state` says that the average is the one that the State Library publishes, not one entered.
    """
    if not lent.number or not paid_cents:
        return ()
    usual = lent.number * average_cents
    named = "the published average payment" if of_state else "the payment entered"
    said = f"At {named} of {dollars(average_cents)} a loan it would have been {dollars(usual)}"
    difference = paid_cents - usual
    if not difference:
        return (f"{said}, which is what was paid.",)
    more_or_less = "more" if difference > 0 else "less"
    return (f"{said}: {dollars(abs(difference))} {more_or_less} was paid.",)


# Through the years


def through_the_years(
    subject: Subject, years: Sequence[int], lent: Mapping[str, Mapping[int, int]]
) -> tuple[str, ...]:
    """Return how lending changed through these fiscal years, oldest first.

    `lent` holds, for each library, the units of the years that are known. Two years are compared by what the
    libraries lent of which both are known, so that a member that joins or is silent makes no change.
    """
    known = [year for year in years if any(year in of_library for of_library in lent.values())]
    if not known:
        return (f"Loans of none of the fiscal years {years[0]} to {years[-1]} are known.",)
    *earlier, last = known
    said = []
    if not earlier:
        said.append(f"Of these years only fiscal year {last} is known: there is none to compare it with.")
    else:
        said.append(_change(subject, earlier[-1], last, lent))
        if len(earlier) > 1:
            said.append(_change(subject, earlier[0], last, lent, after=earlier[-1]))
    if earlier and (unknown := [str(year) for year in years if year not in known]):
        year = "Fiscal year" if len(unknown) == 1 else "Fiscal years"
        said.append(f"{year} {_listed(unknown)} {'is' if len(unknown) == 1 else 'are'} not known.")
    return tuple(said)


def _change(
    subject: Subject, first: int, last: int, lent: Mapping[str, Mapping[int, int]], after: int | None = None
) -> str:
    """Return how lending of a year differs from that of an earlier one.

    `after` is the year with which it was compared in the sentence before: what that said is not said again.
    """
    both = _known_in(lent, first, last)
    if not both:
        return f"No member’s loans are known of both fiscal year {first} and fiscal year {last}."
    before, now = (sum(lent[key][year] for key in both) for year in (first, last))
    who = subject.who
    if subject.is_group and len(both) < subject.members:
        who = f"The {len(both)} of {subject.members} members known in both years"
    if after is not None and both == _known_in(lent, after, last):
        opening = "That is"
    else:
        opening = f"{who} lent {_items(now) if now else 'nothing'} in fiscal year {last},"
    if before == now:
        return f"{opening} as {'in' if opening.endswith(',') else 'much as in'} fiscal year {first}."
    part = f" ({_percent(abs(now - before), before)})" if before else ""
    more_or_fewer = "more" if now > before else "fewer"
    return f"{opening} {_count(abs(now - before))} {more_or_fewer} than in fiscal year {first}{part}."


def _known_in(lent: Mapping[str, Mapping[int, int]], *years: int) -> list[str]:
    """Return the libraries whose loans are known in each of these years."""
    return [key for key, of_library in lent.items() if all(year in of_library for year in years)]


# Peers


def beside_peers(
    subject: Subject, own: Fraction | None, others: Sequence[Fraction | None]
) -> tuple[str, ...]:
    """Return how lending for each resident stands beside that of peers; None is not known."""
    one, many = ("other consortium", "other consortia") if subject.is_group else ("peer", "peers")
    if not others:
        return (
            "No other consortium is on record." if subject.is_group else "It has no peer of similar size.",
        )
    if own is None:
        return (f"What {_they(subject)} lent is not known, so it is not compared.",)
    known = [number for number in others if number is not None]
    peers = _number(len(others), one, many)
    if not known:
        return (f"It has {peers}, and what they lent is not known.",)
    ordered = (
        ("more than", sum(own > number for number in known)),
        ("less than", sum(own < number for number in known)),
        ("as much as", sum(own == number for number in known)),
    )
    parts = [f"{words} {_count(number)}" for words, number in ordered if number]
    noun = one if len(known) == 1 else many
    if len(parts) > 1:
        said = _listed(parts) + f" of {_number(len(known), one, many)}"
    else:
        words = next(words for words, number in ordered if number)
        said = f"{words} the {one}" if len(known) == 1 else f"{words} all {_count(len(known))} {many}"
    sentences = [
        f"For each resident {subject.who.lower()} lent {said}.",
        f"{subject.who} lent {_tenths(own)} items for each resident; the middle of the {noun} "
        f"is {_tenths(_middle(known))}.",
    ]
    if silent := len(others) - len(known):
        sentences.append(f"What {_number(silent, one, many)} lent is not known.")
    return tuple(sentences)


# Where


def where_cards_were_used(subject: Subject, places: Sequence[Place]) -> str:
    """Return in how many towns the cards were used, and where the most."""
    if not places:
        return f"No town is known in which {subject.their_cards} were used at another library."
    towns = _number(len(places), "town", "towns")
    return f"{_capital(subject.their_cards)} were used at libraries of {towns}, {_most(places, 'in')}."


def who_borrowed(subject: Subject, places: Sequence[Place], lent: Lent) -> str:
    """Return from how many towns cards came, and from where the most was borrowed."""
    if lent.number is None:
        return what_was_lent(subject, lent)
    if not places:
        return "Nobody with a card of another town’s library borrowed there."
    towns = _number(len(places), "town", "towns")
    return f"People with cards of libraries of {towns} borrowed there, {_most(places, 'from')}."


def _most(places: Sequence[Place], where: str) -> str:
    most = max(place.units for place in places)
    first = [place.town for place in places if place.units == most]
    each = " each" if len(first) > 1 else ""
    return f"the most {where} {_listed(first)} ({_items(most)}{each})"


# Words


def _they(subject: Subject) -> str:
    return "they" if subject.is_group else "it"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _count(number: int) -> str:
    return f"{number:,}"


def _number(number: int, one: str, many: str) -> str:
    return f"{_count(number)} {one if number == 1 else many}"


def _items(number: int) -> str:
    return _number(number, "item", "items")


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _tenths(value: Fraction) -> str:
    """Write a number that is not negative with one decimal, half-even."""
    tenths = round(value * 10)
    return f"{tenths // 10:,}.{tenths % 10}"


def _percent(part: int, whole: int) -> str:
    share = Fraction(100 * part, whole)
    return "under 0.1%" if share < Fraction(1, 10) else f"{_tenths(share)}%"


def _middle(numbers: Sequence[Fraction]) -> Fraction:
    """Return the median."""
    rising = sorted(numbers)
    half = len(rising) // 2
    return rising[half] if len(rising) % 2 else (rising[half - 1] + rising[half]) / 2
