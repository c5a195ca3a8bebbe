from django.contrib.postgres.fields import DateRangeField
from django.db import models

from connecticard.constraints import holds_a_day, no_overlap
from libraries.models.library import Library


class LetterOfAgreement(models.Model):
    """The signed letter that makes a library a participating library while it is on file (1(d))."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="letters")
    valid = DateRangeField(help_text="From the day of filing until the day after it was withdrawn.")
    signatory = models.CharField(max_length=150)
    document = models.CharField(max_length=250, blank=True)

    class Meta:
        verbose_name_plural = "letters of agreement"
        constraints = [no_overlap("one_letter_a_day", "library_id"), holds_a_day("letter_holds_a_day")]

    def __str__(self) -> str:
        return f"Letter of agreement of {self.library}"
