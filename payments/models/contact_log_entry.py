from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import F, Q

from connecticard.models import User
from libraries.models import Library


class ContactHow(StrEnum):
    """By which way staff and a library spoke."""

    TELEPHONE = "telephone"
    EMAIL = "email"
    VISIT = "visit"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The way in words for people."""
        return {
            ContactHow.TELEPHONE: "Telephone",
            ContactHow.EMAIL: "E-mail",
            ContactHow.VISIT: "Visit",
            ContactHow.OTHER: "Another way",
        }[self]


class ContactLogEntry(models.Model):
    """Staff spoke with a library: when, how, with whom and about what. A correction is another entry."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="contacts")
    on = models.DateField()
    how = models.CharField(max_length=12, choices=[(item.value, item.label) for item in ContactHow])
    with_whom = models.CharField(max_length=150)
    note = models.TextField()
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="corrections")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="contact_says_with_whom_and_what", condition=~Q(with_whom="") & ~Q(note="")
            ),
            models.CheckConstraint(
                name="contact_corrects_another",
                condition=Q(corrects__isnull=True) | ~Q(corrects=F("pk")),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="contact_log_stays", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.library}, {self.how_label.lower()} on {self.on}"

    @property
    def how_label(self) -> str:
        """The way in words for people."""
        return ContactHow(self.how).label
