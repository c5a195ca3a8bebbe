"""Which home library a label means: names, towns, villages, abbreviations, misspellings.

A label is read without asking only where nothing else can be meant: an official name, a town or village with
one library, a misspelling far from every other name. Canton and Canterbury, Norwich and Norwalk, the four
Windsors are near each other, so a misspelling among them is asked. What was read otherwise than letter by
letter is shown.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

VILLAGES = Path(__file__).resolve().parent.parent / "data" / "villages.csv"
MOST_SUGGESTIONS = 5
LONGEST_LABEL = 120
LONGEST_NORMAL = 160

_ABBREVIATIONS = {
    "lib": "library",
    "libr": "library",
    "lbry": "library",
    "libry": "library",
    "libs": "library",
    "libraries": "library",
    "pub": "public",
    "publ": "public",
    "pl": "public library",
    "fpl": "free public library",
    "mem": "memorial",
    "meml": "memorial",
    "assn": "association",
    "assoc": "association",
    "dept": "department",
    "ctr": "center",
    "centre": "center",
    "spgs": "springs",
    "spg": "springs",
    "hts": "heights",
    "mt": "mount",
    "pt": "point",
}
_FIRST_WORDS = {
    "n": "north",
    "no": "north",
    "nth": "north",
    "s": "south",
    "so": "south",
    "sth": "south",
    "e": "east",
    "w": "west",
    "st": "saint",
}
_FILLERS = {"library", "association", "department", "and", "of", "the", "inc"}
_LIBRARY_WORDS = {"library", "association", "public", "free", "memorial"}
_KINDS_OF_LIBRARY = _FILLERS | {"public", "free", "memorial", "community", "social", "town"}
_TOTALS = re.compile(
    r"(?:grand |sub ?|over ?all |report |column )?(?:totals?|sum)(?: (?:loans?|checkouts?|circulation|for "
    ".*|of .*))?"
    r"|(?:all|total) (?:home )?library(?: totals?)?"
)


class Reading(StrEnum):
    """How a label was read."""

    REMEMBERED = "remembered"
    EXACT = "exact"
    TOWN = "town"
    VILLAGE = "village"
    SHORTENED = "shortened"
    MISSPELT = "misspelt"
    SEVERAL = "several"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class KnownLibrary:
    """A library that a label may mean, with every name it bears or bore."""

    id: int
    key: str
    name: str
    town: str
    former_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """What a label means: `library` where it is plain, None where it is asked or to be left out.

    `choices` are offered first when it is asked, the likeliest first; `offered` whether the first of them is
    the one that the rules themselves would offer, the principal library of a town with several.
    """

    reading: Reading
    library: int | None = None
    choices: tuple[int, ...] = ()
    offered: bool = False
    leave_out: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether a person has to say what the label means."""
        return self.library is None and not self.leave_out

    @property
    def is_known(self) -> bool:
        """Whether the label is that of a library or place, be it of several."""
        return self.reading is not Reading.UNKNOWN


@cache
def villages() -> Mapping[str, tuple[str, ...]]:
    """Return the towns of each village, section or post office of the state that is no town itself."""
    with VILLAGES.open(encoding="utf-8", newline="") as text:
        return {row["village"]: tuple(row["towns"].split("; ")) for row in csv.DictReader(text)}


def normal(label: str) -> str:
    """Return a label in one way of writing: small letters, no punctuation, abbreviations in full."""
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", label) if not unicodedata.combining(letter)
    )
    plain = re.sub(r"['’`]", "", plain.casefold()).replace("&", " and ")
    words = re.findall(r"[^\W_]+", plain)
    while len(words) > 2 and words[0] in {"town", "city", "borough"} and words[1] == "of":
        words = words[2:]
    while len(words) > 1 and words[-1] in {"ct", "conn", "connecticut", "inc"}:
        words.pop()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    if len(words) > 1:
        words[0] = _FIRST_WORDS.get(words[0], words[0])
    return (" ".join(_ABBREVIATIONS.get(word, word) for word in words) or label.strip())[:LONGEST_NORMAL]


