"""Load the demonstration and print how its people sign in."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from connecticard import clock
from connecticard.demo_people import refuse_in_production
from reports.demonstration import load_demonstration
from reports.demonstration_assessment import add_to_assessments
from reports.demonstration_deliveries import load_deliveries
from reports.demonstration_desk import load_desk_details


class Command(BaseCommand):
    help = "Load made-up people and filings beside the replayed fiscal year 2018; never in production."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_in_production()
        except ImproperlyConfigured as problem:
            raise CommandError(str(problem)) from None
        on = clock.today()
        signs_in = {
            sign_in.person.email: sign_in for sign_in in (*load_demonstration(on=on), *load_deliveries(on=on))
        }
        add_to_assessments(clock.now())
        load_desk_details()
        self.stdout.write("  Demonstration people (the code for sign-in: ./dev code EMAIL):")
        for email, sign_in in signs_in.items():
            self.stdout.write(f"  {email:<28}{sign_in.password:<20}{sign_in.person.name}")
