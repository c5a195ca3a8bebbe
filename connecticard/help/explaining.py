"""Acronyms that explain themselves: wherever a word of the glossary stands on a page, it opens its meaning.

A button and a popover of HTML alone, so that tap, keyboard and screen reader work without a script; the
script only puts the meaning beside the word and opens it on hover. The first of a page can be reached by
Tab, those after it by tap and hover, so that nobody has to pass fifty of them.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape

from connecticard.models import GlossaryTerm

_TAG = re.compile(r"(<!--.*?-->|<[^>]*>)", re.DOTALL)
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_CLOSED_TO_IT = frozenset(
    "a abbr button code h1 h2 h3 h4 h5 h6 label legend option pre script select style summary svg textarea "  # noqa: SIM905
    "title".split()
)
_UNTOUCHED = re.compile(r'translate="no"|aria-hidden="true"|class="[^"]*\b(?:usa-sr-only|citation|digest)\b')
_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})


def explain(html: str, terms: Iterable[GlossaryTerm]) -> tuple[str, list[GlossaryTerm]]:
    """Return a part of a page with its words made to open their meaning, and the words that stand in it.

    Left as they are: words in links, buttons, headings, labels, code, and in what says translate="no".
    """
    spelt = {escape(word): term for term in terms for word in (term.term, *term.also)}
    if not spelt or not (pattern := _pattern(tuple(spelt))).search(html):
        return html, []
    found: dict[str, GlossaryTerm] = {}

    def button(match: re.Match[str]) -> str:
        term = spelt[match[0]]
        out_of_order = ' tabindex="-1"' if term.key in found else ""
        found[term.key] = term
        title = f' title="{escape(term.stands_for)}"' if term.stands_for else ""
        return (
            f'<button type="button" class="term" popovertarget="term-{term.key}"{title}{out_of_order}>'
            f"{match[0]}</button>"
        )

    parts = [pattern.sub(button, part) if is_text else part for part, is_text in _parts(html)]
    return "".join(parts), list(found.values())


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")


def _parts(html: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a page in order, and of each whether it is text in which a word may be explained."""
    within, depth = "", 0
    for part in _TAG.split(html):
        name = _NAME.match(part)
        if name is None:
            yield part, not within and not part.startswith("<!")
            continue
        tag, is_end = name[1].lower(), part[1] == "/"
        if within:
            if tag == within and not part.endswith("/>"):
                depth += -1 if is_end else 1
            within = within if depth else ""
        elif not is_end and tag not in _VOID and (tag in _CLOSED_TO_IT or _UNTOUCHED.search(part)):
            within, depth = tag, 1
        yield part, False
