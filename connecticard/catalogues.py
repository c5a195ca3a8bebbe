"""The Spanish of the product: parts of a catalogue, `<app>/locale/es/<part>.po`, made into one.

The parts are the source. What gettext loads, a `.mo`, is made of them when a process starts and they changed;
no program of gettext is needed, and nothing that is made is kept in the repository.
"""

import os
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import polib

APPS = ("connecticard", "libraries", "transactions", "payments", "reports")
LANGUAGE = "es"
_HEADER = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Language": LANGUAGE,
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
}
_NAMED = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")


class Text(NamedTuple):
    """An English text as a catalogue names it: its plural and its context are empty where it has none."""

    singular: str
    plural: str = ""
    context: str = ""


def part_paths(root: Path) -> list[Path]:
    """Return the parts of the catalogue, by app and name."""
    return [path for app in APPS for path in sorted((root / app / "locale" / LANGUAGE).glob("*.po"))]


def text_of(entry: polib.POEntry) -> Text:
    """Return the English text that an entry of a part translates."""
    return Text(entry.msgid, entry.msgid_plural or "", entry.msgctxt or "")


def compiled_catalogue(root: Path, into: Path) -> Path:
    """Return the folder below `into` in which Django finds the catalogue, made from the parts as they are.

    It is named by what the parts hold, so that it is made once for each state of them. Where two parts
    translate one text, the first is taken; `faults` says so.
    """
    parts = part_paths(root)
    digest = sha256(b"\0".join(path.read_bytes() for path in parts)).hexdigest()
    folder = into / digest[:16]
    made = folder / LANGUAGE / "LC_MESSAGES" / "django.mo"
    if not made.exists():
        whole = polib.POFile()
        whole.metadata = _HEADER
        for entry in {text_of(entry): entry for path in reversed(parts) for entry in _part(path)}.values():
            whole.append(entry)
        made.parent.mkdir(parents=True, exist_ok=True)
        unfinished = made.with_suffix(f".{os.getpid()}")
        whole.save_as_mofile(str(unfinished))
        unfinished.replace(made)
    return folder


def _part(path: Path) -> polib.POFile:
    try:
        return polib.pofile(str(path), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as a catalogue; mend it: {error}") from error


def translations(root: Path) -> Iterator[tuple[Path, polib.POEntry]]:
    """Yield each entry of each part, with the file in which it stands."""
    for path in part_paths(root):
        for entry in _part(path):
            if not entry.obsolete:
                yield path, entry


def faults(root: Path, asked: dict[Text, str]) -> list[str]:
    """Return what is wrong with the catalogue, a line for each fault: where, what, how to mend it.

    `asked` are the texts that the product has to say, each with the file that says it.
    """
    found: list[str] = []
    known: dict[Text, tuple[Path, polib.POEntry]] = {}
    for path, entry in translations(root):
        where = f"{path.relative_to(root)}:{entry.linenum}: {entry.msgid!r}"
        text = text_of(entry)
        if text not in asked:
            found.append(f"{where} is said nowhere any more; take it out")
        if text in known and _spanish(known[text][1]) != _spanish(entry):
            other = known[text][0].relative_to(root)
            found.append(f"{where} reads otherwise in {other}; say it one way, or give one of them a context")
        elif text in known and known[text][0] == path:
            found.append(f"{where} stands here twice; take one out")
        known.setdefault(text, (path, entry))
        if not all(_spanish(entry)):
            found.append(f"{where} has no Spanish; write it")
        elif entry.fuzzy:
            found.append(f"{where} is marked fuzzy; look at it and take the mark off")
        elif lost := _names(text.singular, text.plural) ^ _names(*_spanish(entry)):
            found.append(f"{where}: {', '.join(sorted(lost))} stands in one language only; mend it")
    for text, path_of_source in asked.items():
        if text not in known:
            found.append(
                f"{path_of_source}: {text.singular!r} has no entry; manage.py spanish --fill makes it"
            )
    return found


def _spanish(entry: polib.POEntry) -> tuple[str, ...]:
    if entry.msgid_plural:
        return tuple(entry.msgstr_plural.get(number, "") for number in (0, 1))
    return (entry.msgstr,)


def _names(*texts: str) -> frozenset[str]:
    """Return the places that a sentence leaves for values."""
    return frozenset(name for text in texts for name in _NAMED.findall(text))


def fill(path: Path, wanted: list[tuple[Text, str]], said: set[Text]) -> int:
    """Add an empty entry to a part for each wanted text, take out what is said nowhere; return how many."""
    part = _part(path) if path.exists() else polib.POFile(wrapwidth=110)
    part.wrapwidth = 110
    part.metadata = _HEADER
    for entry in [entry for entry in part if text_of(entry) not in said or entry.obsolete]:
        part.remove(entry)
    for text, source in wanted:
        part.append(
            polib.POEntry(
                msgid=text.singular,
                msgid_plural=text.plural,
                msgctxt=text.context or None,
                msgstr_plural={0: "", 1: ""} if text.plural else {},
                comment=source,
                flags=["python-format"] if "%(" in text.singular + text.plural else [],
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part.save(str(path))
    return len(wanted)
