from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import clock, services
from connecticard.models import AuditEvent, Role, RoleAssignment, User
from connecticard.models.role_assignment import CONSORTIUM_ROLES, DELIVERY_ROLES, LIBRARY_ROLES

SHORT = {
    "staff": Role.STATE_STAFF,
    "administrator": Role.STATE_ADMINISTRATOR,
    "auditor": Role.AUDITOR,
    "filer": Role.LIBRARY_FILER,
    "certifier": Role.LIBRARY_CERTIFIER,
}

# Column, option and its placeholder, the roles that need it, the model and field by which it is found.
_HELD_FOR = (
    ("library", "library", "KEY", LIBRARY_ROLES, "Library", "key", "library with the key"),
    ("consortium", "consortium", "NAME", CONSORTIUM_ROLES, "Consortium", "name", "consortium named"),
    ("delivery_site", "site", "KEY", DELIVERY_ROLES, "DeliverySite", "key", "site with the key"),
)


def role_named(text: str) -> Role:
    """Return the role of a name, in any of its spellings. Raises CommandError with exit status 2."""
    name = text.strip().lower().replace("-", "_")
    if name in SHORT:
        return SHORT[name]
    try:
        return Role(name)
    except ValueError:
        known = ", ".join(sorted([*SHORT, *(role.value.replace("_", "-") for role in Role)]))
        raise CommandError(f"There is no role {text!r}. Choose one of: {known}.", returncode=2) from None


class Command(BaseCommand):
    help = "Make sure that EMAIL exists and holds ROLE; safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--role", required=True, metavar="ROLE")
        parser.add_argument("--library", metavar="KEY", help="the library's FSCS key, for a library role")
        parser.add_argument("--consortium", metavar="NAME", help="for a consortium filer")
        parser.add_argument("--site", metavar="KEY", help="the site's key, for a delivery reporter")
        parser.add_argument("--name", metavar="NAME", help="the person's name, where it is not known yet")

    @transaction.atomic
    def handle(self, *args: object, email: str, role: str, **options: Any) -> None:
        email = email.strip().lower()
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email} is not an e-mail address.", returncode=2) from None
        wanted = role_named(role)
        whose = self._whose(wanted, options)
        self._ensure_person(email, options["name"])
        user = User.objects.get(email=email)
        held = RoleAssignment.objects.in_force(clock.today()).filter(user=user, role=wanted, **whose)
        assignment = held.first()
        if assignment is not None:
            self.stdout.write(f"{email} holds the role already: {assignment.title}.")
        else:
            assignment = services.give_role(
                user=user,
                role=wanted,
                **whose,
                valid=DateRange(clock.today(), None),
                by=None,
            )
            self.stdout.write(f"{email} now holds the role: {assignment.title}.")
        if not user.has_usable_password():
            link = services.link_to_set_password(user=user, assignment=assignment)
            self.stdout.write("Open this link to set a password. It works once, for 7 days:")
            self.stdout.write(link)

    def _ensure_person(self, email: str, name: str | None) -> None:
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, name=name or email.partition("@")[0])
            AuditEvent.record("person_added", target=user, by=None)
            self.stdout.write(f"{email} is added as {user.name}.")
        elif name and user.name != name:
            before, user.name = user.name, name
            user.save(update_fields=["name"])
            AuditEvent.record(
                "person_renamed", target=user, by=None, before={"name": before}, after={"name": name}
            )
            self.stdout.write(f"{email} is renamed to {name}.")

    def _whose(self, role: Role, options: dict[str, Any]) -> dict[str, Any]:
        """Return for whom the role is held: a library, a consortium, a site, or nobody alone."""
        whose: dict[str, Any] = {}
        for column, option, placeholder, roles, model, field, said in _HELD_FOR:
            given = options[option]
            if role in roles and not given:
                raise CommandError(f"The role {role.label} needs --{option} {placeholder}.", returncode=2)
            if given and role not in roles:
                raise CommandError(f"The role {role.label} takes no --{option} {placeholder}.", returncode=2)
            records = apps.get_model("libraries", model).objects
            whose[column] = records.filter(**{field: given}).first() if given else None
            if given and whose[column] is None:
                raise CommandError(f"There is no {said} {given}.", returncode=2)
        return whose
