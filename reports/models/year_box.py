"""The certified year in a box: one file of everything that an edition publishes."""

import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.constraints import ChangedWhile
from reports.models.edition import Edition


class YearBox(models.Model):
    """A ZIP of a published edition: its tables with their schemas, its documents, the law and the run.

    It is asked for when the edition is published, made by the worker, and never changes afterwards.
    """

    edition = models.OneToOneField(Edition, on_delete=models.PROTECT, related_name="box")
    asked_at = models.DateTimeField()
    file = models.FileField(max_length=250, blank=True)
    sha256 = models.CharField("SHA-256 of the file", max_length=64, blank=True)
    size = models.PositiveBigIntegerField("size in bytes", default=0)
    made_at = models.DateTimeField(null=True)
    waits_for = models.CharField("what it still waits for, or why it failed", max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "year boxes"
        constraints = [
            models.CheckConstraint(
                name="a_box_that_is_made_is_whole",
                condition=Q(made_at__isnull=True, file="", sha256="", size=0)
                | Q(made_at__isnull=False, size__gt=0, sha256__regex=r"^[0-9a-f]{64}$", waits_for="")
                & ~Q(file=""),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_box_is_of_a_published_edition",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM reports_edition WHERE id = NEW.edition_id AND published_at IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION 'a box is made of an edition that is published';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="a_box_stays_as_made",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__made_at__isnull=False)),
            ),
            pgtrigger.Protect(name="a_box_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"The year in a box, {self.edition}"

    @property
    def is_made(self) -> bool:
        """Whether the file is there."""
        return self.made_at is not None

    @property
    def file_name(self) -> str:
        """What the file is called where it is kept by who fetched it."""
        return f"borrowit-ct-FY{self.edition.fiscal_year}-edition-{self.edition.number}.zip"
