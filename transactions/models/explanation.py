from typing import Any

from django.db import models
from django.db.models import F, Q

from connecticard.constraints import frozen_rows
from connecticard.models import User
from libraries.models import Library
from transactions.models.filing import Filing
from transactions.rules.explanations import Reason


class Explanation(models.Model):
    """Why something in a filing is right although a check finds it unusual.

    It belongs to one finding of one check: on a cell, a line (no month), a month (no home library) or the
    filing (neither). It stands while the value lies in its band, also in a later version of the filing.
    """

    filing = models.ForeignKey(Filing, on_delete=models.CASCADE, related_name="explanations", db_index=False)
    check_name = models.CharField("name of the check", max_length=60)
    home_library = models.ForeignKey(
        Library, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    month = models.DateField("first day of the month; none for a line or the filing", null=True)
    question = models.TextField("what the check said at the time")
    value = models.PositiveBigIntegerField("value that was explained")
    band_low = models.PositiveBigIntegerField("lowest value for which it stands")
    band_high = models.PositiveBigIntegerField("highest value for which it stands")
    reason = models.CharField(max_length=20, choices=[(item.value, item.label) for item in Reason])
    text = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["filing", "check_name", "home_library", "month"],
                name="one_explanation_of_a_finding",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="explained_value_is_in_its_band",
                condition=Q(band_low__lte=F("value"), value__lte=F("band_high")),
            ),
            models.CheckConstraint(
                name="other_reason_is_written_out", condition=~Q(reason=Reason.OTHER) | ~Q(text="")
            ),
            models.CheckConstraint(
                name="explained_month_is_its_first_day", condition=Q(month__isnull=True) | Q(month__day=1)
            ),
        ]
        triggers = frozen_rows(
            "certified_explanations_stay",
            "SELECT 1 FROM transactions_filing "
            "WHERE status = 'certified' AND id IN (SELECT filing_id FROM touched)",
            "the explanations of a certified filing cannot change",
        )

    def __str__(self) -> str:
        return self.reason_label

    @property
    def reason_label(self) -> str:
        """The reason in words for people."""
        return Reason(self.reason).label

    def as_said(self) -> dict[str, Any]:
        """Return what it says and of what, for the audit trail."""
        return {
            "check": self.check_name,
            "home_library": self.home_library and self.home_library.key,
            "month": self.month and self.month.isoformat(),
            "question": self.question,
            "value": self.value,
            "stands_for": [self.band_low, self.band_high],
            "reason": self.reason,
            "text": self.text,
        }
