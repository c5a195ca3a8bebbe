"""A decision table: questions with their choices, and rows of which the first that matches gives the answer.

One description feeds the page, the interface for programs and the tests: what is asked, in which words, which
amounts a library has settled, and what is taken for granted unless said.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from connecticard.rulebook import Entry, Label, Rulebook

LAST_CHECKED_ON = date(2026, 11, 21)

Given = Mapping[str, str | int | date]
"""What is known, by the name of a question (the value of a choice) or of an amount (number, cents, day)."""


class Verdict(StrEnum):
    """The four answers; with `refer` the rule is silent and library staff decide."""

    YES = "yes"
    NO = "no"
    MAY = "may"
    REFER = "refer"


class Kind(StrEnum):
    """What an amount is: a whole number, whole cents, a day, or on (1) and off (0)."""

    NUMBER = "number"
    CENTS = "cents"
    DAY = "day"
    SWITCH = "switch"


class Whose(StrEnum):
    """The library among whose settings an amount is found."""

    LENDER = "lender"
    RECEIVER = "receiver"


@dataclass(frozen=True)
class Choice:
    """One of the answers to a question: the value in an address, and its words."""

    value: str
    label: str
    help: str = ""


@dataclass(frozen=True)
class Question:
    """Something to be chosen. `assumed` is the value taken unless said; empty where it must be said."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    assumed: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(choice.value for choice in self.choices)

    def choice(self, value: str) -> Choice:
        """Return the choice of a value; KeyError where there is none."""
        for choice in self.choices:
            if choice.value == value:
                return choice
        raise KeyError(f"{self.name} has no choice {value!r}")


@dataclass(frozen=True)
class Amount:
    """Something to be typed. `assumed` None means that it must be given where a row needs it.

    `setting_of` names the library whose settings give it where they are on record. An amount that is
    `optional` may stay without a value.
    """

    name: str
    label: str
    kind: Kind
    help: str = ""
    assumed: int | None = None
    setting_of: Whose | None = None
    optional: bool = False
    least: int = 0
    greatest: int = 1_000


@dataclass(frozen=True)
class Line:
    """A line of the working: what it is, and its value of a kind."""

    label: str
    kind: Kind
    value: int | date


@dataclass(frozen=True)
class Sum:
    """An amount of money worked out line by line; `at_the_rate_of` says whose rate it is."""

    at_the_rate_of: Whose
    cents: int
    working: tuple[Line, ...]


@dataclass(frozen=True)
class Worked:
    """What a row works out: numbers that its headline names, sums, and another verdict where that changes."""

    values: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    sums: tuple[Sum, ...] = ()
    verdict: Verdict | None = None
    headline: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table: it matches where each question of `when` has one of the values named there.

    `rules` are keys of the rulebook, the one that decides first. `reason` is empty where the sentence of that
    entry is reason enough. `needs` are amounts without which `work` cannot be done; `other_headlines` are
    those that it may give instead. `holds` tells whether the row stands in the table on a day.
    """

    name: str
    when: Mapping[str, frozenset[str]]
    verdict: Verdict
    headline: str
    next_step: str
    rules: tuple[str, ...]
    reason: str = ""
    needs: tuple[str, ...] = ()
    work: Callable[[Given, date], Worked] | None = None
    holds: Callable[[date], bool] = lambda on: True
    other_headlines: tuple[str, ...] = ()


def row(
    name: str,
    when: Mapping[str, str],
    verdict: Verdict,
    headline: str,
    next_step: str,
    *rules: str,
    reason: str = "",
    needs: tuple[str, ...] = (),
    work: Callable[[Given, date], Worked] | None = None,
    holds: Callable[[date], bool] = lambda on: True,
    other_headlines: tuple[str, ...] = (),
) -> Row:
    """Return a row; the values of `when` are written with spaces between them."""
    conditions = {question: frozenset(values.split()) for question, values in when.items()}
    return Row(
        name, conditions, verdict, headline, next_step, rules, reason, needs, work, holds, other_headlines
    )


@dataclass(frozen=True)
class Ask:
    """What must still be said: one question, or the amounts that a row needs."""

    question: Question | None = None
    amounts: tuple[Amount, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the rules say. `values` are the numbers that `headline` names in %(name)s.

    `entries` are the entries of the rulebook that it rests on, the one that decides first; `assumed` what was
    taken for granted, `used` the names of all that decided.
    """

    row: str
    verdict: Verdict
    headline: str
    reasons: tuple[str, ...]
    next_step: str
    entries: tuple[Entry, ...]
    values: Mapping[str, int]
    sums: tuple[Sum, ...]
    assumed: tuple[str, ...]
    used: tuple[str, ...]

    @property
    def headline_in_full(self) -> str:
        return in_full(self.headline, self.values)


