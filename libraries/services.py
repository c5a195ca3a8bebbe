"""Every change of who takes part. Each is audited and kept apart from certifying a payment run."""

import re
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import clock, permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from connecticard.templatetags.figures import day, days
from libraries import delivery_services
from libraries.models import (
    DeliverySite,
    LetterOfAgreement,
    Library,
    LibraryName,
    LibrarySuccession,
    Residency,
    Town,
)
from libraries.refused import RosterChangeRefused

# Letters of agreement


@transaction.atomic
def record_letter(
    *, library: Library, filed_on: date, signatory: str, document: str = "", by: User
) -> LetterOfAgreement:
    """Put a letter of agreement on file: from that day the library participates (1(d)).

    Raises RosterChangeRefused for a day to come, a day on which the library was not open, a letter without
    signatory, or while another letter is on file on that day or later.
    """
    library = _begin_change(library, by)
    if filed_on > clock.today():
        raise RosterChangeRefused(
            f"A letter cannot be on file before it is received: {day(filed_on)} is to come. "
            "Enter the day on which the State Library received it."
        )
    if filed_on not in library.open_during:
        raise RosterChangeRefused(f"{library} was not open on {day(filed_on)}. Enter another day.")
    if not signatory.strip():
        raise RosterChangeRefused("Enter who signed the letter.")
    standing = library.letters.filter(valid__overlap=DateRange(filed_on, None)).order_by("valid").first()
    if standing:
        raise RosterChangeRefused(
            f"A letter of {library} is on file {days(standing.valid)}. "
            "Record its withdrawal first, or enter a day after it."
        )

    letter = library.letters.create(
        valid=DateRange(filed_on, library.open_during.upper),
        signatory=signatory.strip(),
        document=document.strip(),
    )
    AuditEvent.record(
        "letter_recorded",
        target=letter,
        by=by,
        after={
            "library": library.key,
            **_bounds(letter.valid),
            "signatory": letter.signatory,
            "document": letter.document,
        },
    )
    return letter


@transaction.atomic
def withdraw_letter(
    *, letter: LetterOfAgreement, withdrawn_on: date, reason: str, by: User
) -> LetterOfAgreement:
    """End a letter of agreement: the day of withdrawal is the last on which the library participates (1(d)).

    Raises RosterChangeRefused where an end is on record already, for a day before the letter was filed and
    without a reason.
    """
    _begin_change(letter.library, by)
    letter = LetterOfAgreement.objects.select_related("library").get(pk=letter.pk)
    if letter.valid.upper is not None:
        raise RosterChangeRefused(
            f"This letter of {letter.library} is on file {days(letter.valid)}; nothing is left to withdraw."
        )
    if letter.valid.lower and withdrawn_on < letter.valid.lower:
        raise RosterChangeRefused(
            f"The letter was filed on {day(letter.valid.lower)}. Enter that day or a later one."
        )
    if not reason.strip():
        raise RosterChangeRefused("Enter the reason, and the document if there is one.")

    before = letter.valid
    letter.valid = DateRange(before.lower, withdrawn_on + timedelta(days=1))
    letter.save(update_fields=["valid"])
    AuditEvent.record(
        "letter_withdrawn",
        target=letter,
        by=by,
        before=_bounds(before),
        after={"library": letter.library.key, **_bounds(letter.valid), "reason": reason.strip()},
    )
    return letter


# Home libraries of a town


@transaction.atomic
def change_residency(
    *, town: Town, principal: Library, from_day: date, source: str, by: User
) -> list[Residency]:
    """Make a library the principal library of a town from a day on, and return the town's rows of that day.

    The town's open libraries are its home libraries; where it has none, the library designated for it is
    (1(c)). Rows that cease to hold are closed the day before. A change that begins on the very same day is
    replaced. Raises RosterChangeRefused where the law or a later row on record forbids it.
    """
    principal = _begin_change(principal, by)
    if not source.strip():
        raise RosterChangeRefused("Enter the document that names the principal library, with its date.")
    return _set_homes(town, principal, from_day, source.strip(), by)


