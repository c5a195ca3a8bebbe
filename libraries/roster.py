"""Loading the shipped roster: what is missing is added, what is on record is never changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.locks import hold_payment_inputs
from connecticard.models import AuditEvent
from libraries import roster_files
from libraries.models import (
    Consortium,
    ConsortiumMembership,
    DeliverySite,
    Library,
    LibraryName,
    Residency,
    SiteKind,
    Town,
)

ALWAYS = DateRange(None, None)  # no bound is known
SURVEY_YEAR = DateRange(*roster_files.SURVEY_YEAR)
SURVEY = "IMLS Public Libraries Survey FY2018"
PUBLIC_SITES = "Every public library of the roster; the State Library publishes no list of sites."

Record = TypeVar("Record", bound=models.Model)


@dataclass
class RosterLoad:
    """What a load found and did: for each kind of record how many were added and how many now stand."""

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


@transaction.atomic
def load_roster() -> RosterLoad:
    """Add towns, libraries, delivery sites, residency and consortia of the shipped data not on record yet.

    A record that stands, changed by staff or not, stays as it is; where it differs from what ships, the
    difference is listed. Two loads at once wait for one another. Creates no person and no letter.
    """
    hold_payment_inputs()
    load = RosterLoad()
    shipped_towns = roster_files.towns()
    shipped_libraries = roster_files.libraries()

    _add(
        load,
        Town,
        [
            Town(
                number=town.number,
                name=town.name,
                county=town.county,
                planning_region=town.planning_region,
                geoid=town.geoid,
                population=town.population,
            )
            for town in shipped_towns
        ],
        key=["number"],
        compared=["name", "county", "planning_region", "geoid", "population"],
    )
    towns = {town.number: town for town in Town.objects.all()}
    town_of = {town.name: towns[town.number] for town in shipped_towns}

    added = _add(
        load,
        Library,
        [
            Library(
                key=library.key,
                state_library_number=library.state_library_number,
                name=library.name,
                town=town_of[library.town],
                address=library.address,
                postal_city=library.postal_city,
                zip_code=library.zip_code,
                latitude=library.latitude,
                longitude=library.longitude,
                open_during=ALWAYS,
                has_legal_standing=True,
                legal_standing_evidence=library.legal_standing_evidence,
            )
            for library in shipped_libraries
        ],
        key=["key"],
        compared=["name", "town", "address", "open_during", "has_legal_standing"],
    )
    for library in added:
        AuditEvent.record("library_loaded", target=library, by=None, after={"source": SURVEY})
    by_key = {library.key: library for library in Library.objects.all()}

    _add(
        load,
        LibraryName,
        [
            LibraryName(library=by_key[library.key], name=library.name_in_survey_year, valid=SURVEY_YEAR)
            for library in shipped_libraries
            if library.name_in_survey_year != library.name
        ],
        key=["library_id", "name"],
        compared=["valid"],
    )
    _add(
        load,
        DeliverySite,
        [
            DeliverySite(
                key=library.key,
                name=library.name,
                kind=SiteKind.PUBLIC,
                library=by_key[library.key],
                valid=ALWAYS,
                note=PUBLIC_SITES,
            )
            for library in shipped_libraries
        ],
        key=["key"],
    )
    _add(
        load,
        Residency,
        [
            Residency(
                town=town_of[row.town],
                library=by_key[row.library],
                principal=row.principal,
                valid=ALWAYS,
                source=row.source,
            )
            for row in roster_files.residencies(shipped_towns, shipped_libraries)
        ],
        key=["town_id", "library_id"],
        compared=["principal", "valid"],
    )
    _add(
        load,
        Consortium,
        [
            Consortium(name=name)
            for name in sorted({library.consortium for library in shipped_libraries} - {""})
        ],
        key=["name"],
    )
    consortia = {consortium.name: consortium for consortium in Consortium.objects.all()}
    _add(
        load,
        ConsortiumMembership,
        [
            ConsortiumMembership(
                library=by_key[library.key], consortium=consortia[library.consortium], valid=ALWAYS
            )
            for library in shipped_libraries
            if library.consortium
        ],
        key=["library_id", "consortium_id"],
        compared=["valid"],
    )
    return load


def _add(
    load: RosterLoad,
    model: type[Record],
    shipped: Sequence[Record],
    *,
    key: Sequence[str],
    compared: Sequence[str] = (),
) -> list[Record]:
    """Add what is missing by its key in one statement, note the differences, return what was added."""
    before = _by_key(model, key)
    missing = [record for record in shipped if _values(record, key) not in before]
    if missing:
        model._default_manager.bulk_create(missing, ignore_conflicts=True)
    now = _by_key(model, key) if missing else before

    noun = str(model._meta.verbose_name_plural)
    added = [row for record in missing for row in now.get(_values(record, key), [])]
    load.counts[noun] = (len(added), sum(map(len, now.values())))
    for record in shipped:
        standing = now.get(_values(record, key))
        if standing is None:
            load.differences.append(f"{noun}: {record} was not added; it contradicts a row on record")
        elif all(_values(row, compared) != _values(record, compared) for row in standing):
            changed = [
                f"{_label(model, name)} is {getattr(standing[-1], name)!s}, shipped {getattr(record, name)!s}"
                for name in compared
                if getattr(standing[-1], name) != getattr(record, name)
            ]
            load.differences.append(f"{noun}: {record}: {'; '.join(changed)}")
    return added


def _by_key(model: type[Record], key: Sequence[str]) -> dict[tuple[Any, ...], list[Record]]:
    relations = [field.name for field in model._meta.fields if field.is_relation]
    found: dict[tuple[Any, ...], list[Record]] = {}
    for row in model._default_manager.select_related(*relations).order_by("pk"):
        found.setdefault(_values(row, key), []).append(row)
    return found


def _label(model: type[models.Model], name: str) -> str:
    return str(getattr(model._meta.get_field(name), "verbose_name", name))


def _values(record: models.Model, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in names)
