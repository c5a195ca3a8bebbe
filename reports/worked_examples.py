"""Reads the worked examples: cases that a program officer can check by hand, one TOML file each.

A file tells its story in words, states the facts (libraries, towns, letters, loans) and the figures expected.
The same facts serve the rulebook page, the tests of the rules and the database. Unknown words are refused, so
that a misspelt one is not passed over. What a file may leave out: a library is principal of its town, always
open and always under a letter, files as its default cadence says, and is in order; every count not named was
filed as none. The files lie with the tests, which prove every figure in them, and ship with the product.
"""

import tomllib
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from payments.rules.cents import parse_dollars
from payments.rules.eligibility import Code, State
from transactions.rules.filing_calendar import Cadence, DatedCadence, Span, measurement_period

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "rules" / "worked_examples"
HEADINGS = [
    "library",
    "loans",
    "borrows",
    "net plus",
    "transactions share",
    "net plus share",
    "payment",
    "withheld",
]
PARTICIPATION_CHANGES = "participation_changes"


@dataclass(frozen=True)
class Days:
    """Days from a first to a last, both included; None is open at that end."""

    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class ResidencyRow:
    """A library that residents of a town hold cards of, on some days."""

    town: str
    library: str
    principal: bool
    days: Days


@dataclass(frozen=True)
class ExampleLibrary:
    """A library of an example. `not_in_order` names what is unmet by the codes of the eligibility rules."""

    key: str
    town: str
    open: Days
    letters: tuple[Days, ...]
    cadences: tuple[DatedCadence, ...]
    not_in_order: tuple[Code, ...]


@dataclass(frozen=True)
class Loans:
    """Units lent on the cards of a home library over a span; `by_month` where it lies within one month."""

    lender: str
    home_library: str
    span: Span
    loans: int
    certified: bool

    @property
    def by_month(self) -> bool:
        return len(self.span.months()) == 1


@dataclass(frozen=True)
class RefusedLoans:
    """A count that must not be accepted. `because`: a `RefusedBecause`, or PARTICIPATION_CHANGES."""

    lender: str
    home_library: str
    span: Span
    loans: int
    because: str


@dataclass(frozen=True)
class Succession:
    """A library whose cards and claims belong to another from a day."""

    predecessor: str
    successor: str
    on: date


@dataclass(frozen=True)
class ExpectedLine:
    """One row of the table of expected figures, money in cents."""

    key: str
    loans: int
    borrows: int
    net_plus: int
    transactions_share_cents: int
    net_plus_share_cents: int
    payment_cents: int
    withheld_cents: int


@dataclass(frozen=True)
class Release:
    """Money withheld from a library: paid (to it or its successor), or lapsing, in cents."""

    library: str
    paid_to: str
    cured_on: date
    ordered_on: date
    paid_cents: int | None
    lapses_cents: int | None


@dataclass(frozen=True)
class SplitExample:
    """One payment, from facts to figures. Money in cents; rates as text where the file states them."""

    name: str
    title: str
    section: str
    story: str
    fiscal_year: int
    appropriation_cents: int
    withheld: str
    libraries: tuple[ExampleLibrary, ...]
    residency: tuple[ResidencyRow, ...]
    successions: tuple[Succession, ...]
    loans: tuple[Loans, ...]
    refused: tuple[RefusedLoans, ...]
    transactions_pool_cents: int
    net_plus_pool_cents: int
    undistributed_cents: int
    rate_per_loan: str | None
    rate_per_net_plus: str | None
    filings_owed: Mapping[str, int]
    lines: tuple[ExpectedLine, ...]
    releases: tuple[Release, ...]

    @property
    def measured(self) -> Span:
        return measurement_period(self.fiscal_year)

    @property
    def towns(self) -> tuple[str, ...]:
        return tuple(sorted({row.town for row in self.residency}))


@dataclass(frozen=True)
class FilingDue:
    """A filing period and the day by which the law wants it."""

    cadence: Cadence
    span: Span
    due_on: date
    holidays: frozenset[date]


@dataclass(frozen=True)
class ExpenditureReportDue:
    """The expenditure report that a payment depends on, and where one filed on a day stands."""

    payment_fiscal_year: int
    due_on: date
    remind_on: date
    covers_fiscal_year: int
    filed_on: date
    state: State


@dataclass(frozen=True)
class MoneyReceived:
    """Money ordered on one day and received on another, and the report that it belongs in."""

    ordered_on: date
    received_on: date
    fiscal_year: int
    reported_on: date


@dataclass(frozen=True)
class DatesExample:
    """Due dates, as the law has them."""

    name: str
    title: str
    section: str
    story: str
    filings: tuple[FilingDue, ...]
    expenditure_reports: tuple[ExpenditureReportDue, ...]
    money: tuple[MoneyReceived, ...]


@dataclass(frozen=True)
class ReplayExample:
    """A year made again from shipped files; every library of the roster takes part and is in order."""

    name: str
    title: str
    section: str
    story: str
    fiscal_year: int
    appropriation_cents: int
    libraries_file: str
    loans_file: str
    transactions_pool_cents: int
    net_plus_pool_cents: int
    undistributed_cents: int
    rate_per_loan: str
    rate_per_net_plus: str
    libraries: int
    loans: int
    net_plus: int
    paid_cents: int
    withheld_cents: int