def _set_homes(town: Town, principal: Library, from_day: date, source: str, by: User) -> list[Residency]:
    own = set(town.libraries.open_on(from_day))
    if own and principal not in own:
        raise RosterChangeRefused(
            f"{town} has a library of its own, so only one in the town can be its principal library (1(c)). "
            f"Choose {' or '.join(sorted(map(str, own)))}."
        )
    if from_day not in principal.open_during:
        raise RosterChangeRefused(f"{principal} is not open on {day(from_day)}. Choose another library.")
    town = Town.objects.select_for_update().get(pk=town.pk)
    rows = list(
        Residency.objects.filter(town=town, valid__overlap=DateRange(from_day, None)).select_related(
            "library"
        )
    )
    later = [
        bound for row in rows for bound in (row.valid.lower, row.valid.upper) if bound and bound > from_day
    ]
    if later:
        raise RosterChangeRefused(
            f"A change of the home libraries of {town} is on record for {day(min(later))}. "
            "Enter that day or a later one."
        )

    wanted = {library: library == principal for library in own | {principal}}
    if {row.library: row.principal for row in rows} == wanted:
        raise RosterChangeRefused(
            f"{principal} is the principal library of {town} on {day(from_day)} already; nothing changes."
        )
    before = [_row(row) for row in rows]
    for row in rows:
        if wanted.get(row.library) == row.principal:
            del wanted[row.library]
        elif row.valid.lower == from_day:
            row.delete()
        else:
            row.valid = DateRange(row.valid.lower, from_day)
            row.save(update_fields=["valid"])
    Residency.objects.bulk_create(
        Residency(
            town=town, library=library, principal=is_principal, valid=DateRange(from_day, None), source=source
        )
        for library, is_principal in wanted.items()
    )
    homes = list(Residency.objects.homes(from_day).filter(town=town))
    AuditEvent.record(
        "residency_changed",
        target=town,
        by=by,
        before={"homes": before},
        after={"homes": [_row(row) for row in homes], "from": from_day.isoformat(), "source": source},
    )
    return homes


# A library that opens, and where it is


@transaction.atomic
def open_library(
    *, key: str, name: str, town: Town, first_day: date, document: str, by: User, **details: Any
) -> Library:
    """Put a library on the roster from its first day on; it becomes a home library of its town that day.

    It is the town's principal library where the town has no other, and else the one that was stays so.
    `details` are those of `correct_library`. Raises RosterChangeRefused for a key that is taken, an empty
    name, a day to come and a missing document.
    """
    permissions.check(by, Action.MANAGE_ROSTER)
    share_payment_inputs()
    key, name, document = key.strip(), name.strip(), document.strip()
    if taken := Library.objects.filter(key__iexact=key).first():
        raise RosterChangeRefused(f"The key {key} is that of {taken}. Enter the key of the new library.")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,12}", key):
        raise RosterChangeRefused("A key is up to 12 letters, digits and hyphens. Enter it so.")
    if not name:
        raise RosterChangeRefused("Enter the name of the library.")
    if first_day > clock.today():
        raise RosterChangeRefused(f"Record a library that opens on {day(first_day)} on that day or after it.")
    if not document:
        raise RosterChangeRefused("Enter the document that says so, with its date.")

    library = Library.objects.create(
        key=key, name=name, town=town, open_during=DateRange(first_day, None), **details
    )
    AuditEvent.record(
        "library_opened",
        target=library,
        by=by,
        after={
            "key": key,
            "name": name,
            "town": town.name,
            "from": first_day.isoformat(),
            "document": document,
            **{detail: _said(value) for detail, value in details.items()},
        },
    )
    others = [home for home in town.libraries.open_on(first_day) if home != library]
    _set_homes(town, _principal(town, first_day) if others else library, first_day, document, by)
    return library


