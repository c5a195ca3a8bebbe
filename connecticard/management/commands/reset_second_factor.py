from django.core.management.base import BaseCommand, CommandError, CommandParser

from connecticard import second_factor_services
from connecticard.models import User


class Command(BaseCommand):
    help = "Remove the second factor of EMAIL, where nobody is left who could on the site; it is audited."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--reason", required=True, metavar="TEXT")

    def handle(self, *args: object, email: str, reason: str, **options: object) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no account {email}.")
        second_factor_services.reset_second_factor_from_server(user=user, reason=reason)
        self.stdout.write(
            f"The second factor of {user.email} is removed; a new one is set up at the next sign-in."
        )
