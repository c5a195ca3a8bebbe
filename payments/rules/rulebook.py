"""The whole rulebook: every dated value and every public rule of filing and of payment, in one place.

It is gathered from the rule modules themselves, so a rule that is written is a rule that is shown.
"""

import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

import payments.rules
import transactions.rules
from connecticard.canonical_json import sha256_of
from connecticard.rulebook import Entry, Rulebook
from payments.rules import cents, eligibility, expenditure_reporting, grant_formula, net_plus
from payments.rules.expenditure_reporting import fiscal_year_days
from transactions.rules import filing_calendar, reportable_loans, working_days
from transactions.rules.filing_calendar import measurement_period

_PAYMENT_RULES = (
    working_days,
    filing_calendar,
    reportable_loans,
    net_plus,
    eligibility,
    expenditure_reporting,
    grant_formula,
    cents,
)

_SOURCE = re.compile(r"^Source: (.+)\Z", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class PublicRule:
    """One public rule function: where it stands in the code, what it says, and where that comes from.

    `source` is empty where the docstring names none, which the test suite refuses.
    """

    module: str
    function: str
    sentence: str
    source: str


@dataclass(frozen=True)
class Chapter:
    """One topic of the rulebook: the entries and the public rules of one rule module.

    `name` is the module's own, such as `filing_calendar`; `sentence` says what it is about.
    """

    name: str
    sentence: str
    entries: Rulebook
    rules: tuple[PublicRule, ...]


@cache
def whole_rulebook() -> Rulebook:
    """Return the entries of all rule modules as one rulebook; ValueError where two modules share a key.

    Source: C.G.S. §§ 11-31a, 11-31b; Regs. Conn. State Agencies § 11-31c-1 to 11-31c-5.
    """
    whole = Rulebook([])
    keys: dict[str, str] = {}
    for module in _rule_modules():
        book = getattr(module, "RULEBOOK", None)
        if not isinstance(book, Rulebook):
            continue
        for key in {entry.key for entry in book}:
            if key in keys:
                raise ValueError(f"{key} is an entry of both {keys[key]} and {module.__name__}")
            keys[key] = module.__name__
        whole = whole | book
    return whole


@cache
def edition_of(fiscal_year: int) -> str:
    """Return the SHA-256 that names the law under which a fiscal year's payments are worked out.

    It covers the entries of the modules below that were in force on any day from the first day measured to
    the end of the fiscal year, so that a rule on something else never changes the edition of a payment.

    Source: Regs. Conn. State Agencies § 11-31c-1 to 11-31c-4; C.G.S. § 11-31b.
    """
    return sha256_of([entry.canonical() for entry in entries_of(fiscal_year)])


@cache
def entries_of(fiscal_year: int) -> tuple[Entry, ...]:
    """Return the entries that make up the edition of a fiscal year, by key and day of effect.

    Source: Regs. Conn. State Agencies § 11-31c-1 to 11-31c-4; C.G.S. § 11-31b.
    """
    used = Rulebook(entry for module in _PAYMENT_RULES for entry in module.RULEBOOK)
    return used.in_force_during(measurement_period(fiscal_year).first_day, fiscal_year_days(fiscal_year)[1])


@cache
def public_rules() -> tuple[PublicRule, ...]:
    """Return every public rule function of filing and of payment, by module and in the order of its code.

    Source: C.G.S. §§ 11-31a, 11-31b; Regs. Conn. State Agencies § 11-31c-1 to 11-31c-5.
    """
    return tuple(rule for module in _rule_modules() for rule in _rules_of(module))


@cache
def chapters() -> tuple[Chapter, ...]:
    """Return the rulebook by topic, filing first; a module with neither an entry nor a rule is left out.

    Source: C.G.S. §§ 11-31a, 11-31b; Regs. Conn. State Agencies § 11-31c-1 to 11-31c-5.
    """
    found = (
        Chapter(
            name=module.__name__.rpartition(".")[2],
            sentence=_first_sentence(module),
            entries=getattr(module, "RULEBOOK", Rulebook([])),
            rules=_rules_of(module),
        )
        for module in _rule_modules()
    )
    return tuple(chapter for chapter in found if chapter.rules or any(chapter.entries))


def _rules_of(module: ModuleType) -> tuple[PublicRule, ...]:
    return tuple(
        _described(module, name, function)
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and name[0] != "_"
    )


def _rule_modules() -> Iterator[ModuleType]:
    """Import and yield the rule modules, filing first; those whose name begins with _ hold no rule."""
    for package in (transactions.rules, payments.rules):
        for found in pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}."):
            if not found.name.rpartition(".")[2].startswith("_") and found.name != __name__:
                yield import_module(found.name)


def _first_sentence(described: object) -> str:
    return " ".join((inspect.getdoc(described) or "").partition("\n\n")[0].split())


def _described(module: ModuleType, name: str, function: object) -> PublicRule:
    docstring = inspect.getdoc(function) or ""
    source = _SOURCE.search(docstring)
    return PublicRule(
        module=module.__name__,
        function=name,
        sentence=_first_sentence(function),
        source=" ".join(source[1].split()) if source else "",
    )
