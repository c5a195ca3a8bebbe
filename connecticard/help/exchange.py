"""The glossary and the directory of the help center as files."""

from typing import Any, ClassVar

from connecticard.exchange import Column, ReferenceResource, a_day, a_text, yes_or_no
from connecticard.help import services
from connecticard.help.services import HelpRefused
from connecticard.models import HELP_LANGUAGES, DirectoryEntry, GlossaryTerm, User

BETWEEN = ";"  # stands between the spellings of a word in one cell


def spellings(cell: str) -> list[str]:
    """Read the other spellings of a word, with semicolons between them."""
    return [word for each in cell.split(BETWEEN) if (word := each.strip())]


def spelt(words: list[str]) -> str:
    """Return spellings as one cell."""
    return f"{BETWEEN} ".join(words)


def a_language(cell: str) -> str:
    """Read a language of the site."""
    if cell.lower() not in HELP_LANGUAGES:
        raise ValueError(f"It is no language of this site. Enter {' or '.join(HELP_LANGUAGES)}.")
    return cell.lower()


def a_place(cell: str) -> int:
    """Read a place among others, from 0."""
    if not (cell.isascii() and cell.isdigit() and int(cell) <= 32_767):
        raise ValueError("It is no place. Enter a whole number from 0 to 32767; small ones come first.")
    return int(cell)


_KEY = Column("key", lambda row: row.key, a_text(60), "Its name for programs, such as ill.", required=True)
_LANGUAGE = Column("language", lambda row: row.language, a_language, "en or es.", required=True)
_CHECKED = Column(
    "last_checked_on",
    lambda row: row.last_checked_on,
    a_day,
    "The day on which somebody looked whether it is so.",
    required=True,
)
_WITHDRAWN = Column(
    "withdrawn", lambda row: row.withdrawn_at is not None, yes_or_no, "yes: it is shown to nobody."
)


class HelpResource(ReferenceResource):
    """Rows of the help center: a new one is added, of one on record what the file gives is kept."""

    refusals = (HelpRefused,)
    empty: ClassVar[dict[str, Any]] = {}

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        kind = self._meta.model
        key, language = values.pop("key"), values.pop("language")
        values = {
            name: self.empty.get(name, "") if value is None else value for name, value in values.items()
        }
        row = kind._default_manager.filter(key=key, language=language).first()
        if row is None:
            row = services.add_row(kind=kind, key=key, language=language, values=values, by=by)
            return f"Adds “{row}”."
        changed = services.change_row(row=row, values=values, by=by)
        stands = {name for name in values if getattr(row, _kept_as(name)) == getattr(changed, _kept_as(name))}
        return "" if stands == values.keys() else f"Changes “{changed}”."


def _kept_as(name: str) -> str:
    return "withdrawn_at" if name == "withdrawn" else name


class GlossaryTermResource(HelpResource):
    """The words of the glossary."""

    columns = (
        _KEY,
        _LANGUAGE,
        Column("term", lambda row: row.term, a_text(60), "The word or acronym.", required=True),
        Column("also", lambda row: spelt(row.also), spellings, "Other spellings, with ; between them."),
        Column("stands_for", lambda row: row.stands_for, a_text(120), "Of an acronym."),
        Column("meaning", lambda row: row.meaning, a_text(600), "In plain words.", required=True),
        Column("explained", lambda row: row.explained, yes_or_no, "no: only in the glossary."),
        Column("link", lambda row: row.link, a_text(300), "Where to read more; https://."),
        _CHECKED,
        _WITHDRAWN,
    )
    empty: ClassVar[dict[str, Any]] = {"also": [], "explained": True, "withdrawn": False}

    class Meta(ReferenceResource.Meta):
        model = GlossaryTerm


class DirectoryEntryResource(HelpResource):
    """The entries of the directory."""

    columns = (
        _KEY,
        _LANGUAGE,
        Column("group", lambda row: row.group, a_text(80), "The heading above it.", required=True),
        Column("position", lambda row: row.position, a_place, "Small numbers come first."),
        Column("name", lambda row: row.name, a_text(120), "Its name.", required=True),
        Column("purpose", lambda row: row.purpose, a_text(400), "What for.", required=True),
        Column("link", lambda row: row.link, a_text(300), "Its web page; https://."),
        Column("email", lambda row: row.email, a_text(254), "Its e-mail address."),
        Column("phone", lambda row: row.phone, a_text(30), "Its telephone."),
        _CHECKED,
        _WITHDRAWN,
    )
    empty: ClassVar[dict[str, Any]] = {"position": 100, "withdrawn": False}

    class Meta(ReferenceResource.Meta):
        model = DirectoryEntry
