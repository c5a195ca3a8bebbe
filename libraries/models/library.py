from datetime import date

import pgtrigger
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from connecticard.constraints import holds_a_day, no_overlap
from libraries.models.town import Town


class LibraryQuerySet(models.QuerySet["Library"]):
    def open_on(self, on: date) -> "LibraryQuerySet":
        """Libraries open on that day."""
        return self.filter(open_during__contains=on)

    def open_between(self, first_day: date, last_day: date) -> "LibraryQuerySet":
        """Libraries open on any day from the first to the last."""
        return self.filter(open_during__overlap=(first_day, _day_after(last_day)))

    def participating(self, on: date) -> "LibraryQuerySet":
        """Libraries with a letter of agreement on file on that day (1(d))."""
        return self.filter(letters__valid__contains=on)

    def without_letter(self, on: date) -> "LibraryQuerySet":
        """Libraries open on that day with no letter of agreement on file: they take no part (1(d))."""
        return self.open_on(on).exclude(pk__in=self.model.objects.participating(on))

    def with_participation(self, on: date) -> "LibraryQuerySet":
        """Libraries with `participates`: whether a letter of agreement is on file that day (1(d))."""
        return self.annotate(
            participates=Exists(self.model.objects.participating(on).filter(pk=OuterRef("pk")))
        )

    def matching(self, text: str) -> "LibraryQuerySet":
        """Libraries for which each word occurs in a name, now or formerly, a town, the address or the key."""
        found = self
        for word in text.split():
            former = LibraryName.objects.filter(library=OuterRef("pk"), name__icontains=word)
            home_of = self.model.objects.filter(pk=OuterRef("pk"), residencies__town__name__icontains=word)
            found = found.filter(
                Q(name__icontains=word)
                | Q(town__name__icontains=word)
                | Q(postal_city__icontains=word)
                | Q(key__iexact=word)
                | Exists(former)
                | Exists(home_of)
            )
        return found


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
    has_legal_standing = models.BooleanField(
        default=True, help_text="The State Library's determination under C.G.S. 11-24a."
    )
    legal_standing_evidence = models.TextField(blank=True)

    objects = LibraryQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "libraries"
        constraints = [
            holds_a_day("library_is_open_a_day", during="open_during"),
            models.CheckConstraint(  # it stands in addresses and in the names of files
                name="library_key_is_letters_digits_hyphens", condition=Q(key__regex=r"^[A-Za-z0-9-]+$")
            ),
        ]
        triggers = [
            pgtrigger.Trigger(  # the site takes key, name and town of its library whenever it is written
                name="library_names_its_delivery_site",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("key", "name", "town_id"),  # type: ignore[no-untyped-call]
                func="UPDATE libraries_deliverysite SET name = NEW.name WHERE library_id = NEW.id; "
                "RETURN NULL;",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("reports:library_page", args=[self.key])

    def name_on(self, day: date) -> str:
        """Return the name that the library bore on a day."""
        former = self.former_names.filter(valid__contains=day).first()
        return former.name if former else self.name

    def towns_served(self, on: date) -> models.QuerySet[Town]:
        """Return the towns that the library normally serves on a day: its own and those designated.

        Loans to their residents are no transactions (1(f)).
        """
        return Town.objects.filter(residencies__in=self.residencies.in_force(on))


class LibraryNameQuerySet(models.QuerySet["LibraryName"]):
    def borne_on(self, day: date) -> dict[int, str]:
        """The former names that held on that day, by library id; any other library bore its present name."""
        return dict(self.filter(valid__contains=day).values_list("library_id", "name"))


class LibraryName(models.Model):
    """A name that a library bore before its present one."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="former_names")
    name = models.CharField(max_length=120)
    valid = DateRangeField()

    objects = LibraryNameQuerySet.as_manager()

    class Meta:
        verbose_name = "former name"
        constraints = [
            no_overlap("one_former_name_a_day", "library_id"),
            models.CheckConstraint(name="former_name_has_ended", condition=Q(valid__endswith__isnull=False)),
        ]

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

    def __str__(self) -> str:
        return f"{self.successor} after {self.predecessor}"


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
