from datetime import date, timedelta
from enum import StrEnum

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from connecticard import clock


class Role(StrEnum):
    """What somebody is in the program."""

    LIBRARY_FILER = "library_filer"
    LIBRARY_CERTIFIER = "library_certifier"
    DEPUTY_CERTIFIER = "deputy_certifier"
    CONSORTIUM_FILER = "consortium_filer"
    DELIVERY_REPORTER = "delivery_reporter"
    STATE_STAFF = "state_library_staff"
    STATE_ADMINISTRATOR = "state_library_administrator"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        return {
            Role.LIBRARY_FILER: "Library filer",
            Role.LIBRARY_CERTIFIER: "Library certifier",
            Role.DEPUTY_CERTIFIER: "Deputy certifier",
            Role.CONSORTIUM_FILER: "Consortium filer",
            Role.DELIVERY_REPORTER: "Delivery reporter",
            Role.STATE_STAFF: "State Library staff",
            Role.STATE_ADMINISTRATOR: "State Library administrator",
            Role.AUDITOR: "Auditor",
        }[self]


LIBRARY_ROLES = frozenset({Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER, Role.DEPUTY_CERTIFIER})
CONSORTIUM_ROLES = frozenset({Role.CONSORTIUM_FILER})
DELIVERY_ROLES = frozenset({Role.DELIVERY_REPORTER})
STATE_ROLES = frozenset({Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR})


_HELD_FOR = {"library": LIBRARY_ROLES, "consortium": CONSORTIUM_ROLES, "delivery_site": DELIVERY_ROLES}


def belongs_to_its_kind(name: str) -> models.CheckConstraint:
    """Return the constraint that a role names whom it is held for, a library, consortium or site, alone."""
    belongs = Q(role__in=sorted(STATE_ROLES), **{f"{column}__isnull": True for column in _HELD_FOR})
    for whose, roles in _HELD_FOR.items():
        belongs |= Q(role__in=sorted(roles), **{f"{column}__isnull": column != whose for column in _HELD_FOR})
    return models.CheckConstraint(name=name, condition=belongs)


def deputy_has_days(name: str) -> models.CheckConstraint:
    """Return the constraint that a deputy stands in from a first to a last day."""
    return models.CheckConstraint(
        name=name,
        condition=~Q(role=Role.DEPUTY_CERTIFIER)
        | Q(valid__startswith__isnull=False, valid__endswith__isnull=False, valid__isempty=False),
    )


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def in_force(self, on: date) -> "RoleAssignmentQuerySet":
        """Roles held on a day; one that was ended early is not held on the day of its end."""
        return self.filter(Q(ended_at__isnull=True) | Q(ended_at__date__gt=on), valid__contains=on)


class RoleAssignment(models.Model):
    """Somebody holds a role from a day until a day, for a library, consortium or site where it is one's."""

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
    delivery_site = models.ForeignKey(
        "libraries.DeliverySite",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
    )
    valid = DateRangeField(
        help_text="From the first day until the day after the last; open where no end is known."
    )

    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When the role was ended at once, before its last day."
    )

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            belongs_to_its_kind("role_belongs_to_its_kind"),
            deputy_has_days("deputy_has_a_first_and_a_last_day"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.title}"

    @property
    def title(self) -> str:
        """The role and whose it is, as a page says it."""
        where = self.library or self.consortium or self.delivery_site
        return f"{Role(self.role).label}, {where}" if where else Role(self.role).label

    @property
    def is_deputy(self) -> bool:
        """Whether somebody stands in, for some days, for the certifier of a library."""
        return self.role == Role.DEPUTY_CERTIFIER

    @property
    def is_of_the_state(self) -> bool:
        """Whether it reaches every library, because it is held for nobody alone."""
        return self.library_id is None and self.consortium_id is None and self.delivery_site_id is None

    @property
    def last_day(self) -> date | None:
        """The last day on which the role is held; None where no end is known."""
        planned = self.valid.upper - timedelta(days=1) if self.valid.upper else None
        if self.ended_at is None:
            return planned
        ended = self.ended_at.astimezone(clock.EASTERN).date()
        return min(planned, ended) if planned else ended

    def has_ended(self, on: date) -> bool:
        """Whether the role was held for the last time before a day, or was ended at once by then."""
        return self.ended_at is not None or bool(self.valid.upper and self.valid.upper <= on)

    def is_in_force(self, on: date) -> bool:
        """Whether the role is held on a day."""
        if self.ended_at and self.ended_at.astimezone(clock.EASTERN).date() <= on:
            return False
        begins, ends = self.valid.lower, self.valid.upper
        return (begins is None or begins <= on) and (ends is None or on < ends) and not self.valid.isempty
