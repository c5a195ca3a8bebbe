"""The rulebook editions that runs were worked out under, kept whole, so that each can be read in any year."""

from collections.abc import Sequence
from typing import Any

from connecticard import clock
from connecticard.canonical_json import sha256_of
from payments.models import PaymentRun, RulebookEdition
from payments.rules import rulebook

Entries = Sequence[dict[str, Any]]


def todays_entries(fiscal_year: int) -> list[dict[str, Any]]:
    """Return what today's rulebook says of a fiscal year, entry by entry, as an edition keeps it."""
    return [entry.canonical() for entry in rulebook.entries_of(fiscal_year)]


def is_todays(run: PaymentRun) -> bool:
    """Return whether today's rulebook still gives a run's fiscal year the edition of that time."""
    return rulebook.edition_of(run.fiscal_year) == run.rulebook_edition


def keep_todays(fiscal_year: int) -> None:
    """Keep today's edition of a fiscal year, where it is not kept yet."""
    entries = todays_entries(fiscal_year)
    RulebookEdition.objects.get_or_create(
        sha256=sha256_of(entries), defaults={"entries": entries, "kept_at": clock.now()}
    )


def entries_of(run: PaymentRun) -> Entries:
    """Return the entries that a run was worked out under; none where nobody knows them any more."""
    entries = kept(run.rulebook_edition)
    if entries is None and is_todays(run):
        return todays_entries(run.fiscal_year)
    return entries or []


def kept(sha256: str) -> Entries | None:
    """Return the entries of an edition; None where nobody kept them."""
    return RulebookEdition.objects.filter(pk=sha256).values_list("entries", flat=True).first()
