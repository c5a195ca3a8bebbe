from enum import StrEnum

from django.db import models
from django.db.models import Q

from libraries.models import Library

FIRST_FISCAL_YEAR = 1974
LAST_FISCAL_YEAR = 2999


class Measure(StrEnum):
    """What a figure of the program's history counts; a whole number either way."""

    LOANS = "loans"
    APPROPRIATION = "appropriation_cents"

    @property
    def label(self) -> str:
        return {Measure.LOANS: "loans", Measure.APPROPRIATION: "appropriation"}[self]


class PublishedFigure(models.Model):
    """A figure that was published about a state fiscal year and that no filing on record gives.

    It is about a library, or about the state where `library` is empty; the loans of a fiscal year are those
    of the twelve months that its payment measures. An empty value says that the source leaves the place
    blank, which is not zero. No row says that nobody has looked it up.
    """

    library = models.ForeignKey(
        Library, on_delete=models.PROTECT, null=True, blank=True, related_name="published_figures"
    )
    measure = models.CharField(max_length=20, choices=[(item.value, item.label) for item in Measure])
    fiscal_year = models.PositiveSmallIntegerField("state fiscal year, named for the year in which it ends")
    value = models.PositiveBigIntegerField("units, or cents of money", null=True, blank=True)
    note = models.CharField("what a reader has to know, such as a restatement", max_length=250, blank=True)
    source = models.CharField("the publication, so that it can be found again", max_length=250)

    class Meta:
        ordering = ["fiscal_year", "library__key", "measure"]
        constraints = [
            models.UniqueConstraint(
                fields=["library", "measure", "fiscal_year"],
                name="one_published_figure_of_a_year",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="published_figure_has_a_known_measure",
                condition=Q(measure__in=[item.value for item in Measure]),
            ),
            models.CheckConstraint(
                name="appropriation_is_the_state_s",
                condition=~Q(measure=Measure.APPROPRIATION.value) | Q(library__isnull=True),
            ),
            models.CheckConstraint(
                name="published_figure_is_of_a_year_of_the_program",
                condition=Q(fiscal_year__gte=FIRST_FISCAL_YEAR, fiscal_year__lte=LAST_FISCAL_YEAR),
            ),
            models.CheckConstraint(name="published_figure_names_its_source", condition=~Q(source="")),
        ]

    def __str__(self) -> str:
        return f"{self.subject}, {Measure(self.measure).label} of fiscal year {self.fiscal_year}"

    @property
    def subject(self) -> str:
        """Key of the library, or "state"."""
        return self.library.key if self.library else "state"
