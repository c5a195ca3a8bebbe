"""What ships of the help center: Markdown pages, the glossary and the directory, as files.

docs/help-content.md describes them. What is wrong in a file is told with its name and what to do.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from connecticard.models import HELP_LANGUAGES, HelpAudience, HelpSection

CONTENT = Path(__file__).parent / "content"
RESERVED = frozenset({"glossary", "handbook", "new", "payment-year", "recipes", "search", "terms", "entries"})
_FENCE = "+++"


class ContentRefused(ValueError):
    """A file of the help center that cannot be read; the message says where, what and how to mend it."""


@dataclass(frozen=True)
class ShippedPage:
    """A help page as a file: what is kept of the page itself, and what of its text."""

    slug: str
    language: str
    title: str
    summary: str
    section: HelpSection
    owner: str
    last_checked_on: date
    body: str = field(repr=False)
    audience: HelpAudience = HelpAudience.PUBLIC
    position: int = 100
    helps_on: tuple[str, ...] = ()

    TEXT = ("title", "summary", "body")

    @property
    def page(self) -> dict[str, Any]:
        """What is kept of the page itself, by column."""
        kept = {name: value for name, value in asdict(self).items() if name not in self.TEXT}
        return kept | {"helps_on": list(self.helps_on)}

    @property
    def text(self) -> dict[str, str]:
        """What is kept of its text, by column."""
        return {name: getattr(self, name) for name in self.TEXT}


@dataclass(frozen=True)
class ShippedTerm:
    """A word of the glossary as a file has it."""

    key: str
    language: str
    term: str
    meaning: str
    last_checked_on: date
    stands_for: str = ""
    also: tuple[str, ...] = ()
    explained: bool = True
    link: str = ""


@dataclass(frozen=True)
class ShippedEntry:
    """An entry of the directory as a file has it."""

    key: str
    language: str
    group: str
    name: str
    purpose: str
    last_checked_on: date
    position: int = 100
    link: str = ""
    email: str = ""
    phone: str = ""


Kind = TypeVar("Kind", ShippedTerm, ShippedEntry)


def pages(content: Path = CONTENT) -> list[ShippedPage]:
    """Return every page that ships, in both languages. Raises ContentRefused."""
    return [
        _page(path, language)
        for language in HELP_LANGUAGES
        for path in sorted((content / language).glob("*.md"))
    ]


def terms(content: Path = CONTENT) -> list[ShippedTerm]:
    """Return every word of the glossary that ships, in both languages. Raises ContentRefused."""
    return list(_rows(content, "glossary.toml", "term", ShippedTerm))


def entries(content: Path = CONTENT) -> list[ShippedEntry]:
    """Return every entry of the directory that ships, in both languages. Raises ContentRefused."""
    return list(_rows(content, "directory.toml", "entry", ShippedEntry))


def _page(path: Path, language: str) -> ShippedPage:
    slug = path.stem
    if slug in RESERVED:
        raise ContentRefused(f"{path.name}: this address is taken by another page. Rename the file.")
    opening, head, body = _parts(path)
    if opening.strip():
        raise ContentRefused(f"{path.name}: begin the file with a line of {_FENCE}.")
    given = _read(head, path.name)
    _expect(given, ShippedPage, path.name, also={"slug", "language", "body"})
    try:
        audience = HelpAudience(given.pop("audience", HelpAudience.PUBLIC))
        section = HelpSection(given.pop("section"))
    except ValueError as wrong:
        raise ContentRefused(f"{path.name}: {wrong}. Choose one that docs/help-content.md names.") from wrong
    helps_on = tuple(given.pop("helps_on", ()))
    return ShippedPage(
        slug=slug,
        language=language,
        audience=audience,
        section=section,
        helps_on=helps_on,
        body=body.strip() + "\n",
        **given,
    )


def _parts(path: Path) -> list[str]:
    parts = path.read_text(encoding="utf-8").split(f"{_FENCE}\n", 2)
    if len(parts) != 3:
        raise ContentRefused(
            f"{path.name}: put what describes the page between two lines of {_FENCE} at its beginning."
        )
    return parts


def _rows(content: Path, name: str, table: str, kind: type[Kind]) -> Iterator[Kind]:
    for language in HELP_LANGUAGES:
        path = content / language / name
        if not path.exists():
            continue
        seen: set[str] = set()
        for number, row in enumerate(_read(path.read_text(encoding="utf-8"), path.name).get(table, ()), 1):
            where = f"{language}/{name}, {table} {number}"
            _expect(row, kind, where, also={"language"})
            if row["key"] in seen:
                raise ContentRefused(f"{where}: the key “{row['key']}” stands twice. Rename one.")
            seen.add(row["key"])
            listed = {"also": tuple(row["also"])} if "also" in row else {}
            yield kind(language=language, **row | listed)


def _read(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise ContentRefused(f"{name}: {wrong}. Mend the TOML there.") from wrong


def _expect(given: dict[str, Any], kind: type[Any], where: str, also: set[str]) -> None:
    """Refuse names that are missing or not known. `also`: those that come from elsewhere."""
    known = {each.name: each for each in fields(kind) if each.name not in also}
    needed = {name for name, each in known.items() if each.default is each.default_factory}  # both MISSING
    if missing := sorted(needed - given.keys()):
        raise ContentRefused(f"{where}: add {', '.join(missing)}.")
    if not isinstance(given["last_checked_on"], date):
        raise ContentRefused(f"{where}: write last_checked_on as 2026-11-22, without quotation marks.")
    if strange := sorted(given.keys() - known.keys()):
        raise ContentRefused(f"{where}: {', '.join(strange)} means nothing here. Remove it or mend its name.")
