from datetime import datetime, timedelta

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from connecticard.constraints import paired
from connecticard.models.role_assignment import Role, belongs_to_its_kind, deputy_has_days

VALID_FOR = timedelta(days=7)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        """Invitations neither accepted nor revoked; they may have expired, and can be sent again."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True)


class Invitation(models.Model):
    """Somebody was asked by e-mail to take a role; the link works once, for seven days."""

    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=40, choices=[(role.value, role.label) for role in Role])
    library = models.ForeignKey(
        "libraries.Library", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    consortium = models.ForeignKey(
        "libraries.Consortium", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    delivery_site = models.ForeignKey(
        "libraries.DeliverySite", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    valid = DateRangeField(help_text="The days for which the role will be held.")
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        "connecticard.User", on_delete=models.PROTECT, null=True, related_name="invitations_sent"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        "connecticard.User", on_delete=models.PROTECT, null=True, related_name="invitations_accepted"
    )
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            belongs_to_its_kind("invitation_belongs_to_its_kind"),
            deputy_has_days("invited_deputy_has_a_first_and_a_last_day"),
            paired("invitation_accepted_by_and_at", "accepted_by", "accepted_at"),
            models.CheckConstraint(
                name="invitation_not_both_accepted_and_revoked",
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True),
            ),
            models.CheckConstraint(name="invitation_email_is_lower_case", condition=Q(email=Lower("email"))),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.title}"

    @property
    def title(self) -> str:
        where = self.library or self.consortium or self.delivery_site
        return f"{Role(self.role).label}, {where}" if where else Role(self.role).label

    def is_open(self, at: datetime) -> bool:
        """Whether the link still works."""
        return self.accepted_at is None and self.revoked_at is None and at < self.expires_at
