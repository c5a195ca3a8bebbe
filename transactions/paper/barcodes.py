"""Barcodes of what the server knows, such as delivery codes, drawn as SVG that a strict browser accepts.

Code 128 everywhere: it writes letters and digits alike and is the shortest for a card's fourteen digits.
What only the browser knows is drawn there, to the same measures (`static/js/paper.js`).
"""

import re

from barcode.codex import Code128
from barcode.errors import BarcodeError
from django.utils.html import format_html
from django.utils.safestring import SafeString

QUIET = 10  # modules of white on each side, which a scanner needs
MODULE_MM = 0.33  # width of the narrowest bar: ten-mil scanners read it with room to spare
HEIGHT_MM = 14


def barcode_svg(text: str) -> SafeString:
    """Return the Code 128 barcode of a text as SVG in its natural size.

    ValueError where the text is empty or holds a sign that Code 128 lacks.
    """
    try:
        bits = Code128(text).build()[0] if text else ""
    except (BarcodeError, KeyError, ValueError) as problem:
        raise ValueError(f"{text!r} cannot be a barcode: use letters, digits and hyphens") from problem
    if not bits:
        raise ValueError("an empty text cannot be a barcode: give the code")
    modules = len(bits) + 2 * QUIET
    bars = "".join(f"M{QUIET + at} 0h{width}v1h-{width}z" for at, width in _bars(bits))
    return format_html(
        '<svg class="barcode" role="img" aria-label="{}" width="{}mm" height="{}mm" viewBox="0 0 {} 1"'
        ' preserveAspectRatio="none" shape-rendering="crispEdges"><path d="{}"></path></svg>',
        text,
        round(modules * MODULE_MM, 2),
        HEIGHT_MM,
        modules,
        bars,
    )


def _bars(bits: str) -> list[tuple[int, int]]:
    """Return where each bar begins and its width, of bits in which ones are black."""
    return [(bar.start(), len(bar[0])) for bar in re.finditer("1+", bits)]
