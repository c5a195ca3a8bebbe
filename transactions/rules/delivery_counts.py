"""What a site of deliverIT CT counts in a month, and when its report of a quarter is complete.

Source: State Library guide to deliverIT CT: Counting.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

Counts = Mapping[tuple[date, "Measure"], int]
"""Counts by first day of the month and by what was counted; a blank has no entry, 0 is a count."""


class DeliveryReportStatus(StrEnum):
    """The state of one version of a report. A submitted version never changes; an amendment is a new one."""

    DRAFT = "draft"
    SUBMITTED = "submitted"

    @property
    def label(self) -> str:
        """The state in words for people."""
        return {DeliveryReportStatus.DRAFT: "Draft", DeliveryReportStatus.SUBMITTED: "Submitted"}[self]


class Measure(StrEnum):
    """Something that a site counts by month; the names are those of columns, files and the API."""

    BINS_IN = "bins_in"
    BINS_OUT = "bins_out"
    ITEMS_IN = "items_in"
    ITEMS_OUT = "items_out"
    LOANS_SENT = "loans_sent"
    LOANS_RECEIVED = "loans_received"

    @property
    def label(self) -> str:
        """What is counted, in words for people."""
        return _LABELS[self]

    @property
    def is_asked(self) -> bool:
        """Whether a report without it is incomplete; interlibrary loans are given by who wants to."""
        return self not in (Measure.LOANS_SENT, Measure.LOANS_RECEIVED)


_LABELS = {
    Measure.BINS_IN: "Bins in",
    Measure.BINS_OUT: "Bins out",
    Measure.ITEMS_IN: "Loose items in",
    Measure.ITEMS_OUT: "Loose items out",
    Measure.LOANS_SENT: "Interlibrary loans sent",
    Measure.LOANS_RECEIVED: "Interlibrary loans received",
}

ASKED = tuple(measure for measure in Measure if measure.is_asked)
LARGEST = 1_000_000
"""More than a month can bring to one site; a larger number is a slip of the finger."""


def places_missing(counts: Counts, months: Iterable[date]) -> list[tuple[date, Measure]]:
    """Return each place of the months that has no count and should have one; a report without any is whole.

    Source: State Library guide to deliverIT CT: Counting.
    """
    return [(month, measure) for month in months for measure in ASKED if (month, measure) not in counts]
