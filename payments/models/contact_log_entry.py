from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import F, Q

from connecticard.models import User
from libraries.models import DeliverySite, Library


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
    """Staff spoke with a library: when, how, with whom and about what. A correction is another entry.

    `delivery_site` is whom they spoke with where that is no public library, such as a college's library.
    """

    library = models.ForeignKey(Library, on_delete=models.PROTECT, null=True, related_name="contacts")
    delivery_site = models.ForeignKey(
        DeliverySite, on_delete=models.PROTECT, null=True, related_name="contacts"
    )
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
                name="contact_is_with_a_library_or_a_site",
                condition=Q(library__isnull=False, delivery_site__isnull=True)
                | Q(library__isnull=True, delivery_site__isnull=False),
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
        return f"{self.whose}, {self.how_label.lower()} on {self.on}"

    @property
    def whose(self) -> Library | DeliverySite:
        """With whom staff spoke."""
        whose = self.library or self.delivery_site
        assert whose is not None, "the database keeps no contact without either"
        return whose

    @property
    def how_label(self) -> str:
        """The way in words for people."""
        return ContactHow(self.how).label
