"""How many items a bin of deliverIT CT is taken to hold: the number in force, and how staff set another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from reports.models import DeliveryAssumption
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.delivery_volume import RULEBOOK

FEWEST, MOST = 1, 500


class AssumptionRefused(Exception):
    """A number that cannot be set; the text says why and what to enter."""


@dataclass(frozen=True)
class Assumption:
    """Items in a bin, why that many, and since which quarter; None where the rulebook's number holds."""

    items_per_bin: int
    reason: str
    since: Quarter | None


def assumption_in(quarter: Quarter) -> Assumption:
    """Return what a bin is taken to hold in a quarter: what staff set last for it, else the rulebook's."""
    return assumptions_in([quarter])[quarter]


def assumptions_in(quarters: Iterable[Quarter]) -> dict[Quarter, Assumption]:
    """Return what a bin is taken to hold in each of these quarters."""
    rows = list(DeliveryAssumption.objects.all())  # the latest first
    found = {}
    for quarter in quarters:
        row = next((row for row in rows if row.begins_on <= quarter.first_day), None)
        found[quarter] = (
            Assumption(row.items_per_bin, row.reason, row.quarter)
            if row
            else shipped_assumption(quarter.first_day)
        )
    return found


def shipped_assumption(on: date) -> Assumption:
    """Return the rulebook's number on a day, with its source."""
    entry = RULEBOOK.entry("delivery.items_per_bin", on)
    return Assumption(RULEBOOK.number(entry.key, on), entry.citation, None)


@transaction.atomic
def set_assumption(
    *, quarter: Quarter, items_per_bin: int, reason: str, by: User, at: datetime
) -> DeliveryAssumption:
    """Set how many items a bin is taken to hold from a quarter on. Raises AssumptionRefused."""
    permissions.check(by, Action.SET_DELIVERY_ASSUMPTION)
    if not FEWEST <= items_per_bin <= MOST:
        raise AssumptionRefused(f"Enter a number of items from {FEWEST} to {MOST}.")
    if not reason.strip():
        raise AssumptionRefused("Enter where the number is from, such as the bins that were counted.")
    row = DeliveryAssumption.objects.create(
        begins_on=quarter.first_day,
        items_per_bin=items_per_bin,
        reason=reason.strip(),
        set_by=by,
        set_at=at,
    )
    AuditEvent.record(
        "delivery_assumption_set",
        target=row,
        by=by,
        after={"from": quarter.name, "items_per_bin": items_per_bin, "reason": row.reason},
    )
    return row