DETAILS = ("state_library_number", "address", "postal_city", "zip_code", "latitude", "longitude")


@transaction.atomic
def correct_library(*, library: Library, by: User, **details: Any) -> Library:
    """Correct where a library is: those of DETAILS that are named; nothing of it decides a payment."""
    library = _begin_change(library, by)

    changed = {detail: value for detail, value in details.items() if getattr(library, detail) != value}
    if not changed:
        return library
    before = {detail: _said(getattr(library, detail)) for detail in changed}
    for detail, value in changed.items():
        setattr(library, detail, value)
    library.save(update_fields=list(changed))
    AuditEvent.record(
        "library_corrected",
        target=library,
        by=by,
        before=before,
        after={detail: _said(value) for detail, value in changed.items()},
    )
    return library


# A library's name, standing, end and successor


@transaction.atomic
def rename_library(*, library: Library, name: str, from_day: date, by: User) -> Library:
    """Give a library a new name from a day on; the old one stays on record for the days before.

    Raises RosterChangeRefused for an empty or unchanged name, a day to come, or one that a former name holds.
    """
    library = _begin_change(library, by)
    name = name.strip()
    if not name or name == library.name:
        raise RosterChangeRefused(f"Enter the new name of {library}.")
    if from_day > clock.today():
        raise RosterChangeRefused(f"Record the new name on {day(from_day)} or after it.")
    former = library.former_names.order_by("valid").last()
    if former and former.valid.upper >= from_day:
        raise RosterChangeRefused(
            f"{library} was called {former.name} {days(former.valid)}. Enter a day after it."
        )

    old = LibraryName(
        library=library, name=library.name, valid=DateRange(former.valid.upper if former else None, from_day)
    )
    old.save()
    library.name = name
    library.save(update_fields=["name"])
    AuditEvent.record(
        "library_renamed",
        target=library,
        by=by,
        before={"name": old.name},
        after={"name": name, "from": from_day.isoformat()},
    )
    return library


@transaction.atomic
def set_legal_standing(*, library: Library, met: bool, evidence: str, by: User) -> Library:
    """Record the State Library's determination of legal standing, with its evidence (C.G.S. 11-24a)."""
    library = _begin_change(library, by)
    if not evidence.strip():
        raise RosterChangeRefused("Enter the evidence: what was looked at, when, and what it shows.")

    before = {"met": library.has_legal_standing, "evidence": library.legal_standing_evidence}
    library.has_legal_standing = met
    library.legal_standing_evidence = evidence.strip()
    library.save(update_fields=["has_legal_standing", "legal_standing_evidence"])
    AuditEvent.record(
        "legal_standing_determined",
        target=library,
        by=by,
        before=before,
        after={"met": met, "evidence": library.legal_standing_evidence},
    )
    return library


@transaction.atomic
def close_library(
    *, library: Library, last_day: date, document: str, principal_after: Library | None = None, by: User
) -> Library:
    """Record that a library closed: letter, memberships, residency and delivery end with its last day.

    `principal_after` takes its place as principal library of the towns where it was that; needed where it
    was the principal library of any. Raises RosterChangeRefused as `change_residency` does.
    """
    library = _begin_change(library, by)
    if not document.strip():
        raise RosterChangeRefused("Enter the document that says so, with its date.")

    _close(library, last_day + timedelta(days=1), principal_after, document.strip(), by)
    return library


