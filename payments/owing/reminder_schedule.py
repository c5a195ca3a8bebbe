"""The days on which reminders go out by themselves: those in force, and how staff set others."""

from collections.abc import Collection
from datetime import date

from django.db import transaction

from connecticard import clock, permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from payments.models import ReminderSchedule
from payments.rules.reminders import Schedule, shipped_schedule


class ScheduleRefused(Exception):
    """Days that cannot be set; the text says why and what to enter."""


def schedule_on(today: date) -> Schedule | None:
    """Return the days on which reminders go out by themselves, None while that is switched off."""
    row = ReminderSchedule.objects.filter(begins_on__lte=today).first()
    if row is None:
        return shipped_schedule(today)
    return Schedule(tuple(row.days_before), tuple(row.days_after)) if row.is_on else None


@transaction.atomic
def set_schedule(
    *,
    is_on: bool,
    days_before: Collection[int],
    days_after: Collection[int],
    begins_on: date,
    reason: str,
    by: User,
    today: date,
) -> ReminderSchedule:
    """Set on which days reminders go out from a day on, or that none do. Raises ScheduleRefused."""
    permissions.check(by, Action.REMIND)
    if begins_on < today:
        raise ScheduleRefused("Enter today or a later day: what was sent is sent.")
    if not reason.strip():
        raise ScheduleRefused("Enter why the days change.")
    try:
        schedule = Schedule(tuple(days_before), tuple(days_after))
    except ValueError:
        raise ScheduleRefused("Enter different numbers of days, from 1 to 365.") from None
    if is_on and not schedule.steps:
        raise ScheduleRefused("Enter at least one day, or switch the reminders off.")
    row = ReminderSchedule.objects.create(
        begins_on=begins_on,
        is_on=is_on,
        days_before=sorted(schedule.days_before, reverse=True),
        days_after=sorted(schedule.days_after),
        reason=reason.strip(),
        set_by=by,
        set_at=clock.now(),
    )
    AuditEvent.record(
        "reminders_set",
        target=row,
        by=by,
        after={
            "from": begins_on.isoformat(),
            "on": is_on,
            "days_before": row.days_before,
            "days_after": row.days_after,
            "reason": row.reason,
        },
    )
    return row