Example = SplitExample | DatesExample | ReplayExample


def worked_examples() -> tuple[Example, ...]:
    """Return every worked example, in the order of the names of their files."""
    return tuple(read_example(path) for path in sorted(FOLDER.glob("*.toml")))


def split_examples() -> tuple[SplitExample, ...]:
    """Return the examples of one payment each, from facts to figures."""
    return tuple(example for example in worked_examples() if isinstance(example, SplitExample))


def read_example(path: Path) -> Example:
    """Read one file; ValueError, with the file's name, for anything in it that is not understood."""
    facts = _Facts(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)
    if "replay" in facts:
        example: Example = _replay(path.stem, facts)
    elif "filings" in facts:
        example = _dates(path.stem, facts)
    else:
        example = _split(path.stem, facts)
    facts.nothing_is_left()
    return example


class _Facts:
    """A TOML table whose words are taken one by one; what is left at the end was not understood."""

    def __init__(self, table: Mapping[str, Any], where: str):
        self._table = dict(table)
        self._where = where

    def __contains__(self, word: str) -> bool:
        return word in self._table

    def take(self, word: str, kind: type, default: Any = ...) -> Any:
        if word not in self._table and default is not ...:
            return default
        if word not in self._table:
            raise ValueError(f"{self._where}: {word} is missing")
        value = self._table.pop(word)
        if type(value) is not kind:
            raise ValueError(f"{self._where}: {word} must be a {kind.__name__}, not {value!r}")
        return value

    def cents(self, word: str, default: Any = ...) -> Any:
        text = self.take(word, str, default)
        return parse_dollars(text) if isinstance(text, str) else text

    def table(self, word: str) -> "_Facts":
        return _Facts(self.take(word, dict, {}), f"{self._where}, {word}")

    def tables(self, word: str, default: Any = ()) -> Iterator["_Facts"]:
        for number, table in enumerate(self.take(word, list, default), 1):
            facts = _Facts(table, f"{self._where}, {word} {number}")
            yield facts
            facts.nothing_is_left()

    def words(self) -> list[str]:
        return list(self._table)

    def days(self) -> Days:
        return Days(self.take("from", date, None), self.take("until", date, None))

    def nothing_is_left(self) -> None:
        if self._table:
            raise ValueError(f"{self._where}: not understood: {', '.join(self._table)}")


def _split(name: str, facts: _Facts) -> SplitExample:
    fiscal_year = facts.take("fiscal_year", int)
    libraries, residency = _libraries(facts.table("libraries"))
    keys = {library.key for library in libraries}
    loans = [
        *_loans(facts.table("loans"), fiscal_year, certified=True),
        *_loans(facts.table("loans_not_certified"), fiscal_year, certified=False),
    ]
    refused = []
    for row in facts.tables("refused"):
        lender, home_library = _pair(row.take("loan", str), name)
        span = _span(row.take("period", str), fiscal_year)
        refused.append(
            RefusedLoans(lender, home_library, span, row.take("loans", int), row.take("because", str))
        )
    rows: list[Loans | RefusedLoans] = [*loans, *refused]
    if unknown := {key for row in rows for key in (row.lender, row.home_library)} - keys:
        raise ValueError(f"{name}: loans of unknown libraries: {', '.join(sorted(unknown))}")
    releases = []
    for row in facts.tables("releases"):
        library = row.take("library", str)
        releases.append(
            Release(
                library=library,
                paid_to=row.take("paid_to", str, library),
                cured_on=row.take("cured_on", date),
                ordered_on=row.take("ordered_on", date),
                paid_cents=row.cents("paid", None),
                lapses_cents=row.cents("lapses", None),
            )
        )
    successions = [
        Succession(row.take("from", str), row.take("to", str), row.take("on", date))
        for row in facts.tables("successions")
    ]
    expected = facts.table("expected")
    example = SplitExample(
        name=name,
        title=facts.take("title", str),
        section=facts.take("section", str),
        story=facts.take("story", str),
        fiscal_year=fiscal_year,
        appropriation_cents=facts.cents("appropriation"),
        withheld=facts.take("withheld", str, "keep"),
        libraries=libraries,
        residency=residency,
        successions=tuple(successions),
        loans=tuple(loans),
        refused=tuple(refused),
        transactions_pool_cents=expected.cents("transactions_pool"),
        net_plus_pool_cents=expected.cents("net_plus_pool"),
        undistributed_cents=expected.cents("undistributed"),
        rate_per_loan=expected.take("per_loan", str, None),
        rate_per_net_plus=expected.take("per_net_plus", str, None),
        filings_owed=expected.take("filings_owed", dict, {}),
        lines=tuple(_lines(expected.take("table", list), name)),
        releases=tuple(releases),
    )
    expected.nothing_is_left()
    return example


