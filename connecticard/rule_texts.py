"""What the rulebook's own records say on pages in both languages."""

from collections.abc import Iterator

from connecticard.rulebook import Label


def texts() -> Iterator[str]:
    """Yield the word for each way in which an entry of the rulebook came to be."""
    yield from (label.value for label in Label)
