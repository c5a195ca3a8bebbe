"""Every text that the product says in both languages: what templates and code mark, and what rules hold.

Rules know no gettext. An app names the texts that they hold, and that its pages translate when they show
them, in its module `rule_texts`, whose `texts()` yields them.
"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.utils.translation.template import templatize

from connecticard.catalogues import APPS, Text

# What marks a text in code, and which of its arguments are context, text and plural
_MARKS = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
_LITERAL = r"""u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_IN_TEMPLATE = re.compile(rf"(?<![\w.])({'|'.join(_MARKS)})\(\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)")


def translated_texts(root: Path) -> dict[Text, str]:
    """Return each text to be translated, with the file, below the root, that says it first."""
    found: dict[Text, str] = {}
    for path in sorted((root / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            _note(found, _of_template(path), path.relative_to(root))
    for app in APPS:
        for path in sorted((root / app).rglob("*.py")):
            if "migrations" not in path.parts:
                _note(found, _of_code(path), path.relative_to(root))
        name = f"{app}.rule_texts"
        if find_spec(name):
            texts = (Text(text) for text in import_module(name).texts())
            _note(found, texts, Path(app) / "rule_texts.py")
    return found


def _note(found: dict[Text, str], texts: Iterator[Text], path: Path) -> None:
    for text in texts:
        found.setdefault(text, str(path))


def _of_template(path: Path) -> Iterator[Text]:
    for mark, literals in _IN_TEMPLATE.findall(templatize(path.read_text(encoding="utf-8"), str(path))):
        yield _text(mark, list(ast.literal_eval(f"[{literals}]")))


def _of_code(path: Path) -> Iterator[Text]:
    source = path.read_text(encoding="utf-8")
    if "gettext" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _MARKS:
            words = [
                part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""
                for part in node.args
            ]
            needed = [place for place in _MARKS[name] if place is not None]
            if len(words) > max(needed) and all(words[place] for place in needed):
                yield _text(name, words)


def _text(mark: str, words: list[str]) -> Text:
    context, singular, plural = _MARKS[mark]
    return Text(
        words[singular],
        words[plural] if plural is not None else "",
        words[context] if context is not None else "",
    )
