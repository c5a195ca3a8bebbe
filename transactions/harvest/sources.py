"""Where counts are harvested: sources kept by the State Library and by a consortium's filer."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from connecticard import clock, permissions
from connecticard.models import AuditEvent, User
from connecticard.outbound import OutboundFailed, refuse_address
from connecticard.permissions import Action
from connecticard.sealed import seal
from libraries.models import Consortium, Library
from transactions.harvest.harvester import PURPOSE, next_time
from transactions.models import HarvestSchedule, HarvestSource
from transactions.tasks import harvest_source


class SourceRefused(ValueError):
    """The source cannot be kept so; the message is a sentence for the person who asked."""


def sources_for(user: Any, action: Action) -> QuerySet[HarvestSource]:
    """Return the sources for which a person may do this: a consortium's own, every one to the State."""
    consortia = permissions.consortia_for(user, action)
    libraries = permissions.libraries_for(user, action)
    return HarvestSource.objects.filter(
        Q(consortium__in=consortia) | Q(library__in=libraries)
    ).select_related("consortium", "library", "created_by")


@transaction.atomic
def add_source(
    *,
    owner: Consortium | Library,
    name: str,
    address: str,
    credential: str,
    schedule: HarvestSchedule,
    by: User,
    at: datetime,
) -> HarvestSource:
    """Keep a system that offers counts of a consortium's members or of a library. Raises SourceRefused."""
    _check(by, owner)
    _refuse(address)
    consortium = owner if isinstance(owner, Consortium) else None
    source = HarvestSource.objects.create(
        name=name,
        consortium=consortium,
        library=owner if isinstance(owner, Library) else None,
        address=address,
        sealed_credential=seal(credential, purpose=PURPOSE) if credential else "",
        schedule=HarvestSchedule(schedule),
        created_at=at,
        created_by=by,
        next_at=next_time(HarvestSchedule(schedule), timezone.now()),
    )
    AuditEvent.record("harvest_source_added", target=source, by=by, after=_facts(source))
    return source


@transaction.atomic
def change_source(
    *,
    source: HarvestSource,
    name: str,
    address: str,
    credential: str,
    schedule: HarvestSchedule,
    by: User,
) -> HarvestSource:
    """Change a source; an empty credential leaves the one on record, unless the address leads elsewhere.

    Raises SourceRefused: a credential is never sent to an address that it was not entered for.
    """
    source = _held(source, by)
    _refuse(address)
    before = _facts(source)
    if address != source.address and source.sealed_credential and not credential:
        raise SourceRefused("Enter the credential again: the address has changed, and it is sent there.")
    source.name, source.address, source.schedule = name, address, HarvestSchedule(schedule)
    source.next_at = next_time(HarvestSchedule(schedule), timezone.now())
    source.tries = 0
    if credential:
        source.sealed_credential = seal(credential, purpose=PURPOSE)
    source.save()
    after = _facts(source) | ({"credential": "entered anew"} if credential else {})
    AuditEvent.record("harvest_source_changed", target=source, by=by, before=before, after=after)
    return source


@transaction.atomic
def pause_source(*, source: HarvestSource, by: User, at: datetime) -> None:
    """Harvest a source no more until it is resumed."""
    source = _held(source, by)
    if source.paused_at is None:
        source.paused_at, source.paused_by = at, by
        source.save(update_fields=["paused_at", "paused_by"])
        AuditEvent.record("harvest_source_paused", target=source, by=by)


@transaction.atomic
def resume_source(*, source: HarvestSource, by: User) -> None:
    """Harvest a source by its schedule again."""
    source = _held(source, by)
    if source.paused_at is not None:
        source.paused_at = source.paused_by = None
        source.tries, source.next_at = 0, next_time(HarvestSchedule(source.schedule), timezone.now())
        source.save(update_fields=["paused_at", "paused_by", "tries", "next_at"])
        AuditEvent.record("harvest_source_resumed", target=source, by=by)


@transaction.atomic
def harvest_now(*, source: HarvestSource, by: User) -> None:
    """Have a source harvested as soon as a worker is free, paused or not."""
    source = _held(source, by)
    AuditEvent.record("harvest_asked_for", target=source, by=by)
    transaction.on_commit(lambda: harvest_source.delay(source.pk, by.pk))


def _held(source: HarvestSource, by: User) -> HarvestSource:
    source = HarvestSource.objects.select_for_update().get(pk=source.pk)
    _check(by, source.owner)
    return source


def _check(by: User, owner: Consortium | Library) -> None:
    today = clock.today()
    if isinstance(owner, Library):
        permissions.check(by, Action.KEEP_HARVEST, owner, on=today)
    elif not permissions.consortia_for(by, Action.KEEP_HARVEST, on=today).filter(pk=owner.pk).exists():
        raise PermissionDenied(f"You may not {Action.KEEP_HARVEST.value} for {owner}.")


def _refuse(address: str) -> None:
    if "?" in address or "#" in address:
        raise SourceRefused("Leave out what comes from ? or # on: /status and the like follow the address.")
    try:
        refuse_address(address)
    except OutboundFailed as failed:
        raise SourceRefused(str(failed)) from failed


def _facts(source: HarvestSource) -> dict[str, str]:
    return {
        "name": source.name,
        "of": str(source.owner),
        "address": source.address,
        "schedule": source.schedule_label,
    }
