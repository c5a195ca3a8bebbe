from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from connecticard import demo_people


class Command(BaseCommand):
    help = "Print the code that EMAIL, a person of the demonstration, enters now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    def handle(self, *args: object, email: str, **options: object) -> None:
        try:
            demo_people.refuse_in_production()
        except ImproperlyConfigured as problem:
            raise CommandError(str(problem)) from None
        code = demo_people.current_code(email)
        if code is None:
            raise CommandError(f"{email} is nobody of the demonstration.")
        self.stdout.write(code)
