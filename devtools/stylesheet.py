"""The part of the USWDS stylesheet that the pages use: `python -m devtools.stylesheet`.

The whole one, `devtools/uswds.min.css`, is half a megabyte, most of it components that no page has. What is
served keeps the rules for plain elements, each component of which a template names any part, and each other
class that a template names. Run this when a page begins to use another one; a test says so.
"""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHOLE = ROOT / "devtools" / "uswds.min.css"
SERVED = ROOT / "static" / "vendor" / "uswds" / "css" / "uswds.min.css"
FAMILIES = ("Source Sans Pro Web", "Roboto Mono Web")
_NAMED_BY = ("templates/**/*.html", "static/js/**/*.js", "*/**/*.py")


def stylesheet() -> str:
    """Return what is served, made from the whole stylesheet and the names that pages use."""
    components, classes = _names()
    return '@charset "UTF-8";\n' + _kept(WHOLE.read_text(), components, classes)


def _names() -> tuple[set[str], set[str]]:
    """Return the components of which anything is named, such as usa-alert, and every class of a template."""
    texts = {
        path: path.read_text()
        for pattern in _NAMED_BY
        for path in ROOT.glob(pattern)
        if path.parts[len(ROOT.parts)]
        in {"templates", "static", "connecticard", "libraries", "transactions", "payments", "reports"}
    }
    components = {name for text in texts.values() for name in re.findall(r"usa-[a-z]+(?:-[a-z]+)*", text)}
    classes = {
        name
        for path, text in texts.items()
        if path.suffix == ".html"
        for value in re.findall(r'class="([^"]*)"', text)
        for name in value.split()
    }
    return components, classes


def _kept(css: str, components: set[str], classes: set[str]) -> str:
    kept = []
    for prelude, block in _rules(css):
        if prelude.startswith(("@media", "@supports")):
            inner = _kept(block, components, classes)
            kept += [f"{prelude}{{{inner}}}"] if inner else []
        elif prelude.startswith("@font-face"):
            still = block.replace("font-display:fallback", "font-display:optional")  # text never jumps
            kept += [f"{prelude}{{{still}}}"] if any(name in block for name in FAMILIES) else []
        elif prelude.startswith("@"):
            kept.append(f"{prelude}{{{block}}}" if block else f"{prelude};")
        else:
            selectors = [one for one in _selectors(prelude) if _is_used(one, components, classes)]
            kept += [f"{','.join(selectors)}{{{block}}}"] if selectors else []
    return "".join(kept)


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before each block and in it; an at-rule without one has an empty block."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL).removeprefix('@charset "UTF-8";')
    at = 0
    while at < len(css):
        opening, end = css.find("{", at), css.find(";", at)
        if css[at : at + 1] == "@" and -1 < end < (opening if opening > -1 else len(css)):
            yield css[at:end].strip(), ""
            at = end + 1
            continue
        if opening == -1:
            return
        depth, closing = 1, opening
        while depth:
            closing += 1
            depth += {"{": 1, "}": -1}.get(css[closing], 0)
        yield css[at:opening].strip(), css[opening + 1 : closing]
        at = closing + 1


def _selectors(prelude: str) -> list[str]:
    """Split a list of selectors at its commas, not at those between parentheses."""
    return re.split(r",(?![^()]*\))", prelude)


def _is_used(selector: str, components: set[str], classes: set[str]) -> bool:
    """Tell whether every class that a selector asks for may stand on a page."""
    asked = re.sub(r":not\([^)]*\)", "", selector)
    return all(
        name in classes or re.split("__|--", name)[0] in components
        for name in (re.sub(r"\\", "", raw) for raw in re.findall(r"\.((?:\\.|[\w-])+)", asked))
    )


if __name__ == "__main__":
    SERVED.write_text(stylesheet())
    print(f"{SERVED.relative_to(ROOT)}: {SERVED.stat().st_size:,} bytes")