def _libraries(facts: _Facts) -> tuple[tuple[ExampleLibrary, ...], tuple[ResidencyRow, ...]]:
    libraries: list[ExampleLibrary] = []
    residency: list[ResidencyRow] = []
    for key in facts.words():
        row = facts.table(key)
        town, principal = row.take("town", str), row.take("principal", bool, True)
        is_open = row.table("open")
        open_days = is_open.days()
        is_open.nothing_is_left()
        residency.append(ResidencyRow(town, key, principal, open_days))
        for served in row.tables("serves"):
            residency.append(ResidencyRow(served.take("town", str), key, True, served.days()))
        letters = tuple(letter.days() for letter in row.tables("letters", [{}]))
        cadences = []
        for chosen in row.tables("cadences"):
            cadence, days = Cadence(chosen.take("cadence", str)), chosen.days()
            cadences.append((cadence, days.first_day, days.last_day))
        not_in_order = tuple(Code(code) for code in row.take("not_in_order", list, []))
        row.nothing_is_left()
        libraries.append(ExampleLibrary(key, town, open_days, letters, tuple(cadences), not_in_order))
    return tuple(libraries), tuple(residency)


def _loans(facts: _Facts, fiscal_year: int, *, certified: bool) -> Iterator[Loans]:
    for period in facts.words():
        span = _span(period, fiscal_year)
        counts = facts.table(period)
        for pair in counts.words():
            lender, home_library = _pair(pair, period)
            yield Loans(lender, home_library, span, counts.take(pair, int), certified)


def _pair(text: str, where: str) -> tuple[str, str]:
    lender, arrow, home_library = text.partition(" > ")
    if not (lender and arrow and home_library):
        raise ValueError(f"{where}: {text!r} must be written 'lender > home library'")
    return lender, home_library


def _span(text: str, fiscal_year: int) -> Span:
    """Read `whole year`, `2026-03`, `2026-03 to 2026-08` or `2026-06-15 to 2026-06-30`."""
    if text == "whole year":
        return measurement_period(fiscal_year)
    first, _, last = text.partition(" to ")
    return Span(_day(first, last=False), _day(last or first, last=True))


def _day(text: str, *, last: bool) -> date:
    numbers = [int(part) for part in text.split("-")]
    if len(numbers) == 2:
        numbers.append(monthrange(*numbers)[1] if last else 1)
    return date(*numbers)


def _lines(rows: list[list[Any]], name: str) -> Iterator[ExpectedLine]:
    if not rows or rows[0] != HEADINGS:
        raise ValueError(f"{name}: the table must begin with the headings {HEADINGS}")
    for key, loans, borrows, net_plus, *money in rows[1:]:
        transactions, net_plus_share, payment, withheld = (parse_dollars(text) for text in money)
        yield ExpectedLine(key, loans, borrows, net_plus, transactions, net_plus_share, payment, withheld)


def _dates(name: str, facts: _Facts) -> DatesExample:
    return DatesExample(
        name=name,
        title=facts.take("title", str),
        section=facts.take("section", str),
        story=facts.take("story", str),
        filings=tuple(
            FilingDue(
                cadence=Cadence(row.take("cadence", str)),
                span=Span(row.take("from", date), row.take("until", date)),
                due_on=row.take("due", date),
                holidays=frozenset(row.take("holidays", list, [])),
            )
            for row in facts.tables("filings")
        ),
        expenditure_reports=tuple(
            ExpenditureReportDue(
                payment_fiscal_year=row.take("payment_fiscal_year", int),
                due_on=row.take("due", date),
                remind_on=row.take("remind", date),
                covers_fiscal_year=row.take("covers_fiscal_year", int),
                filed_on=row.take("filed", date),
                state=State(row.take("state", str)),
            )
            for row in facts.tables("expenditure_reports")
        ),
        money=tuple(
            MoneyReceived(
                ordered_on=row.take("ordered", date),
                received_on=row.take("received", date),
                fiscal_year=row.take("fiscal_year", int),
                reported_on=row.take("reported", date),
            )
            for row in facts.tables("money")
        ),
    )


def _replay(name: str, facts: _Facts) -> ReplayExample:
    replay, expected = facts.table("replay"), facts.table("expected")
    example = ReplayExample(
        name=name,
        title=facts.take("title", str),
        section=facts.take("section", str),
        story=facts.take("story", str),
        fiscal_year=facts.take("fiscal_year", int),
        appropriation_cents=facts.cents("appropriation"),
        libraries_file=replay.take("libraries", str),
        loans_file=replay.take("loans", str),
        transactions_pool_cents=expected.cents("transactions_pool"),
        net_plus_pool_cents=expected.cents("net_plus_pool"),
        undistributed_cents=expected.cents("undistributed"),
        rate_per_loan=expected.take("per_loan", str),
        rate_per_net_plus=expected.take("per_net_plus", str),
        libraries=expected.take("libraries", int),
        loans=expected.take("loans", int),
        net_plus=expected.take("net_plus", int),
        paid_cents=expected.cents("paid"),
        withheld_cents=expected.cents("withheld_total"),
    )
    replay.nothing_is_left()
    expected.nothing_is_left()
    return example
