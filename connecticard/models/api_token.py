from datetime import date, datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from connecticard.models.role_assignment import RoleAssignment
from connecticard.models.user import User


class ApiToken(models.Model):
    """A key with which another system acts for one person in one of that person's roles.

    Only its SHA-256 is kept; the token itself was shown once. It ends with the role.
    """

    role_assignment = models.ForeignKey(RoleAssignment, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=40))
    prefix = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="api_token_expires_after_it_was_made", condition=Q(expires_at__gt=F("created_at"))
            ),
            models.CheckConstraint(name="api_token_has_a_scope", condition=~Q(scopes=[])),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def user(self) -> User:
        return self.role_assignment.user

    def works(self, at: datetime, on: date) -> bool:
        """Whether the token opens anything at a moment, which falls on that day by Eastern time."""
        return (
            self.revoked_at is None
            and at < self.expires_at
            and self.user.is_active
            and self.role_assignment.is_in_force(on)
        )
