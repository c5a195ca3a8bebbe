"""Where deliverIT CT stops and which code each site bears: every change of it, audited."""

import re
from datetime import date, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from connecticard.templatetags.figures import day, days
from libraries.models import DeliveryCode, DeliverySite, Library, SiteKind, Town
from libraries.refused import RosterChangeRefused

_CODE = re.compile(r"([A-Z]?)([0-9][A-Z0-9-]{0,10})")


@transaction.atomic
def add_site(
    *,
    by: User,
    key: str = "",
    name: str = "",
    kind: SiteKind | str = SiteKind.PUBLIC,
    library: Library | None = None,
    town: Town | None = None,
    first_day: date | None = None,
    note: str = "",
) -> DeliverySite:
    """Put a site on record: a library's, which bears its key, name and town, or another by key and name.

    Raises RosterChangeRefused for a key or a library that has a site already, and for a public site without a
    library.
    """
    permissions.check(by, Action.MANAGE_ROSTER)
    if (library is None) == (kind == SiteKind.PUBLIC):
        raise RosterChangeRefused("A public site is a library's and no other is. Choose both or neither.")
    key, name = (library.key, library.name) if library else (key.strip(), name.strip())
    if not key or not name:
        raise RosterChangeRefused("Enter the key and the name of the site.")
    if DeliverySite.objects.filter(key__iexact=key).exists():
        raise RosterChangeRefused(f"A site with the key {key} is on record already.")
    site = DeliverySite.objects.create(
        key=key,
        name=name,
        kind=kind,
        library=library,
        town=town,
        valid=DateRange(first_day, None),
        note=note.strip(),
    )
    site.refresh_from_db()
    AuditEvent.record(
        "delivery_site_added",
        target=site,
        by=by,
        after={"key": site.key, "name": site.name, "kind": site.kind},
    )
    return site


@transaction.atomic
def correct_site(*, site: DeliverySite, name: str, town: Town | None, note: str, by: User) -> DeliverySite:
    """Correct what is on record of a site; of a library's, only the note: the rest is the library's."""
    site = _held(site, by)
    before = {"name": site.name, "town": site.town and site.town.name, "note": site.note}
    if site.library_id is None:
        if not name.strip():
            raise RosterChangeRefused("Enter the name of the site.")
        site.name, site.town = name.strip(), town
    site.note = note.strip()
    site.save()
    site.refresh_from_db()
    after = {"name": site.name, "town": site.town and site.town.name, "note": site.note}
    if after != before:
        AuditEvent.record("delivery_site_corrected", target=site, by=by, before=before, after=after)
    return site


@transaction.atomic
def end_service(*, site: DeliverySite, last_day: date, by: User) -> DeliverySite:
    """Record the last day on which the delivery serves a site; its code ends with it.

    An end on record may come earlier, not later. Raises RosterChangeRefused for a day on which the site is
    not served.
    """
    site = _held(site, by)
    if last_day not in site.valid:
        raise RosterChangeRefused(f"{site} is on record as served {days(site.valid)}. Enter a day in it.")
    after = last_day + timedelta(days=1)
    _end_codes(site, after)
    site.valid = DateRange(site.valid.lower, after)
    site.save(update_fields=["valid"])
    AuditEvent.record("delivery_service_ended", target=site, by=by, after={"through": last_day.isoformat()})
    return site


@transaction.atomic
def set_code(
    *, site: DeliverySite, code: str, from_day: date | None, note: str = "", by: User
) -> DeliveryCode:
    """Record the code that a site bears from a day on, as A12; the one before it ends the day before.

    `from_day` None: since always. Raises RosterChangeRefused for what is no code, for a day that is not after
    the first one of the code on record, and for a code that another site bears then.
    """
    site = _held(site, by)
    plain = "".join(code.upper().split())
    if not (found := _CODE.fullmatch(plain)):
        raise RosterChangeRefused(
            f"“{code.strip()}” is no delivery code. Enter a route letter and a number: A12."
        )
    later = site.codes.filter(valid__endswith__isnull=True).first()
    if later and later.code == plain and (from_day is None or later.valid.lower in (None, from_day)):
        return later
    if later and (from_day is None or (later.valid.lower and later.valid.lower >= from_day)):
        raise RosterChangeRefused(
            f"{site} bears {later.code} {days(later.valid)}. Enter a later day from which the new one holds."
        )
    valid = DateRange(from_day, site.valid.upper)
    other = DeliveryCode.objects.filter(code=plain, valid__overlap=valid).exclude(site=site).first()
    if other:
        raise RosterChangeRefused(f"{other.site} bears {plain} {days(other.valid)}. Enter another code.")
    if from_day is not None:
        _end_codes(site, from_day)
    record = site.codes.create(route=found[1], number=found[2], valid=valid, note=note.strip())
    AuditEvent.record(
        "delivery_code_set",
        target=record,
        by=by,
        before={"code": later.code if later else None},
        after={"code": record.code, "from": from_day and day(from_day)},
    )
    return record


def _held(site: DeliverySite, by: User) -> DeliverySite:
    permissions.check(by, Action.MANAGE_ROSTER)
    return DeliverySite.objects.select_for_update(of=("self",)).get(pk=site.pk)


def _end_codes(site: DeliverySite, after: date) -> None:
    """End the codes of a site the day before; one that would have begun on the day or later is taken out."""
    for code in site.codes.filter(valid__overlap=DateRange(after, None)):
        if code.valid.lower and code.valid.lower >= after:
            code.delete()
            continue
        code.valid = DateRange(code.valid.lower, after)
        code.save(update_fields=["valid"])
