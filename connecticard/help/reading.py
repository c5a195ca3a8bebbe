"""What the help center shows to whom: its pages by section, one of them, and the one that explains a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Q
from django.utils import translation
from django.utils.functional import Promise

from connecticard.models import (
    DirectoryEntry,
    GlossaryTerm,
    HelpAudience,
    HelpPageVersion,
    HelpSection,
)
from connecticard.permissions import Action, may


@dataclass(frozen=True)
class Section:
    """A part of the help center with what its pages say today, in order."""

    anchor: str
    label: str | Promise
    pages: list[HelpPageVersion]


def language_of_page() -> str:
    """Return the language of the page that is being made: en or es."""
    return "es" if (translation.get_language() or "").startswith("es") else "en"


def audiences(user: Any) -> list[HelpAudience]:
    """Return the audiences that somebody belongs to."""
    permitted = {
        HelpAudience.PUBLIC: True,
        HelpAudience.SIGNED_IN: may(user, Action.READ_HELP),
        HelpAudience.STATE: may(user, Action.READ_STATE_HELP),
    }
    return [audience for audience, is_permitted in permitted.items() if is_permitted]


def pages_for(user: Any, language: str) -> list[HelpPageVersion]:
    """Return what each page says that somebody may read: in their language, else in English; in order."""
    shown = HelpPageVersion.objects.standing().without_index()
    shown = shown.filter(page__audience__in=audiences(user), page__language__in={language, "en"})
    by_slug = {version.page.slug: version for version in shown.order_by("page__language")}  # en before es
    return sorted(
        by_slug.values(),
        key=lambda version: (
            HelpSection(version.page.section).place,
            version.page.position,
            version.title,
        ),
    )


def sections_for(user: Any, language: str) -> list[Section]:
    """Return the pages that somebody may read, by section; sections without any are left out."""
    return [
        Section(section, HelpSection(section).label, list(pages))
        for section, pages in groupby(pages_for(user, language), key=lambda version: version.page.section)
    ]


def find_page(slug: str, language: str) -> HelpPageVersion | None:
    """Return what a page says, in this language or else in English; the caller asks who may read it."""
    versions = HelpPageVersion.objects.standing().without_index().select_related("made_by")
    found = {version.page.language: version for version in versions.filter(page__slug=slug)}
    return found.get(language) or found.get("en")


def help_for(view_name: str, user: Any, language: str) -> HelpPageVersion | None:
    """Return the help page that explains a page of the site; None where nobody wrote one.

    The page that names it goes before one that names the beginning of its name, the longer before the
    shorter.
    """
    names = [view_name, *(f"{view_name[:end]}*" for end in range(len(view_name), 0, -1))]
    shown = (
        HelpPageVersion.objects.standing()
        .without_index()
        .defer("body")
        .filter(
            page__helps_on__overlap=names,
            page__audience__in=audiences(user),
            page__language__in={language, "en"},
        )
    )

    def closeness(version: HelpPageVersion) -> tuple[int, bool]:
        nearest = min(names.index(name) for name in version.page.helps_on if name in names)
        return nearest, version.page.language != language

    return min(shown, key=closeness, default=None)


def glossary(language: str) -> list[GlossaryTerm]:
    """Return the words of the glossary in a language, and in English what it lacks; by the alphabet."""
    terms = _in_language(GlossaryTerm.objects.filter(withdrawn_at=None), language)
    return sorted(terms, key=lambda term: term.term.casefold())


def explained_terms(language: str) -> list[GlossaryTerm]:
    """Return the words that are explained wherever they stand, in a language or else in English."""
    return list(_in_language(GlossaryTerm.objects.filter(withdrawn_at=None, explained=True), language))


def directory(language: str) -> list[tuple[str, list[DirectoryEntry]]]:
    """Return the directory by headings, in order; in a language, and in English what it lacks."""
    entries = _in_language(DirectoryEntry.objects.filter(withdrawn_at=None), language)
    groups: dict[str, list[DirectoryEntry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.position, entry.name)):
        groups.setdefault(entry.group, []).append(entry)
    return list(groups.items())


def _in_language(rows: Any, language: str) -> Iterable[Any]:
    found = rows.filter(Q(language=language) | Q(language="en"))
    return {row.key: row for row in sorted(found, key=lambda row: row.language == language)}.values()
