"""Live values in help pages: `{{ name argument }}` stands for what a macro writes there today.

So no figure, due date or citation is ever copied into a text. The apps register theirs when they are
ready; what they write is HTML, and only what `rendering` keeps of it reaches a page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


class MacroRefused(ValueError):
    """A macro that is unknown, or whose argument names nothing; the message says how to mend it."""


@dataclass(frozen=True)
class Asked:
    """What a macro is given: the words after its name, the language of the page, the day."""

    argument: str
    language: str
    today: date


@dataclass(frozen=True)
class Macro:
    """A live value: how it is asked for, what stands there then, and what writes it.

    `is_block`: it writes whole paragraphs or a table, and stands alone in a paragraph.
    """

    name: str
    example: str
    says: str
    write: Callable[[Asked], str]
    is_block: bool = False


_REGISTERED: dict[str, Macro] = {}


def register(
    name: str, *, example: str, says: str, is_block: bool = False
) -> Callable[[Callable[[Asked], str]], Callable[[Asked], str]]:
    """Register what writes a live value, once at start; a second one of a name takes its place."""

    def keep(write: Callable[[Asked], str]) -> Callable[[Asked], str]:
        _REGISTERED[name] = Macro(name, example, says, write, is_block)
        return write

    return keep


def registered() -> list[Macro]:
    """Return every live value there is, by name."""
    return [_REGISTERED[name] for name in sorted(_REGISTERED)]


def find(name: str) -> Macro:
    """Return the live value of a name. Raises MacroRefused."""
    if name not in _REGISTERED:
        known = ", ".join(sorted(_REGISTERED))
        raise MacroRefused(f"There is no live value “{name}”. Choose one of: {known}.")
    return _REGISTERED[name]


def is_block(name: str) -> bool:
    """Tell whether a live value of this name writes whole paragraphs or a table."""
    return name in _REGISTERED and _REGISTERED[name].is_block
