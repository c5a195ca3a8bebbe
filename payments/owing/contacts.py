"""The contact log: what staff and libraries said to each other. Lines are added, never changed."""

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import DeliverySite, Library
from payments.models import ContactHow, ContactLogEntry
from transactions.rules.filing_calendar import eastern_day


class ContactRefused(Exception):
    """The line cannot be noted; the text says why and what to do."""


@transaction.atomic
def log_contact(
    *,
    whose: Library | DeliverySite,
    on: date,
    how: ContactHow,
    with_whom: str,
    note: str,
    corrects: ContactLogEntry | None = None,
    by: User,
    at: datetime,
) -> ContactLogEntry:
    """Note that staff spoke with a library, or correct an earlier line of it by a new one.

    A public library has one log, whether it is named itself or by its site of deliverIT CT. Raises
    ContactRefused for a day to come, a blank person or note, or a line of another library.
    """
    permissions.check(by, Action.LOG_CONTACT)
    if on > eastern_day(at):
        raise ContactRefused("Enter the day on which you spoke: today or an earlier one.")
    if not with_whom.strip():
        raise ContactRefused("Enter with whom you spoke.")
    if not note.strip():
        raise ContactRefused("Enter what was said.")
    whose = with_one_log(whose)
    if corrects is not None and corrects.whose != whose:
        raise ContactRefused("That line is of another library.")
    entry = ContactLogEntry.objects.create(
        library=whose if isinstance(whose, Library) else None,
        delivery_site=whose if isinstance(whose, DeliverySite) else None,
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
            "library": whose.key,
            "on": on.isoformat(),
            "how": entry.how,
            "with": entry.with_whom,
            "corrects": corrects and corrects.pk,
        },
    )
    return entry


def with_one_log(whose: Library | DeliverySite) -> Library | DeliverySite:
    """Return the one whose log it is: a public library for its site, which is the library itself."""
    return whose.library or whose if isinstance(whose, DeliverySite) else whose


def entries_of(whose: Library | DeliverySite) -> QuerySet[ContactLogEntry]:
    """Return the lines of a library, or of a site that is none, the latest first."""
    whose = with_one_log(whose)
    if isinstance(whose, Library):
        return ContactLogEntry.objects.filter(library=whose)
    return ContactLogEntry.objects.filter(delivery_site=whose)


def last_contacts(whose: Collection[Library | DeliverySite]) -> dict[str, ContactLogEntry]:
    """Return the latest line of each that has one, by key; corrected lines are left out."""
    libraries = [one for each in whose if isinstance(one := with_one_log(each), Library)]
    sites = [each for each in whose if isinstance(each, DeliverySite) and each.library_id is None]
    rows = ContactLogEntry.objects.filter(
        Q(library__in=libraries) | Q(delivery_site__in=sites), corrections=None
    ).select_related("library", "delivery_site")
    return {entry.whose.key: entry for entry in rows.order_by("on", "pk")}
