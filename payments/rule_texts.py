"""What the rules about payments say on pages in both languages."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from connecticard.rulebook import Rulebook
from payments import rules
from payments.models.run_verification import VerifiedBecause
from payments.rules.correction import Settlement
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.models import Provenance


def texts() -> Iterator[str]:
    """Yield each sentence of the rulebook that stands here, and the words for the state of a run."""
    for module in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}."):
        book = getattr(import_module(module.name), "RULEBOOK", None)
        if isinstance(book, Rulebook):
            yield from (entry.sentence for entry in book)
    yield from (status.value for status in PaymentRunStatus)
    yield from (kind.value for kind in Provenance)
    yield from (because.label for because in VerifiedBecause)
    yield from (settlement.label for settlement in Settlement)
