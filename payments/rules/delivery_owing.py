"""Which reports of deliverIT CT are asked for, and how a site's report of a quarter stands.

No law asks for them; they have no bearing on any payment.
"""

from datetime import date, timedelta
from enum import StrEnum

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules.delivery_quarters import Quarter
from transactions.rules.delivery_volume import Arrival, SiteQuarter, arrival, missing_months

_CHECKED = date(2026, 11, 21)
_PRACTICE = "Practice of this program; no text asks for reminders"

RULEBOOK = Rulebook(
    [
        Entry(
            key="delivery_reports.asked_for_from",
            value="2026-07-01",
            citation=_PRACTICE,
            label=Label.PRACTICE,
            sentence="Counts of deliverIT CT are asked for from the quarter that began on July 1, 2026; "
            "those of earlier quarters were mailed to the State Library.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="delivery_reports.asked_for_days",
            value=365,
            citation=_PRACTICE,
            label=Label.PRACTICE,
            sentence="A report that did not come within 365 days after it was due is not asked for any more; "
            "it is taken at any time.",
            last_checked_on=_CHECKED,
        ),
    ]
)


class DeliveryState(StrEnum):
    """How a site's report of a quarter stands on a day; each is in one of these."""

    TO_COME = "quarter not over"
    NOT_STARTED = "not started"
    DRAFT = "draft"
    PARTIAL = "partial"
    SUBMITTED = "submitted"


def quarters_asked_for(today: date) -> tuple[Quarter, ...]:
    """Return the quarters whose reports are asked for on a day, the earliest first: over, and not too old.

    Source: practice of the State Library, as entered in the rulebook.
    """
    first = date.fromisoformat(str(RULEBOOK.entry("delivery_reports.asked_for_from", today).value))
    days = RULEBOOK.number("delivery_reports.asked_for_days", today)
    found = []
    quarter = Quarter.containing(today).preceding
    while quarter.first_day >= first and today <= quarter.due_on + timedelta(days=days):
        found.append(quarter)
        quarter = quarter.preceding
    return tuple(reversed(found))


def delivery_state(site: SiteQuarter, *, has_draft: bool, ends_on: date, today: date) -> DeliveryState:
    """Return how a site's report of a quarter that ends on a day stands.

    What was submitted stays submitted while a correction of it is worked on.

    Source: practice of the State Library: counts by month are reported by quarter.
    """
    if site.submitted_on is not None:
        return DeliveryState.PARTIAL if missing_months(site) else DeliveryState.SUBMITTED
    if has_draft:
        return DeliveryState.DRAFT
    return DeliveryState.NOT_STARTED if today > ends_on else DeliveryState.TO_COME


def is_late(site: SiteQuarter, today: date) -> bool:
    """Return whether a site's report came, or still does not come, after the day on which it was due.

    Source: practice of the State Library, as entered in the rulebook.
    """
    return arrival(site, today) in (Arrival.LATE, Arrival.MISSING)
