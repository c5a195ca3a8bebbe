"""Which libraries share a circulation system: every change of it, audited."""

from datetime import date, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from connecticard.templatetags.figures import day, days
from libraries.models import Consortium, ConsortiumMembership, Library
from libraries.refused import RosterChangeRefused


@transaction.atomic
def name_consortium(*, name: str, by: User) -> Consortium:
    """Put a consortium on record. Raises RosterChangeRefused for an empty name or one that is taken."""
    permissions.check(by, Action.MANAGE_ROSTER)
    name = name.strip()
    if not name:
        raise RosterChangeRefused("Enter the name of the consortium.")
    if Consortium.objects.filter(name__iexact=name).exists():
        raise RosterChangeRefused(f"{name} is on record already.")
    consortium = Consortium.objects.create(name=name)
    AuditEvent.record("consortium_named", target=consortium, by=by, after={"name": name})
    return consortium


@transaction.atomic
def join_consortium(
    *, library: Library, consortium: Consortium, from_day: date, by: User
) -> ConsortiumMembership:
    """Record that a library belongs to a consortium from a day on.

    Raises RosterChangeRefused for a day on which the library was not open, and where it belongs to the
    consortium on that day or later already.
    """
    library = _begin(library, by)
    if from_day not in library.open_during:
        raise RosterChangeRefused(f"{library} was not open on {day(from_day)}. Enter another day.")
    standing = library.consortium_memberships.filter(
        consortium=consortium, valid__overlap=DateRange(from_day, None)
    ).first()
    if standing:
        raise RosterChangeRefused(
            f"{library} belongs to {consortium} {days(standing.valid)}. Enter a day after it."
        )
    membership = library.consortium_memberships.create(
        consortium=consortium, valid=DateRange(from_day, library.open_during.upper)
    )
    AuditEvent.record(
        "consortium_joined",
        target=membership,
        by=by,
        after={"library": library.key, "consortium": consortium.name, "from": from_day.isoformat()},
    )
    return membership


@transaction.atomic
def leave_consortium(*, membership: ConsortiumMembership, last_day: date, by: User) -> ConsortiumMembership:
    """Record the last day on which a library belongs to a consortium.

    Raises RosterChangeRefused where an end is on record, and for a day before the library joined.
    """
    _begin(membership.library, by)
    membership = ConsortiumMembership.objects.select_related("library", "consortium").get(pk=membership.pk)
    if membership.valid.upper is not None:
        raise RosterChangeRefused(
            f"{membership.library} belonged to {membership.consortium} {days(membership.valid)} already."
        )
    if membership.valid.lower and last_day < membership.valid.lower:
        raise RosterChangeRefused(
            f"{membership.library} joined on {day(membership.valid.lower)}. Enter that day or a later one."
        )
    membership.valid = DateRange(membership.valid.lower, last_day + timedelta(days=1))
    membership.save(update_fields=["valid"])
    AuditEvent.record(
        "consortium_left",
        target=membership,
        by=by,
        before={"through": None},
        after={
            "library": membership.library.key,
            "consortium": membership.consortium.name,
            "through": last_day.isoformat(),
        },
    )
    return membership


def _begin(library: Library, by: User) -> Library:
    permissions.check(by, Action.MANAGE_ROSTER)
    return Library.objects.select_for_update().get(pk=library.pk)
