"""What a page says, as somebody reads it."""

import re
from html import unescape
from typing import Any


def text(answer: Any) -> str:
    """Return the words of an answer, or of a part of a page, in one line without tags."""
    html = answer.content.decode() if hasattr(answer, "content") else str(answer)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
