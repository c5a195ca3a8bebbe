"""Search of the help center: PostgreSQL's full text, and a word that nobody wrote is taken for the nearest.

Nothing that somebody asks for is kept.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import F
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from rapidfuzz import fuzz, process

from connecticard.help.reading import audiences, glossary, pages_for
from connecticard.models import GlossaryTerm, HelpPageVersion

LONGEST_QUESTION = 200
MOST_FOUND = 30
_NEAR = 75  # of 100: one letter wrong in four, or two changed over in a longer word
_CONFIGS = {"en": ("english", "in_english"), "es": ("spanish", "in_spanish")}
_WORD = re.compile(r"[^\W_]{3,}")
_BEGINS, _ENDS = "\ue000", "\ue001"  # stand around a word found, until the rest of the text is made safe


@dataclass(frozen=True)
class Hit:
    """A page that was found: what it says, and where in it the words stand."""

    version: HelpPageVersion
    excerpt: SafeString


@dataclass(frozen=True)
class Found:
    """What a search found. `taken_for`: the words looked for instead, where those asked for stand nowhere."""

    pages: list[Hit]
    terms: list[GlossaryTerm]
    taken_for: str = ""

    def __bool__(self) -> bool:
        return bool(self.pages or self.terms)


def find(asked: str, user: Any, language: str) -> Found:
    """Return the pages and words that answer a question, the best first."""
    found = _find(asked, user, language)
    if found or (nearest := _nearest(asked, user, language)) == asked:
        return found
    return replace(_find(nearest, user, language), taken_for=nearest)


def _find(asked: str, user: Any, language: str) -> Found:
    return Found(_pages(asked, user, language), _terms(asked, language))


def _pages(asked: str, user: Any, language: str) -> list[Hit]:
    config, index = _CONFIGS[language]
    query = SearchQuery(asked, config=config, search_type="websearch")
    shown = (
        HelpPageVersion.objects.standing()
        .defer("body", "in_english", "in_spanish")
        .filter(page__audience__in=audiences(user), **{index: query})
        .filter(pk__in=[version.pk for version in pages_for(user, language)])
        .annotate(
            rank=SearchRank(F(index), query),
            excerpt=SearchHeadline(
                "words",
                query,
                config=config,
                start_sel=_BEGINS,
                stop_sel=_ENDS,
                max_fragments=2,
                max_words=24,
                min_words=8,
                fragment_delimiter=" … ",
            ),
        )
        .order_by("-rank", "title")[:MOST_FOUND]
    )
    return [Hit(version, _marked(version.excerpt)) for version in shown]  # type: ignore[attr-defined]


def _marked(excerpt: str) -> SafeString:
    """Return an excerpt with the words found marked; it begins with the summary's place in the text."""
    text = escape(" ".join(excerpt.split()))
    return mark_safe(text.replace(_BEGINS, "<mark>").replace(_ENDS, "</mark>"))  # noqa: S308 - escaped


def _terms(asked: str, language: str) -> list[GlossaryTerm]:
    words = [word.casefold() for word in _WORD.findall(asked)] or [asked.casefold()]

    def is_meant(term: GlossaryTerm) -> bool:
        names = " ".join([term.term, term.stands_for, *term.also]).casefold()
        return all(word in names for word in words)

    return [term for term in glossary(language) if is_meant(term)]


def _nearest(asked: str, user: Any, language: str) -> str:
    """Return the question with each word that stands nowhere changed into the nearest that does."""
    shown = HelpPageVersion.objects.filter(pk__in=[version.pk for version in pages_for(user, language)])
    texts = [" ".join(row) for row in shown.values_list("title", "summary", "words")]
    texts += [f"{term.term} {term.stands_for}" for term in glossary(language)]
    known = {word.casefold() for text in texts for word in _WORD.findall(text)}

    def nearest(word: re.Match[str]) -> str:
        if word[0].casefold() in known:
            return word[0]
        found = process.extractOne(word[0].casefold(), known, scorer=fuzz.ratio, score_cutoff=_NEAR)
        return found[0] if found else word[0]

    return _WORD.sub(nearest, asked)
