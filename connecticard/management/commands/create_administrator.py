from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import clock, services
from connecticard.models import Invitation, Role, RoleAssignment
from connecticard.models.invitation import VALID_FOR


class Command(BaseCommand):
    help = "Start an empty production: print a single-use link with which EMAIL becomes the administrator."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    @transaction.atomic
    def handle(self, *args: object, email: str, **options: object) -> None:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email} is not an e-mail address.", returncode=2) from None
        administrators = RoleAssignment.objects.in_force(clock.today()).filter(
            role=Role.STATE_ADMINISTRATOR, user__is_active=True
        )
        if administrators.exists():
            raise CommandError(
                "There is an administrator already, who can invite others on the page People.",
                returncode=1,
            )
        earlier = Invitation.objects.open().filter(role=Role.STATE_ADMINISTRATOR, invited_by=None)
        for invitation in earlier.select_for_update():
            services.revoke_from_server(invitation)
        _, link = services.invite_person(
            email=email, role=Role.STATE_ADMINISTRATOR, valid=DateRange(clock.today(), None), by=None
        )
        self.stdout.write(
            f"Open this link to become the administrator. It works once, for {VALID_FOR.days} days:"
        )
        self.stdout.write(link)
