"""A what-if question as an address and in words: the same question is always written the same way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext, gettext_noop

from payments.estimating.what_if import Changes, Outcome
from payments.estimating.what_if_bases import KEY_PATTERN
from payments.rules.cents import dollars, parse_dollars, plain_dollars
from payments.rules.changed_loans import PERCENT_PATTERN, parse_percent, plain_percent

MOST_LIBRARIES = 40
"""How many libraries one question may change: its address stays one that can be sent."""

_KEY = r"[A-Za-z0-9-]{1,12}"
_AMOUNT = r"[0-9]{1,12}(?:\.[0-9]{1,2})?"
_LOANS = rf"{_KEY}:(?:[0-9]{{1,9}}|(?:{PERCENT_PATTERN})%)"
_MORE = MOST_LIBRARIES - 1

PATTERNS = {
    "base": KEY_PATTERN,
    "appropriation": rf"{_AMOUNT}|(?:{PERCENT_PATTERN})%",
    "withheld": "keep|redistribute",
    "net_plus": "town",
    "not_participating": rf"{_KEY}(?:,{_KEY}){{0,{_MORE}}}",
    "not_in_order": rf"{_KEY}(?:,{_KEY}){{0,{_MORE}}}",
    "in_order": rf"{_KEY}(?:,{_KEY}){{0,{_MORE}}}",
    "loans": rf"{_LOANS}(?:,{_LOANS}){{0,{_MORE}}}",
    "all_loans": rf"(?:{PERCENT_PATTERN})%",
}
"""The parameters of a question, in the order in which they are written, and what each may hold."""

_CURES = {
    "base": gettext_noop("Give a run such as 2018-1, or an open year such as 2027-open."),
    "appropriation": gettext_noop("Give dollars such as 600000.00, or a change such as -20%."),
    "withheld": gettext_noop("Give keep or redistribute, or leave it out."),
    "net_plus": gettext_noop("Give town, or leave it out: net plus is then of each library."),
    "loans": gettext_noop(
        "Give a key and a number or a change, such as CT0012:5000 or CT0012:-20%; a comma between libraries."
    ),
    "all_loans": gettext_noop("Give a change from -100% to 999%, such as -10%."),
}
_KEYS_CURE = gettext_noop("Give keys of libraries such as CT0012 with commas between them, %(most)s at most.")


class BadQuestion(Exception):
    """A question that cannot be read; `problems` says, by the name of the parameter, why and what to do."""

    def __init__(self, problems: Mapping[str, str]):
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True)
class Question:
    """What is asked: of which run or open year, and what is to be otherwise."""

    base: str
    changes: Changes

    def without(self, key: str) -> "Question":
        """Return the question that leaves one library as it is."""
        changes = self.changes
        return replace(
            self,
            changes=replace(
                changes,
                not_participating=changes.not_participating - {key},
                not_in_order=changes.not_in_order - {key},
                in_order=changes.in_order - {key},
                loans={each: number for each, number in changes.loans.items() if each != key},
                loans_percent={each: part for each, part in changes.loans_percent.items() if each != key},
            ),
        )


def read(given: Mapping[str, str]) -> Question:
    """Return the question that parameters ask; BadQuestion names each that is unknown or cannot be read."""
    problems = {
        name: gettext("%(name)s is not asked here. Leave it out of the address.") % {"name": name}
        for name in given
        if name not in PATTERNS
    }
    if not given.get("base"):
        problems["base"] = f"{gettext('The year is missing.')} {_cure('base')}"
    for name, pattern in PATTERNS.items():
        if (text := given.get(name)) and not re.fullmatch(pattern, text):
            problems[name] = (
                f"{gettext('%(text)s cannot be read.') % {'text': _shortened(text)}} {_cure(name)}"
            )
    if problems:
        raise BadQuestion(problems)
    numbers, percents = _loans(given.get("loans", ""))
    amount = given.get("appropriation", "")
    every = given.get("all_loans", "")
    changes = Changes(
        appropriation_cents=parse_dollars(amount) if amount and not amount.endswith("%") else None,
        appropriation_percent=parse_percent(amount[:-1]) if amount.endswith("%") else None,
        withheld=given.get("withheld") or None,
        not_participating=_keys(given.get("not_participating", "")),
        not_in_order=_keys(given.get("not_in_order", "")),
        in_order=_keys(given.get("in_order", "")),
        loans=numbers,
        loans_percent=percents,
        all_loans_percent=parse_percent(every[:-1]) if every else None,
        net_plus_by_town=given.get("net_plus") == "town",
    )
    if len(changes.libraries) > MOST_LIBRARIES:
        raise BadQuestion(
            {"library": gettext("A question changes %(most)s libraries at most.") % {"most": MOST_LIBRARIES}}
        )
    return Question(given["base"], changes)


def _cure(name: str) -> str:
    if name in _CURES:
        return gettext(_CURES[name])
    return gettext(_KEYS_CURE) % {"most": MOST_LIBRARIES}


def libraries_named(given: Mapping[str, str]) -> frozenset[str]:
    """Return the keys of the libraries that parameters name; each holds to its pattern."""
    lists = (given.get(name, "") for name in ("not_participating", "not_in_order", "in_order"))
    with_loans = (part.partition(":")[0] for part in _keys(given.get("loans", "")))
    return frozenset(with_loans).union(*map(_keys, lists))


def parameters(question: Question) -> dict[str, str]:
    """Return the parameters that ask a question, in their order; what is not asked is left out."""
    changes = question.changes
    loans = {key: str(number) for key, number in changes.loans.items()}
    loans |= {key: f"{plain_percent(part)}%" for key, part in changes.loans_percent.items()}
    amount = ""
    if changes.appropriation_cents is not None:
        amount = plain_dollars(changes.appropriation_cents)
    elif changes.appropriation_percent is not None:
        amount = f"{plain_percent(changes.appropriation_percent)}%"
    written = {
        "base": question.base,
        "appropriation": amount,
        "withheld": changes.withheld or "",
        "net_plus": "town" if changes.net_plus_by_town else "",
        "not_participating": ",".join(sorted(changes.not_participating)),
        "not_in_order": ",".join(sorted(changes.not_in_order)),
        "in_order": ",".join(sorted(changes.in_order)),
        "loans": ",".join(f"{key}:{loans[key]}" for key in sorted(loans)),
        "all_loans": ""
        if changes.all_loans_percent is None
        else f"{plain_percent(changes.all_loans_percent)}%",
    }
    return {name: text for name, text in written.items() if text}


def in_words(outcome: Outcome, names: Mapping[str, str]) -> list[str]:
    """Return what is asked, in sentences; `names` holds the names of the libraries, by key."""
    changes, base = outcome.changes, outcome.base
    said = []
    if (cents := outcome.then.appropriation_cents) != base.appropriation_cents:
        by = changes.appropriation_percent
        if not by:
            words = gettext("%(then)s would be divided in place of %(now)s.")
        elif by > 0:
            words = gettext("%(then)s would be divided in place of %(now)s, %(percent)s percent more.")
        else:
            words = gettext("%(then)s would be divided in place of %(now)s, %(percent)s percent less.")
        said.append(
            words
            % {
                "then": dollars(cents),
                "now": dollars(base.appropriation_cents),
                "percent": plain_percent(abs(by or 0)),
            }
        )
    if changes.withheld and changes.withheld != base.withheld:
        said.append(
            gettext("The shares of libraries that are not in order would be kept for them, withheld.")
            if changes.withheld == "keep"
            else gettext("The shares of libraries that are not in order would be divided among the others.")
        )
    if changes.net_plus_by_town:
        said.append(gettext("Net plus would be worked out for each town in place of each library."))
    if changes.all_loans_percent:
        words = (
            gettext("Every library would have lent %(percent)s percent more.")
            if changes.all_loans_percent > 0
            else gettext("Every library would have lent %(percent)s percent less.")
        )
        said.append(words % {"percent": plain_percent(abs(changes.all_loans_percent))})
    said += [words for _, words in library_changes(changes, names)]
    return said


def library_changes(changes: Changes, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the libraries that a question changes, by name: the key, and in a sentence what is changed."""
    figures: dict[str, dict[str, str]] = {}
    said: list[tuple[str, str]] = []
    for key in changes.not_participating:
        said.append((key, gettext("%(library)s would not participate: its loans count for nothing.")))
    for key in changes.not_in_order:
        said.append((key, gettext("%(library)s would not be in order.")))
    for key in changes.in_order:
        said.append((key, gettext("%(library)s would be in order.")))
    for key, loans in changes.loans.items():
        figures[key] = {"loans": f"{loans:,}"}
        said.append((key, gettext("%(library)s would have lent %(loans)s in all.")))
    for key, part in changes.loans_percent.items():
        figures[key] = {"percent": plain_percent(abs(part))}
        said.append((key, _more_or_less(part)))
    sentences = [
        (key, words % {"library": names.get(key, key), **figures.get(key, {})}) for key, words in said
    ]
    return sorted(sentences, key=lambda change: (names.get(change[0], change[0]), change[1]))


def _more_or_less(hundredths: int) -> str:
    if not hundredths:
        return gettext("%(library)s would have lent as much as it did.")
    if hundredths > 0:
        return gettext("%(library)s would have lent %(percent)s percent more.")
    return gettext("%(library)s would have lent %(percent)s percent less.")


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()


def _loans(text: str) -> tuple[dict[str, int], dict[str, int]]:
    """Return the loans of libraries that are set to a number, and those changed by percent."""
    numbers: dict[str, int] = {}
    percents: dict[str, int] = {}
    for part in text.split(",") if text else ():
        key, _, change = part.partition(":")
        if key in numbers or key in percents:
            raise BadQuestion({"loans": f"{key} has its loans changed twice: keep one change."})
        if change.endswith("%"):
            percents[key] = parse_percent(change[:-1])
        else:
            numbers[key] = int(change)
    return numbers, percents


def _shortened(text: Any) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
