from datetime import date

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q

from connecticard.constraints import no_overlap
from libraries.models.town import Town


class LibraryQuerySet(models.QuerySet["Library"]):
    def open_between(self, first_day: date, last_day: date) -> "LibraryQuerySet":
        """Libraries open on any day from the first to the last."""
        return self.filter(open_during__overlap=(first_day, _day_after(last_day)))

    def participating_between(self, first_day: date, last_day: date) -> "LibraryQuerySet":
        """Libraries with a letter of agreement on file on any day from the first to the last (1(d))."""
        return self.filter(letters__valid__overlap=(first_day, _day_after(last_day))).distinct()

    def participating(self, on: date) -> "LibraryQuerySet":
        """Libraries with a letter of agreement on file on that day (1(d))."""
        return self.filter(letters__valid__contains=on)


class Library(models.Model):
    """A public library of Connecticut, a branch system counting as one."""

    key = models.CharField("FSCS key or State Library key", max_length=12, unique=True)
    state_library_number = models.CharField(max_length=12, blank=True)
    name = models.CharField("name today", max_length=120)
    town = models.ForeignKey(Town, on_delete=models.PROTECT, related_name="libraries")
    address = models.CharField(max_length=120, blank=True)
    postal_city = models.CharField(max_length=60, blank=True)
    zip_code = models.CharField(max_length=10, blank=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    open_during = DateRangeField(
        help_text="From the first day until the day after the last; open ends are unknown."
    )
    delivery_code = models.CharField("deliverIT code", max_length=12, blank=True)
    has_legal_standing = models.BooleanField(
        default=True, help_text="The State Library's determination under C.G.S. 11-24a."
    )
    legal_standing_evidence = models.TextField(blank=True)

    objects = LibraryQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "libraries"

    def __str__(self) -> str:
        return self.name

    def name_on(self, day: date) -> str:
        """Return the name that the library bore on a day."""
        former = self.former_names.filter(valid__contains=day).first()
        return former.name if former else self.name


class LibraryName(models.Model):
    """A name that a library bore before its present one."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="former_names")
    name = models.CharField(max_length=120)
    valid = DateRangeField()

    class Meta:
        constraints = [no_overlap("one_former_name_a_day", "library_id")]

    def __str__(self) -> str:
        return self.name


class LibrarySuccession(models.Model):
    """A library takes the place of a closed or merged one from a day: cards and unpaid shares pass to it."""

    predecessor = models.OneToOneField(Library, on_delete=models.PROTECT, related_name="succession")
    successor = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="predecessions")
    on = models.DateField()
    document = models.CharField(max_length=250)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="library_does_not_succeed_itself", condition=~Q(predecessor=F("successor"))
            ),
        ]


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