@dataclass(frozen=True)
class Table:
    """A question of the desk. `key` stands in addresses; `rulebook` holds every entry that a row names.

    `dated` names the day that it is about; empty where that is always today.
    """

    key: str
    title: str
    lead: str
    questions: tuple[Question, ...]
    rows: tuple[Row, ...]
    rulebook: Rulebook
    amounts: tuple[Amount, ...] = ()
    dated: str = ""

    @property
    def all_that_can_be_said(self) -> tuple[Question | Amount, ...]:
        return (*self.questions, *self.amounts)

    def question(self, name: str) -> Question:
        """Return a question by its name; KeyError where there is none."""
        for question in self.questions:
            if question.name == name:
                return question
        raise KeyError(f"{self.key} asks no {name}")

    def amount(self, name: str) -> Amount:
        """Return an amount by its name; KeyError where there is none."""
        for amount in self.amounts:
            if amount.name == name:
                return amount
        raise KeyError(f"{self.key} takes no {name}")

    def decide(self, given: Given, on: date) -> Ask | Answer:
        """Return the answer for what is given, by the law of a day, or what must be asked next.

        Only what is needed to find the first row that matches is asked. ValueError for a value that a
        question does not have; LookupError where no row matches, which the tests show never to happen.
        """
        self._refuse(given)
        used: dict[str, None] = {}
        for row in self.rows:
            if not row.holds(on):
                continue
            known = {name: given.get(name) or self.question(name).assumed for name in row.when}
            differs = next(
                (name for name in row.when if known[name] and known[name] not in row.when[name]), ""
            )
            if differs:
                used[differs] = None
                continue
            if unknown := next((name for name in row.when if not known[name]), ""):
                return Ask(question=self.question(unknown))
            used |= dict.fromkeys(row.when)
            missing = self._missing(row, given)
            return Ask(amounts=missing) if missing else self._answer(row, given, on, tuple(used))
        raise LookupError(f"no row of {self.key} matches {dict(given)}")

    def _missing(self, row: Row, given: Given) -> tuple[Amount, ...]:
        """Return every amount of a row where one that it must have is not given; else none."""
        needed = tuple(self.amount(name) for name in row.needs)
        lacks = any(
            amount.name not in given and amount.assumed is None and not amount.optional for amount in needed
        )
        return needed if lacks else ()

    def _refuse(self, given: Given) -> None:
        for question in self.questions:
            value = given.get(question.name)
            if value and value not in question.values:
                raise ValueError(f"{question.name} is {value!r}, not one of {', '.join(question.values)}")

    def _answer(self, row: Row, given: Given, on: date, used: tuple[str, ...]) -> Answer:
        assumed_amounts = {
            amount.name: amount.assumed
            for amount in self.amounts
            if amount.name in row.needs and amount.assumed is not None
        }
        worked = row.work({**assumed_amounts, **given}, on) if row.work else Worked()
        entries = tuple(self.rulebook.entry(key, on) for key in row.rules)
        return Answer(
            row=row.name,
            verdict=worked.verdict or row.verdict,
            headline=worked.headline or row.headline,
            reasons=(row.reason,) if row.reason else (entries[0].sentence,),
            next_step=row.next_step,
            entries=entries,
            values=worked.values,
            sums=worked.sums,
            assumed=tuple(name for name in used if not given.get(name)),
            used=used + row.needs,
        )


def in_full(text: str, values: Mapping[str, int]) -> str:
    """Return a text with its numbers in place; those whose names end in _cents as dollars."""
    written = {name: dollars(n) if name.endswith("_cents") else str(n) for name, n in values.items()}
    return text % written if written else text


def dollars(cents: int) -> str:
    """Return cents as people write them: $1,234.50. ValueError below zero."""
    if cents < 0:
        raise ValueError(f"{cents} cents are less than nothing")
    return f"${cents // 100:,}.{cents % 100:02}"


def regs(*places: str) -> str:
    """Return a citation of sections by their short names: 5(a)(1) is § 11-31c-5(a)(1)."""
    return "Regs. Conn. State Agencies " + ", ".join(f"§ 11-31c-{place}" for place in places)


def law(key: str, value: int | str | bool, sentence: str, *places: str) -> Entry:
    """Return an entry of the law as it has stood since January 31, 1994."""
    return Entry(key, value, regs(*places), Label.LAW, sentence, LAST_CHECKED_ON)


def reading(key: str, value: int | str | bool, sentence: str, *places: str) -> Entry:
    """Return an entry that settles what the text leaves open."""
    return Entry(key, value, regs(*places), Label.READING, sentence, LAST_CHECKED_ON)


def choices(*given: tuple[str, str] | tuple[str, str, str]) -> tuple[Choice, ...]:
    """Return choices from their values, labels and helps."""
    return tuple(Choice(*each) for each in given)


TAKES_PART = Question(
    "participates",
    "Does your library take part in the program?",
    choices(
        ("yes", "Yes", "A letter of agreement is on file with the State Library."),
        ("no", "No"),
    ),
    assumed="yes",
)


def all_of(tables: Iterable[Table]) -> Mapping[str, Table]:
    """Return tables by their keys, in order."""
    return MappingProxyType({table.key: table for table in tables})
