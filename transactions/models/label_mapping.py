from django.db import models

from connecticard.models import User
from libraries.models import Library


class LabelMapping(models.Model):
    """What a lending library's people said that a label of their circulation system means.

    A label for which `home_library` is empty is left out: it is no home library of Connecticut.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="label_mappings")
    label = models.CharField("as it was written", max_length=120)
    normal_label = models.CharField("in one way of writing", max_length=160)
    home_library = models.ForeignKey(Library, on_delete=models.PROTECT, null=True, related_name="+")
    said_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField()

    class Meta:
        ordering = ["label"]
        constraints = [
            models.UniqueConstraint(fields=["library", "normal_label"], name="one_meaning_of_a_label"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.library})"
