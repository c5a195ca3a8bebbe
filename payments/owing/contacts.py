"""The contact log: what staff and libraries said to each other. Lines are added, never changed."""

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from payments.models import ContactHow, ContactLogEntry
from transactions.rules.filing_calendar import eastern_day


class ContactRefused(Exception):
    """The line cannot be noted; the text says why and what to do."""


@transaction.atomic
def log_contact(
    *,
    library: Library,
    on: date,
    how: ContactHow,
    with_whom: str,
    note: str,
    corrects: ContactLogEntry | None = None,
    by: User,
    at: datetime,
) -> ContactLogEntry:
    """Note that staff spoke with a library, or correct an earlier line of it by a new one.

    Raises ContactRefused for a day to come, a blank person or note, or a line of another library.
    """
    permissions.check(by, Action.LOG_CONTACT)
    if on > eastern_day(at):
        raise ContactRefused("Enter the day on which you spoke: today or an earlier one.")
    if not with_whom.strip():
        raise ContactRefused("Enter with whom you spoke.")
    if not note.strip():
        raise ContactRefused("Enter what was said.")
    if corrects is not None and corrects.library_id != library.pk:
        raise ContactRefused("That line is of another library.")
    entry = ContactLogEntry.objects.create(
        library=library,
        on=on,
        how=ContactHow(how),
        with_whom=with_whom.strip(),
        note=note.strip(),
        corrects=corrects,
        by=by,
        at=at,
    )
    AuditEvent.record(
        "contact_noted",
        target=entry,
        by=by,
        after={
            "library": library.key,
            "on": on.isoformat(),
            "how": entry.how,
            "with": entry.with_whom,
            "corrects": corrects and corrects.pk,
        },
    )
    return entry


def last_contacts(libraries: Collection[Library]) -> dict[int, ContactLogEntry]:
    """Return the latest line of each library that has one, by library id; corrected lines are left out."""
    rows = ContactLogEntry.objects.filter(library__in=libraries, corrections=None).order_by("on", "pk")
    return {entry.library_id: entry for entry in rows}
