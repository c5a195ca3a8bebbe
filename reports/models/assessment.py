"""What a library or a consortium adds to its assessment: a logo, and what it circulated in all."""

from django.conf import settings
from django.db import models
from django.db.models import F, Func, IntegerField, Q, Value
from django.db.models.lookups import LessThanOrEqual

from libraries.models import Consortium, Library

LOGO_WIDTH, LOGO_HEIGHT, LOGO_BYTES = 900, 360, 512 * 1024
"""The greatest logo that is kept: pixels across, pixels down, and bytes."""


class Logo(models.Model):
    """The logo on the assessments of a library or of a consortium: a PNG drawn anew from the file sent."""

    library = models.OneToOneField(Library, on_delete=models.PROTECT, null=True, related_name="logo")
    consortium = models.OneToOneField(Consortium, on_delete=models.PROTECT, null=True, related_name="logo")
    png = models.BinaryField()
    sha256 = models.CharField("SHA-256 of the PNG", max_length=64)
    width = models.PositiveSmallIntegerField("width in pixels")
    height = models.PositiveSmallIntegerField("height in pixels")
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="logo_is_of_a_library_or_of_a_consortium",
                condition=Q(library__isnull=True) ^ Q(consortium__isnull=True),
            ),
            models.CheckConstraint(
                name="logo_is_no_larger_than_a_page_needs",
                condition=Q(width__range=(1, LOGO_WIDTH), height__range=(1, LOGO_HEIGHT)),
            ),
            models.CheckConstraint(
                name="logo_has_few_bytes",
                condition=LessThanOrEqual(
                    Func(F("png"), function="octet_length", output_field=IntegerField()), Value(LOGO_BYTES)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Logo of {self.library or self.consortium}"


class CirculationMonths(models.TextChoices):
    """Which twelve months a circulation covers."""

    MEASURED = "measured", "the twelve months that the payment measures"
    FISCAL_YEAR = "fiscal_year", "the state fiscal year"


class GivenCirculation(models.Model):
    """What a library lent in a year to anybody, as it says itself: no filing, and no payment rests on it."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="circulations")
    fiscal_year = models.PositiveSmallIntegerField()
    months = models.CharField(max_length=12, choices=CirculationMonths)
    items = models.PositiveIntegerField()
    source = models.CharField(max_length=250)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        ordering = ["library", "-fiscal_year"]
        constraints = [
            models.UniqueConstraint(
                name="one_circulation_of_a_library_and_year", fields=["library", "fiscal_year"]
            ),
            models.CheckConstraint(name="circulation_is_above_zero", condition=Q(items__gte=1)),
            models.CheckConstraint(name="circulation_names_its_source", condition=~Q(source="")),
            models.CheckConstraint(
                name="circulation_is_of_known_months", condition=Q(months__in=CirculationMonths.values)
            ),
        ]

    def __str__(self) -> str:
        return f"Circulation of {self.library}, FY{self.fiscal_year}"
