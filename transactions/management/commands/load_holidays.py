from typing import Any

from django.core.management.base import BaseCommand

from transactions.services import load_holidays
from transactions.services.holidays import SEEDED_YEARS


class Command(BaseCommand):
    help = (
        "Load Connecticut state holidays, each on the day it is observed. Adds what is missing and changes "
        "nothing on record, so it is safe to run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        added = load_holidays()

        years = f"{SEEDED_YEARS[0]} to {SEEDED_YEARS[-1]}"
        self.stdout.write(
            f"{len(added)} holidays of {years} added. Check them before a due date moves by one."
        )
