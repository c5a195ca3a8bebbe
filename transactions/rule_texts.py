"""What the rules about filings, the desk and deliverIT CT say on pages in both languages."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from connecticard.rulebook import Rulebook
from transactions import rules
from transactions.harvest import described
from transactions.rules.desk import TABLES
from transactions.rules.desk._table import Amount
from transactions.rules.desk.overdue_fine import LINES
from transactions.rules.paper import MENDS
from transactions.rules.receipt_numbers import ReceiptKind


def texts() -> Iterator[str]:
    """Yield each sentence of the rulebook that stands here, each kind of receipt, and a title."""
    for module in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}."):
        book = getattr(import_module(module.name), "RULEBOOK", None)
        if isinstance(book, Rulebook):
            yield from (entry.sentence for entry in book)
    yield from _of_the_desk()
    yield from MENDS.values()
    yield from (kind.label for kind in ReceiptKind)
    yield described.TITLE


def _of_the_desk() -> Iterator[str]:
    """Yield every question, choice and answer of the desk, and the lines of the working of a fine."""
    for table in TABLES.values():
        yield from filter(None, (table.title, table.lead, table.dated))
        for each in table.all_that_can_be_said:
            yield each.label
            if isinstance(each, Amount):
                yield from filter(None, [each.help])
            else:
                yield from (text for choice in each.choices for text in (choice.label, choice.help) if text)
        for row in table.rows:
            yield from filter(None, (row.headline, row.reason, row.next_step))
            yield from row.other_headlines
    yield from LINES
