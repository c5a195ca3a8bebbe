from django.db import models
from django.urls import reverse


class Town(models.Model):
    """One of the 169 towns of Connecticut."""

    number = models.PositiveSmallIntegerField("state town number", unique=True)
    name = models.CharField(max_length=60, unique=True)
    county = models.CharField(max_length=40)
    planning_region = models.CharField(max_length=60)
    geoid = models.CharField("census GEOID, county based", max_length=10, unique=True)
    population = models.PositiveIntegerField("population on July 1, 2020, Department of Public Health")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("reports:town_page", args=[self.number])
