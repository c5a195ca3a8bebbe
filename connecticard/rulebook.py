"""What a rule of law looks like as data: a dated value with its citation.

The entries themselves stand beside the functions that use them, in each app's `rules/`.
Standard library only, so that the law can be read and tested without Django.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from connecticard.canonical_json import sha256_of


class Label(StrEnum):
    """How an entry came to be."""

    LAW = "law"
    PRACTICE = "practice"
    READING = "reading"


@dataclass(frozen=True)
class Entry:
    """One legal value, from the day it takes effect until the next entry of the same key.

    `value` None ends the key. `effective_from` None means: since the program began.
    """

    key: str
    value: int | str | bool | None
    citation: str
    label: Label
    sentence: str
    last_checked_on: date
    effective_from: date | None = None

    def canonical(self) -> dict[str, Any]:
        """Return what the law says here as a value for JSON.

        The wording of the sentence and the day it was last checked are left out: reading the law again does
        not change it.
        """
        return {
            "key": self.key,
            "value": self.value,
            "effective_from": self.effective_from and self.effective_from.isoformat(),
            "citation": self.citation,
            "label": self.label.value,
        }

    @classmethod
    def from_canonical(cls, kept: Mapping[str, Any]) -> "Entry":
        """Return the entry that `canonical` described; its sentence and the day of its check are not kept."""
        effective_from = kept["effective_from"]
        return cls(
            key=kept["key"],
            value=kept["value"],
            citation=kept["citation"],
            label=Label(kept["label"]),
            sentence="",
            last_checked_on=date.min,
            effective_from=effective_from and date.fromisoformat(effective_from),
        )


class Rulebook:
    """A set of entries, at most one for a key and a day of effect."""

    def __init__(self, entries: Iterable[Entry]):
        self._entries = tuple(
            sorted(entries, key=lambda entry: (entry.key, entry.effective_from or date.min))
        )
        seen: set[tuple[str, date | None]] = set()
        for entry in self._entries:
            if (entry.key, entry.effective_from) in seen:
                raise ValueError(f"two entries for {entry.key} take effect on the same day")
            seen.add((entry.key, entry.effective_from))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __or__(self, other: "Rulebook") -> "Rulebook":
        return Rulebook((*self, *other))

    def in_force(self, on: date) -> dict[str, Entry]:
        """Return, for each key, the entry in force on that day."""
        found = {entry.key: entry for entry in self._entries if (entry.effective_from or date.min) <= on}
        return {key: entry for key, entry in found.items() if entry.value is not None}

    def entry(self, key: str, on: date) -> Entry:
        """Return the entry for key in force on that day; KeyError where there is none."""
        return self.in_force(on)[key]

    def number(self, key: str, on: date) -> int:
        """Return the whole number in force; TypeError where the entry holds something else."""
        value = self.entry(key, on).value
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{key} is not a whole number")
        return value

    def switch(self, key: str, on: date) -> bool:
        """Return whether a yes-or-no entry is on; TypeError where the entry holds something else."""
        value = self.entry(key, on).value
        if not isinstance(value, bool):
            raise TypeError(f"{key} is not a yes-or-no value")
        return value

    def in_force_during(self, first_day: date, last_day: date) -> tuple[Entry, ...]:
        """Return every entry in force on any of these days, by key and day of effect."""
        return tuple(
            entry
            for entry in self._entries
            if (entry.effective_from or date.min) <= last_day
            and entry.value is not None
            and not any(
                later.key == entry.key
                and (entry.effective_from or date.min) < (later.effective_from or date.min) <= first_day
                for later in self._entries
            )
        )

    def edition(self, first_day: date, last_day: date) -> str:
        """Return the SHA-256 that names the law in force on these days."""
        return sha256_of([entry.canonical() for entry in self.in_force_during(first_day, last_day)])
