"""What a library's own people say of it for the desk: how it is reached, and its fines. Each is audited."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import clock, permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from connecticard.templatetags.figures import day
from libraries.models import Library, LibraryContact, LibraryFines
from libraries.refused import RosterChangeRefused


@transaction.atomic
def say_how_reached(
    *, library: Library, phone: str, hours: str, web_site: str, by: User
) -> LibraryContact | None:
    """Record telephone, opening hours and web site of a library, looked at today; None where all are empty.

    What is empty is not known. Raises PermissionDenied, and RosterChangeRefused for a web site that is no
    address on the web.
    """
    library = _begin(library, by)
    said = {"phone": phone.strip(), "hours": hours.strip(), "web_site": web_site.strip()}
    if said["web_site"] and not said["web_site"].startswith(("http://", "https://")):
        raise RosterChangeRefused(f"{said['web_site']} is no web site. Enter one that begins with https://.")
    contact = LibraryContact.objects.filter(library=library).first()
    before = {name: getattr(contact, name) for name in said} if contact else None
    if not any(said.values()):
        if contact:
            contact.delete()
            AuditEvent.record("contact_removed", target=library, by=by, before=before)
        return None
    contact = contact or LibraryContact(library=library)
    for name, value in said.items():
        setattr(contact, name, value)
    contact.last_checked_on = clock.today()
    contact.save()
    AuditEvent.record("contact_said", target=library, by=by, before=before, after=said)
    return contact


@transaction.atomic
def set_fines(
    *,
    library: Library,
    from_day: date,
    cents_a_day: int,
    grace_days: int = 0,
    charges_grace_days: bool = False,
    most_cents: int | None = None,
    by: User,
) -> LibraryFines:
    """Record what a library asks for late items from a day on; 0 cents a day: it levies no fines.

    What held before ends the day before; a rule that begins on the very same day is replaced. Raises
    PermissionDenied, and RosterChangeRefused where a later rule is on record.
    """
    library = _begin(library, by)
    if not cents_a_day:
        grace_days, most_cents = 0, None
    rule: dict[str, Any] = {
        "cents_a_day": cents_a_day,
        "grace_days": grace_days,
        "charges_grace_days": charges_grace_days and grace_days > 0,
        "most_cents": most_cents,
    }
    if later := library.fines.filter(valid__startswith__gt=from_day).order_by("valid").first():
        raise RosterChangeRefused(
            f"A rule of {library} on fines is on record from {day(later.valid.lower)}. "
            "Enter that day or a later one."
        )
    standing = library.fines.in_force(from_day).first()
    before = {name: getattr(standing, name) for name in rule} if standing else None
    if standing and standing.valid.lower == from_day:
        standing.delete()
    elif standing:
        standing.valid = DateRange(standing.valid.lower, from_day)
        standing.save(update_fields=["valid"])
    fines = LibraryFines.objects.create(library=library, valid=DateRange(from_day, None), **rule)
    AuditEvent.record(
        "fines_set", target=library, by=by, before=before, after={**rule, "from": from_day.isoformat()}
    )
    return fines


@transaction.atomic
def forget_fines(*, library: Library, by: User) -> None:
    """Say that a library's fines are not on record any more; what held until yesterday stays."""
    library = _begin(library, by)
    today = clock.today()
    ended = list(library.fines.filter(valid__overlap=DateRange(today, None)))
    for fines in ended:
        if fines.valid.lower is None or fines.valid.lower < today:
            fines.valid = DateRange(fines.valid.lower, today)
            fines.save(update_fields=["valid"])
        else:
            fines.delete()
    if ended:
        last = today - timedelta(days=1)
        AuditEvent.record("fines_forgotten", target=library, by=by, after={"last_day": last.isoformat()})


def _begin(library: Library, by: User) -> Library:
    """Check the person, and return the library, locked."""
    permissions.check(by, Action.KEEP_DESK_DETAILS, library)
    return Library.objects.select_for_update().get(pk=library.pk)
