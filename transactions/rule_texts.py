"""What the rules about filings, the desk and deliverIT CT say on pages in both languages."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from connecticard.rulebook import Rulebook
from transactions import rules
from transactions.harvest import described
from transactions.rules.receipt_numbers import ReceiptKind


def texts() -> Iterator[str]:
    """Yield each sentence of the rulebook that stands here, each kind of receipt, and a title."""
    for module in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}."):
        book = getattr(import_module(module.name), "RULEBOOK", None)
        if isinstance(book, Rulebook):
            yield from (entry.sentence for entry in book)
    yield from (kind.label for kind in ReceiptKind)
    yield described.TITLE
