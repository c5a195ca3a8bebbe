"""How often a library files, changed on 1 March and 1 September only."""

from datetime import date, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from libraries.models import Library
from transactions.models import Filing, ReportingCadence
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import Cadence, cadences_to_choose, default_cadence, may_change_on
from transactions.services.refusals import FilingRefused


def next_day_of_change(on: date) -> date:
    """Return the day itself where a change of cadence may take effect on it, else the next such day."""
    while not may_change_on(on):
        on += timedelta(days=1)
    return on


@transaction.atomic
def choose_cadence(*, library: Library, cadence: Cadence, by: User, on: date) -> ReportingCadence:
    """Record how often a library files, from the next day of change on, which may be the day given.

    A choice on record for a later day is replaced. Raises FilingRefused for a cadence that may not be chosen,
    for the one in force anyway, and where a filing is begun that speaks of days from that day on.
    """
    share_payment_inputs()
    library = Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    effective = next_day_of_change(on)
    allowed = cadences_to_choose(effective)
    if cadence not in allowed:
        words = " or ".join(choice.label.lower() for choice in allowed)
        raise FilingRefused(f"From {written_day(effective)} a library files {words}. Choose one of these.")
    begun = Filing.objects.filter(library=library, period__last_day__gte=effective)
    if begun.exists():
        raise FilingRefused(
            f"A filing for days from {written_day(effective)} on is on record. "
            "Choose the cadence on a later day; it takes effect on the next March 1 or September 1."
        )
    rows = ReportingCadence.objects.filter(library=library).order_by("valid")
    in_force = rows.filter(valid__contains=effective).first()
    later = rows.filter(valid__startswith__gt=effective)
    standing = Cadence(in_force.cadence) if in_force else default_cadence(effective)
    if standing is cadence and not later.exists() and (in_force is None or in_force.valid.upper is None):
        raise FilingRefused(f"{library} files {cadence.label.lower()} already; nothing changes.")
    before = [str(row.valid) + " " + row.cadence for row in rows]
    later.delete()
    if in_force:
        if in_force.valid.lower is None or in_force.valid.lower < effective:
            in_force.valid = DateRange(in_force.valid.lower, effective)
            in_force.save(update_fields=["valid"])
        else:
            in_force.delete()
    chosen = ReportingCadence.objects.create(
        library=library, cadence=cadence, valid=DateRange(effective, None)
    )
    AuditEvent.record(
        "cadence_chosen",
        target=chosen,
        by=by,
        before={"cadences": before},
        after={"library": library.key, "cadence": cadence.value, "from": effective.isoformat()},
    )
    return chosen
