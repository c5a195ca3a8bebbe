from datetime import date

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from connecticard.constraints import holds_a_day, no_overlap
from libraries.models.library import Library

MOST_CENTS_A_DAY, MOST_GRACE_DAYS, MOST_CENTS_OF_ITEM = 10_000, 365, 100_000


class LibraryContact(models.Model):
    """How a library is reached: what was found out, and on which day it was last looked at."""

    library = models.OneToOneField(Library, on_delete=models.PROTECT, related_name="contact")
    phone = models.CharField(max_length=30, blank=True)
    hours = models.TextField("opening hours", max_length=500, blank=True)
    web_site = models.URLField("web site", max_length=200, blank=True)
    last_checked_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="contact_says_something",
                condition=~Q(phone="", hours="", web_site=""),
            ),
            models.CheckConstraint(
                name="web_site_begins_with_http",  # it becomes a link
                condition=Q(web_site="") | Q(web_site__regex=r"^https?://"),
            ),
        ]

    def __str__(self) -> str:
        return f"How {self.library} is reached"


class LibraryFinesQuerySet(models.QuerySet["LibraryFines"]):
    def in_force(self, on: date) -> "LibraryFinesQuerySet":
        """Rows that hold on that day."""
        return self.filter(valid__contains=on)


class LibraryFines(models.Model):
    """What a library asks for items that come back late, from a day until a day; 0 cents: it levies none.

    The first days late may cost nothing, or, with `charges_grace_days`, only where an item is not later.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="fines")
    valid = DateRangeField()
    cents_a_day = models.PositiveIntegerField()
    grace_days = models.PositiveSmallIntegerField(default=0)
    charges_grace_days = models.BooleanField(default=False)
    most_cents = models.PositiveIntegerField("most for one item, in cents", null=True, blank=True)

    objects = LibraryFinesQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "fines of libraries"
        constraints = [
            no_overlap("one_rule_on_fines_a_day", "library_id"),
            holds_a_day("fines_hold_a_day"),
            models.CheckConstraint(
                name="fines_are_of_a_sensible_size",
                condition=Q(cents_a_day__lte=MOST_CENTS_A_DAY)
                & Q(grace_days__lte=MOST_GRACE_DAYS)
                & (Q(most_cents__isnull=True) | Q(most_cents__lte=MOST_CENTS_OF_ITEM)),
            ),
            models.CheckConstraint(
                name="who_levies_no_fines_has_no_rule_on_them",
                condition=Q(cents_a_day__gt=0)
                | Q(grace_days=0, charges_grace_days=False, most_cents__isnull=True),
            ),
            models.CheckConstraint(
                name="days_charged_later_are_days_without_charge",
                condition=Q(charges_grace_days=False) | Q(grace_days__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"Fines of {self.library}"
