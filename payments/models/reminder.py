import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from connecticard.models import User
from payments.rules.reminders import days_in_words


class ReminderSchedule(models.Model):
    """On which days reminders go out by themselves, from a day on; a later row of that day replaces it.

    Before the first row the rulebook's days hold. Rows are never changed: another one is added.
    """

    begins_on = models.DateField()
    is_on = models.BooleanField()
    days_before = ArrayField(models.PositiveSmallIntegerField(), blank=True)
    days_after = ArrayField(models.PositiveSmallIntegerField(), blank=True)
    reason = models.CharField(max_length=250)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["-begins_on", "-pk"]
        constraints = [
            models.CheckConstraint(name="reminder_schedule_says_why", condition=~Q(reason="")),
        ]
        triggers = [
            pgtrigger.Protect(name="reminder_schedule_stays", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"Reminders from {self.begins_on}"

    @property
    def before_words(self) -> str:
        """The days before in words."""
        return days_in_words(self.days_before)

    @property
    def after_words(self) -> str:
        """The days after in words."""
        return days_in_words(self.days_after)


class ReminderRun(models.Model):
    """The schedule ran: on which day, and what it sent."""

    on = models.DateField()
    ran_at = models.DateTimeField()
    was_on = models.BooleanField("whether reminders were switched on")
    messages = models.PositiveIntegerField(default=0)
    matters = models.PositiveIntegerField("things reminded of", default=0)
    nobody = models.PositiveIntegerField("things that nobody could be reminded of", default=0)
    to_telephone = models.PositiveIntegerField("things handed to staff after the last reminder", default=0)

    class Meta:
        ordering = ["-ran_at", "-pk"]
        triggers = [
            pgtrigger.Protect(name="reminder_run_stays", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"Reminders of {self.on}"
