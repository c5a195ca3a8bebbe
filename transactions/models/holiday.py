from django.db import models


class Holiday(models.Model):
    """A day on which the State Library is closed: a state holiday as observed (C.G.S. 1-4)."""

    day = models.DateField(unique=True)
    name = models.CharField(max_length=120)
    source = models.CharField(max_length=200)

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.name}, {self.day.isoformat()}"
