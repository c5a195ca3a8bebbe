"""Asking for boxes."""

from connecticard import clock
from reports.models import Edition, YearBox
from reports.tasks import queue_box_once_it_stands


def ask_for_box(edition: Edition) -> YearBox:
    """Ask for the box of an edition that is published; the worker makes it. Part of a transaction.

    To ask twice is harmless: a box is made once.
    """
    box, _ = YearBox.objects.get_or_create(edition=edition, defaults={"asked_at": clock.now()})
    queue_box_once_it_stands(box)
    return box