def is_total(label: str) -> bool:
    """Whether a row or column with this label sums up others."""
    return bool(label) and _TOTALS.fullmatch(normal(label)) is not None


def may_be_private(label: str) -> bool:
    """Whether a label looks like a person, an address or a card: never shown, never remembered."""
    return (
        "@" in label
        or len(re.findall(r"[0-9]", label)) >= 4
        or len(label) > LONGEST_LABEL
        or re.fullmatch(r"\s*[^\W\d_][\w'’. -]*,\s*[^\W\d_][\w'’. -]*", label) is not None
    )


def _sorted(text: str) -> str:
    return " ".join(sorted(text.split()))


def _without(text: str, words: set[str]) -> str:
    return " ".join(word for word in text.split() if word not in words)


@dataclass
class LabelMatcher:
    """Reads labels for one lender and period.

    `towns` gives the home libraries of each town, the principal one first; `remembered` what this lender's
    people said of a label before, by its normal form: a library, or None for leaving it out.
    """

    libraries: Sequence[KnownLibrary]
    towns: Mapping[str, Sequence[int]]
    remembered: Mapping[str, int | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._found: dict[str, Match] = {}
        self._keys = {library.key.casefold(): library.id for library in self.libraries}
        self._names: dict[str, set[int]] = {}
        self._short_names: dict[str, set[int]] = {}
        self._cores: dict[str, set[int]] = {}
        self._places: dict[str, list[int]] = {}
        self._of_town: dict[str, Sequence[int]] = {}
        self._forms: dict[str, frozenset[int]] = {}
        forms: dict[str, set[int]] = {}
        for library in self.libraries:
            for name in (library.name, *library.former_names):
                full = normal(name)
                short, core = _without(full, _FILLERS), _without(full, _KINDS_OF_LIBRARY)
                self._names.setdefault(_sorted(full), set()).add(library.id)
                self._short_names.setdefault(_sorted(short), set()).add(library.id)
                if core:
                    self._cores.setdefault(_sorted(core), set()).add(library.id)
                forms.setdefault(full, set()).add(library.id)
                forms.setdefault(short, set()).add(library.id)
        for town, homes in self.towns.items():
            self._add_place(town, homes)
            self._of_town[_sorted(normal(town))] = homes
        for village, towns in villages().items():
            self._add_place(village, [home for town in towns for home in self.towns.get(town, ())])
        for place, homes in self._places.items():
            if homes:
                forms.setdefault(place, set()).update(homes)
        self._forms = {form: frozenset(ids) for form, ids in forms.items() if form}
        self._words = {word for form in forms for word in form.split()} - {"and", "of"}
        self._written_forms = list(self._forms)
        distinctive: dict[str, set[int]] = {}
        for form, ids in forms.items():
            if core := _without(form, _KINDS_OF_LIBRARY):
                distinctive.setdefault(core, set()).update(ids)
        self._distinctive = distinctive
        self._sorted_places = {_sorted(place): homes for place, homes in self._places.items()}

    def _add_place(self, place: str, homes: Iterable[int]) -> None:
        known = self._places.setdefault(normal(place), [])
        known += [home for home in homes if home not in known]

    def match(self, label: str) -> Match:
        """Return what a label means."""
        found = self._found.get(label)
        if found is None:
            found = self._found[label] = self._match(label)
        return found

    def _match(self, label: str) -> Match:
        full = normal(label)
        if full in self.remembered:
            home = self.remembered[full]
            return Match(Reading.REMEMBERED, home, leave_out=home is None)
        if not full or len(label) > LONGEST_LABEL or not re.search(r"[^\W\d_]", full):
            return Match(Reading.UNKNOWN)
        if home := self._keys.get(label.strip().casefold()):
            return Match(Reading.EXACT, home)
        if len(named := self._names.get(_sorted(full), set())) == 1:
            return Match(Reading.EXACT, next(iter(named)))
        speaks_of_library = not _LIBRARY_WORDS.isdisjoint(full.split())
        short, core = _without(full, _FILLERS), _without(full, _KINDS_OF_LIBRARY)
        short_named = self._short_names.get(_sorted(short), set())
        at_place = self._sorted_places.get(_sorted(full), [])
        if not speaks_of_library and at_place:
            is_town = _sorted(full) in self._of_town
            if len(at_place) == 1:
                return Match(Reading.TOWN if is_town else Reading.VILLAGE, at_place[0])
            likeliest = (
                [] if is_town else [home for home in at_place if home in self._cores.get(_sorted(core), ())]
            )
            rest = [home for home in at_place if home not in likeliest]
            in_one_town = is_town and len(at_place) == len(self._of_town[_sorted(full)])
            return Match(Reading.SEVERAL, choices=(*likeliest, *rest), offered=in_one_town)
        if len(short_named) == 1:
            return Match(Reading.SHORTENED, next(iter(short_named)))
        likely = list(
            dict.fromkeys([*self._sorted_places.get(_sorted(core), []), *self._cores.get(_sorted(core), ())])
        )
        if core and len(likely) == 1:
            return Match(Reading.SHORTENED, likely[0])
        if core and likely:
            return Match(Reading.SEVERAL, choices=tuple(likely))
        return self._misspelt(full) or self._code(label) or Match(Reading.UNKNOWN)

    def _misspelt(self, full: str) -> Match | None:
        """Return the one name that is a slip or two away, if no other is near it or like it."""
        distances: dict[frozenset[int], tuple[int, str]] = {}
        for written in {full, _without(full, _FILLERS)} - {""}:
            near_forms = process.extract(
                written, self._written_forms, scorer=OSA.distance, score_cutoff=4, limit=None
            )
            for form, distance, _ in near_forms:
                homes = self._forms[form]
                if homes not in distances or distance < distances[homes][0]:
                    distances[homes] = (int(distance), form)
        if not distances:
            return None
        homes, (distance, form) = min(distances.items(), key=lambda found: found[1][0])
        if distance > (2 if len(form) >= 11 else 1) or len(form) < 6:
            return None
        near = [other for other, (far, _) in distances.items() if other != homes and far < distance + 2]
        alike = self._relatives(form, homes)
        if near or alike or len(homes) != 1:
            together = [home for found in [homes, *near, *alike] for home in sorted(found)]
            return Match(Reading.SEVERAL, choices=tuple(dict.fromkeys(together))[:MOST_SUGGESTIONS])
        return Match(Reading.MISSPELT, next(iter(homes)))

    def _relatives(self, form: str, homes: frozenset[int]) -> list[frozenset[int]]:
        """Return other libraries that bear or stand in a name that begins alike or shares a word."""
        words = set(form.split()) - _KINDS_OF_LIBRARY
        return [
            ids
            for other, ids in self._forms.items()
            if ids != homes and (other[:4] == form[:4] or not words.isdisjoint(other.split()))
        ]

    def _code(self, label: str) -> Match | None:
        """Return what a short code in capitals may stand for: the places that begin with it. Always asked."""
        code = label.strip().rstrip("0123456789-_ ")
        if not re.fullmatch(r"[A-Z]{3,6}", code):
            return None
        likely = [
            home
            for place, homes in self._places.items()
            if place.replace(" ", "").startswith(code.lower())
            for home in homes
        ]
        if not likely:
            return None
        return Match(Reading.SEVERAL, choices=tuple(dict.fromkeys(likely))[:MOST_SUGGESTIONS])

    def may_be_a_person(self, label: str) -> bool:
        """Whether an unknown label is written like a name and shares no word with a library or place."""
        if not re.fullmatch(r"[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*){1,3}", label.strip()):
            return False
        return self._words.isdisjoint(normal(label).split())

    def suggestions(self, label: str) -> tuple[int, ...]:
        """Return libraries whose names are like a label that is not known, the likest first."""
        core = _without(normal(label), _KINDS_OF_LIBRARY)
        found = process.extract(core, self._distinctive.keys(), scorer=fuzz.WRatio, score_cutoff=75, limit=8)
        homes = [home for form, _, _ in found for home in sorted(self._distinctive[form])]
        return tuple(dict.fromkeys(homes))[:MOST_SUGGESTIONS]
