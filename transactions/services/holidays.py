"""The table of days on which the State Library is closed."""

from collections.abc import Collection
from datetime import date
from importlib.metadata import version

import holidays
from django.db import transaction

from connecticard import permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from transactions.models import Holiday
from transactions.rules._wording import written_day
from transactions.rules.working_days import is_working_day, observed
from transactions.services.refusals import FilingRefused

SEEDED_YEARS = range(2016, 2041)
SOURCE = f"C.G.S. § 1-4, as listed by the Python package holidays {version('holidays')}"


@transaction.atomic
def load_holidays(*, by: User | None = None) -> list[Holiday]:
    """Add the Connecticut state holidays of SEEDED_YEARS, each on the day it is observed; return those added.

    A day on record stays as it is, so that staff may correct names and it is safe to run again; but a holiday
    that staff removed comes back. Days that a proclamation gives once are not among them.
    """
    on_record = set(Holiday.objects.values_list("day", flat=True))
    added = Holiday.objects.bulk_create(
        [
            Holiday(day=day, name=name, source=SOURCE)
            for day, name in sorted(observed_holidays(SEEDED_YEARS).items())
            if day not in on_record
        ]
    )
    AuditEvent.record_each(
        "holiday_loaded",
        targets=[
            (holiday, None, {"day": holiday.day.isoformat(), "name": holiday.name}) for holiday in added
        ],
        by=by,
    )
    return added


def observed_holidays(years: Collection[int]) -> dict[date, str]:
    """Return the state holidays of some years by the day on which they are observed, a weekday.

    The list gives a holiday that falls on a weekend twice, on its own day and on the day observed; the first
    alone is read, and moved by our own rule. New Year's Day of the year after the last may fall in the last.
    """
    listed = holidays.country_holidays("US", subdiv="CT", years=[*years, max(years) + 1], observed=False)
    found = {observed(day): name for day, name in listed.items()}
    return {day: name for day, name in found.items() if day.year in years}


def days_closed() -> frozenset[date]:
    """Return every holiday on record, loading what ships where the table is still empty.

    A due date is fixed when its period opens, so that it must not depend on a command that nobody ran.
    """
    days = frozenset(Holiday.objects.values_list("day", flat=True))
    return days or frozenset(holiday.day for holiday in load_holidays())


@transaction.atomic
def add_holiday(*, day: date, name: str, source: str, by: User) -> Holiday:
    """Put a day on record on which the State Library is closed. Periods that are open keep their dates.

    Raises FilingRefused for a weekend or a day that is on record.
    """
    permissions.check(by, Action.MANAGE_ROSTER)
    share_payment_inputs()
    if not is_working_day(day, ()):
        raise FilingRefused(
            f"{written_day(day)} is a {day:%A}, when the State Library is closed anyway. "
            "Enter the day on which the holiday is observed."
        )
    if known := Holiday.objects.filter(day=day).first():
        raise FilingRefused(f"{written_day(day)} is on record already, as {known.name}.")
    holiday = Holiday.objects.create(day=day, name=name.strip(), source=source.strip())
    AuditEvent.record("holiday_added", target=holiday, by=by, after=_facts(holiday))
    return holiday


@transaction.atomic
def correct_holiday(*, holiday: Holiday, name: str, source: str, by: User) -> Holiday:
    """Correct what a day on record is called and on what it rests; the day itself stays."""
    permissions.check(by, Action.MANAGE_ROSTER)
    holiday = Holiday.objects.select_for_update().get(pk=holiday.pk)
    before = _facts(holiday)
    holiday.name, holiday.source = name.strip(), source.strip()
    holiday.save(update_fields=["name", "source"])
    AuditEvent.record("holiday_corrected", target=holiday, by=by, before=before, after=_facts(holiday))
    return holiday


@transaction.atomic
def remove_holiday(*, holiday: Holiday, reason: str, by: User) -> None:
    """Take a day off the record, with a reason. Periods that are open keep their dates."""
    permissions.check(by, Action.MANAGE_ROSTER)
    share_payment_inputs()
    if not reason.strip():
        raise FilingRefused("Enter the reason; it is kept in the audit trail.")
    AuditEvent.record(
        "holiday_removed", target=holiday, by=by, before=_facts(holiday), after={"reason": reason.strip()}
    )
    holiday.delete()


def _facts(holiday: Holiday) -> dict[str, str]:
    return {"day": holiday.day.isoformat(), "name": holiday.name, "source": holiday.source}
