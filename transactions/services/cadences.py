"""How often a library files, changed on 1 March and 1 September only."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from transactions.models import Filing, ReportingCadence
from transactions.rules._wording import written_day, written_span
from transactions.rules.filing_calendar import (
    Cadence,
    cadences_to_choose,
    default_cadence,
    may_change_on,
    period_containing,
    program_year,
    program_year_of,
)
from transactions.services.refusals import FilingRefused
from transactions.services.roster import cadences_of


def next_day_of_change(on: date) -> date:
    """Return the day itself where a change of cadence may take effect on it, else the next such day."""
    while not may_change_on(on):
        on += timedelta(days=1)
    return on


def day_of_effect(library: Library, on: date) -> date:
    """Return the day from which a library's choice made on a day holds: no filing is begun from then on.

    The next day of change, or the first after the filings on record, so that none of them loses its period.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), as read in the rulebook.
    """
    filed = Filing.objects.filter(library=library).order_by("-period__last_day")
    last_day = filed.values_list("period__last_day", flat=True).first()
    return next_day_of_change(max(on, last_day + timedelta(days=1)) if last_day else on)


@transaction.atomic
def choose_cadence(*, library: Library, cadence: Cadence, by: User, on: date) -> ReportingCadence:
    """Record how often a library files, from the day of effect on, and return the row that then holds.

    A choice on record for that day or a later one is replaced. Raises PermissionDenied for a deputy and
    anybody else who may not choose, FilingRefused for a cadence that may not be chosen and where the choice
    changes nothing.
    """
    permissions.check(by, Action.CHOOSE_CADENCE, library)
    share_payment_inputs()
    library = Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    effective = day_of_effect(library, on)
    allowed = cadences_to_choose(effective)
    if cadence not in allowed:
        words = " or ".join(choice.label.lower() for choice in allowed)
        raise FilingRefused(f"From {written_day(effective)} a library files {words}. Choose one of these.")
    rows = list(ReportingCadence.objects.filter(library=library).order_by("valid"))
    before, in_place = _written(rows), _filings_in_place(library, on)
    standing = _holding_on(rows, effective)
    later = [row for row in rows if row.valid.lower is not None and row.valid.lower > effective]
    ends = standing is not None and standing.valid.upper is not None
    if (
        (Cadence(standing.cadence) if standing else default_cadence(effective)) is cadence
        and not later
        and not ends
    ):
        raise FilingRefused(f"{library} files {cadence.label.lower()} already; nothing changes.")
    _delete(later)
    if standing is not None and standing.valid.lower == effective:
        standing.delete()
    elif standing is not None:
        _end(standing, effective)
    previous = _holding_on(
        list(ReportingCadence.objects.filter(library=library).order_by("valid")),
        effective - timedelta(days=1),
    )
    if previous is not None and previous.cadence == cadence:
        _end(previous, None)
        chosen = previous
    else:
        chosen = ReportingCadence.objects.create(
            library=library, cadence=cadence, valid=DateRange(effective, None)
        )
    _refuse_to_displace(in_place - _filings_in_place(library, on))
    AuditEvent.record(
        "cadence_chosen",
        target=chosen,
        by=by,
        before={"cadences": before},
        after={"library": library.key, "cadence": cadence.value, "from": effective.isoformat()},
    )
    return chosen


def choice_to_come(library: Library, on: date) -> ReportingCadence | None:
    """Return the choice on record that takes effect after a day, None where there is none."""
    return (
        ReportingCadence.objects.filter(library=library, valid__startswith__gt=on).order_by("valid").first()
    )


@transaction.atomic
def withdraw_cadence_choice(*, library: Library, by: User, on: date) -> Cadence:
    """Take back a choice that has not taken effect, and return how often the library goes on to file.

    Raises PermissionDenied as `choose_cadence`, FilingRefused where no choice is to come, or where a filing
    that is begun would lose its period.
    """
    permissions.check(by, Action.CHOOSE_CADENCE, library)
    share_payment_inputs()
    library = Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    rows = list(ReportingCadence.objects.filter(library=library).order_by("valid"))
    before = _written(rows)
    to_come = [row for row in rows if row.valid.lower is not None and row.valid.lower > on]
    if not to_come:
        raise FilingRefused(
            f"No choice of {library} waits to take effect. Choose anew: it holds from the next day of change."
        )
    in_place = _filings_in_place(library, on)
    target, first_day = to_come[0], to_come[0].valid.lower
    AuditEvent.record(
        "cadence_choice_withdrawn",
        target=target,
        by=by,
        before={"cadences": before},
        after={"library": library.key, "withdrawn": target.cadence, "from": first_day.isoformat()},
    )
    _delete(to_come)
    standing = _holding_on(rows, on)
    if standing is not None and standing.valid.upper is not None:
        _end(standing, None)
    _refuse_to_displace(in_place - _filings_in_place(library, on))
    return Cadence(standing.cadence) if standing else default_cadence(first_day)


def _holding_on(rows: Sequence[ReportingCadence], day: date) -> ReportingCadence | None:
    return next((row for row in rows if day in row.valid), None)


def _filings_in_place(library: Library, on: date) -> set[int]:
    """Return the filings of this program year and later that are for a period of their library."""
    cadences = cadences_of([library])[library.pk]
    filings = Filing.objects.filter(
        library=library, period__last_day__gte=program_year(program_year_of(on)).first_day
    ).select_related("period")
    return {
        filing.pk
        for filing in filings
        for owed in [period_containing(filing.period.first_day, cadences, ())]
        if (owed.cadence, owed.span) == (Cadence(filing.period.cadence), filing.period.span)
    }


def _refuse_to_displace(filings: set[int]) -> None:
    for filing in Filing.objects.filter(pk__in=filings).select_related("period"):
        raise FilingRefused(
            f"The filing for {written_span(filing.period.span)} is begun, and the library would not file for "
            "that period any more. Ask the State Library to have it discarded first."
        )


def _end(row: ReportingCadence, end: date | None) -> None:
    row.valid = DateRange(row.valid.lower, end)
    row.save(update_fields=["valid"])


def _delete(rows: Sequence[ReportingCadence]) -> None:
    ReportingCadence.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _written(rows: Sequence[ReportingCadence]) -> list[str]:
    return [f"{row.valid} {row.cadence}" for row in rows]
