from datetime import date
from enum import StrEnum

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q


class Role(StrEnum):
    """What somebody is in the program."""

    LIBRARY_FILER = "library_filer"
    LIBRARY_CERTIFIER = "library_certifier"
    CONSORTIUM_FILER = "consortium_filer"
    STATE_STAFF = "state_library_staff"
    STATE_ADMINISTRATOR = "state_library_administrator"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        return {
            Role.LIBRARY_FILER: "Library filer",
            Role.LIBRARY_CERTIFIER: "Library certifier",
            Role.CONSORTIUM_FILER: "Consortium filer",
            Role.STATE_STAFF: "State Library staff",
            Role.STATE_ADMINISTRATOR: "State Library administrator",
            Role.AUDITOR: "Auditor",
        }[self]


LIBRARY_ROLES = frozenset({Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER})
CONSORTIUM_ROLES = frozenset({Role.CONSORTIUM_FILER})
STATE_ROLES = frozenset({Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR})


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def in_force(self, on: date) -> "RoleAssignmentQuerySet":
        return self.filter(valid__contains=on)


class RoleAssignment(models.Model):
    """Somebody holds a role, for a library or a consortium where it is one's, from a day until a day."""

    user = models.ForeignKey("connecticard.User", on_delete=models.PROTECT, related_name="role_assignments")
    role = models.CharField(max_length=40, choices=[(role.value, role.label) for role in Role])
    library = models.ForeignKey(
        "libraries.Library", on_delete=models.PROTECT, null=True, blank=True, related_name="role_assignments"
    )
    consortium = models.ForeignKey(
        "libraries.Consortium",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
    )
    valid = DateRangeField(
        help_text="From the first day until the day after the last; open where no end is known."
    )

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="role_belongs_to_its_kind",
                condition=(
                    Q(role__in=sorted(LIBRARY_ROLES), library__isnull=False, consortium__isnull=True)
                    | Q(role__in=sorted(CONSORTIUM_ROLES), library__isnull=True, consortium__isnull=False)
                    | Q(role__in=sorted(STATE_ROLES), library__isnull=True, consortium__isnull=True)
                ),
            ),
        ]