@transaction.atomic
def record_succession(
    *, predecessor: Library, successor: Library, on: date, document: str, by: User
) -> LibrarySuccession:
    """Record that a library takes the place of a closed or merged one from a day on.

    From that day its cards and what is withheld for it belong to the successor. Where the predecessor still
    stands as open it is closed the day before, and the successor is principal library where it was that.
    What either library filed or was paid stays as it is; net plus is never netted together afterwards.
    Raises RosterChangeRefused where either cannot be so on that day.
    """
    predecessor = _begin_change(predecessor, by)
    if predecessor == successor:
        raise RosterChangeRefused(f"{predecessor} cannot succeed itself. Choose another library.")
    if LibrarySuccession.objects.filter(predecessor=predecessor).exists():
        raise RosterChangeRefused(f"A successor of {predecessor} is on record already.")
    successor = Library.objects.get(pk=successor.pk)
    if on not in successor.open_during:
        raise RosterChangeRefused(f"{successor} is not open on {day(on)}. Choose another library or day.")
    if predecessor.predecessions.filter(on__gte=on).exists():
        raise RosterChangeRefused(
            f"{predecessor} itself took another library's place on {day(on)} or later. Enter a later day."
        )
    if not document.strip():
        raise RosterChangeRefused("Enter the document that makes it the legal successor, with its date.")

    succession = LibrarySuccession.objects.create(
        predecessor=predecessor, successor=successor, on=on, document=document.strip()
    )
    AuditEvent.record(
        "succession_recorded",
        target=succession,
        by=by,
        after={
            "predecessor": predecessor.key,
            "successor": successor.key,
            "on": on.isoformat(),
            "document": succession.document,
        },
    )
    if predecessor.open_during.upper is None or predecessor.open_during.upper > on:
        _close(predecessor, on, successor, succession.document, by)
    return succession


def _close(library: Library, on: date, principal_after: Library | None, document: str, by: User) -> None:
    """End everything of a library that is dated, from that day on."""
    opened, closed = library.open_during.lower, library.open_during.upper
    if closed is not None or (opened and on <= opened):
        raise RosterChangeRefused(f"{library} is on record as open {days(library.open_during)}.")
    later = library.letters.filter(valid__startswith__gte=on).first()
    if later:
        raise RosterChangeRefused(
            f"A letter of {library} was filed on {day(later.valid.lower)}, after it closed. "
            "Mend the day on which it closed."
        )

    library.open_during = DateRange(opened, on)
    library.save(update_fields=["open_during"])
    ended: dict[str, Any] = {}
    for kind in ("letters", "consortium_memberships"):
        for row in getattr(library, kind).filter(valid__overlap=DateRange(on, None)):
            if row.valid.lower and row.valid.lower >= on:
                row.delete()
            else:
                row.valid = DateRange(row.valid.lower, on)
                row.save(update_fields=["valid"])
            ended.setdefault(kind, []).append(str(row))
    if site := DeliverySite.objects.filter(library=library, valid__overlap=DateRange(on, None)).first():
        delivery_services.end_service(site=site, last_day=on - timedelta(days=1), by=by)
    AuditEvent.record(
        "library_closed",
        target=library,
        by=by,
        before={"from": opened and opened.isoformat(), "until": None},
        after={**_bounds(library.open_during), "document": document, "ended": ended},
    )
    for home in library.residencies.filter(valid__overlap=DateRange(on, None)).select_related("town"):
        principal = principal_after if home.principal else _principal(home.town, on)
        if principal is None:
            raise RosterChangeRefused(
                f"{library} is the principal library of {home.town}. Choose the library that takes its place."
            )
        _set_homes(home.town, principal, on, document, by)


def _principal(town: Town, on: date) -> Library:
    return Residency.objects.in_force(on).select_related("library").get(town=town, principal=True).library


def _begin_change(library: Library, by: User) -> Library:
    """Check the person, share the lock on payment inputs, and return the library, locked."""
    permissions.check(by, Action.MANAGE_ROSTER)
    share_payment_inputs()
    return Library.objects.select_for_update().get(pk=library.pk)


def _said(value: Any) -> str | None:
    return None if value is None else str(value)


def _bounds(valid: DateRange) -> dict[str, str | None]:
    return {
        "from": valid.lower.isoformat() if valid.lower else None,
        "until": valid.upper.isoformat() if valid.upper else None,
    }


def _row(row: Residency) -> dict[str, Any]:
    return {"library": row.library.key, "principal": row.principal, **_bounds(row.valid)}
