"""The rulebook as people read it: each topic with its values, as of a day, and what was or will be in force.

Nothing is written here that the rules do not say themselves; values are put into words.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext

from connecticard.rulebook import Entry
from connecticard.templatetags.figures import day_of_year, listed
from payments.models import PaymentRun
from payments.rules.rulebook import Chapter, PublicRule, chapters, edition_of
from transactions.rules.filing_calendar import Cadence

_MONTH_AND_DAY = re.compile(r"\d\d-\d\d")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Value:
    """A dated value; `last_day` None where nothing replaces it. `words` is empty where the key ended."""

    entry: Entry
    words: str
    last_day: date | None


@dataclass(frozen=True)
class Rule:
    """A key of the rulebook: its value on the day asked for, if any, and those of other days in order."""

    key: str
    value: Value | None
    other_values: tuple[Value, ...]


@dataclass(frozen=True)
class Topic:
    """A chapter of the rulebook as of a day."""

    anchor: str
    title: str
    sentence: str
    rules: tuple[Rule, ...]
    functions: tuple[PublicRule, ...]


@dataclass(frozen=True)
class YearEdition:
    """The law under which a fiscal year's run was worked out, and whether the rulebook still gives it."""

    run: PaymentRun
    is_todays: bool


def topics(on: date) -> tuple[Topic, ...]:
    """Return the whole rulebook by topic, with the value of each key on a day."""
    return tuple(_topic(chapter, on) for chapter in chapters())


def editions(runs: list[PaymentRun]) -> list[YearEdition]:
    """Return the edition of each run, and whether this rulebook gives that fiscal year the same one."""
    return [YearEdition(run, edition_of(run.fiscal_year) == run.rulebook_edition) for run in runs]


def title_of(chapter: Chapter) -> str:
    """Return the heading of a chapter, in English."""
    return chapter.name.replace("_", " ").capitalize()


def _topic(chapter: Chapter, on: date) -> Topic:
    values: dict[str, list[Entry]] = defaultdict(list)
    for entry in chapter.entries:
        values[entry.key].append(entry)
    in_force = chapter.entries.in_force(on)
    return Topic(
        anchor=chapter.name.replace("_", "-"),
        title=title_of(chapter),
        sentence=chapter.sentence,
        rules=tuple(_rule(key, entries, in_force.get(key)) for key, entries in values.items()),
        functions=chapter.rules,
    )


def _rule(key: str, entries: list[Entry], in_force: Entry | None) -> Rule:
    dated = [
        Value(entry, in_words(entry.value), _last_day(entries, number))
        for number, entry in enumerate(entries)
    ]
    return Rule(
        key=key,
        value=next((value for value in dated if value.entry is in_force), None),
        other_values=tuple(value for value in dated if value.entry is not in_force),
    )


def _last_day(entries: list[Entry], number: int) -> date | None:
    """Return the day before the next entry of the same key takes effect."""
    if number + 1 == len(entries):
        return None
    begins = entries[number + 1].effective_from
    assert begins is not None, "only the first entry of a key may have no day of effect"
    return begins - timedelta(days=1)


def in_words(value: int | str | bool | None) -> str:
    """Return a value as people write it: yes, 7, March 1 and September 1; nothing for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = str(value)
    parts = text.split()
    if all(_MONTH_AND_DAY.fullmatch(part) for part in parts):
        return listed(_month_and_day(part) for part in parts)
    if len(parts) > 1 and set(parts) <= set(Cadence):
        return listed(gettext(part) for part in parts)
    return gettext(text) if _LETTER.search(text) else text


def words_to_translate(value: int | str | bool | None) -> list[str]:
    """Return the English texts of a value that its words in another language are made of."""
    text = str(value)
    if value is None or isinstance(value, bool) or not _LETTER.search(text):
        return []
    parts = text.split()
    return parts if set(parts) <= set(Cadence) else [text]


def _month_and_day(text: str) -> str:
    month, day = (int(part) for part in text.split("-"))
    return day_of_year(date(2000, month, day))
