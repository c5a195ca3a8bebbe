"""Markdown of the help center as HTML: links and live values put in, and only what is harmless kept.

docs/help-content.md describes the format.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import nh3
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin

from connecticard.help import macros
from connecticard.help.macros import Asked, MacroRefused

NOTES = ("note", "example", "warning")
_CLASSES = {
    "a": {"citation__link"},
    "div": {"help-note", *(f"help-note--{kind}" for kind in NOTES), "table-region"},
    "span": {"citation", "citation__label", "nowrap"},
    "table": {"stacked"},
    "td": {"number"},
}
_TAGS = set(
    "a abbr b blockquote br caption code dd div dl dt em h2 h3 h4 h5 h6 hr li ol p pre span strong table "  # noqa: SIM905
    "tbody td th thead time tr ul".split()
)
_ATTRIBUTES = {
    "a": {"href"},
    "abbr": {"title"},
    "div": {"role", "aria-label", "tabindex"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "h5": {"id"},
    "ol": {"start"},
    "td": {"data-label"},
    "th": {"scope"},
    "time": {"datetime"},
    "tr": {"id"},
    "dt": {"id"},
    "*": {"lang"},
}
_BETWEEN_TAGS = re.compile(r">\s+<")
_SCHEMES = {"http", "https", "mailto", "tel"}


@dataclass
class Rendered:
    """A text as a page shows it, its second-level headings by anchor, and each mistake that it holds.

    `leads_to` names the other pages of the help center that it links to.
    """

    html: SafeString
    headings: list[tuple[str, str]]
    mistakes: list[str]
    leads_to: set[str]


def render(body: str, *, language: str, today: date, anchors_begin: str = "") -> Rendered:
    """Return a text in HTML; a mistake in it stands as plain words, and is told in `mistakes`.

    `anchors_begin`: what its headings are named after, where several texts share a page; they are two
    levels lower there.
    """
    mistakes: list[str] = []
    leads_to: set[str] = set()
    tokens = _parser().parse(body)
    _unwrap_blocks(tokens)
    for line, token in _with_lines(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            mistakes.append(f"Line {line}: a heading of the first level. The page has one; begin with ##.")
        elif token.type == "link_open":
            _lead(token, line, mistakes, leads_to)
        elif token.type == "live_value":
            _ask(token, line, language, today, mistakes)
    if anchors_begin:
        _set_lower(tokens, anchors_begin)
    headings = [
        (str(opening.attrs["id"]), _words([inside]))
        for opening, inside in pairwise(tokens)
        if opening.type == "heading_open" and opening.tag == "h2"
    ]
    shown = _parser().renderer.render(tokens, _parser().options, {})
    return Rendered(_harmless(shown), headings, mistakes, leads_to)


def words_of(body: str) -> str:
    """Return a text without its marks and live values, to be searched and quoted."""
    return _words(_parser().parse(body))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(anchors_plugin, min_level=2, max_level=3, slug_func=_anchor)
    parser.use(deflist_plugin)
    for kind in NOTES:
        parser.use(container_plugin, kind, render=_note)
    parser.inline.ruler.before("emphasis", "live_value", _live_value)
    parser.add_render_rule("live_value", lambda _self, tokens, at, *_: tokens[at].meta.get("html", ""))
    parser.core.ruler.push("tables_for_telephones", _stack_tables)
    return parser


def _anchor(heading: str) -> str:
    return slugify(heading) or "section"


def _live_value(state: StateInline, silent: bool) -> bool:
    """Read `{{ name argument }}`; a rule of the parser."""
    if not state.src.startswith("{{", state.pos):
        return False
    end = state.src.find("}}", state.pos)
    if end == -1:
        return False
    if not silent:
        token = state.push("live_value", "", 0)
        token.content = state.src[state.pos + 2 : end].strip()
    state.pos = end + 2
    return True


def _note(_self: Any, tokens: Sequence[Token], at: int, *_: Any) -> str:
    if tokens[at].nesting != 1:
        return "</div>\n"
    return f'<div class="help-note help-note--{tokens[at].info.split()[0]}">\n'


def _stack_tables(state: StateCore) -> None:
    """Let a table be read on a telephone: each cell names its column, the first of a row heads the row."""
    labels: list[str] = []
    column = 0
    for at, token in enumerate(state.tokens):
        if token.type == "table_open":
            labels = []
            token.attrs = {"class": "stacked"}
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            labels.append(_words([state.tokens[at + 1]]))
            token.attrs = {"scope": "col"}
        elif token.type == "td_open":
            token.attrs = {"data-label": labels[column]} if column else {"scope": "row"}
            token.tag = token.tag if column else "th"
            state.tokens[at + 2].tag = token.tag
            column += 1


def _unwrap_blocks(tokens: Sequence[Token]) -> None:
    """Take the paragraph away around a live value that writes paragraphs or a table."""
    for opening, inside, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "paragraph_open" and [each.type for each in inside.children or ()] == [
            "live_value"
        ]:
            name = inside.children[0].content.partition(" ")[0]  # type: ignore[index]
            opening.hidden = closing.hidden = macros.is_block(name)


def _set_lower(tokens: Sequence[Token], begins: str) -> None:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + 2, 6)}"
            if "id" in token.attrs:
                token.attrs["id"] = f"{begins}-{token.attrs['id']}"


def _with_lines(tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """Yield each token, those inside of others too, with the line on which its paragraph begins."""
    line = 1
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        yield line, token
        for inside in token.children or ():
            yield line, inside


def _words(tokens: Sequence[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type == "inline":
            parts.append("".join(_plain(inside) for inside in token.children or ()))
        elif token.type in ("fence", "code_block"):
            parts.append(token.content)
    return "\n".join(part.strip() for part in parts if part.strip())


def _plain(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else token.content if token.type in _SPOKEN else ""


_SPOKEN = frozenset({"text", "code_inline"})


def _lead(token: Token, line: int, mistakes: list[str], leads_to: set[str]) -> None:
    """Put the address in place of `help:name` and `page:name`."""
    given = str(token.attrs.get("href", ""))
    parts = urlsplit(given)
    if parts.scheme not in ("help", "page"):
        if parts.scheme and parts.scheme not in _SCHEMES:
            mistakes.append(f"Line {line}: a link to “{given}”. Links begin with https:, help: or page:.")
        return
    after = f"#{parts.fragment}" if parts.fragment else ""
    asked = f"?{parts.query}" if parts.query else ""
    try:
        found = address_of(parts.path) if parts.scheme == "help" else reverse(parts.path)
    except NoReverseMatch:
        mistakes.append(f"Line {line}: a link to “{given}”, which names no page. Mend its name.")
        token.attrs.pop("href", None)
        return
    if parts.scheme == "help" and parts.path not in MADE:
        leads_to.add(parts.path)
    token.attrs["href"] = found + asked + after


# Pages of the help center that are not written as texts.
MADE = {"": "help:index", "search": "help:search", "glossary": "help:glossary", "handbook": "help:handbook"}


def address_of(slug: str) -> str:
    """Return the address of a page of the help center; whether it is there, the reader knows."""
    return reverse(MADE[slug]) if slug in MADE else reverse("help:page", args=[slug])


def _ask(token: Token, line: int, language: str, today: date, mistakes: list[str]) -> None:
    name, _, argument = token.content.partition(" ")
    try:
        written = conditional_escape(macros.find(name).write(Asked(argument.strip(), language, today)))
    except MacroRefused as refusal:
        mistakes.append(f"Line {line}: {refusal}")
        written = escape("{{ " + token.content + " }}")
    token.meta["html"] = _BETWEEN_TAGS.sub("><", written).strip()  # so that a full stop may follow at once


def _harmless(html: str) -> SafeString:
    kept = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        link_rel=None,
        strip_comments=True,
    )
    return mark_safe(kept)  # noqa: S308 - cleaned just now
