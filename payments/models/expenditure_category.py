from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from connecticard.constraints import holds_a_day


class ExpenditureCategory(models.Model):
    """A purpose under which reports tell what was spent, on the form from a day until a day (1(i))."""

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField("place on the form", help_text="Lower numbers come first.")
    valid = DateRangeField(
        help_text="From the first day until the day after the last; open ends are unknown."
    )
    authority = models.CharField(max_length=250, help_text="The rule, practice or order that names it.")

    class Meta:
        ordering = ["position", "code"]
        verbose_name_plural = "expenditure categories"
        constraints = [
            holds_a_day("expenditure_category_holds_a_day"),
            models.CheckConstraint(
                name="expenditure_category_is_letters_and_underscores",
                condition=Q(code__regex=r"^[a-z][a-z_]*$"),
            ),
        ]

    def __str__(self) -> str:
        return self.name
