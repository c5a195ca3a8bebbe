"""Load the published figures of past years that the product ships."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.past_years.shipped_history import LibrariesMissing, load_history


class Command(BaseCommand):
    help = (
        "Load the published totals of past years, of the state and of each library, from the shipped data. "
        "Adds what is missing and changes nothing on record, so it is safe to run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            load = load_history()
        except LibrariesMissing as missing:
            raise CommandError(str(missing)) from None
        self.stdout.write(f"published figures: {load.added} added, {load.on_record} on record")
        if load.differences:
            self.stdout.write("On record other than shipped, left as it stands:")
        for difference in load.differences:
            self.stdout.write(f"  {difference}")
